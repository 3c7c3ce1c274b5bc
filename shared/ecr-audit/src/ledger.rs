//! What is remembered of one node role between two assessments: its uses, owners, verdicts,
//! recent changes, and what is still to be delivered. `transition` makes the next record of the
//! last one; the ledger port keeps it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::arn::RoleArn;
use crate::assessment::{CheckResult, Fingerprint};
use crate::basis::Basis;
use crate::change::ReportedChange;
use crate::exception::Exception;
use crate::finding::{Finding, RecordState, StoredFinding, WorkflowStatus};
use crate::node_role::Use;
use crate::standard::{Check, Severity, Status};

/// The schema that this code writes.
pub const SCHEMA: u32 = 1;

/// What is remembered of one node role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The schema of this record, 1.
    pub schema: u32,
    /// The role.
    pub role_arn: RoleArn,
    /// The role's unique id at the last assessment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_id: Option<String>,
    /// Why it is a node role. Empty: it no longer is one.
    pub uses: Vec<RecordedUse>,
    /// Who is told.
    #[serde(default)]
    pub owners: Vec<String>,
    /// The checks that were answered at least once, or could not be.
    #[serde(default)]
    pub checks: BTreeMap<Check, CheckRecord>,
    /// The changes heard of since the last definite answer, and those whose effect it did not see.
    #[serde(default)]
    pub changes: Vec<ReportedChange>,
    /// The versions of AWS's own policies at the last look, by ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aws_managed_versions: BTreeMap<String, String>,
    /// When a sweep found another verdict that nothing explains yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unexplained_since: Option<Timestamp>,
    /// The exception that holds for the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// The roles of the same name that stand or stood under other paths, the latest first: of all
    /// of them IAM has at most one. What is to be delivered of them stands in this outbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namesakes: Vec<Record>,
    /// What is still to be delivered, oldest first.
    #[serde(default)]
    pub outbox: Vec<OutboxEntry>,
}

/// A use, with the time that protects it from a listing that began before it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedUse {
    /// The use.
    #[serde(rename = "use")]
    pub seen: Use,
    /// When it was last seen.
    pub last_seen: Timestamp,
}

/// What is remembered of one check: the finding as it was last told, which is the last definite
/// answer wherever there ever was one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// The finding of the last write. Its `created_at` never changes as long as the ARN is
    /// audited; its `updated_at` only moves forward.
    pub finding: Finding,
    /// Whether it ever was FAILED, so that a new failure is a reopened one.
    #[serde(default)]
    pub ever_failed: bool,
    /// What owners were last told of the failure that stands; absent where they know of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Extent>,
    /// What a person suppressed in Security Hub, as far as it was noticed: the finding is silent
    /// while it is no worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Extent>,
    /// What the last definite answer rests on; absent where no date can make another one of it,
    /// and in records from before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
}

/// How far an answer went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// What was wrong.
    pub fingerprint: Fingerprint,
    /// How bad it was.
    pub severity: Severity,
}

impl Extent {
    /// How far this answer goes.
    pub fn of(result: &CheckResult) -> Self {
        Self { fingerprint: result.fingerprint.clone(), severity: result.severity }
    }

    /// Whether an answer is a failure that goes further.
    pub fn is_exceeded_by(&self, result: &CheckResult) -> bool {
        result.status == Status::Failed
            && (result.fingerprint.is_worse_than(&self.fingerprint)
                || result.severity > self.severity)
    }
}

impl CheckRecord {
    /// The last definite answer; `None` where there never was one.
    pub fn verdict(&self) -> Option<&CheckResult> {
        Some(&self.finding.result).filter(|result| result.status != Status::NotAvailable)
    }

    /// The failure that stands, as owners know it.
    pub fn told_failure(&self) -> Option<&Extent> {
        self.told.as_ref().filter(|_| self.is_failed())
    }

    /// Whether the last definite answer is a failure.
    pub fn is_failed(&self) -> bool {
        self.verdict().is_some_and(|verdict| verdict.status == Status::Failed)
    }

