//! A message that failed comes again.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>

use aws_adapters::own_queue::AwsOwnQueue;
use serde_json::json;

use crate::requests::Request;
use crate::wire::{Answer, Wire};

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/pullwatch-iam";
const FIRST: &str = "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...";
const SECOND: &str = "AQEBzbVv41gUMZj6rYigCgxlaS3SLy0a...";

fn asked(receipt_handle: &str, seconds: i32) -> Request {
    let body = json!({
        "QueueUrl": QUEUE, "ReceiptHandle": receipt_handle, "VisibilityTimeout": seconds,
    });
    Request::rpc("sqs.us-east-1.amazonaws.com", "AmazonSQS.ChangeMessageVisibility", body)
}

#[tokio::test]
async fn what_failed_comes_again_in_five_minutes() {
    let done = || Answer::json(json!({}));
    let wire = Wire::new([(asked(FIRST, 300), done()), (asked(SECOND, 300), done())]);
    let queue = AwsOwnQueue::new(&wire.aws(), QUEUE);
    queue.come_again_soon([&FIRST.to_owned(), &SECOND.to_owned()]).await;
}

/// What cannot be read is no better later.
#[tokio::test]
async fn what_is_broken_comes_again_at_once() {
    let wire = Wire::new([(asked(FIRST, 0), Answer::json(json!({})))]);
    AwsOwnQueue::new(&wire.aws(), QUEUE).come_again_at_once([&FIRST.to_owned()]).await;
}

/// The queue gives it out again by itself, only later.
#[tokio::test]
async fn a_receipt_that_is_too_old_keeps_no_other_back() {
    let refused = Answer::json_error(400, "com.amazonaws.sqs", "ReceiptHandleIsInvalid");
    let wire =
        Wire::new([(asked(FIRST, 300), refused), (asked(SECOND, 300), Answer::json(json!({})))]);
    let queue = AwsOwnQueue::new(&wire.aws(), QUEUE);
    queue.come_again_soon([&FIRST.to_owned(), &SECOND.to_owned()]).await;
}
