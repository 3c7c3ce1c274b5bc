//! Why a command could not be carried out. Each ends it with status 2.

use std::io;
use std::path::PathBuf;

use memory_adapters::SnapshotError;

use crate::paragraph::escaped;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The account of the current credentials is asked for, and this build has no SDK.
    #[cfg(not(feature = "aws"))]
    #[error(
        "this build of pullwatch has no AWS in it: give --snapshot DIR, or build it without \
         --no-default-features (`cargo build --release`)"
    )]
    BuiltWithoutAws,
    /// AWS did not answer a call that everything else hangs on.
    #[cfg(feature = "aws")]
    #[error("{said}\n  {advice}")]
    Aws {
        /// The call, and what was said.
        said: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// The snapshot cannot be written.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Save(#[from] aws_adapters::snapshot::SaveError),
    /// There is no place for what is read from AWS.
    #[cfg(feature = "aws")]
    #[error("no temporary folder can be made: {0}")]
    TemporaryFolder(io::Error),
    /// The system gives no means to wait for AWS.
    #[cfg(feature = "aws")]
    #[error("AWS cannot be called: {0}")]
    Runtime(io::Error),
    /// A subscription that SNS would not take.
    #[error(transparent)]
    Subscription(#[from] ecr_audit::subscription::SubscriptionError),
    /// There is no topic to subscribe to.
    #[cfg(feature = "aws")]
    #[error(
        "the account {account} has no topic of alerts in {region}: deploy the stack there, or name \
         the topic with --topic-arn, which is the stack's output AlertTopicArn"
    )]
    NoTopic {
        /// The account.
        account: String,
        /// Where it was looked for.
        region: String,
    },
    /// There are several.
    #[cfg(feature = "aws")]
    #[error("there is more than one stack of pullwatch; choose with --topic-arn:\n  {}", .0.join("\n  "))]
    ManyTopics(Vec<String>),
    /// The folder is no snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A role is named that the account cannot have.
    #[error("`{role_arn}` is not a role of the account {account}")]
    ForeignRole {
        /// The role.
        role_arn: String,
        /// The account that is read.
        account: String,
    },
    /// A file that was named cannot be used.
    #[error("`{}` {reason}", escaped(&.file.display().to_string()))]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A port of the journey failed.
    #[error(transparent)]
    Port(#[from] ecr_audit::error::PortError),
    /// The sweep that finds all findings did not come to its end.
    #[error(transparent)]
    Sweep(#[from] ecr_audit::journey::SweepError),
    /// The standard input cannot be read.
    #[error("the standard input cannot be read: {0}")]
    Input(io::Error),
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}
