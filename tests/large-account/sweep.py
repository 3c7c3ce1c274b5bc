"""Sweeps a large account with the function as it is built, and says what that took.

Two sweeps over the same account: the first finds everything, the second nothing new. Each
invocation gets one step, as Lambda hands it over. Calls are held against the least that reading
the account takes: every page once, every describe once.

    python sweep.py ../../target/debug/account-sweep
    SHARE=10 python sweep.py …     an account of a tenth of the size
"""

import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import account
from services import Services

sys.path.append(str(Path(__file__).resolve().parent.parent / "local-aws"))
from security_hub import SecurityHub, server  # noqa: E402
from security_hub_rules import Place  # noqa: E402

MOST_MEMORY_MB, MOST_CALLS = 128, 1.1
READING = ("iam", "ec2", "eks", "ecr")
WRITES = ("batch_import_findings", "batch_update_findings")


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def environment(port, security_hub):
    """What the stack gives to the function, with every endpoint on loopback."""
    arn = f"arn:aws:sns:us-east-1:{account.ACCOUNT}"
    return {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ENDPOINT_URL_SECURITYHUB": f"http://127.0.0.1:{security_hub}",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "account-sweep",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "large-account",
        "AWS_LAMBDA_LOG_STREAM_NAME": "large-account",
        "PULLWATCH_LEDGER_TABLE": "ledger",
        "PULLWATCH_ALERT_TOPIC_ARN": f"{arn}:alerts",
        "PULLWATCH_OPERATORS_TOPIC_ARN": f"{arn}:operators",
        "PULLWATCH_SWEEP_QUEUE_URL": f"http://127.0.0.1:{port}/sweep",
        "PULLWATCH_QUEUE_URL": f"http://127.0.0.1:{port}/sweep",
        "PULLWATCH_ACCOUNT": account.ACCOUNT,
        "PULLWATCH_PARTITION": "aws",
        "PULLWATCH_HOME_REGION": "us-east-1",
        "RUST_LOG": "warn",
    }


def peak_mb(process):
    """The most memory that the process ever held, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def sweep(services, process):
    """Every step of one sweep: seconds, steps, the most memory after each kind of step."""
    services.calls.clear()
    begun, steps, memory = time.monotonic(), 0, {}
    services.steps.put(json.dumps({"step": "begin", "reason": "the schedule"}))
    while not services.steps.empty():
        body = services.steps.get()
        record = {
            "messageId": str(uuid.uuid4()),
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
        }
        answer = services.invoke({"Records": [record]})
        if answer["batchItemFailures"]:
            raise RuntimeError(f"the step failed: {body}")
        steps += 1
        memory[json.loads(body)["step"]] = peak_mb(process)
    return time.monotonic() - begun, steps, memory


def told(title, services, seconds, steps, memory):
    """Prints one sweep; whether it stands within the bounds."""
    calls, least = services.calls, account.least_calls()
    print(f"\n{title}: {steps} steps, {seconds:.1f} s")
    print(f"  {'call':<38}{'made':>7}{'least':>7}")
    reading = {name: n for name, n in calls.items() if name.split(":")[0] in READING}
    for name in sorted(reading.keys() | least.keys()):
        print(f"  {name:<38}{calls[name]:>7}{least.get(name, 0):>7}")
    made, fewest = sum(reading.values()), sum(least.values())
    print(f"  {'all that read the account':<38}{made:>7}{fewest:>7}  {made / fewest:.1%}")
    for name in sorted(calls.keys() - reading.keys()):
        print(f"  {name:<38}{calls[name]:>7}")
    peaks = ", ".join(f"{step} {mb:.0f}" for step, mb in memory.items())
    print(f"  memory at most, in MB, by the end of: {peaks}")
    return made <= MOST_CALLS * fewest and max(memory.values()) <= MOST_MEMORY_MB


def main():
    binary = sys.argv[1]
    port = free_port()
    services = Services(port)
    threading.Thread(target=services.serve_forever, daemon=True).start()
    security_hub = SecurityHub(Place(account.ACCOUNT, "us-east-1"))
    findings = server(security_hub)
    threading.Thread(target=findings.serve_forever, daemon=True).start()
    function = subprocess.Popen([binary], env=environment(port, findings.server_port))
    try:
        print(
            f"{account.ROLES} roles, {account.NODE_ROLES} of them node roles; "
            f"{account.CLUSTERS} clusters, {account.CLUSTERS * account.NODEGROUPS_EACH} nodegroups, "
            f"{len(account.REGIONS)} regions"
        )
        first = told("The first sweep", services, *sweep(services, function))
        print(f"  findings in Security Hub: {len(security_hub.findings)}, by {dict(security_hub.calls)}")
        security_hub.calls.clear()
        second = told("The second sweep", services, *sweep(services, function))
        print(f"  calls of Security Hub: {dict(security_hub.calls)}")
    finally:
        function.terminate()
        function.wait()
    if len(security_hub.findings) != 2 * account.NODE_ROLES:
        sys.exit(f"{account.NODE_ROLES} roles have two findings each, and {len(security_hub.findings)} are there")
    written = services.calls.keys() | security_hub.calls.keys()
    if written & {"sns:Publish", "dynamodb:PutItem of a role", *WRITES}:
        sys.exit("the second sweep wrote, and nothing had changed")
    if not (first and second):
        sys.exit(f"missed: {MOST_MEMORY_MB} MB, and {MOST_CALLS:.0%} of the least calls")


if __name__ == "__main__":
    main()
