//! Security Hub speaks rest-json. An import is answered item by item with status 200.
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Operations.html>

use aws_adapters::security_hub::AwsSecurityHub;
use ecr_audit::asff::{asff, finding_id};
use ecr_audit::error::PortError;
use ecr_audit::finding::{Finding, Held, RecordState, WorkflowStatus};
use ecr_audit::ports::{ImportOutcome, SecurityHub, StoredFinding};
use ecr_audit::standard::{Check, Status};
use serde_json::{Value, json};

use crate::requests::Request;
use crate::samples::{finding, role_arn};
use crate::wire::{Answer, Wire};

const HOST: &str = "securityhub.eu-west-1.amazonaws.com";
const PRODUCT: &str = "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default";

fn security_hub(wire: &Wire) -> AwsSecurityHub {
    AwsSecurityHub::new(&wire.aws(), "111122223333", "eu-west-1")
}

fn failed(role_name: &str) -> Finding {
    finding(role_name, Check::ReadOnly, Status::Failed)
}

fn passed(role_name: &str) -> Finding {
    finding(role_name, Check::ReadOnly, Status::Passed)
}

fn id(role_name: &str) -> String {
    finding_id(&role_arn(role_name), Check::ReadOnly)
}

fn import(findings: &[Finding]) -> Request {
    let findings: Vec<Value> = findings.iter().map(asff).collect();
    Request::rest("POST", HOST, "/findings/import", json!({"Findings": findings}))
}

/// The answer to an import of so many, of which these were refused.
fn imported(count: usize, refused: &[&str]) -> Answer {
    let failed = |role_name: &&str| {
        json!({
            "Id": id(role_name),
            "ErrorCode": "InvalidInput",
            "ErrorMessage": format!("Invalid parameter in {role_name}"),
        })
    };
    Answer::json(json!({
        "SuccessCount": count - refused.len(),
        "FailedCount": refused.len(),
        "FailedFindings": refused.iter().map(failed).collect::<Vec<_>>(),
    }))
}

