"""The journey of an event from the queue to the owner, on the deployed stack.

The functions are the built ones (`cargo build --workspace`, or the folder PULLWATCH_BINARIES), run
with their own roles' rights. The tests share one account and run in the order of their numbers.
"""

import json
import tempfile
import time
import unittest

from local_aws import (
    ACCOUNT,
    CLUSTER_REGION,
    POLICY_ARN,
    ROLE_NAME,
    ROOT,
    LocalAws,
    built_binaries,
    policy,
    wait,
)

EVENTS = ROOT / "events"
PATIENCE = 60

# One resource of each kind that is audited, and what calls without a resource are asked of.
AUDITED = [
    "*",
    f"arn:aws:iam::{ACCOUNT}:role/eks/{ROLE_NAME}",
    POLICY_ARN,
    f"arn:aws:iam::{ACCOUNT}:instance-profile/nodes",
    f"arn:aws:eks:{CLUSTER_REGION}:{ACCOUNT}:cluster/prod",
    f"arn:aws:eks:{CLUSTER_REGION}:{ACCOUNT}:nodegroup/prod/workers/1",
    f"arn:aws:eks:{CLUSTER_REGION}:{ACCOUNT}:fargateprofile/prod/batch/1",
    f"arn:aws:eks:{CLUSTER_REGION}:{ACCOUNT}:access-entry/prod/role/{ACCOUNT}/{ROLE_NAME}/1",
    f"arn:aws:ecr:{CLUSTER_REGION}:{ACCOUNT}:repository/team/payments",
]

# Rights to act for which no operation is called.
WITHOUT_OPERATION = ["iam:PassRole", "ecr:ReplicateImage", "ecr:BatchImportUpstreamImage"]


