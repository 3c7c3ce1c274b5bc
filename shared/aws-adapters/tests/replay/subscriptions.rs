//! Subscriptions, over awsQuery.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>

use aws_adapters::subscriptions::{alert_topics, subscribe};
use ecr_audit::error::PortError;
use ecr_audit::standard::Severity;
use ecr_audit::subscription::{Subscriber, Subscription};
use ecr_audit::topic_arn::TopicArn;

use crate::requests::Request;
use crate::wire::{Answer, Wire};

/// Not in the region of the connection, which is us-east-1.
const TOPIC: &str = "arn:aws-cn:sns:cn-north-1:111122223333:pullwatch-AlertTopic-1A2B3C";
const MADE: &str = "arn:aws-cn:sns:cn-north-1:111122223333:pullwatch-AlertTopic-1A2B3C:80289ba6-0fd4-4079-afb4-ce8c8260f0ca";

fn subscription() -> Subscription {
    Subscription::new(
        TopicArn::parse(TOPIC).unwrap(),
        Subscriber::email("ada+pull@example.com").unwrap(),
        &["payments".to_owned(), "team = \"a\"".to_owned()],
        Some(Severity::Critical),
    )
    .unwrap()
}

fn asked() -> Request {
    Request::query(
        "sns.cn-north-1.amazonaws.com.cn",
        "2010-03-31",
        "Subscribe",
        &[
            ("TopicArn", TOPIC),
            ("Protocol", "email"),
            ("Endpoint", "ada+pull@example.com"),
            ("Attributes.entry.1.key", "FilterPolicy"),
            (
                "Attributes.entry.1.value",
                r#"{"owner":["payments","team = \"a\""],"severity":["INFORMATIONAL","CRITICAL"]}"#,
            ),
            ("Attributes.entry.2.key", "FilterPolicyScope"),
            ("Attributes.entry.2.value", "MessageAttributes"),
            ("ReturnSubscriptionArn", "true"),
        ],
    )
}

#[tokio::test]
async fn a_subscription_is_made_in_the_region_of_its_topic() {
    let answer = Answer::xml(format!(
        "<SubscribeResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">
           <SubscribeResult><SubscriptionArn>{MADE}</SubscriptionArn></SubscribeResult>
           <ResponseMetadata>
             <RequestId>c4407779-24a4-56fa-982c-3d927f93a775</RequestId>
           </ResponseMetadata>
         </SubscribeResponse>"
    ));
    let wire = Wire::new([(asked(), answer)]);
    assert_eq!(subscribe(&wire.aws(), &subscription()).await, Ok(MADE.to_owned()));
}

#[tokio::test]
async fn a_refusal_keeps_its_words() {
    let wire = Wire::new([(asked(), Answer::query_error(400, "InvalidParameter"))]);
    let error = subscribe(&wire.aws(), &subscription()).await.unwrap_err();
    let reason = "InvalidParameter: IAM says InvalidParameter.";
    assert_eq!(error, PortError::lasting("sns:Subscribe", reason));
}

fn topics(arns: &[&str], token: Option<&str>) -> Answer {
    let members = arns.iter().map(|arn| format!("<member><TopicArn>{arn}</TopicArn></member>"));
    let members = members.collect::<Vec<_>>().concat();
    let token = token.map_or(String::new(), |token| format!("<NextToken>{token}</NextToken>"));
    Answer::xml(format!(
        "<ListTopicsResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">
           <ListTopicsResult><Topics>{members}</Topics>{token}</ListTopicsResult>
           <ResponseMetadata>
             <RequestId>3f1478c7-33a9-11df-9540-99d0768312d3</RequestId>
           </ResponseMetadata>
         </ListTopicsResponse>"
    ))
}

#[tokio::test]
async fn the_topics_of_alerts_are_found_on_every_page() {
    let list = |parameters: &[(&str, &str)]| {
        Request::query("sns.us-east-1.amazonaws.com", "2010-03-31", "ListTopics", parameters)
    };
    let topic = |name: &str| format!("arn:aws:sns:us-east-1:111122223333:{name}");
    let (alerts, other) = (topic("pullwatch-AlertTopic-1A2B3C"), topic("payments"));
    let (operators, second) = (topic("pullwatch-OperatorsTopic-1"), topic("test-AlertTopic-9Z"));
    let wire = Wire::new([
        (list(&[]), topics(&[&other, &alerts], Some("page 2"))),
        (list(&[("NextToken", "page 2")]), topics(&[&operators, &second], None)),
    ]);
    let found = alert_topics(&wire.aws()).await.unwrap();
    assert_eq!(found.iter().map(TopicArn::as_str).collect::<Vec<_>>(), [alerts, second]);
}

#[tokio::test]
async fn a_listing_that_fails_is_an_error() {
    let asked = Request::query("sns.us-east-1.amazonaws.com", "2010-03-31", "ListTopics", &[]);
    let wire = Wire::new([(asked, Answer::query_error(403, "AuthorizationError"))]);
    let error = alert_topics(&wire.aws()).await.unwrap_err();
    let reason = "AuthorizationError: IAM says AuthorizationError.";
    assert_eq!(error, PortError::lasting("sns:ListTopics", reason));
}
