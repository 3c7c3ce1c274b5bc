//! The queue that wakes the sweep.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use ecr_audit::error::PortError;
use ecr_audit::ports::SweepRequests;
use serde_json::json;

use crate::answer::answer;
use crate::aws::Aws;

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
    async fn request(&self, reason: &str) -> Result<(), PortError> {
        let sent = self
            .client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(json!({ "reason": reason }).to_string())
            .send()
            .await;
        answer("sqs:SendMessage", sent).map(drop)
    }
}
