"""The stand-in for Security Hub refuses and keeps what AWS does: one row a rule."""

import threading
import unittest
from copy import deepcopy

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from security_hub import SecurityHub, server
from security_hub_rules import Place, refusal

ACCOUNT, OTHER, REGION = "111122223333", "123456789012", "us-east-1"
PRODUCT = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"
TYPE = "Software and Configuration Checks/Industry and Regulatory Standards/CIS Amazon EKS Benchmark"
FINDING = {
    "SchemaVersion": "2018-10-08",
    "Id": "finding-1",
    "ProductArn": PRODUCT,
    "GeneratorId": "pullwatch/read-only",
    "AwsAccountId": ACCOUNT,
    "Types": [TYPE],
    "CreatedAt": "2026-01-15T10:00:00.000Z",
    "UpdatedAt": "2026-01-15T10:00:00.000Z",
    "Severity": {"Label": "HIGH"},
    "Title": "title",
    "Description": "description",
    "Resources": [{"Type": "AwsIamRole", "Id": f"arn:aws:iam::{ACCOUNT}:role/workers"}],
    "Compliance": {"Status": "FAILED"},
    "RecordState": "ACTIVE",
}
ABSENT = object()


def changed(finding, path, value):
    finding = deepcopy(finding)
    *parents, last = path.split(".")
    target = finding
    for parent in parents:
        target = target.setdefault(parent, {})
    if value is ABSENT:
        target.pop(last, None)
    else:
        target[last] = value
    return finding


def finding(updated_at="2026-01-15T10:00:00.000Z", status="FAILED", **fields):
    return {**FINDING, "UpdatedAt": updated_at, "Compliance": {"Status": status}, **fields}


RESOURCE = FINDING["Resources"][0]

# path, value, what the reason names
REFUSED = [
    *((field, ABSENT, field) for field in (
        "SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId",
        "CreatedAt", "UpdatedAt", "Title", "Description", "Resources",
    )),
    ("SchemaVersion", "2018-10-09", "SchemaVersion"),
    ("Id", "", "Id"),
    ("Id", "i" * 513, "Id"),
    ("GeneratorId", "g" * 513, "GeneratorId"),
    ("Title", "t" * 257, "Title"),
    ("Description", "d" * 1025, "Description"),
    ("Title", 7, "Title"),
    ("Colour", "red", "Colour"),
    ("Compliance.Colour", "red", "Compliance.Colour"),
    ("Compliance.Status", "BROKEN", "Compliance.Status"),
    ("RecordState", "GONE", "RecordState"),
    ("Severity.Label", "SEVERE", "Severity.Label"),
    ("Severity", ABSENT, "Severity"),
    ("Types", ABSENT, "Types"),
    ("Types", ["Anything"], "Types"),
    ("Types", [TYPE + "/x"], "Types"),
    ("Types", [TYPE] * 51, "Types"),
    ("Workflow.Status", "DONE", "Workflow.Status"),
    ("AwsAccountId", OTHER, "AwsAccountId"),
    ("AwsAccountId", "1111", "AwsAccountId"),
    ("ProductArn", PRODUCT.replace(ACCOUNT, OTHER), "ProductArn"),
    ("ProductArn", PRODUCT.replace(REGION, "eu-west-1"), "ProductArn"),
    ("ProductArn", PRODUCT.replace("arn:aws:", "arn:aws-cn:"), "ProductArn"),
    ("ProductArn", "arn:aws:securityhub:us-east-1::product/a/b", "ProductArn"),
    ("CreatedAt", "2026-01-15 10:00:00", "CreatedAt"),
    ("CreatedAt", "2026-02-30T10:00:00Z", "CreatedAt"),
    ("UpdatedAt", "2026-01-15T10:00:00", "UpdatedAt"),
    ("UpdatedAt", "2026-01-15T09:00:00Z", "UpdatedAt"),
    ("UpdatedAt", "2999-01-01T00:00:00Z", "UpdatedAt"),
    ("FirstObservedAt", "yesterday", "FirstObservedAt"),
    ("LastObservedAt", "1768471200", "LastObservedAt"),
    ("Resources", [], "Resources"),
    ("Resources", [RESOURCE] * 33, "Resources"),
    ("Resources", [{"Type": "AwsIamRole"}], "Id"),
    ("Resources", [{**RESOURCE, "Id": "i" * 513}], "Resources"),
    ("ProductFields", {str(n): "v" for n in range(51)}, "ProductFields"),
    ("ProductFields", {"k" * 129: "v"}, "ProductFields"),
    ("ProductFields", {"key": "v" * 2049}, "ProductFields"),
    ("ProductFields", {"key": 1}, "ProductFields"),
    ("ProductFields", {"aws/key": "v"}, "ProductFields"),
    ("Compliance.RelatedRequirements", ["r"] * 33, "RelatedRequirements"),
    ("Compliance.StatusReasons", [{"Description": "d"}], "ReasonCode"),
    ("Remediation.Recommendation", {"Text": "t" * 513}, "Recommendation.Text"),
    ("Resources", [{**RESOURCE, "Details": {"AwsIamRole": {"Nickname": "x"}}}], "Nickname"),
    ("Vulnerabilities", [{"Id": "v" * 250_000}], "240 KB"),
]

