//! The account of the current AWS credentials. To read it is to save a snapshot of it to a folder
//! that is gone afterwards, and to read that: a saved account and a live one are judged alike.
//! Subscriptions to the alerts are made there too; nothing else is ever changed.
//!
//! A build without the feature `aws` has none of this, and says so.

#[cfg(feature = "aws")]
mod advice;
#[cfg(feature = "aws")]
mod ec2;
#[cfg(feature = "aws")]
mod progress;
#[cfg(feature = "aws")]
mod subscribing;
#[cfg(feature = "aws")]
mod taking;
#[cfg(feature = "aws")]
mod waiting;

#[cfg(feature = "aws")]
pub use subscribing::{alert_topic, subscribe};
#[cfg(feature = "aws")]
pub use taking::{read, save};
#[cfg(not(feature = "aws"))]
pub use without::{alert_topic, read, save, subscribe};

/// A build without the SDK.
#[cfg(not(feature = "aws"))]
mod without {
    use std::path::Path;

    use ecr_audit::subscription::Subscription;
    use ecr_audit::topic_arn::TopicArn;
    use memory_adapters::Snapshot;

    use crate::error::CliError;

    /// There is no live account.
    pub const fn read(_: &[String]) -> Result<Snapshot, CliError> {
        Err(CliError::BuiltWithoutAws)
    }

    /// There is no live account.
    pub const fn save(_: &[String], _: &Path) -> Result<Snapshot, CliError> {
        Err(CliError::BuiltWithoutAws)
    }

    /// There is no topic.
    pub const fn alert_topic() -> Result<TopicArn, CliError> {
        Err(CliError::BuiltWithoutAws)
    }

    /// There is nobody who would take it.
    pub const fn subscribe(_: &Subscription) -> Result<String, CliError> {
        Err(CliError::BuiltWithoutAws)
    }
}
