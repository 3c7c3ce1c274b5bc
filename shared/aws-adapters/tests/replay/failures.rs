//! What may pass by itself and what will not, and which failures the SDK tries again. One call
//! stands for all: every adapter classifies its errors in the same place.

use aws_adapters::eks::AwsEks;
use aws_adapters::iam::AwsIam;
use aws_adapters::ledger::AwsLedger;
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::ports::{Eks, Iam, Ledger};
use serde_json::json;

use crate::requests::Request;
use crate::wire::{Answer, Wire};

fn get_role() -> Request {
    let parameters = [("RoleName", "Workers")];
    Request::query("iam.amazonaws.com", "2010-05-08", "GetRole", &parameters)
}

/// The error after these answers, with as many attempts as there are answers.
async fn error_after(answers: Vec<Answer>) -> PortError {
    let attempts = answers.len();
    let wire = Wire::new(answers.into_iter().map(|answer| (get_role(), answer)));
    let wire = if attempts > 1 { wire.with_retries() } else { wire };
    let error = AwsIam::new(&wire.aws()).role(&RoleName::new("Workers")).await.unwrap_err();
    assert!(error.to_string().starts_with("iam:GetRole "), "{error}");
    error
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_three_times_and_stays_transient() {
    for (what, answer) in [
        ("Throttling", Answer::query_error(400, "Throttling")),
        ("RequestLimitExceeded", Answer::query_error(400, "RequestLimitExceeded")),
        ("ServiceFailure", Answer::query_error(500, "ServiceFailure")),
        ("ServiceUnavailable", Answer::query_error(503, "ServiceUnavailable")),
        (
            "a gateway's page",
            Answer::Response {
                status: 502,
                error_type: None,
                body: "<html><body>Bad Gateway</body></html>".to_owned(),
            },
        ),
        ("a broken connection", Answer::Broken),
        ("silence", Answer::Silence),
    ] {
        let error = error_after(vec![answer; 3]).await;
        assert!(error.is_transient(), "{what}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_that_is_answered_at_last_is_answered() {
    let wire = Wire::new([
        (get_role(), Answer::query_error(400, "Throttling")),
        (get_role(), Answer::Broken),
        (get_role(), Answer::query_error(404, "NoSuchEntity")),
    ])
    .with_retries();
    assert_eq!(AwsIam::new(&wire.aws()).role(&RoleName::new("Workers")).await, Ok(None));
    assert_eq!(wire.heard(), 3);
}

/// An answer that the SDK cannot read stays one, and no default takes its place.
#[tokio::test]
async fn what_cannot_be_read_is_lasting_and_says_why() {
    let page = Answer::xml("<html><body>Please sign in</body></html>");
    let error = error_after(vec![page]).await;
    let text = error.to_string();
    assert!(!error.is_transient() && text.contains("HTTP status 200"), "{text}");
    assert!(text.contains("expected GetRoleResponse") && !text.contains("Unhandled"), "{text}");

    let key = json!({"pk": {"S": "sweep"}, "sk": {"S": "last"}});
    let body = json!({"TableName": "ledger", "Key": key, "ConsistentRead": true});
    let get_item =
        Request::rpc("dynamodb.us-east-1.amazonaws.com", "DynamoDB_20120810.GetItem", body);
    let half = Answer::Response {
        status: 200,
        error_type: None,
        body: "{\"Item\":{\"record\":{\"S\":\"{}".to_owned(),
    };
    let wire = Wire::new([(get_item, half)]);
    let error = AwsLedger::new(&wire.aws(), "ledger").last_sweep().await.unwrap_err();
    assert!(!error.is_transient(), "{error}");
    assert!(error.to_string().contains("HTTP status 200"), "{error}");
}

#[tokio::test]
async fn what_somebody_must_change_first_is_lasting_and_asked_once() {
    for (status, code) in [
        (403, "AccessDenied"),
        (403, "InvalidClientTokenId"),
        (403, "SignatureDoesNotMatch"),
        (400, "ValidationError"),
    ] {
        let wire = Wire::new([(get_role(), Answer::query_error(status, code))]).with_retries();
        let error = AwsIam::new(&wire.aws()).role(&RoleName::new("Workers")).await.unwrap_err();
        let reason = format!("{code}: IAM says {code}.");
        assert_eq!(error, PortError::lasting("iam:GetRole", reason));
    }
}

#[tokio::test]
async fn credentials_that_ran_out_may_be_renewed() {
    let error = error_after(vec![Answer::query_error(403, "ExpiredToken")]).await;
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn an_error_keeps_the_services_words() {
    let error = error_after(vec![Answer::query_error(503, "ServiceUnavailable")]).await;
    let reason = "ServiceUnavailable: IAM says ServiceUnavailable.";
    assert_eq!(error, PortError::transient("iam:GetRole", reason));
    let error = error_after(vec![Answer::Broken]).await;
    assert!(error.to_string().contains("closed by the other side"), "{error}");
}

#[tokio::test]
async fn what_the_sdk_refuses_to_ask_is_lasting() {
    let wire = Wire::new([]);
    let eks = AwsEks::new(&wire.aws());
    let error = eks.nodegroup("us-east-1", "", "blue").await.unwrap_err();
    assert!(!error.is_transient(), "{error}");
    assert!(error.to_string().starts_with("eks:DescribeNodegroup "), "{error}");
}
