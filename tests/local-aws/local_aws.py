"""AWS on one machine, with pullwatch deployed from template.yaml.

    python local_aws.py up            starts ministack, Security Hub and a mailbox, deploys the stack
    python local_aws.py feed [FILE…]  makes cluster, nodegroup and role; sends recorded events
    python local_aws.py show          findings, e-mails, ledger, dead letters
    python local_aws.py down          ends what `up` started

Everything listens on loopback; what is running stands in .local/aws.json.
What differs from AWS: the queues' visibility timeouts are short, there is no batching window, no
EventBridge in front of the queues (ministack, like AWS, takes no events of aws.* from outside),
and no alarm that rings.
"""

import argparse
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

import mailbox

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ACCOUNT, HOME_REGION, CLUSTER_REGION = "111122223333", "us-east-1", "eu-west-1"
STACK = "pullwatch"
FUNCTIONS = {"IamChange": "iam-change", "EksChange": "eks-change", "AccountSweep": "account-sweep"}
VISIBILITY_SECONDS = {"IamQueue": 6, "EksQueue": 6, "SweepQueue": 60}
QUEUE_OF_FOLDER = {"iam": "IamQueueUrl", "eks": "EksQueueUrl", "ecr": "EksQueueUrl"}

ROLE_NAME, POLICY_ARN = "prod-workers", f"arn:aws:iam::{ACCOUNT}:policy/NodeEcr"
PULL = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
]
PUSH = ["ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]


class LocalAws:
    """One emulated account. Its folder holds pids, ports, logs and mail."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.file = self.folder / "aws.json"
        self.state = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.started = []

    # ---- Start and stop ----

    def up(self, binaries):
        if self.state.get("pids"):
            sys.exit(f"already up; end it with `python {Path(__file__).name} down`")
        self.folder.mkdir(parents=True, exist_ok=True)
        ports = dict(zip(("aws", "gaps", "security_hub", "mailbox"), free_ports(4)))
        self.state = {"ports": ports, "pids": {}}
        for folder in (self.mail_folder, self.published_folder):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        (self.folder / "tmp").mkdir()
        try:
            self.start("security_hub", [
                str(HERE / "security_hub.py"), "--port", str(ports["security_hub"]),
                "--account", ACCOUNT, "--region", HOME_REGION,
            ])
            self.start("mailbox", [
                str(HERE / "mailbox.py"), "--port", str(ports["mailbox"]),
                "--folder", str(self.mail_folder),
            ])
            self.start("gaps", [
                str(HERE / "gaps.py"), "--port", str(ports["gaps"]), "--aws", self.endpoint("aws"),
                "--published", str(self.published_folder),
            ])
            self.start("aws", ["-m", "ministack"])
            wait(self.is_healthy, "ministack to answer", 30)
            self.deploy(Path(binaries))
            self.subscribe()
        except BaseException:
            self.down()
            raise

    def start(self, name, arguments):
        # Nothing of the caller's AWS settings gets through: a child must never reach the real AWS.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        with open(self.folder / f"{name}.log", "w") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env={**inherited, **self.server_environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(process)
        self.state["pids"][name] = process.pid
        self.save()

    def server_environment(self):
        return {
            **self.client_environment(),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.state["ports"]["aws"]),
            "AUTH": "true",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": HOME_REGION,
            # These would listen on every address, or start containers where there is Docker.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def client_environment(self):
        """What the SDK and the AWS CLI need to reach this account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint("aws"),
            "AWS_ENDPOINT_URL_ECR": self.endpoint("gaps"),
            "AWS_ENDPOINT_URL_EKS": self.endpoint("gaps"),
            "AWS_ENDPOINT_URL_SNS": self.endpoint("gaps"),
            "AWS_ENDPOINT_URL_SECURITYHUB": self.endpoint("security_hub"),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": HOME_REGION,
            "AWS_DEFAULT_REGION": HOME_REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def down(self):
        # Each server leads a process group, so that the functions it runs end with it.
        pids = list(self.state.get("pids", {}).values())
        for pid in pids:
            signal_group(pid, signal.SIGTERM)
        for pid in pids:
            deadline = time.monotonic() + 10
            while self.is_alive(pid) and time.monotonic() < deadline:
                time.sleep(0.1)
            signal_group(pid, signal.SIGKILL)
        self.state = {}
        self.file.unlink(missing_ok=True)

    def is_alive(self, pid):
        # A child that has ended stays a zombie until it is waited for; poll does.
        if any(process.pid == pid and process.poll() is not None for process in self.started):
            return False
        try:
            os.kill(pid, 0)
            return True
        except ProcessLookupError:
            return False

    def is_healthy(self):
        try:
            urllib.request.urlopen(self.endpoint("aws") + "/_ministack/health", timeout=1).close()
            return True
        except OSError:
            return False

    # ---- Deploy ----

    def deploy(self, binaries):
        template = yaml_parse((ROOT / "template.yaml").read_text())
        s3 = self.client("s3")
        s3.create_bucket(Bucket="pullwatch-code")
        for function, binary in FUNCTIONS.items():
            s3.put_object(Bucket="pullwatch-code", Key=binary, Body=zipped(binaries / binary))
            properties = template["Resources"][function]["Properties"]
            properties["CodeUri"] = {"Bucket": "pullwatch-code", "Key": binary}
        for queue, seconds in VISIBILITY_SECONDS.items():
            template["Resources"][queue]["Properties"]["VisibilityTimeout"] = seconds
        # ministack knows no metric math.
        del template["Resources"]["ErrorsAlarm"]
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(template, default=str),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                {"ParameterKey": "Regions", "ParameterValue": f"{HOME_REGION},{CLUSTER_REGION}"},
                {"ParameterKey": "OwnerEmail", "ParameterValue": "owner@example.com"},
                {"ParameterKey": "LogLevel", "ParameterValue": "debug"},
            ],
        )

        def settled():
            self.stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
            return not self.stack["StackStatus"].endswith("IN_PROGRESS")

        wait(settled, "the stack to be created", 120)
        if self.stack["StackStatus"] != "CREATE_COMPLETE":
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [
                f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
                for event in reversed(events)
                if event["ResourceStatus"].endswith("FAILED")
            ]
            raise RuntimeError("the stack was not created: " + "; ".join(reasons))
        self.state["outputs"] = {
            output["OutputKey"]: output["OutputValue"] for output in self.stack["Outputs"]
        }
        self.save()

    def subscribe(self):
        sns = self.client("sns")
        topics = [self.outputs["AlertTopicArn"], self.outputs["OperatorsTopicArn"]]
        for topic in topics:
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=self.endpoint("mailbox"))

        def asked():
            self.asked = list(mailbox.messages(self.mail_folder, "SubscriptionConfirmation"))
            return len(self.asked) == len(topics)

        wait(asked, "SNS to ask for confirmation", 15)
        for message in self.asked:
            sns.confirm_subscription(TopicArn=message["TopicArn"], Token=message["Token"])

    # ---- The account ----

    def create_account(self):
        """The account that the events in events/ tell of: a role that can pull, worn by a nodegroup."""
        iam, eks = self.client("iam"), self.client("eks", CLUSTER_REGION)
        trust = policy(["sts:AssumeRole"], Principal={"Service": "ec2.amazonaws.com"})
        iam.create_role(
            Path="/eks/",
            RoleName=ROLE_NAME,
            AssumeRolePolicyDocument=json.dumps(trust),
            Tags=[{"Key": "owner", "Value": "team-payments"}],
        )
        iam.put_role_policy(
            RoleName=ROLE_NAME,
            PolicyName="pull",
            PolicyDocument=json.dumps(policy(PULL, Resource="*")),
        )
        iam.create_policy(
            PolicyName="NodeEcr",
            PolicyDocument=json.dumps(policy(PUSH, Resource="*", Sid="AllowPush")),
        )
        network = {"subnetIds": ["subnet-0a", "subnet-0b"]}
        role_arn = self.role_arn()
        eks.create_cluster(name="prod", roleArn=role_arn, resourcesVpcConfig=network)
        eks.create_nodegroup(
            clusterName="prod",
            nodegroupName="workers",
            nodeRole=role_arn,
            subnets=network["subnetIds"],
            tags={"owner": "team-payments"},
        )

    def role_arn(self):
        return self.client("iam").get_role(RoleName=ROLE_NAME)["Role"]["Arn"]

    def send(self, file):
        """Puts a recorded event on the queue that its rule leads to."""
        file = Path(file)
        self.send_text(QUEUE_OF_FOLDER.get(file.parent.name, "IamQueueUrl"), file.read_text())

    def send_text(self, queue_output, text):
        self.client("sqs").send_message(QueueUrl=self.outputs[queue_output], MessageBody=text)

    def findings(self, **filters):
        filters = {
            name: [{"Value": value, "Comparison": "EQUALS"}] for name, value in filters.items()
        }
        pages = self.client("securityhub").get_paginator("get_findings").paginate(Filters=filters)
        return [finding for page in pages for finding in page["Findings"]]

    def mails(self):
        return list(mailbox.mails(self.mail_folder, self.published_folder))

    def ledger(self):
        pages = self.client("dynamodb").get_paginator("scan").paginate(
            TableName=self.outputs["LedgerTable"], ConsistentRead=True
        )
        return [item for page in pages for item in page["Items"]]

    def waiting(self, queue_output):
        """How many messages a queue holds, in flight or not."""
        attributes = self.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[queue_output],
            AttributeNames=[
                "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
            ],
        )["Attributes"]
        return sum(int(count) for count in attributes.values())

    def sweep(self, patience=60):
        """Asks for a sweep as its schedule does, and waits until its last step is done."""
        self.client("sqs").send_message(
            QueueUrl=self.outputs["SweepQueueUrl"],
            MessageBody=json.dumps({"step": "begin", "reason": "the schedule"}),
        )
        asked_at = time.time()
        while time.time() - asked_at < patience:
            time.sleep(0.2)
            run = self.sweep_run()
            if run and run["ended"] and self.waiting("SweepQueueUrl") == 0:
                if run["failures"]:
                    raise RuntimeError(f"the sweep met failures: {run['failures']}")
                return
        raise RuntimeError(f"no sweep came to its end in {patience} s: {self.sweep_run()}")

    def sweep_run(self):
        """What the ledger holds of the latest sweep."""
        item = self.client("dynamodb").get_item(
            TableName=self.outputs["LedgerTable"],
            Key={"pk": {"S": "sweep"}, "sk": {"S": "run"}},
            ConsistentRead=True,
        ).get("Item")
        return json.loads(item["record"]["S"]) if item else None

    # ---- Small things ----

    @property
    def outputs(self):
        return self.state["outputs"]

    @property
    def mail_folder(self):
        return self.folder / "mail"

    @property
    def published_folder(self):
        return self.folder / "published"

    def endpoint(self, name):
        return f"http://127.0.0.1:{self.state['ports'][name]}"

    def client(self, service, region=HOME_REGION):
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint("security_hub" if service == "securityhub" else "aws"),
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"total_max_attempts": 2},
                read_timeout=120,
                s3={"addressing_style": "path"},
            ),
        )

    def save(self):
        self.file.write_text(json.dumps(self.state, indent=2))


