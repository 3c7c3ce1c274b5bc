//! SQS speaks awsJson1.0.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use aws_adapters::sweep_requests::AwsSweepRequests;
use ecr_audit::error::PortError;
use ecr_audit::ports::SweepRequests;
use serde_json::json;

use crate::requests::Request;
use crate::wire::{Answer, Wire};

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/pullwatch-sweep";

fn send(body: &str) -> Request {
    let message = json!({"QueueUrl": QUEUE, "MessageBody": body});
    Request::rpc("sqs.us-east-1.amazonaws.com", "AmazonSQS.SendMessage", message)
}

#[tokio::test]
async fn a_sweep_is_asked_for_with_its_reason() {
    let body = r#"{"reason":"the \"event\" was cut"}"#;
    let wire = Wire::new([(
        send(body),
        Answer::json(json!({
            "MD5OfMessageBody": "8adf4b61b80c2c79f44a0d41d4a6dd9e",
            "MessageId": "219f8380-5770-4cc2-8c3e-5c715e145f5e",
        })),
    )]);
    let requests = AwsSweepRequests::new(&wire.aws(), QUEUE);
    assert_eq!(requests.request("the \"event\" was cut").await, Ok(()));
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_a_lasting_error() {
    let refused = Answer::json_error(400, "com.amazonaws.sqs", "QueueDoesNotExist");
    let wire = Wire::new([(send(r#"{"reason":"cut"}"#), refused)]);
    let error = AwsSweepRequests::new(&wire.aws(), QUEUE).request("cut").await.unwrap_err();
    let reason = "QueueDoesNotExist: The service says QueueDoesNotExist.";
    assert_eq!(error, PortError::lasting("sqs:SendMessage", reason));
}