    /// Notes what Security Hub holds of the finding. A suppression counts for what was suppressed:
    /// where Security Hub holds another state than this one, that cannot be told, and nothing is
    /// suppressed.
    pub fn note_workflow(&mut self, stored: Option<&StoredFinding>) {
        let stored = stored.filter(|stored| stored.workflow.is(WorkflowStatus::Suppressed));
        let Some(stored) = stored else {
            self.suppressed = None;
            return;
        };
        if self.suppressed.is_none() && stored.updated_at == Some(self.finding.updated_at) {
            self.suppressed = Some(Extent::of(&self.finding.result));
        }
    }

    /// Whether Security Hub holds the finding as it was last told. An older one says less, or
    /// less bad, even where it has the same status; but one that a person suppressed is perhaps no
    /// longer updated, and would be imported again for ever.
    /// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Workflow.html>
    pub fn is_held_as(&self, stored: &StoredFinding) -> bool {
        let is_older = stored.updated_at.is_none_or(|held| held < self.finding.updated_at);
        stored.compliance.is(self.finding.result.status)
            && stored.record_state.is(RecordState::Archived) == self.is_archived()
            && (!is_older || stored.workflow.is(WorkflowStatus::Suppressed))
    }

    /// Whether the finding stands as ARCHIVED.
    pub fn is_archived(&self) -> bool {
        self.finding.record_state == RecordState::Archived
    }
}

/// Something still to be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// Unique for each transition and addressee.
    pub id: String,
    /// What is delivered.
    pub message: Message,
    /// Until when a sender holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leased_until: Option<Timestamp>,
    /// The sender that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
}

/// What can be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "to")]
pub enum Message {
    /// A finding to be imported.
    SecurityHub {
        /// The finding.
        finding: Box<Finding>,
        /// Whether it is worse than what a person suppressed, so that its workflow becomes NEW.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reopens: bool,
    },
    /// An alert to be published.
    Owners {
        /// The alert.
        alert: Box<Alert>,
    },
    /// An alert that waits for its sweep to end, to be told in one digest for each owner.
    Digest {
        /// The alert.
        alert: Box<Alert>,
        /// The owners that were told of it, as long as not all were.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        told: BTreeSet<String>,
    },
    /// A line for the operators.
    Operators {
        /// The subject.
        subject: String,
        /// The text.
        text: String,
    },
}

impl Record {
    /// The record of a role that was never heard of.
    pub fn new(role_arn: RoleArn) -> Self {
        Self {
            schema: SCHEMA,
            role_arn,
            role_id: None,
            uses: Vec::new(),
            owners: Vec::new(),
            checks: BTreeMap::new(),
            changes: Vec::new(),
            aws_managed_versions: BTreeMap::new(),
            unexplained_since: None,
            exception: None,
            namesakes: Vec::new(),
            outbox: Vec::new(),
        }
    }

    /// What is FAILED of a check, as far as it was known when the record was written.
    pub fn known_failure(&self, check: Check) -> Option<&Fingerprint> {
        let known = self.checks.get(&check)?;
        let is_failure = known.is_failed() && !known.is_archived();
        is_failure.then_some(&known.finding.result.fingerprint)
    }

    /// Whether there is nothing more to find out or to tell until somebody sees a use of the role:
    /// it is no node role, its findings are archived, and everything is delivered; and so it is with
    /// its namesakes.
    pub fn is_at_rest(&self) -> bool {
        let is_archived = self.checks.values().all(CheckRecord::is_archived);
        let is_told = is_archived && self.outbox.is_empty();
        !self.is_node_role() && is_told && self.namesakes.iter().all(Self::is_at_rest)
    }

    /// The record, and those of its namesakes.
    pub fn with_namesakes(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.namesakes)
    }

    /// Whether some use makes the role a node role.
    pub fn is_node_role(&self) -> bool {
        !self.uses.is_empty()
    }
}