def policy(actions, **fields):
    statement = {"Effect": "Allow", "Action": actions, **fields}
    return {"Version": "2012-10-17", "Statement": [statement]}


def zipped(binary):
    """A function's package: the binary as `bootstrap`, executable, without its debug symbols."""
    content = binary.read_bytes()
    if content[:4] == b"\x7fELF" and shutil.which("strip"):
        stripped = subprocess.run(
            ["strip", "-o", "/dev/stdout", str(binary)], capture_output=True, check=False
        )
        content = stripped.stdout if stripped.returncode == 0 and stripped.stdout else content
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, content)
    return package.getvalue()


def built_binaries():
    """The folder that holds all functions, the one built last; PULLWATCH_BINARIES comes first."""
    if os.environ.get("PULLWATCH_BINARIES"):
        return Path(os.environ["PULLWATCH_BINARIES"])
    folders = [
        folder
        for folder in (ROOT / "target/debug", ROOT / "target/release")
        if all((folder / binary).exists() for binary in FUNCTIONS.values())
    ]
    if not folders:
        sys.exit("the functions are not built: run `cargo build --workspace`")
    return max(folders, key=lambda folder: (folder / "iam-change").stat().st_mtime)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait(holds, what, seconds):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.2)


def signal_group(pid, number):
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def show(aws):
    print("\nFindings in Security Hub")
    for finding in aws.findings():
        workflow, severity = finding["Workflow"]["Status"], finding["Severity"]["Label"]
        status = finding.get("Compliance", {}).get("Status")
        print(f"  {status:13} {severity:13} {workflow:9} {finding['RecordState']:8} {finding['Id']}")
    print("\nLedger")
    for item in aws.ledger():
        print(f"  {item['pk']['S']} {item['sk']['S']}")
    print("\nDead letters")
    for queue in ("IamDeadLetterQueueUrl", "EksDeadLetterQueueUrl"):
        print(f"  {queue.removesuffix('Url')}: {aws.waiting(queue)}")
    for mail in aws.mails():
        print(f"\nE-mail: {mail['subject']}\n\n{mail['text']}")


