//! The commands and what they have in common.

use clap::{Parser, Subcommand};

use crate::audit::AuditArguments;
use crate::check::CheckArguments;
use crate::explain::ExplainArguments;
use crate::replay::ReplayArguments;
use crate::snapshot::SnapshotArguments;
use crate::subscribe::SubscribeArguments;

/// Watches that the nodes of every EKS cluster can pull images from Amazon ECR, and can only pull.
#[derive(Debug, Parser)]
#[command(name = "pullwatch", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the whole journey on a built-in sample account; nothing else is needed.
    Demo,
    /// Check every node role of an account, or of a saved snapshot of one.
    Audit(AuditArguments),
    /// Show what node roles may do with ECR, statement by statement, with example requests.
    Explain(ExplainArguments),
    /// Process events offline, against a snapshot.
    Replay(ReplayArguments),
    /// Save what an audit would read.
    Snapshot(SnapshotArguments),
    /// Would these policy documents pass on a node role? For pull requests.
    Check(CheckArguments),
    /// Send owners' alerts to an address, a URL, a queue or a function.
    Subscribe(SubscribeArguments),
    /// Answer authorization requests from standard input, one JSON object per line.
    Simulate,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