class Journey(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.aws = LocalAws(cls.folder.name)
        cls.aws.up(built_binaries())
        cls.addClassCleanup(cls.aws.down)
        cls.aws.create_account()
        cls.role_arn = cls.aws.role_arn()

    def finding(self, check="read-only"):
        of_check = [
            finding
            for finding in self.aws.findings()
            if check in finding["Id"] and self.role_arn in finding["Id"]
        ]
        self.assertLessEqual(len(of_check), 1, "one finding a check and role")
        return of_check[0] if of_check else None

    def wait_for_status(self, status, queue):
        """The finding once its message is done: its workflow is set by a call after its import."""

        def reached():
            finding = self.finding()
            return finding is not None and finding["Compliance"]["Status"] == status

        wait(reached, f"the finding to be {status}", PATIENCE)
        self.wait_until_done(queue)
        return self.finding()

    def wait_for_mail(self, count):
        wait(lambda: len(self.aws.mails()) >= count, f"{count} e-mails", PATIENCE)
        time.sleep(1)
        mails = self.aws.mails()
        self.assertEqual(len(mails), count, [mail["subject"] for mail in mails])
        return mails[-1]

    def wait_until_done(self, queue):
        wait(lambda: self.aws.waiting(queue) == 0, f"{queue} to be empty", PATIENCE)

    def test_1_every_recorded_event_passes_its_rule(self):
        events = self.aws.client("events")
        patterns = {}
        for rule in events.list_rules()["Rules"]:
            if "EventPattern" in rule:
                patterns.setdefault(
                    json.loads(rule["EventPattern"])["source"][0], []
                ).append(rule["EventPattern"])
        def passes(file):
            source = json.loads(file.read_text()).get("source")
            return any(
                events.test_event_pattern(EventPattern=pattern, Event=file.read_text())["Result"]
                for pattern in patterns.get(source, [])
            )

        for folder in ("iam", "eks", "ecr"):
            for file in sorted((EVENTS / folder).glob("*.json")):
                with self.subTest(event=f"{folder}/{file.name}"):
                    self.assertTrue(passes(file))
        # What a rule cannot know from the name it lets pass, and the code lets it go.
        for file in sorted((EVENTS / "ignored").glob("*.json")):
            with self.subTest(event=f"ignored/{file.name}"):
                event = json.loads(file.read_text())
                self.assertEqual(passes(file), is_asked_for(event, patterns))

    def test_2_a_nodegroup_makes_its_role_a_node_role(self):
        self.aws.send(EVENTS / "eks/CreateNodegroup.json")
        finding = self.wait_for_status("PASSED", "EksQueueUrl")
        self.assertEqual(finding["Resources"][0]["Id"], self.role_arn)
        self.assertEqual(finding["Workflow"]["Status"], "RESOLVED")
        self.assertEqual(self.aws.mails(), [], "nobody is written to when all is well")
        self.assertTrue(
            any(ROLE_NAME in json.dumps(item) for item in self.aws.ledger()),
            "the ledger remembers the role",
        )

    def test_3_push_rights_are_a_finding_and_an_e_mail(self):
        self.aws.client("iam").attach_role_policy(RoleName=ROLE_NAME, PolicyArn=POLICY_ARN)
        self.aws.send(EVENTS / "iam/AttachRolePolicy.json")
        finding = self.wait_for_status("FAILED", "IamQueueUrl")
        self.assertEqual(finding["Severity"]["Label"], "HIGH")
        self.assertEqual(finding["Workflow"]["Status"], "NEW")
        mail = self.wait_for_mail(1)
        self.assertIn(ROLE_NAME, mail["subject"])
        for word in (self.role_arn, "ecr:PutImage", "NodeEcr", "detach-role-policy", "Deployer/pipeline"):
            self.assertIn(word, mail["text"])

    def test_4_a_duplicate_changes_nothing(self):
        before = self.aws.findings()
        for _ in range(3):
            self.aws.send(EVENTS / "iam/AttachRolePolicy.json")
        self.wait_until_done("IamQueueUrl")
        time.sleep(1)
        self.assertEqual(self.aws.findings(), before)
        self.assertEqual(len(self.aws.mails()), 1)

    def test_5_a_role_put_right_is_resolved(self):
        created_at = self.finding()["CreatedAt"]
        self.aws.client("iam").detach_role_policy(RoleName=ROLE_NAME, PolicyArn=POLICY_ARN)
        self.aws.send(EVENTS / "iam/DetachRolePolicy.json")
        finding = self.wait_for_status("PASSED", "IamQueueUrl")
        self.assertEqual(finding["CreatedAt"], created_at)
        self.assertEqual(finding["Workflow"]["Status"], "RESOLVED")
        self.wait_for_mail(2)

    def test_6_an_unreadable_message_becomes_a_dead_letter(self):
        self.aws.send_text("IamQueueUrl", (EVENTS / "broken/not-json.json").read_text())
        wait(
            lambda: self.aws.waiting("IamDeadLetterQueueUrl") == 1,
            "the message in the dead-letter queue",
            2 * PATIENCE,
        )
        self.wait_until_done("IamQueueUrl")

    def test_7_an_event_of_another_account_becomes_a_dead_letter(self):
        before = self.aws.waiting("IamDeadLetterQueueUrl")
        self.aws.send_text("IamQueueUrl", (EVENTS / "broken/foreign-account.json").read_text())
        wait(
            lambda: self.aws.waiting("IamDeadLetterQueueUrl") == before + 1,
            "the message in the dead-letter queue",
            2 * PATIENCE,
        )

    def test_8_a_cut_event_asks_for_a_sweep_that_finds_what_no_event_told(self):
        # The first event of all has asked for the first sweep, for no registry was read before.
        self.wait_until_done("SweepQueueUrl")
        # Karpenter's role: no nodegroup, an access entry, and no event of it.
        iam, eks = self.aws.client("iam"), self.aws.client("eks", CLUSTER_REGION)
        trust = policy(["sts:AssumeRole"], Principal={"Service": "ec2.amazonaws.com"})
        created = iam.create_role(RoleName="karpenter", AssumeRolePolicyDocument=json.dumps(trust))
        arn = created["Role"]["Arn"]
        iam.attach_role_policy(RoleName="karpenter", PolicyArn=POLICY_ARN)
        eks.create_access_entry(clusterName="prod", principalArn=arn, type="EC2_LINUX")
        mails = len(self.aws.mails())
        self.aws.send_text("EksQueueUrl", (EVENTS / "broken/cut-no-nodegroup-name.json").read_text())
        wait(lambda: self.findings_of(arn), "the sweep's findings", 2 * PATIENCE)
        self.wait_until_done("SweepQueueUrl")
        self.assertEqual(self.findings_of(arn)["read-only"]["Compliance"]["Status"], "FAILED")
        self.assertEqual(self.findings_of(arn)["can-pull"]["Compliance"]["Status"], "FAILED")
        self.assertEqual(self.finding()["Compliance"]["Status"], "PASSED")
        mail = self.wait_for_mail(mails + 1)
        self.assertIn("karpenter can push images to ECR", mail["subject"])
        self.assertIn(arn, mail["text"])

    def test_8b_a_sweep_over_an_unchanged_account_tells_nobody(self):
        self.aws.sweep()
        mails, findings = len(self.aws.mails()), self.aws.findings()
        self.aws.sweep()
        self.assertEqual(self.aws.findings(), findings)
        self.assertEqual(len(self.aws.mails()), mails)

    def test_9_a_role_that_is_gone_is_archived(self):
        iam, eks = self.aws.client("iam"), self.aws.client("eks", CLUSTER_REGION)
        eks.delete_access_entry(clusterName="prod", principalArn=self.karpenter_arn())
        iam.detach_role_policy(RoleName="karpenter", PolicyArn=POLICY_ARN)
        arn = self.karpenter_arn()
        iam.delete_role(RoleName="karpenter")
        event = json.loads((EVENTS / "iam/DeleteRole.json").read_text())
        event["detail"]["requestParameters"]["roleName"] = "karpenter"
        self.aws.send_text("IamQueueUrl", json.dumps(event))
        wait(
            lambda: all(
                finding["RecordState"] == "ARCHIVED" for finding in self.findings_of(arn).values()
            ),
            "the findings to be archived",
            PATIENCE,
        )
        self.assertEqual(len(self.findings_of(arn)), 2)

    def findings_of(self, arn):
        """A role's findings by check."""
        return {
            finding["Id"].rsplit("/", 1)[1]: finding
            for finding in self.aws.findings()
            if finding["Resources"][0]["Id"] == arn
        }

    def karpenter_arn(self):
        return f"arn:aws:iam::{ACCOUNT}:role/karpenter"

    def test_0_a_function_can_change_nothing_that_it_audits(self):
        """Asked of IAM itself: every call of these services that writes, on every kind of resource."""
        iam = self.aws.client("iam")
        resources = self.aws.client("cloudformation").describe_stack_resources(StackName="pullwatch")
        roles = [
            resource["PhysicalResourceId"]
            for resource in resources["StackResources"]
            if resource["ResourceType"] == "AWS::IAM::Role"
        ]
        self.assertEqual(len(roles), 3)
        writes = self.writes()
        for role in roles:
            arn = iam.get_role(RoleName=role)["Role"]["Arn"]
            # So that a simulation that sees no policy at all does not pass for a denial.
            self.assertEqual(allowed(iam, arn, ["iam:GetRole"], self.role_arn), ["iam:GetRole"])
            for resource in AUDITED:
                with self.subTest(role=role, resource=resource):
                    self.assertEqual(allowed(iam, arn, writes, resource), [])

    def writes(self):
        """What is no read among the operations that the SDK knows, and what has no operation."""
        calls = [
            f"{service}:{operation}"
            for service in ("iam", "eks", "ecr", "ecr-public")
            for operation in self.aws.client(service).meta.service_model.operation_names
            if not operation.startswith(("Get", "List", "Describe", "BatchGet", "BatchCheck"))
        ]
        self.assertGreater(len(calls), 150, "the SDK knows the services")
        return calls + WITHOUT_OPERATION


def is_asked_for(event, patterns):
    """Whether a rule names what an event tells of, told by its names alone."""
    detail = event["detail"]
    of_source = [json.loads(pattern) for pattern in patterns.get(event["source"], [])]
    if event["detail-type"] == "Security Hub Findings - Custom Action":
        return bool(of_source)
    return "errorCode" not in detail and any(
        detail["eventName"] in pattern["detail"].get("eventName", []) for pattern in of_source
    )


def allowed(iam, role_arn, calls, resource):
    """Those of the calls that the role may make on the resource."""
    results = iam.simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=calls, ResourceArns=[resource]
    )["EvaluationResults"]
    return [it["EvalActionName"] for it in results if it["EvalDecision"] == "allowed"]


if __name__ == "__main__":
    unittest.main()