#[tokio::test]
async fn the_body_of_an_import_is_the_finding_as_it_is_encoded() {
    let mut findings = [failed("workers"), passed("builders")];
    findings[1].created_at = findings[1].updated_at;
    assert_eq!(asff(&findings[1])["Workflow"]["Status"], "RESOLVED");
    assert!(asff(&findings[0]).to_string().contains('\u{e4}'));
    let wire = Wire::new([(import(&findings), imported(2, &[]))]);
    let outcomes = security_hub(&wire).import(&findings).await.unwrap();
    assert_eq!(outcomes, [ImportOutcome::Imported, ImportOutcome::Imported]);
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_carries_the_same_body() {
    let findings = [failed("workers")];
    let wire = Wire::new([
        (import(&findings), Answer::rest_error(429, "LimitExceededException")),
        (import(&findings), Answer::Broken),
        (import(&findings), imported(1, &[])),
    ])
    .with_retries();
    let outcomes = security_hub(&wire).import(&findings).await.unwrap();
    assert_eq!(outcomes, [ImportOutcome::Imported]);
    assert_eq!(wire.heard(), 3);
}

#[tokio::test]
async fn each_finding_is_answered_by_itself_in_their_order() {
    let findings = ["a", "b", "c", "d"].map(failed);
    let wire = Wire::new([(import(&findings), imported(4, &["c", "a"]))]);
    let outcomes = security_hub(&wire).import(&findings).await.unwrap();
    let refused = |role_name: &str| {
        ImportOutcome::Refused(format!("InvalidInput: Invalid parameter in {role_name}"))
    };
    assert_eq!(
        outcomes,
        [refused("a"), ImportOutcome::Imported, refused("c"), ImportOutcome::Imported]
    );
}

#[tokio::test]
async fn a_refusal_of_nobody_knows_what_is_an_error_and_no_import() {
    let findings = [failed("workers")];
    for refused in [json!({"Id": id("others"), "ErrorCode": "InvalidInput"}), json!({})] {
        let answer = json!({"SuccessCount": 0, "FailedCount": 1, "FailedFindings": [refused]});
        let wire = Wire::new([(import(&findings), Answer::json(answer))]);
        let error = security_hub(&wire).import(&findings).await.unwrap_err();
        assert!(!error.is_transient() && error.to_string().contains("was refused"), "{error}");
    }
}

#[tokio::test]
async fn no_findings_are_no_call() {
    let wire = Wire::new([]);
    let security_hub = security_hub(&wire);
    assert_eq!(security_hub.import(&[]).await, Ok(Vec::new()));
    assert_eq!(security_hub.resolve(&[]).await, Ok(()));
    assert_eq!(security_hub.read_back(&[]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn an_import_takes_a_hundred_findings() {
    let findings: Vec<Finding> = (0..201).map(|index| failed(&format!("r{index}"))).collect();
    let wire = Wire::new([
        (import(&findings[..100]), imported(100, &["r7"])),
        (import(&findings[100..200]), imported(100, &[])),
        (import(&findings[200..]), imported(1, &["r200"])),
    ]);
    let outcomes = security_hub(&wire).import(&findings).await.unwrap();
    let refused: Vec<usize> = outcomes
        .iter()
        .enumerate()
        .filter_map(|(index, outcome)| {
            matches!(outcome, ImportOutcome::Refused(_)).then_some(index)
        })
        .collect();
    assert_eq!((outcomes.len(), refused), (201, vec![7, 200]));
}

/// AWS takes 6 MB a call; encoded findings of a megabyte go five at a time at most.
#[tokio::test]
async fn an_import_takes_five_megabytes() {
    let findings: Vec<Finding> = (0..7).map(|index| large(&format!("r{index}"))).collect();
    let size = asff(&findings[0]).to_string().len();
    assert!((900_000..1_000_000).contains(&size), "{size}");
    let wire = Wire::new([
        (import(&findings[..5]), imported(5, &[])),
        (import(&findings[5..]), imported(2, &[])),
    ]);
    let outcomes = security_hub(&wire).import(&findings).await.unwrap();
    assert_eq!(outcomes.len(), 7);
}

/// A finding near a megabyte: its path is all that an encoding does not shorten.
fn large(role_name: &str) -> Finding {
    let mut large = failed(role_name);
    large.place.region = "x".repeat(475_000);
    large.uses.clear();
    large
}

#[tokio::test]
async fn a_hub_that_is_switched_off_is_told_apart_in_every_call() {
    let message = "Account 111122223333 is not subscribed to AWS Security Hub";
    let off = || Answer::rest_error_that_says(401, "InvalidAccessException", message);
    let not_enabled =
        |call: &str| PortError::NotEnabled { call: call.to_owned(), reason: message.to_owned() };
    let findings = [passed("workers")];
    let wire = Wire::new([
        (import(&findings), off()),
        (get_findings(&[id("workers")], true, None), off()),
        (get_findings(&[id("workers")], false, None), off()),
    ]);
    let security_hub = security_hub(&wire);
    assert_eq!(
        security_hub.import(&findings).await,
        Err(not_enabled("securityhub:BatchImportFindings"))
    );
    assert_eq!(security_hub.resolve(&findings).await, Err(not_enabled("securityhub:GetFindings")));
    assert_eq!(
        security_hub.read_back(&[id("workers")]).await,
        Err(not_enabled("securityhub:GetFindings"))
    );
}

/// The same code stands for another fault of the account; then both are named.
#[tokio::test]
async fn a_refusal_that_does_not_say_that_the_hub_is_off_names_both_causes() {
    let findings = [passed("workers")];
    let message = "Account 111122223333 is not an administrator for this organization";
    let refused = Answer::rest_error_that_says(401, "InvalidAccessException", message);
    let wire = Wire::new([(import(&findings), refused)]);
    let error = security_hub(&wire).import(&findings).await.unwrap_err();
    assert!(matches!(error, PortError::NotEnabled { .. }), "{error:?}");
    for words in [message, "is not enabled in this account", "the account may not make this call"] {
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_denied_call_is_lasting_and_a_throttled_one_transient() {
    let findings = [failed("workers")];
    for (status, error_type, is_transient) in [
        (403, "AccessDeniedException", false),
        (400, "InvalidInputException", false),
        (429, "LimitExceededException", true),
        (429, "TooManyRequestsException", true),
        (500, "InternalException", true),
    ] {
        let wire = Wire::new([(import(&findings), Answer::rest_error(status, error_type))]);
        let error = security_hub(&wire).import(&findings).await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient, "{error}");
        assert!(error.to_string().starts_with("securityhub:BatchImportFindings "), "{error}");
    }
}

/// The question for some findings: all of them, or only PASSED ones that nobody has closed.
fn get_findings(ids: &[String], open: bool, token: Option<&str>) -> Request {
    let equals = |value: &str| json!({"Value": value, "Comparison": "EQUALS"});
    let mut filters = json!({
        "Id": ids.iter().map(|id| equals(id)).collect::<Vec<_>>(),
        "AwsAccountId": [equals("111122223333")],
    });
    if open {
        filters["WorkflowStatus"] = json!([equals("NEW"), equals("NOTIFIED")]);
        filters["ComplianceStatus"] = json!([equals("PASSED")]);
    }
    let mut body = json!({"Filters": filters});
    if let Some(token) = token {
        body["NextToken"] = token.into();
    }
    Request::rest("POST", HOST, "/findings", body)
}

/// A finding as Security Hub holds it, with fields of its own.
fn held(role_name: &str, product: &str, workflow: &str) -> Value {
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": id(role_name),
        "ProductArn": product,
        "ProductName": "Default",
        "CompanyName": "Personal",
        "Region": "eu-west-1",
        "GeneratorId": "pullwatch/read-only",
        "AwsAccountId": "111122223333",
        "CreatedAt": "2026-11-01T08:00:00.001Z",
        "UpdatedAt": "2026-11-23T12:00:00.123Z",
        "ProcessedAt": "2026-11-23T12:00:02.000Z",
        "Title": "t",
        "Description": "d",
        "Severity": {"Label": "HIGH", "Normalized": 70},
        "Resources": [{"Type": "AwsIamRole", "Id": role_arn(role_name).as_str()}],
        "Compliance": {"Status": "FAILED"},
        "WorkflowState": "NEW",
        "Workflow": {"Status": workflow},
        "RecordState": "ACTIVE",
    })
}

fn found(findings: &[Value], next: Option<&str>) -> Answer {
    let mut body = json!({"Findings": findings});
    if let Some(next) = next {
        body["NextToken"] = next.into();
    }
    Answer::json(body)
}

fn stored(role_name: &str, workflow: WorkflowStatus) -> StoredFinding {
    StoredFinding {
        id: id(role_name),
        updated_at: "2026-11-23T12:00:00.123Z".parse().ok(),
        workflow: Held::Known(workflow),
        record_state: Held::Known(RecordState::Active),
        compliance: Held::Known(Status::Failed),
    }
}

#[tokio::test]
async fn findings_are_read_back_twenty_at_a_time_to_the_last_page() {
    let ids: Vec<String> = (0..21).map(|index| id(&format!("r{index}"))).collect();
    let wire = Wire::new([
        (
            get_findings(&ids[..20], false, None),
            found(&[held("r0", PRODUCT, "NEW")], Some("page-2")),
        ),
        (
            get_findings(&ids[..20], false, Some("page-2")),
            found(&[held("r1", PRODUCT, "SUPPRESSED")], None),
        ),
        (get_findings(&ids[20..], false, None), found(&[held("r20", PRODUCT, "RESOLVED")], None)),
    ]);
    let read = security_hub(&wire).read_back(&ids).await.unwrap();
    assert_eq!(
        read,
        [
            stored("r0", WorkflowStatus::New),
            stored("r1", WorkflowStatus::Suppressed),
            stored("r20", WorkflowStatus::Resolved),
        ]
    );
}

#[tokio::test]
async fn a_finding_of_another_region_or_product_is_not_pullwatchs_own_here() {
    let other_region = PRODUCT.replace("eu-west-1", "eu-central-1");
    let other_product = "arn:aws:securityhub:eu-west-1::product/aws/guardduty";
    let wire = Wire::new([(
        get_findings(&[id("workers")], false, None),
        found(
            &[
                held("workers", &other_region, "SUPPRESSED"),
                held("workers", PRODUCT, "NEW"),
                held("workers", other_product, "RESOLVED"),
            ],
            None,
        ),
    )]);
    let read = security_hub(&wire).read_back(&[id("workers")]).await.unwrap();
    assert_eq!(read, [stored("workers", WorkflowStatus::New)]);
}

fn update(role_names: &[&str]) -> Request {
    let identifier = |name: &&str| json!({"Id": id(name), "ProductArn": PRODUCT});
    let body = json!({
        "FindingIdentifiers": role_names.iter().map(identifier).collect::<Vec<_>>(),
        "Workflow": {"Status": "RESOLVED"},
    });
    Request::rest("PATCH", HOST, "/findings/batchupdate", body)
}

#[tokio::test]
async fn only_what_is_open_and_passed_is_resolved() {
    let findings = ["open", "suppressed", "notified"].map(passed);
    let wire = Wire::new([
        (
            get_findings(&["open", "suppressed", "notified"].map(id), true, None),
            found(&[held("open", PRODUCT, "NEW")], Some("2")),
        ),
        (
            get_findings(&["open", "suppressed", "notified"].map(id), true, Some("2")),
            found(&[held("notified", PRODUCT, "NOTIFIED")], None),
        ),
        // What is not processed is no error: the sweep asks for it again.
        (
            update(&["open", "notified"]),
            Answer::json(json!({
                "ProcessedFindings": [{"Id": id("open"), "ProductArn": PRODUCT}],
                "UnprocessedFindings": [{
                    "FindingIdentifier": {"Id": id("notified"), "ProductArn": PRODUCT},
                    "ErrorCode": "FindingNotFound",
                    "ErrorMessage": "Finding Not Found",
                }],
            })),
        ),
    ]);
    assert_eq!(security_hub(&wire).resolve(&findings).await, Ok(()));
}

#[tokio::test]
async fn where_nothing_is_open_nothing_is_updated() {
    let names: Vec<String> = (0..21).map(|index| format!("r{index}")).collect();
    let ids: Vec<String> = names.iter().map(|name| id(name)).collect();
    let findings: Vec<Finding> = names.iter().map(|name| passed(name)).collect();
    let wire = Wire::new([
        (get_findings(&ids[..20], true, None), found(&[], None)),
        (get_findings(&ids[20..], true, None), found(&[held("r20", PRODUCT, "NEW")], None)),
        (
            update(&["r20"]),
            Answer::json(json!({"ProcessedFindings": [], "UnprocessedFindings": []})),
        ),
    ]);
    assert_eq!(security_hub(&wire).resolve(&findings).await, Ok(()));
}

#[tokio::test]
async fn an_update_that_is_denied_is_an_error() {
    let wire = Wire::new([
        (
            get_findings(&[id("workers")], true, None),
            found(&[held("workers", PRODUCT, "NEW")], None),
        ),
        (update(&["workers"]), Answer::rest_error(403, "AccessDeniedException")),
    ]);
    let error = security_hub(&wire).resolve(&[passed("workers")]).await.unwrap_err();
    let reason = "AccessDeniedException: The service says AccessDeniedException.";
    assert_eq!(error, PortError::lasting("securityhub:BatchUpdateFindings", reason));
}

/// Its entry stays in the outbox. Otherwise the next look would read SUPPRESSED on what is worse.
#[tokio::test]
async fn a_reopening_that_is_not_processed_is_asked_for_again() {
    let error = reopened(json!({
        "ProcessedFindings": [],
        "UnprocessedFindings": [{
            "FindingIdentifier": {"Id": id("workers"), "ProductArn": PRODUCT},
            "ErrorCode": "ConcurrentUpdateError",
            "ErrorMessage": "Try again",
        }],
    }))
    .await
    .unwrap_err();
    let reason = format!("`{}` was not updated: ConcurrentUpdateError: Try again", id("workers"));
    assert_eq!(error, PortError::transient("securityhub:BatchUpdateFindings", reason));
}

#[tokio::test]
async fn what_was_suppressed_is_new_again_with_a_note() {
    let answer = json!({"ProcessedFindings": [], "UnprocessedFindings": []});
    assert_eq!(reopened(answer).await, Ok(()));
}

/// What comes of two findings that are worse, of which one was suppressed, by the update's answer.
async fn reopened(answer: Value) -> Result<(), PortError> {
    let equals = |value: &str| json!({"Value": value, "Comparison": "EQUALS"});
    let suppressed = json!({"Filters": {
        "Id": [equals(&id("workers")), equals(&id("builders"))],
        "AwsAccountId": [equals("111122223333")],
        "WorkflowStatus": [equals("SUPPRESSED")],
    }});
    let update = json!({
        "FindingIdentifiers": [{"Id": id("workers"), "ProductArn": PRODUCT}],
        "Workflow": {"Status": "NEW"},
        "Note": {"Text": "Worse than before.", "UpdatedBy": "pullwatch"},
    });
    let wire = Wire::new([
        (
            Request::rest("POST", HOST, "/findings", suppressed),
            found(&[held("workers", PRODUCT, "SUPPRESSED")], None),
        ),
        (Request::rest("PATCH", HOST, "/findings/batchupdate", update), Answer::json(answer)),
    ]);
    let findings = ["workers", "builders"].map(failed);
    security_hub(&wire).reopen(&findings, "Worse than before.").await
}

#[tokio::test]
async fn a_note_leaves_the_workflow_as_it_is() {
    let update = json!({
        "FindingIdentifiers": [{"Id": id("workers"), "ProductArn": PRODUCT}],
        "Note": {"Text": "Looked at again.", "UpdatedBy": "pullwatch"},
    });
    let wire = Wire::new([
        (
            get_findings(&[id("workers")], false, None),
            found(&[held("workers", PRODUCT, "SUPPRESSED")], None),
        ),
        (
            Request::rest("PATCH", HOST, "/findings/batchupdate", update),
            Answer::json(json!({"ProcessedFindings": [], "UnprocessedFindings": []})),
        ),
    ]);
    let findings = [failed("workers")];
    assert_eq!(security_hub(&wire).note(&findings, "Looked at again.").await, Ok(()));
}
