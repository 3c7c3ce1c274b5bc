"""AWS Security Hub on one machine: imports, filters and updates findings as AWS does.

An import is answered finding by finding. One that is not newer than what is held is ignored in
silence; Workflow, Note and UserDefinedFields stay the customer's; CreatedAt never moves.
What it does not do: insights, standards, product subscriptions, automation rules, other regions.

    python security_hub.py --port 4570 --account 111122223333 --region us-east-1
"""

import argparse
import base64
import json
import re
import threading
import uuid
from collections import Counter
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from security_hub_rules import MOST_FINDINGS, SERVICE, Place, instant, refusal, shape_refusal

# A customer's: an import cannot change them once the finding exists.
# https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
CUSTOMERS = ("Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState")

FILTERS = {
    "Id": ("Id",),
    "ProductArn": ("ProductArn",),
    "GeneratorId": ("GeneratorId",),
    "AwsAccountId": ("AwsAccountId",),
    "RecordState": ("RecordState",),
    "ComplianceStatus": ("Compliance", "Status"),
    "WorkflowStatus": ("Workflow", "Status"),
    "SeverityLabel": ("Severity", "Label"),
}
COMPARISONS = {
    "EQUALS": lambda value, wanted: value == wanted,
    "PREFIX": lambda value, wanted: value.startswith(wanted),
    "NOT_EQUALS": lambda value, wanted: value != wanted,
    "PREFIX_NOT_EQUALS": lambda value, wanted: not value.startswith(wanted),
}


class Refused(Exception):
    """The whole call is refused, with the error's name."""

    def __init__(self, message, name="InvalidInputException", status=400):
        super().__init__(message)
        self.name = name
        self.status = status


class SecurityHub:
    """The findings of one account and region."""

    def __init__(self, place):
        self.place = place
        self.enabled = True
        self.findings = {}
        self.imports = 0
        self.calls = Counter()
        self.lock = threading.Lock()

    def batch_import_findings(self, request):
        self.check_request("BatchImportFindings", request, without=("Findings",))
        findings = request.get("Findings")
        if not isinstance(findings, list) or not 1 <= len(findings) <= MOST_FINDINGS:
            raise Refused(f"Findings should be a list of 1 to {MOST_FINDINGS} findings")
        failed = []
        for finding in findings:
            reason = refusal(finding, self.place)
            if reason:
                id_ = finding.get("Id") if isinstance(finding, dict) else None
                failed.append(
                    {"Id": str(id_ or ""), "ErrorCode": "InvalidInput", "ErrorMessage": reason}
                )
            else:
                self.hold(finding)
        self.imports += len(findings)
        return {
            "FailedCount": len(failed),
            "SuccessCount": len(findings) - len(failed),
            "FailedFindings": failed,
        }

    def hold(self, finding):
        key = (finding["Id"], finding["ProductArn"])
        held = self.findings.get(key)
        if held and instant(finding["UpdatedAt"]) <= instant(held["UpdatedAt"]):
            return
        new = deepcopy(finding)
        new.setdefault("RecordState", "ACTIVE")
        provider = new.get("FindingProviderFields", {})
        for field in ("Severity", "Types"):
            if provider.get(field):
                new[field] = deepcopy(provider[field])
        if held:
            for field in CUSTOMERS:
                new.pop(field, None)
                if field in held:
                    new[field] = held[field]
            new["CreatedAt"] = held["CreatedAt"]
            if new["Workflow"]["Status"] in ("NOTIFIED", "RESOLVED") and reopens(held, new):
                new["Workflow"] = {"Status": "NEW"}
        else:
            new.setdefault("Workflow", {}).setdefault("Status", "NEW")
        new["Region"] = self.place.region
        self.findings[key] = new

    def get_findings(self, request):
        self.check_request("GetFindings", request)
        most = request.get("MaxResults", 100)
        if not 1 <= most <= 100:
            raise Refused("MaxResults should be 1 to 100")
        filters = request.get("Filters", {})
        for name in filters:
            if name not in FILTERS:
                raise Refused(f"Filters.{name} is not served here")
            for each in filters[name]:
                if each.get("Comparison") not in COMPARISONS or "Value" not in each:
                    raise Refused(f"Filters.{name} should have a Comparison and a Value")
        found = [
            self.findings[key]
            for key in sorted(self.findings)
            if all(matches(self.findings[key], name, filters[name]) for name in filters)
        ]
        start = offset(request.get("NextToken"))
        answer = {"Findings": found[start : start + most]}
        if start + most < len(found):
            answer["NextToken"] = base64.urlsafe_b64encode(str(start + most).encode()).decode()
        return answer

    def batch_update_findings(self, request):
        self.check_request("BatchUpdateFindings", request)
        identifiers = request["FindingIdentifiers"]
        if not 1 <= len(identifiers) <= MOST_FINDINGS:
            raise Refused(f"FindingIdentifiers should be 1 to {MOST_FINDINGS}")
        processed, unprocessed = [], []
        for identifier in identifiers:
            held = self.findings.get((identifier["Id"], identifier["ProductArn"]))
            if held is None:
                unprocessed.append(
                    {
                        "FindingIdentifier": identifier,
                        "ErrorCode": "FindingNotFound",
                        "ErrorMessage": "Finding Not Found",
                    }
                )
                continue
            # UpdatedAt stays: it is the finder's.
            for field in ("Workflow", "UserDefinedFields", "VerificationState", "Note"):
                if field in request:
                    held[field] = deepcopy(request[field])
            for field in ("Severity", "Types", "Confidence", "Criticality"):
                if field in request:
                    held[field] = deepcopy(request[field])
            processed.append(identifier)
        return {"ProcessedFindings": processed, "UnprocessedFindings": unprocessed}

    def check_request(self, operation, request, without=()):
        if not self.enabled:
            raise Refused(
                f"Account {self.place.account} is not subscribed to AWS Security Hub",
                "InvalidAccessException",
                401,
            )
        if not isinstance(request, dict):
            raise Refused("the body should be a JSON object")
        checked = {name: value for name, value in request.items() if name not in without}
        shape = SERVICE.operation_model(operation).input_shape
        reason = shape_refusal(checked, OptionalMembers(shape, without), "request")
        if reason:
            raise Refused(reason)


