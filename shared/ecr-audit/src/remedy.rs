//! The commands that put a role right, offered only after the engine has shown that they do.

use serde::{Deserialize, Serialize};

/// What puts a role right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// Commands for the AWS CLI, each a whole command on one line. Empty: there is no safe one.
    pub commands: Vec<String>,
    /// What the engine showed: that the role passes and can pull afterwards, and what is lost.
    pub checked: String,
    /// Advice in one sentence each, for instance on Terraform, or on workloads that must push.
    pub advice: Vec<String>,
    /// Why there is no safe remedy, and which rights would go.
    pub obstacle: Option<String>,
}
