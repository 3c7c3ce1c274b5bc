//! The transitions of one role in one assessment, told to its owners: the facts. `mail` and
//! `message` give them the forms that people and programs read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::assessment::{CheckResult, RoleFacts};
use crate::change::ReportedChange;
use crate::finding::Place;
use crate::node_role::Use;
use crate::occasion::Occasion;
use crate::permissions::PolicyStatement;
use crate::remedy::Remedy;
use crate::standard::{Check, Severity, Standard};
use crate::topic_arn::TopicArn;

/// What one role's owners are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The transition's id: the same in mail and JSON, the same when it is sent again.
    pub id: String,
    /// When the assessment was made.
    pub time: Timestamp,
    /// Where the findings are posted.
    pub place: Place,
    /// The standard that was asked for.
    pub standard: Standard,
    /// The role.
    pub role: RoleFacts,
    /// Why it is a node role, or was.
    pub uses: Vec<Use>,
    /// Who is told.
    pub owners: Vec<String>,
    /// The topic of their own that it goes to; without one, the stack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicArn>,
    /// What became different, the worst first; never empty.
    pub transitions: Vec<AlertedTransition>,
    /// The changes that led to it, latest last.
    pub changes: Vec<ReportedChange>,
    /// On what occasion, beyond these changes.
    #[serde(default)]
    pub occasion: Occasion,
    /// How to put it right; absent where nothing is wrong.
    pub remedy: Option<Remedy>,
}

/// What became different for one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertedTransition {
    /// The check.
    pub check: Check,
    /// What became of it.
    pub kind: TransitionKind,
    /// The answer now. Of a role that is gone, the last one.
    pub result: CheckResult,
    /// The severity before, where there was a verdict.
    pub severity_before: Option<Severity>,
    /// The actions that were added or strengthened since.
    pub added: Vec<String>,
    /// The statements that granted what is resolved now; empty otherwise.
    #[serde(default)]
    pub granted_before: Vec<PolicyStatement>,
    /// Whether a person had suppressed what was wrong before; what is wrong now is worse.
    #[serde(default)]
    pub was_suppressed: bool,
}

/// What owners are told of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransitionKind {
    /// FAILED for the first time.
    New,
    /// FAILED again.
    Reopened,
    /// FAILED, and worse than before.
    Worse,
    /// No longer FAILED.
    Resolved,
    /// The role is gone, or is no longer a node role.
    Gone,
}

impl TransitionKind {
    /// The word that subject and mail carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reopened => "reopened",
            Self::Worse => "worse",
            Self::Resolved => "resolved",
            Self::Gone => "resolved: the role is gone",
        }
    }

    /// The name that programs read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reopened => "reopened",
            Self::Worse => "worse",
            Self::Resolved => "resolved",
            Self::Gone => "gone",
        }
    }

    /// Whether something is wrong now.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::New | Self::Reopened | Self::Worse)
    }
}

impl Alert {
    /// Whether something is wrong now.
    pub fn is_failure(&self) -> bool {
        self.transitions.iter().any(|transition| transition.kind.is_failure())
    }

    /// The worst severity among what is wrong now.
    pub fn severity(&self) -> Severity {
        self.transitions
            .iter()
            .filter(|transition| transition.kind.is_failure())
            .map(|transition| transition.result.severity)
            .max()
            .unwrap_or(Severity::Informational)
    }
}
