//! What became different since the last verdict: the record that is to be written, with what is
//! to be delivered. Pure; the table it follows stands in `tests/told/table.rs`.

mod finding_life;
mod heard;
mod outbox;
mod table_row;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub use self::finding_life::{RENEW_AFTER, SETTLED, later};
use self::finding_life::{answered, archive, not_available};
use self::heard::{heard, use_up_changes};
use self::outbox::deliver_later;
use crate::alert::AlertedTransition;
use crate::assessment::{Assessment, CheckResult};
use crate::change::ReportedChange;
use crate::drift::EVENT_UNDER_WAY;
use crate::exception::{self, EndedException, Exception, ExceptionEvent};
use crate::finding::{Finding, Place};
use crate::kept_result::kept_result;
use crate::ledger::{Record, RecordedUse};
use crate::mail::operators::Unanswered;
use crate::node_role::Use;
use crate::owners::owners;
use crate::ports::StoredFinding;
use crate::remedy::Remedy;
use crate::settings::Settings;
use crate::standard::{Check, Status};
use crate::tags_read::role_with_tags_read;
use crate::words::shortened;

/// How many bytes of a failed read's reason are kept.
const LONGEST_REASON: usize = 2048;

/// What was found out about a role.
#[derive(Clone, Debug)]
pub enum Observed {
    /// IAM has the role, and it was assessed.
    Assessed {
        /// Both checks.
        assessment: Box<Assessment>,
        /// What would put it right.
        remedy: Option<Remedy>,
    },
    /// A read failed for a lasting reason.
    Unreadable(String),
    /// IAM says that the role does not exist.
    Gone,
}

/// Everything the next record is made of.
#[derive(Clone, Debug)]
pub struct Step<'step> {
    /// The record as it stood.
    pub before: &'step Record,
    /// The uses that stand now.
    pub uses: Vec<RecordedUse>,
    /// What was found out.
    pub observed: Observed,
    /// The changes that were just heard of.
    pub changes: &'step [ReportedChange],
    /// Those of these changes, and of the record's, that the read of the role does not show, by
    /// their events' ids.
    pub unseen: BTreeSet<String>,
    /// What the operators chose.
    pub settings: &'step Settings,
    /// Now.
    pub now: Timestamp,
    /// Whether a sweep looks, and not an event.
    pub is_sweep: bool,
    /// The id of the transition, if there is one.
    pub id: String,
    /// Whether alerts wait for the sweep's digest.
    pub into_digest: bool,
    /// The role's findings as Security Hub holds them; absent where they were not read back.
    pub stored: Option<BTreeMap<Check, StoredFinding>>,
}

/// The next record. It equals the one before if nothing became different.
pub fn transition(step: &Step<'_>) -> Record {
    let mut next = step.before.clone();
    next.uses.clone_from(&step.uses);
    next.changes = heard(step);
    if let Some(stored) = &step.stored {
        for (check, known) in &mut next.checks {
            known.note_workflow(stored.get(check));
        }
    }

    let mut told = Told::default();
    match &step.observed {
        _ if next.uses.is_empty() => archive(step, &mut next, &mut told),
        Observed::Gone => archive(step, &mut next, &mut told),
        Observed::Unreadable(reason) => {
            let reason = shortened(reason, LONGEST_REASON);
            for check in Check::ALL {
                not_available(step, &mut next, check, &reason, &mut told);
            }
        }
        Observed::Assessed { assessment, .. } => {
            let role = role_with_tags_read(&assessment.role, step.settings);
            let role_created_anew =
                next.role_id.as_ref().is_some_and(|id| *id != assessment.role.role_id);
            next.role_id = Some(assessment.role.role_id.clone());
            next.owners = owners(&assessment.role.tags, &uses_of(step), step.settings);
            for (check, result) in &assessment.checks {
                let result = &under_exception(
                    step,
                    &mut next,
                    assessment,
                    *check,
                    &kept_result(result),
                    &mut told,
                );
                if result.status == Status::NotAvailable
                    && next.checks.get(check).is_some_and(|known| known.verdict().is_some())
                {
                    let reason = result.reasons.join(" ");
                    not_available(step, &mut next, *check, &reason, &mut told);
                } else {
                    answered(step, &mut next, &role, *check, result, role_created_anew, &mut told);
                }
            }
        }
    }
    if step.is_definite() {
        use_up_changes(step, &mut next);
    }
    deliver_later(step, &mut next, told);
    next
}

/// What one transition has to tell.
#[derive(Default)]
struct Told {
    findings: Vec<Finding>,
    /// The findings that are worse than what a person suppressed.
    reopened: BTreeSet<Check>,
    transitions: Vec<AlertedTransition>,
    unanswered: Vec<Unanswered>,
    exception: Option<ExceptionEvent>,
    /// The exception whose end makes a failure of what it had covered.
    exception_ended: Option<EndedException>,
}

/// The answer of a check with the role's exception, if there is one. What cannot be answered now
/// neither begins an exception nor ends one.
fn under_exception(
    step: &Step<'_>,
    next: &mut Record,
    assessment: &Assessment,
    check: Check,
    result: &CheckResult,
    told: &mut Told,
) -> CheckResult {
    if check != exception::CHECK || result.status == Status::NotAvailable {
        return result.clone();
    }
    let before = step.before.exception.as_ref();
    let known = step.before.checks.get(&check);
    let failed = known.filter(|known| known.is_failed() && !known.is_archived());
    let failed = failed.map(|known| &known.finding.result.fingerprint);
    let seen = exception::step(before, &assessment.role.tags, failed, result, step.now);
    next.exception = seen.exception;
    told.exception = seen.event.map(|event| {
        let change = exception::change_of_tag(&next.changes).filter(|_| event.is_tag_changed);
        ExceptionEvent { change: change.cloned(), is_sweep: step.is_sweep, ..event }
    });
    let was_covered = |known: &Exception| {
        let covered = result.fingerprint.within(&known.covered);
        result.status == Status::Failed && !covered.elements.is_empty()
    };
    told.exception_ended = seen.ended.filter(|_| before.is_some_and(was_covered));
    let mut result = match &next.exception {
        Some(exception) => exception::excepted(result, exception),
        None => result.clone(),
    };
    result.notes.extend(seen.note);
    result
}

impl Step<'_> {
    /// Whether what was found out is an answer, of the role or of its absence.
    fn is_definite(&self) -> bool {
        let is_answer = |result: &CheckResult| result.status != Status::NotAvailable;
        self.uses.is_empty()
            || match &self.observed {
                Observed::Gone => true,
                Observed::Unreadable(_) => false,
                Observed::Assessed { assessment, .. } => assessment.checks.values().all(is_answer),
            }
    }

    /// Whether the read of the role does not show a change.
    fn is_unseen(&self, change: &ReportedChange) -> bool {
        self.unseen.contains(&change.event.id)
    }

    /// Whether a change is so young that its effect may still be on its way.
    fn may_be_under_way(&self, change: &ReportedChange) -> bool {
        self.now.duration_since(change.event.time) < EVENT_UNDER_WAY
    }
}

fn uses_of(step: &Step<'_>) -> Vec<Use> {
    step.uses.iter().map(|recorded| recorded.seen.clone()).collect()
}

fn place(step: &Step<'_>) -> Place {
    Place {
        partition: step.settings.partition.clone(),
        account: step.settings.account.clone(),
        region: step.settings.security_hub_region.clone(),
    }
}
