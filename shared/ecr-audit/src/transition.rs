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
use crate::assessment::{Assessment, CheckResult, RoleFacts};
use crate::change::ReportedChange;
use crate::drift::EVENT_UNDER_WAY;
use crate::exception::{self, EndedException, Exception, ExceptionEvent};
use crate::finding::{Finding, Place, StoredFinding};
use crate::kept_result::kept_result;
use crate::ledger::{Record, RecordedUse};
use crate::mail::operators::Unanswered;
use crate::node_role::Use;
use crate::owners::owners;
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
        /// The digest of what was judged; absent where no policy names a date.
        digest: Option<String>,
        /// The checks of which a date that a condition names explains the new answer, as far as no
        /// event tells otherwise.
        date_passed: BTreeSet<Check>,
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
    let mut turn = Turn::new(step);
    match &step.observed {
        _ if step.uses.is_empty() => archive(&mut turn),
        Observed::Gone => archive(&mut turn),
        Observed::Unreadable(reason) => {
            let reason = shortened(reason, LONGEST_REASON);
            for check in Check::ALL {
                not_available(&mut turn, check, &reason);
            }
        }
        Observed::Assessed { assessment, .. } => assessed(&mut turn, assessment),
    }
    if step.is_definite() {
        use_up_changes(&mut turn);
    }
    deliver_later(turn)
}

/// A step under way.
struct Turn<'step> {
    step: &'step Step<'step>,
    /// The next record, as far as it stands.
    next: Record,
    /// What is to be told of it.
    told: Told,
}

impl<'step> Turn<'step> {
    /// The record with what hangs on no answer: the uses, what was heard, what a person suppressed.
    fn new(step: &'step Step<'step>) -> Self {
        let mut next = step.before.clone();
        next.uses.clone_from(&step.uses);
        next.changes = heard(step);
        if let Some(stored) = &step.stored {
            for (check, known) in &mut next.checks {
                known.note_workflow(stored.get(check));
            }
        }
        Self { step, next, told: Told::default() }
    }
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

/// What one check answers of a role.
struct Answer<'answer> {
    check: Check,
    role: &'answer RoleFacts,
    result: CheckResult,
    role_created_anew: bool,
}

/// IAM has the role, and it was assessed.
fn assessed(turn: &mut Turn<'_>, assessment: &Assessment) {
    let step = turn.step;
    let role_id = &assessment.role.role_id;
    let role_created_anew = turn.next.role_id.as_ref().is_some_and(|id| id != role_id);
    turn.next.role_id = Some(role_id.clone());
    turn.next.owners = owners(&assessment.role.tags, &uses_of(step), step.settings);
    let role = role_with_tags_read(&assessment.role, step.settings);
    for (check, result) in &assessment.checks {
        let check = *check;
        let result = under_exception(turn, assessment, check, &kept_result(result));
        let known = turn.next.checks.get(&check);
        if result.status == Status::NotAvailable
            && known.is_some_and(|known| known.verdict().is_some())
        {
            not_available(turn, check, &result.reasons.join(" "));
        } else {
            answered(turn, &Answer { check, role: &role, result, role_created_anew });
        }
    }
    if assessment.lacks_registries {
        turn.told.unanswered.clear();
    }
}

/// The answer of a check with the role's exception, if there is one. What cannot be answered now
/// neither begins an exception nor ends one.
fn under_exception(
    turn: &mut Turn<'_>,
    assessment: &Assessment,
    check: Check,
    result: &CheckResult,
) -> CheckResult {
    if check != exception::CHECK || result.status == Status::NotAvailable {
        return result.clone();
    }
    let step = turn.step;
    let before = step.before.exception.as_ref();
    let failed = step.before.known_failure(check);
    let seen = exception::step(before, &assessment.role.tags, failed, result, step.now);
    turn.next.exception = seen.exception;
    turn.told.exception = seen.event.map(|event| {
        let change = exception::change_of_tag(&turn.next.changes).filter(|_| event.is_tag_changed);
        ExceptionEvent { change: change.cloned(), is_sweep: step.is_sweep, ..event }
    });
    let was_covered = |known: &Exception| {
        let covered = result.fingerprint.within(&known.covered);
        result.status == Status::Failed && !covered.elements.is_empty()
    };
    turn.told.exception_ended = seen.ended.filter(|_| before.is_some_and(was_covered));
    let mut result = match &turn.next.exception {
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
