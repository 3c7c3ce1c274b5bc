//! SQS speaks awsJson1.0.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use aws_adapters::sweep_requests::AwsSweepRequests;
use ecr_audit::error::PortError;
use ecr_audit::ports::SweepRequests;
use ecr_audit::sweep_step::{Place, SweepStep};
use serde_json::json;

use crate::requests::Request;
use crate::wire::{Answer, Wire};

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/pullwatch-sweep";

fn send(body: &str, delay_seconds: Option<u32>) -> Request {
    let mut message = json!({"QueueUrl": QUEUE, "MessageBody": body});
    if let Some(seconds) = delay_seconds {
        message["DelaySeconds"] = seconds.into();
    }
    Request::rpc("sqs.us-east-1.amazonaws.com", "AmazonSQS.SendMessage", message)
}

fn sent() -> Answer {
    Answer::json(json!({
        "MD5OfMessageBody": "8adf4b61b80c2c79f44a0d41d4a6dd9e",
        "MessageId": "219f8380-5770-4cc2-8c3e-5c715e145f5e",
    }))
}

#[tokio::test]
async fn a_step_is_sent_as_json() {
    let begin = r#"{"step":"begin","reason":"the \"event\" was cut","makes_up":false}"#;
    let list = r#"{"step":"list","sweep":"a1","place":{"region":"eu-west-1"}}"#;
    let wire = Wire::new([(send(begin, None), sent()), (send(list, None), sent())]);
    let requests = AwsSweepRequests::new(&wire.aws(), QUEUE);
    let place = Place::Region("eu-west-1".to_owned());
    let list = SweepStep::List { sweep: "a1".to_owned(), place, after: None };
    assert_eq!(requests.send(&SweepStep::begin("the \"event\" was cut")).await, Ok(()));
    assert_eq!(requests.send(&list).await, Ok(()));
}

/// What failed a moment ago would fail again at once.
#[tokio::test]
async fn a_sweep_that_makes_up_for_failures_waits_a_quarter_of_an_hour() {
    let begin = r#"{"step":"begin","reason":"failures","makes_up":true}"#;
    let wire = Wire::new([(send(begin, Some(900)), sent())]);
    let requests = AwsSweepRequests::new(&wire.aws(), QUEUE);
    let step = SweepStep::Begin { reason: "failures".to_owned(), makes_up: true };
    assert_eq!(requests.send(&step).await, Ok(()));
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_a_lasting_error() {
    let refused = Answer::json_error(400, "com.amazonaws.sqs", "QueueDoesNotExist");
    let wire = Wire::new([(send(r#"{"step":"finish","sweep":"a1"}"#, None), refused)]);
    let finish = SweepStep::Finish { sweep: "a1".to_owned() };
    let error = AwsSweepRequests::new(&wire.aws(), QUEUE).send(&finish).await.unwrap_err();
    let reason = "QueueDoesNotExist: The service says QueueDoesNotExist.";
    assert_eq!(error, PortError::lasting("sqs:SendMessage", reason));
}
