//! The queue that a function reads: when what failed comes again.

use aws_sdk_sqs::Client;
use ecr_audit::error::PortError;

use crate::answer::answer;
use crate::aws::Aws;

/// After how many seconds what failed is tried again. A service seldom throttles for longer.
const SOON: i32 = 300;

/// The queue by the SDK.
#[derive(Clone, Debug)]
pub struct AwsOwnQueue {
    client: Client,
    queue_url: String,
}

impl AwsOwnQueue {
    /// This queue, of the connection's region.
    pub fn new(aws: &Aws, queue_url: &str) -> Self {
        Self { client: Client::new(aws.config()), queue_url: queue_url.to_owned() }
    }

    /// Gives messages out again soon, by their receipt handles, and not after the time that an
    /// invocation may take. One of which the queue cannot be told comes after the queue's own time.
    pub async fn come_again_soon(&self, receipt_handles: impl IntoIterator<Item = &String>) {
        for receipt_handle in receipt_handles {
            if let Err(error) = self.come_again(receipt_handle, SOON).await {
                tracing::warn!(%error, "a message comes again after the queue's own time");
            }
        }
    }

    /// Gives messages out again at once, which fail for good: the sooner they are dead letters, the
    /// sooner the operators hear of them.
    pub async fn come_again_at_once(&self, receipt_handles: impl IntoIterator<Item = &String>) {
        for receipt_handle in receipt_handles {
            if let Err(error) = self.come_again(receipt_handle, 0).await {
                tracing::warn!(%error, "a message comes again after the queue's own time");
            }
        }
    }

    async fn come_again(&self, receipt_handle: &str, after: i32) -> Result<(), PortError> {
        let changed = self
            .client
            .change_message_visibility()
            .queue_url(&self.queue_url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(after)
            .send()
            .await;
        answer("sqs:ChangeMessageVisibility", changed).map(drop)
    }
}
