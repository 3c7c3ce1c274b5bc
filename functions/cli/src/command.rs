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
#[command(name = "pullwatch", version, propagate_version = true, after_help = STATUS)]
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
    #[command(after_help = REQUESTS)]
    Simulate,
}

/// What a request of `simulate` holds, and what is answered.
const REQUESTS: &str = "\
A request:
  id              what the answer carries again
  principal       the ARN of a role or of a session of one
  action          such as ecr:PutImage
  resource        an ARN, or * for an action that takes no resource
  context         condition keys, each with a text, or with a list of texts if it has many values
  identity        the principal's policies, a list of documents
  boundary        the permissions boundary, one document; may be absent
  scps, rcps      the organization's policies, one list of documents per level, root first; may be
                  absent
  resourcePolicy  the policy of the repository, one document; may be absent

The answer: {\"id\": …, \"decision\": \"Allowed\", \"ImplicitlyDenied\" or \"ExplicitlyDenied\",
\"statements\": […]}, or {\"id\": …, \"error\": …} for a line that is no request.

Exit status: 2 if a line was bad, else 0.";

/// How the commands end that say nothing else.
const STATUS: &str = "\
Exit status: 1 where a check FAILED (audit, check); 2 where something could not be carried out or
told; else 0. `pullwatch COMMAND --help` says more.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
