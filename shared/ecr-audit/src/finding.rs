//! One check of one role, told to Security Hub: the facts. `asff` gives them Security Hub's form.

use jiff::Timestamp;
use serde::de::value::Error as ValueError;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

use crate::assessment::{CheckResult, RoleFacts};
use crate::change::ReportedChange;
use crate::node_role::Use;
use crate::occasion::Occasion;
use crate::remedy::Remedy;
use crate::standard::{Check, Standard, Status};

/// One check of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Where it is posted and from which account: the parts of its ProductArn.
    pub place: Place,
    /// The check.
    pub check: Check,
    /// The standard that was asked for.
    pub standard: Standard,
    /// The role.
    pub role: RoleFacts,
    /// Why it is a node role.
    pub uses: Vec<Use>,
    /// Who is told.
    pub owners: Vec<String>,
    /// The answer. Where there never was one, its status is NOT_AVAILABLE.
    pub result: CheckResult,
    /// Why the answer could not be had the last time, where an earlier one stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_available: Option<String>,
    /// What puts it right, where it is not as it should be, as far as a finding has room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
    /// ACTIVE or ARCHIVED.
    pub record_state: RecordState,
    /// The changes that led to this answer, latest last.
    pub changes: Vec<ReportedChange>,
    /// On what occasion, beyond these changes.
    #[serde(default)]
    pub occasion: Occasion,
    /// Whether the role was created anew under the same ARN.
    pub role_created_anew: bool,
    /// Whether the organization's policies were given, and so taken into account.
    #[serde(default)]
    pub is_organization_considered: bool,
    /// When the finding was first made.
    pub created_at: Timestamp,
    /// When this state of it was made. Later than any before it.
    pub updated_at: Timestamp,
}

/// The account and region a finding is posted in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// The account's twelve digits.
    pub account: String,
    /// The region whose Security Hub is called.
    pub region: String,
}

/// Whether Security Hub shows the finding as a current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecordState {
    /// The role is a node role.
    Active,
    /// The role is gone, or is no longer a node role.
    Archived,
}

/// A finding as Security Hub holds it, as far as pullwatch compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFinding {
    /// The finding's Id.
    pub id: String,
    /// The UpdatedAt it was imported with; absent where it cannot be read.
    pub updated_at: Option<Timestamp>,
    /// How far a person, or pullwatch, has got with it.
    pub workflow: Held<WorkflowStatus>,
    /// Whether it is shown as a current one.
    pub record_state: Held<RecordState>,
    /// The answer.
    pub compliance: Held<Status>,
}

/// How far somebody has got with a finding.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Workflow.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WorkflowStatus {
    /// Nobody has looked at it.
    New,
    /// Its owner was told.
    Notified,
    /// A person wants to hear no more of it.
    Suppressed,
    /// What was wrong is not any more.
    Resolved,
}

/// A word as Security Hub holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held<Word> {
    /// One that pullwatch knows.
    Known(Word),
    /// None that it knows.
    Unknown(String),
}

impl<Word: DeserializeOwned + PartialEq> Held<Word> {
    /// Reads a word.
    pub fn read(text: &str) -> Self {
        let word: Result<Word, ValueError> = Word::deserialize(text.into_deserializer());
        word.map_or_else(|_| Self::Unknown(text.to_owned()), Self::Known)
    }

    /// Whether it is this word.
    pub fn is(&self, word: Word) -> bool {
        *self == Self::Known(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_security_hub_are_read() {
        for (text, word) in [
            ("NEW", WorkflowStatus::New),
            ("NOTIFIED", WorkflowStatus::Notified),
            ("SUPPRESSED", WorkflowStatus::Suppressed),
            ("RESOLVED", WorkflowStatus::Resolved),
        ] {
            assert!(Held::read(text).is(word), "{text}");
        }
        assert!(Held::read("ARCHIVED").is(RecordState::Archived));
        assert!(Held::read("NOT_AVAILABLE").is(Status::NotAvailable));
        let unknown = Held::<WorkflowStatus>::read("SNOOZED");
        assert_eq!(unknown, Held::Unknown("SNOOZED".to_owned()));
    }
}