def feed(aws, files):
    """Sends recorded events; without any, lives the day of a role that is given push rights."""
    if files:
        for file in files:
            aws.send(file)
            print(f"sent {file}")
        return
    try:
        aws.create_account()
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
    iam = aws.client("iam")
    steps = [
        ("a nodegroup wears prod-workers", "eks/CreateNodegroup", None),
        ("NodeEcr, which can push, is attached to it", "iam/AttachRolePolicy", iam.attach_role_policy),
        ("NodeEcr is detached", "iam/DetachRolePolicy", iam.detach_role_policy),
    ]
    for what, event, call in steps:
        if call:
            call(RoleName=ROLE_NAME, PolicyArn=POLICY_ARN)
        aws.send(ROOT / "events" / f"{event}.json")
        for queue in ("IamQueueUrl", "EksQueueUrl"):
            wait(lambda queue=queue: aws.waiting(queue) == 0, f"{queue} to be empty", 60)
        statuses = ", ".join(
            f"{finding['Id'].rsplit('/', 1)[1]} {finding['Compliance']['Status']}"
            for finding in aws.findings()
        )
        print(f"{what:45} {statuses}")


def main():
    parser = argparse.ArgumentParser(description="AWS on one machine, with pullwatch deployed")
    parser.add_argument("command", choices=("up", "feed", "show", "down"))
    parser.add_argument("files", nargs="*", type=Path, help="recorded events to send")
    arguments = parser.parse_args()
    aws = LocalAws(ROOT / ".local")
    if arguments.command == "up":
        aws.up(built_binaries())
        print("AWS is up, pullwatch is deployed. To look around with the AWS CLI:")
        for name, value in aws.client_environment().items():
            print(f"  export {name}={value}")
    elif arguments.command == "down":
        aws.down()
    elif not aws.state.get("outputs"):
        sys.exit("nothing is up; start it with `up`")
    elif arguments.command == "feed":
        feed(aws, arguments.files)
    else:
        show(aws)


if __name__ == "__main__":
    main()