ACCEPTED = [
    ("Id", "i" * 512),
    ("Title", "t" * 256),
    ("Description", "d" * 1024),
    ("Resources", [RESOURCE] * 32),
    ("ProductFields", {str(n): "v" * 2048 for n in range(50)}),
    ("Severity", {"Label": "INFORMATIONAL"}),
    ("CreatedAt", "2026-01-15T11:00:00+01:00"),
    ("Remediation.Recommendation", {"Text": "t" * 512}),
]


class Refusals(unittest.TestCase):
    place = Place(ACCOUNT, REGION)

    def test_refused(self):
        for path, value, named in REFUSED:
            with self.subTest(path=path, value=str(value)[:40]):
                reason = refusal(changed(FINDING, path, value), self.place)
                self.assertIsNotNone(reason)
                self.assertIn(named, reason)

    def test_accepted(self):
        self.assertIsNone(refusal(FINDING, self.place))
        for path, value in ACCEPTED:
            with self.subTest(path=path):
                self.assertIsNone(refusal(changed(FINDING, path, value), self.place))


class Calls(unittest.TestCase):
    """Through the real SDK."""

    def setUp(self):
        self.hub = SecurityHub(Place(ACCOUNT, REGION))
        self.server = server(self.hub)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.client = self.client_of(REGION)

    def tearDown(self):
        self.client.close()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def client_of(self, region):
        return boto3.client(
            "securityhub",
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{self.server.server_port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

    def held(self, **filters):
        filters = {
            name: [{"Value": value, "Comparison": "EQUALS"}] for name, value in filters.items()
        }
        return self.client.get_findings(Filters=filters)["Findings"]

    def bring(self, *findings):
        return self.client.batch_import_findings(Findings=list(findings))

    def workflow(self, status, id_="finding-1"):
        return self.client.batch_update_findings(
            FindingIdentifiers=[{"Id": id_, "ProductArn": PRODUCT}], Workflow={"Status": status}
        )

    def test_each_finding_is_answered_by_itself(self):
        answer = self.bring(finding(), finding(Id="finding-2", Title="t" * 257))
        self.assertEqual((answer["SuccessCount"], answer["FailedCount"]), (1, 1))
        self.assertEqual(answer["FailedFindings"][0]["Id"], "finding-2")
        self.assertIn("Title", answer["FailedFindings"][0]["ErrorMessage"])
        self.assertEqual([each["Id"] for each in self.held()], ["finding-1"])

    def test_a_batch_has_one_to_a_hundred_findings(self):
        for count in (0, 101):
            with self.subTest(count=count), self.assertRaises(ClientError) as refused:
                self.bring(*[finding(Id=f"finding-{n}") for n in range(count)])
            self.assertEqual(refused.exception.response["Error"]["Code"], "InvalidInputException")
        self.assertEqual(self.bring(*[finding(Id=str(n)) for n in range(100)])["SuccessCount"], 100)

    def test_an_import_that_is_not_newer_is_ignored_in_silence(self):
        self.bring(finding("2026-01-15T10:00:01Z"))
        for updated_at in ("2026-01-15T10:00:01Z", "2026-01-15T10:00:00Z"):
            answer = self.bring(finding(updated_at, "PASSED"))
            self.assertEqual(answer["SuccessCount"], 1)
            self.assertEqual(self.held()[0]["Compliance"]["Status"], "FAILED")
        self.bring(finding("2026-01-15T10:00:02Z", "PASSED"))
        self.assertEqual(self.held()[0]["Compliance"]["Status"], "PASSED")

    def test_created_at_is_kept(self):
        self.bring(finding())
        self.bring(finding("2026-01-16T10:00:00Z", CreatedAt="2026-01-16T10:00:00Z"))
        self.assertEqual(self.held()[0]["CreatedAt"], FINDING["CreatedAt"])

    def test_an_import_sets_no_workflow_but_the_first(self):
        self.bring(finding(status="PASSED", Workflow={"Status": "RESOLVED"}))
        self.assertEqual(self.held()[0]["Workflow"]["Status"], "RESOLVED")
        self.workflow("SUPPRESSED")
        self.bring(finding("2026-01-16T10:00:00Z", "PASSED", Workflow={"Status": "RESOLVED"}))
        self.assertEqual(self.held()[0]["Workflow"]["Status"], "SUPPRESSED")

    def test_workflow_resets(self):
        # before, after, workflow before, workflow after
        active, archived = {"RecordState": "ACTIVE"}, {"RecordState": "ARCHIVED"}
        rows = [
            ("PASSED", active, "FAILED", active, "RESOLVED", "NEW"),
            ("PASSED", active, "WARNING", active, "NOTIFIED", "NEW"),
            ("PASSED", active, "NOT_AVAILABLE", active, "RESOLVED", "NEW"),
            ("PASSED", active, "FAILED", active, "SUPPRESSED", "SUPPRESSED"),
            ("FAILED", active, "FAILED", active, "RESOLVED", "RESOLVED"),
            ("FAILED", active, "PASSED", active, "NOTIFIED", "NOTIFIED"),
            ("WARNING", active, "FAILED", active, "NOTIFIED", "NOTIFIED"),
            ("FAILED", archived, "FAILED", active, "RESOLVED", "NEW"),
            ("FAILED", archived, "FAILED", active, "SUPPRESSED", "SUPPRESSED"),
            ("FAILED", active, "FAILED", archived, "NOTIFIED", "NOTIFIED"),
        ]
        for number, (before, state, after, state_after, workflow, expected) in enumerate(rows):
            with self.subTest(row=number):
                id_ = f"finding-{number}"
                self.bring(finding(status=before, Id=id_, **state))
                self.workflow(workflow, id_)
                self.bring(finding("2026-01-16T10:00:00Z", after, Id=id_, **state_after))
                self.assertEqual(self.held(Id=id_)[0]["Workflow"]["Status"], expected)

    def test_an_update_moves_no_time_and_names_what_it_does_not_know(self):
        self.bring(finding())
        answer = self.workflow("RESOLVED")
        self.assertEqual(len(answer["ProcessedFindings"]), 1)
        self.assertEqual(self.held()[0]["UpdatedAt"], FINDING["UpdatedAt"])
        answer = self.workflow("RESOLVED", "unknown")
        self.assertEqual(answer["UnprocessedFindings"][0]["ErrorCode"], "FindingNotFound")

    def test_filters(self):
        self.bring(
            finding(Id="a"),
            finding(Id="b", status="PASSED", Workflow={"Status": "RESOLVED"}),
            finding(Id="c", RecordState="ARCHIVED"),
        )
        for filters, ids in [
            ({}, "abc"),
            ({"Id": "a"}, "a"),
            ({"ProductArn": PRODUCT}, "abc"),
            ({"ProductArn": "other"}, ""),
            ({"RecordState": "ARCHIVED"}, "c"),
            ({"ComplianceStatus": "FAILED"}, "ac"),
            ({"ComplianceStatus": "FAILED", "RecordState": "ACTIVE"}, "a"),
            ({"WorkflowStatus": "RESOLVED"}, "b"),
        ]:
            with self.subTest(filters=filters):
                self.assertEqual("".join(each["Id"] for each in self.held(**filters)), ids)

    def test_pages(self):
        self.bring(*[finding(Id=f"{n:03}") for n in range(7)])
        pages = self.client.get_paginator("get_findings").paginate(
            PaginationConfig={"PageSize": 3}
        )
        found = [[each["Id"] for each in page["Findings"]] for page in pages]
        self.assertEqual([len(page) for page in found], [3, 3, 1])
        self.assertEqual(sum(found, []), [f"{n:03}" for n in range(7)])

    def test_switched_off(self):
        self.hub.enabled = False
        with self.assertRaises(ClientError) as refused:
            self.bring(finding())
        self.assertEqual(refused.exception.response["Error"]["Code"], "InvalidAccessException")

    def test_another_region_is_refused(self):
        client = self.client_of("eu-west-1")
        with self.assertRaises(ClientError):
            client.get_findings()
        client.close()


if __name__ == "__main__":
    unittest.main()
