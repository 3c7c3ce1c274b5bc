//! SNS speaks awsQuery.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use aws_adapters::topics::AwsTopics;
use ecr_audit::alert::Alert;
use ecr_audit::error::PortError;
use ecr_audit::message::{Attribute, SnsMessage, alert_message, digest_message};
use ecr_audit::ports::Topics;
use ecr_audit::topic_arn::TopicArn;

use crate::requests::Request;
use crate::samples::alert;
use crate::wire::{Answer, Wire};

const ALERTS: &str = "arn:aws:sns:us-east-1:111122223333:pullwatch-alerts";
const OPERATORS: &str = "arn:aws:sns:us-east-1:111122223333:pullwatch-operators";

fn publish(parameters: &[(&str, &str)]) -> Request {
    Request::query("sns.us-east-1.amazonaws.com", "2010-03-31", "Publish", parameters)
}

fn published() -> Answer {
    Answer::xml(
        "<PublishResponse xmlns=\"https://sns.amazonaws.com/doc/2010-03-31/\">
           <PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult>
           <ResponseMetadata><RequestId>d74b8436-ae13-5ab4-a9ff-EXAMPLE</RequestId></ResponseMetadata>
         </PublishResponse>",
    )
}

fn topics(wire: &Wire) -> AwsTopics {
    AwsTopics::new(&wire.aws(), ALERTS, OPERATORS)
}

/// The publication of a message with these attributes, which are ordered by their names.
fn publication(message: &SnsMessage, attributes: &[(&str, &str, &str)]) -> Request {
    publication_to("us-east-1", ALERTS, message, attributes)
}

fn publication_to(
    region: &str,
    topic: &str,
    message: &SnsMessage,
    attributes: &[(&str, &str, &str)],
) -> Request {
    let numbered: Vec<[(String, &str); 3]> = attributes
        .iter()
        .zip(1..)
        .map(|((name, data_type, value), number)| {
            let entry = format!("MessageAttributes.entry.{number}");
            [
                (format!("{entry}.Name"), *name),
                (format!("{entry}.Value.DataType"), *data_type),
                (format!("{entry}.Value.StringValue"), *value),
            ]
        })
        .collect();
    let mut parameters = vec![
        ("TopicArn", topic),
        ("Subject", message.subject.as_str()),
        ("Message", message.message.as_str()),
        ("MessageStructure", "json"),
    ];
    parameters.extend(numbered.iter().flatten().map(|(key, value)| (key.as_str(), *value)));
    let host = format!("sns.{region}.amazonaws.com");
    Request::query(&host, "2010-03-31", "Publish", &parameters)
}

const ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("account", "String", "111122223333"),
    ("check", "String", "read-only"),
    ("cluster", "String.Array", "[\"prod\"]"),
    ("environment", "String.Array", "[\"prod\"]"),
    ("owner", "String.Array", "[\"payments\",\"ada\"]"),
    ("region", "String.Array", "[\"eu-central-1\"]"),
    ("role", "String", "arn:aws:iam::111122223333:role/eks/workers"),
    ("severity", "String", "HIGH"),
    ("status", "String", "FAILED"),
    ("transition", "String", "new"),
];

#[tokio::test]
async fn an_alert_is_published_to_the_owners_with_its_attributes() {
    let alert = alert("workers");
    let wire = Wire::new([(publication(&alert_message(&alert), ATTRIBUTES), published())]);
    assert_eq!(topics(&wire).alert(&alert).await, Ok(()));
}

#[tokio::test]
async fn a_digest_is_published_to_its_owner() {
    let alerts = [alert("workers"), alert("builders")];
    let message = digest_message("payments", &alerts);
    let mut attributes = ATTRIBUTES.to_vec();
    attributes[4].2 = "[\"payments\"]";
    let Some(Attribute::Text(role)) = message.attributes.get("role") else { panic!("no role") };
    attributes[6].2 = role;
    let wire = Wire::new([(publication(&message, &attributes), published())]);
    assert_eq!(topics(&wire).digest("payments", &alerts).await, Ok(()));
}

/// The connection is one to us-east-1.
#[tokio::test]
async fn an_owners_own_topic_is_called_in_its_region() {
    let topic = "arn:aws:sns:eu-central-1:444455556666:payments";
    let mut alert = alert("workers");
    alert.topic = Some(TopicArn::parse(topic).unwrap());
    let own = publication_to("eu-central-1", topic, &alert_message(&alert), ATTRIBUTES);
    let wire = Wire::new([(own, published())]);
    assert_eq!(topics(&wire).alert(&alert).await, Ok(()));

    let alerts = [alert];
    let message = digest_message("payments", &alerts);
    let mut attributes = ATTRIBUTES.to_vec();
    attributes[4].2 = "[\"payments\"]";
    let own = publication_to("eu-central-1", topic, &message, &attributes);
    let wire = Wire::new([(own, published())]);
    assert_eq!(topics(&wire).digest("payments", &alerts).await, Ok(()));
}

/// A tag may have an empty value; an attribute of SNS may not.
#[tokio::test]
async fn an_attribute_without_a_value_is_left_out() {
    let mut alert = alert("workers");
    alert.role.tags.insert("environment".to_owned(), String::new());
    let attributes: Vec<_> =
        ATTRIBUTES.iter().copied().filter(|(name, ..)| *name != "environment").collect();
    let wire = Wire::new([(publication(&alert_message(&alert), &attributes), published())]);
    assert_eq!(topics(&wire).alert(&alert).await, Ok(()));
}

#[tokio::test]
async fn the_operators_get_a_plain_line() {
    let asked = publish(&[
        ("TopicArn", OPERATORS),
        ("Subject", "pullwatch: Security Hub is not enabled"),
        ("Message", "50 % + a line\nbreak"),
    ]);
    let wire = Wire::new([(asked, published())]);
    let subject = "pullwatch: Security Hub is not enabled";
    assert_eq!(topics(&wire).operators(subject, "50 % + a line\nbreak").await, Ok(()));
}

#[tokio::test]
async fn a_publish_that_fails_is_an_error() {
    for (status, code, is_transient) in [
        (403, "AuthorizationError", false),
        (404, "NotFound", false),
        (400, "InvalidParameter", false),
        (400, "Throttled", true),
        (500, "InternalError", true),
    ] {
        let alert: Alert = alert("workers");
        let asked = publication(&alert_message(&alert), ATTRIBUTES);
        let wire = Wire::new([(asked, Answer::query_error(status, code))]);
        let error = topics(&wire).alert(&alert).await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient, "{error}");
        let (PortError::Transient { call, .. } | PortError::Lasting { call, .. }) = error else {
            panic!("{error}")
        };
        assert_eq!(call, "sns:Publish");
    }
}
