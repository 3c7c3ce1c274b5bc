"""What AWS Security Hub refuses in a finding.

The shape (unknown fields, types, enums, required members) is read from botocore's service model;
the rest is the table RULES, one row a rule. Neighbour: security_hub.py holds what was accepted.
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
"""

import json
import re
from datetime import datetime, timedelta, timezone

import botocore.session

SERVICE = botocore.session.get_session().get_service_model("securityhub")

MOST_FINDINGS = 100
LARGEST_FINDING = 240 * 1024
TIMESTAMP = re.compile(
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?(Z|[+-][0-2]\d:?[0-5]\d)$"
)
PRODUCT_ARN = re.compile(
    r"^arn:(aws[a-z-]*):securityhub:([a-z0-9-]+):(\d{12}):product/(\d{12})/default$"
)
TYPE_NAMESPACES = {
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
}


class Place:
    """Whose Security Hub it is, and where."""

    def __init__(self, account, region, partition="aws"):
        self.account = account
        self.region = region
        self.partition = partition


def refusal(finding, place):
    """Why AWS would refuse this finding, or None."""
    return shape_refusal(finding, SERVICE.shape_for("AwsSecurityFinding"), "finding") or next(
        (reason for rule in RULES if (reason := rule(finding, place))), None
    )


def shape_refusal(value, shape, path):
    """Why a value does not fit its shape in the service model, or None."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return f"{path} should be an object"
        for name in shape.required_members:
            if value.get(name) is None:
                return f"{path}.{name} is required"
        for name, member in value.items():
            if name not in shape.members:
                return f"{path}.{name} is not a field"
            if reason := shape_refusal(member, shape.members[name], f"{path}.{name}"):
                return reason
    elif kind == "list":
        if not isinstance(value, list):
            return f"{path} should be a list"
        for index, member in enumerate(value):
            if reason := shape_refusal(member, shape.member, f"{path}[{index}]"):
                return reason
    elif kind == "map":
        if not isinstance(value, dict):
            return f"{path} should be a map"
        for name, member in value.items():
            if reason := shape_refusal(member, shape.value, f"{path}.{name}"):
                return reason
    elif kind == "string":
        if not isinstance(value, str):
            return f"{path} should be a string"
        if shape.enum and value not in shape.enum:
            return f"{path} should be one of {', '.join(shape.enum)}"
        if shape.metadata.get("pattern") == r".*\S.*" and not value.strip():
            return f"{path} should not be blank"
    elif kind in ("integer", "long"):
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{path} should be a whole number"
    elif kind in ("double", "float"):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return f"{path} should be a number"
    elif kind == "boolean" and not isinstance(value, bool):
        return f"{path} should be true or false"
    return None


def schema_version(finding, _place):
    if finding["SchemaVersion"] != "2018-10-08":
        return "finding.SchemaVersion should be 2018-10-08"


def product_arn(finding, place):
    match = PRODUCT_ARN.match(finding["ProductArn"])
    if not match:
        return "finding.ProductArn is not the default product of an account"
    partition, region, account, product_account = match.groups()
    if (partition, region) != (place.partition, place.region):
        return f"finding.ProductArn should be of {place.partition} and {place.region}"
    if account != place.account or product_account != place.account:
        return "finding.ProductArn should be of the account that calls"


def account(finding, place):
    if not re.fullmatch(r"\d{12}", finding["AwsAccountId"]):
        return "finding.AwsAccountId should be twelve digits"
    # The default product imports for its own account only.
    if finding["AwsAccountId"] != place.account:
        return "finding.AwsAccountId is another account"


def lengths(finding, _place):
    for path, longest in LONGEST.items():
        for value in values_at(finding, path.split(".")):
            if len(value) > longest:
                return f"finding.{path} should be at most {longest} characters"


def counts(finding, _place):
    for path, (fewest, most) in COUNTS.items():
        for value in values_at(finding, path.split(".")):
            if not fewest <= len(value) <= most:
                return f"finding.{path} should have {fewest} to {most} elements"


def timestamps(finding, _place):
    for path in TIMESTAMPS:
        value = finding.get(path)
        if value is not None and (not TIMESTAMP.match(value) or instant(value) is None):
            return f"finding.{path} should be a timestamp of RFC 3339 with its offset"


def updated_after_created(finding, _place):
    if instant(finding["UpdatedAt"]) < instant(finding["CreatedAt"]):
        return "finding.UpdatedAt should not be before CreatedAt"


def not_from_the_future(finding, _place):
    if instant(finding["UpdatedAt"]) > datetime.now(timezone.utc) + timedelta(minutes=5):
        return "finding.UpdatedAt should not be in the future"


def types(finding, _place):
    provider = finding.get("FindingProviderFields", {})
    for value in finding.get("Types", []) + provider.get("Types", []):
        parts = value.split("/")
        if parts[0] not in TYPE_NAMESPACES or not 1 <= len(parts) <= 3 or not all(parts):
            return "finding.Types should be namespace/category/classifier"


def severity(finding, _place):
    provider = finding.get("FindingProviderFields", {})
    if not finding.get("Severity") and not provider.get("Severity"):
        return "finding.Severity or FindingProviderFields.Severity is required"
    normalized = finding.get("Severity", {}).get("Normalized")
    if normalized is not None and not 0 <= normalized <= 100:
        return "finding.Severity.Normalized should be 0 to 100"


def types_given(finding, _place):
    provider = finding.get("FindingProviderFields", {})
    if not finding.get("Types") and not provider.get("Types"):
        return "finding.Types or FindingProviderFields.Types is required"


def product_field_names(finding, _place):
    for name in finding.get("ProductFields", {}):
        if not 1 <= len(name) <= 128:
            return "finding.ProductFields has a name that is not 1 to 128 characters"
        if name.startswith("aws/"):
            return "finding.ProductFields has a name that begins with aws/"


def size(finding, _place):
    if len(json.dumps(finding, ensure_ascii=False).encode()) > LARGEST_FINDING:
        return "finding should be at most 240 KB"


LONGEST = {
    "Id": 512,
    "ProductArn": 2048,
    "GeneratorId": 512,
    "Title": 256,
    "Description": 1024,
    "ProductName": 128,
    "CompanyName": 128,
    "SourceUrl": 2048,
    "ProductFields.*": 2048,
    "UserDefinedFields.*": 1024,
    "Remediation.Recommendation.Text": 512,
    "Remediation.Recommendation.Url": 2048,
    "Note.Text": 512,
    "Compliance.RelatedRequirements.[]": 64,
    "Compliance.StatusReasons.[].Description": 2048,
    "Resources.[].Type": 256,
    "Resources.[].Id": 512,
    "Resources.[].Details.Other.*": 1024,
}
COUNTS = {
    "Resources": (1, 32),
    "Types": (0, 50),
    "FindingProviderFields.Types": (1, 50),
    "ProductFields": (0, 50),
    "UserDefinedFields": (0, 50),
    "Compliance.RelatedRequirements": (0, 32),
    "Compliance.StatusReasons": (0, 20),
    "RelatedFindings": (1, 10),
    "Resources.[].Tags": (0, 50),
    "Resources.[].Details.Other": (0, 50),
}
TIMESTAMPS = ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt")

RULES = (
    schema_version,
    product_arn,
    account,
    lengths,
    counts,
    timestamps,
    updated_after_created,
    not_from_the_future,
    severity,
    types_given,
    types,
    product_field_names,
    size,
)


def values_at(value, path):
    """The values at a path; `[]` is each element of a list, `*` each value of a map."""
    if not path:
        return [value]
    head, rest = path[0], path[1:]
    if head == "[]":
        children = value
    elif head == "*":
        children = value.values()
    else:
        children = [value[head]] if value.get(head) is not None else []
    return [found for child in children for found in values_at(child, rest)]


def instant(text):
    """A timestamp as a moment, or None where the calendar has no such day."""
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
