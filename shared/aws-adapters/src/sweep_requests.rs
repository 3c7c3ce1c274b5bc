//! The queue that wakes the sweep.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use ecr_audit::error::PortError;
use ecr_audit::ports::SweepRequests;
use ecr_audit::sweep_step::SweepStep;

use crate::answer::answer;
use crate::aws::Aws;

/// The longest that SQS holds a message back, in seconds.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html>
const LONGEST_DELAY: i32 = 900;

/// The queue by the SDK.
#[derive(Clone, Debug)]
pub struct AwsSweepRequests {
    client: Client,
    queue_url: String,
}

impl AwsSweepRequests {
    /// This queue, of the connection's region.
    pub fn new(aws: &Aws, queue_url: &str) -> Self {
        Self { client: Client::new(aws.config()), queue_url: queue_url.to_owned() }
    }
}

#[async_trait]
impl SweepRequests for AwsSweepRequests {
    async fn send(&self, step: &SweepStep) -> Result<(), PortError> {
        let call = "sqs:SendMessage";
        let body = serde_json::to_string(step).map_err(|error| PortError::lasting(call, error))?;
        let makes_up = matches!(step, SweepStep::Begin { makes_up: true, .. });
        let sent = self
            .client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(body)
            .set_delay_seconds(makes_up.then_some(LONGEST_DELAY))
            .send()
            .await;
        answer(call, sent).map(drop)
    }
}