class OptionalMembers:
    """A structure's shape in which some required members may be absent."""

    type_name = "structure"

    def __init__(self, shape, optional):
        self.members = shape.members
        self.required_members = [m for m in shape.required_members if m not in optional]


def reopens(held, new):
    """Whether an import puts NOTIFIED or RESOLVED back to NEW.

    https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Workflow.html
    """
    unarchived = held["RecordState"] == "ARCHIVED" and new["RecordState"] == "ACTIVE"
    before = held.get("Compliance", {}).get("Status")
    after = new.get("Compliance", {}).get("Status")
    broken = before == "PASSED" and after in ("FAILED", "WARNING", "NOT_AVAILABLE")
    return unarchived or broken


def matches(finding, name, wanted):
    value = finding
    for key in FILTERS[name]:
        value = value.get(key, {}) if isinstance(value, dict) else {}
    value = value if isinstance(value, str) else ""
    # Positive comparisons of one field are joined by OR, negative ones by AND.
    asked = [(each["Comparison"], COMPARISONS[each["Comparison"]](value, each["Value"])) for each in wanted]
    positive = [holds for comparison, holds in asked if "NOT" not in comparison]
    negative = [holds for comparison, holds in asked if "NOT" in comparison]
    return (any(positive) if positive else True) and all(negative)


def offset(token):
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise Refused("NextToken is not one of ours") from None


ROUTES = {
    ("POST", "/findings/import"): SecurityHub.batch_import_findings,
    ("POST", "/findings"): SecurityHub.get_findings,
    ("PATCH", "/findings/batchupdate"): SecurityHub.batch_update_findings,
}


def handler(security_hub):
    """The HTTP face, REST-JSON as in botocore's service model."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                route = ROUTES.get((self.command, self.path))
                if route is None:
                    raise Refused("no such call here", "ResourceNotFoundException", 404)
                # A signature is not checked, but an unsigned call is an SDK without credentials.
                scope = re.search(r"Credential=[^,]*?/([a-z0-9-]+)/securityhub/aws4_request",
                                  self.headers.get("Authorization", ""))
                if not scope:
                    raise Refused("the call is not signed", "AccessDeniedException", 403)
                if scope.group(1) != security_hub.place.region:
                    raise Refused("signed for another region", "InvalidSignatureException", 403)
                try:
                    request = json.loads(body or b"{}")
                except ValueError:
                    raise Refused("the body should be JSON") from None
                with security_hub.lock:
                    security_hub.calls[route.__name__] += 1
                    self.send(200, route(security_hub, request))
            except Refused as refused:
                self.send(
                    refused.status, {"Message": str(refused), "Code": refused.name}, refused.name
                )

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

        def send(self, status, document, error=None):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    return Handler


def server(security_hub, port=0):
    """A server on loopback; port 0 takes a free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), handler(security_hub))


def main():
    parser = argparse.ArgumentParser(description="AWS Security Hub on one machine")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--account", default="111122223333")
    parser.add_argument("--region", default="us-east-1")
    arguments = parser.parse_args()
    place = Place(arguments.account, arguments.region)
    server(SecurityHub(place), arguments.port).serve_forever()


if __name__ == "__main__":
    main()
