//! The life of a finding: what of it is imported again, and when.

use jiff::{SignedDuration, Timestamp};

use super::heard::{heard_late, sort_by_time};
use super::table_row::{
    added, alerted, granted_before, is_to_be_told, severity_before, still_told,
};
use super::{Answer, Observed, Step, Turn, place, uses_of};
use crate::alert::{AlertedTransition, TransitionKind};
use crate::assessment::{CheckResult, RoleFacts};
use crate::basis::Basis;
use crate::exception::{self, ExceptionEvent};
use crate::finding::{Finding, RecordState};
use crate::ledger::{CheckRecord, Record};
use crate::mail::operators::Unanswered;
use crate::occasion::Occasion;
use crate::organization::OrganizationPolicies;
use crate::remedy::Remedy;
use crate::remedy_fields::kept_in_finding;
use crate::standard::{Check, Status};

/// How long a finding may stand before it is imported again. Security Hub deletes a finding that
/// was not updated for 90 days.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings.html>
pub const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long after its last update a finding is looked for: Security Hub's reads lag.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// One check has an answer.
pub(super) fn answered(turn: &mut Turn<'_>, answer: &Answer<'_>) {
    let step = turn.step;
    let Answer { check, result, .. } = answer;
    let check = *check;
    let before = step.before.checks.get(&check);
    let mut finding = finding_now(turn, answer);
    let basis = basis_now(step, before, result);
    if let Some(known) = turn.next.checks.get_mut(&check) {
        known.basis.clone_from(&basis);
    }
    let is_same = before.is_some_and(|known| known.finding == finding);
    let is_to_be_told = before.is_some_and(|known| is_to_be_told(step, known));
    if is_same && !is_to_be_told && !before.is_some_and(|known| is_due(step, known)) {
        return;
    }
    if result.status == Status::NotAvailable {
        let is_known = before.is_some_and(|known| {
            known.finding.result.reasons == result.reasons && !known.is_archived()
        });
        if !is_known {
            let reason = result.reasons.join(" ");
            turn.told.unanswered.push(Unanswered { check, reason, stands: None });
        }
    }
    if before.is_none_or(|known| known.finding.result != *result) {
        finding.changes.clone_from(&turn.next.changes);
        let exception_ended =
            turn.told.exception_ended.clone().filter(|_| check == exception::CHECK);
        let date_passed = is_date_passed(step, check) && finding.changes.is_empty();
        finding.occasion = Occasion { is_sweep: step.is_sweep, exception_ended, date_passed };
    }
    finding.updated_at = later(step.now, before);
    let ever_failed = before.is_some_and(|known| known.ever_failed);
    let mut suppressed = turn.next.checks.get(&check).and_then(|known| known.suppressed.clone());
    let was_suppressed = suppressed.as_ref().is_some_and(|it| it.is_exceeded_by(result));
    if was_suppressed {
        suppressed = None;
        turn.told.reopened.insert(check);
    }
    if suppressed.is_none()
        && let Some(kind) = alerted(before, result)
    {
        turn.told.transitions.push(AlertedTransition {
            check,
            kind,
            result: result.clone(),
            severity_before: severity_before(before),
            added: added(before, result),
            granted_before: granted_before(before, kind),
            was_suppressed,
        });
    }
    let told_before = before.and_then(|known| known.told.clone());
    turn.next.checks.insert(
        check,
        CheckRecord {
            finding: finding.clone(),
            ever_failed: ever_failed || result.status == Status::Failed,
            told: still_told(told_before, result, suppressed.is_some()),
            suppressed,
            basis,
        },
    );
    turn.told.findings.push(finding);
}

/// The finding with an answer, otherwise as it was told: with its dates, and what had led to it.
fn finding_now(turn: &Turn<'_>, answer: &Answer<'_>) -> Finding {
    let step = turn.step;
    let before = step.before.checks.get(&answer.check).map(|known| &known.finding);
    let now = whole_milliseconds(step.now);
    let mut finding = Finding {
        place: place(step),
        check: answer.check,
        standard: step.settings.standard,
        role: answer.role.clone(),
        uses: uses_of(step),
        owners: turn.next.owners.clone(),
        result: answer.result.clone(),
        not_available: None,
        remedy: remedy_of(step, answer),
        record_state: RecordState::Active,
        changes: before.map(|known| known.changes.clone()).unwrap_or_default(),
        occasion: before.map(|known| known.occasion.clone()).unwrap_or_default(),
        role_created_anew: answer.role_created_anew
            || before.is_some_and(|known| known.role_created_anew),
        is_organization_considered: step.settings.organization != OrganizationPolicies::default(),
        created_at: before.map_or(now, |known| known.created_at),
        updated_at: before.map_or(now, |known| known.updated_at),
    };
    if let Some(known) = before.filter(|known| known.result == answer.result) {
        finding.changes.extend(heard_late(step, known, &turn.next.changes));
        sort_by_time(&mut finding.changes);
    }
    finding
}

/// What the answer rests on. What was found before of the same policies was found then: only the
/// time has gone on.
fn basis_now(step: &Step<'_>, before: Option<&CheckRecord>, result: &CheckResult) -> Option<Basis> {
    let Observed::Assessed { digest: Some(digest), .. } = &step.observed else { return None };
    if result.status == Status::NotAvailable {
        return None;
    }
    let is_same = |known: &&CheckRecord| known.finding.result.is_same_verdict(result);
    let held = before.filter(is_same).and_then(|known| known.basis.as_ref());
    match held.filter(|held| held.digest == *digest) {
        Some(held) => Some(held.clone()),
        None => Some(Basis { digest: digest.clone(), found_at: step.now }),
    }
}

/// Whether a date that a condition names made this answer of the last one.
fn is_date_passed(step: &Step<'_>, check: Check) -> bool {
    matches!(&step.observed, Observed::Assessed { date_passed, .. } if date_passed.contains(&check))
}

/// What puts a check right that fails.
fn remedy_of(step: &Step<'_>, answer: &Answer<'_>) -> Option<Remedy> {
    let Observed::Assessed { remedy, .. } = &step.observed else { return None };
    let is_failure = answer.result.status == Status::Failed;
    remedy.as_ref().filter(|_| is_failure).map(kept_in_finding)
}

/// A check that cannot be answered: a verdict that was had stays, with a note.
pub(super) fn not_available(turn: &mut Turn<'_>, check: Check, reason: &str) {
    let step = turn.step;
    let before = step.before.checks.get(&check);
    let Some(known) = before.filter(|known| known.verdict().is_some()) else {
        let role = before.map_or_else(
            || RoleFacts::unread(&turn.next.role_arn, turn.next.role_id.clone()),
            |known| known.finding.role.clone(),
        );
        let result = CheckResult::not_available(check, step.settings.standard, reason);
        answered(turn, &Answer { check, role: &role, result, role_created_anew: false });
        return;
    };
    let mut finding = known.finding.clone();
    finding.not_available = Some(reason.to_owned());
    // A use was seen again. Where the role's absence had archived it, only a reading brings it back.
    if step.before.uses.is_empty() {
        finding.record_state = RecordState::Active;
    }
    let is_same = known.finding == finding;
    if is_same && (known.is_archived() || !is_due(step, known)) {
        return;
    }
    if !is_same {
        let (reason, stands) = (reason.to_owned(), Some(known.finding.result.clone()));
        turn.told.unanswered.push(Unanswered { check, reason, stands });
    }
    finding.uses = uses_of(step);
    finding.updated_at = later(step.now, before);
    remember(&mut turn.next, &finding, known.ever_failed);
    turn.told.findings.push(finding);
}

/// The role is gone, or is no longer a node role.
pub(super) fn archive(turn: &mut Turn<'_>) {
    let step = turn.step;
    if turn.next.exception.take().is_some() {
        let why = "the role is gone, or is no longer a node role";
        turn.told.exception = Some(ExceptionEvent::ended_by_itself(why));
    }
    for (check, known) in &step.before.checks {
        if known.is_archived() {
            continue;
        }
        let mut finding = known.finding.clone();
        finding.record_state = RecordState::Archived;
        finding.remedy = None;
        finding.changes.clone_from(&turn.next.changes);
        finding.occasion = Occasion { is_sweep: step.is_sweep, ..Occasion::default() };
        finding.updated_at = later(step.now, Some(known));
        let is_suppressed =
            turn.next.checks.get(check).is_some_and(|known| known.suppressed.is_some());
        if !is_suppressed && known.told_failure().is_some() {
            turn.told.transitions.push(AlertedTransition {
                check: *check,
                kind: TransitionKind::Gone,
                result: known.finding.result.clone(),
                severity_before: Some(known.finding.result.severity),
                added: Vec::new(),
                granted_before: Vec::new(),
                was_suppressed: false,
            });
        }
        remember(&mut turn.next, &finding, known.ever_failed);
        if let Some(known) = turn.next.checks.get_mut(check) {
            // Of a role that comes back, nobody knows what was changed meanwhile.
            known.basis = None;
        }
        turn.told.findings.push(finding);
    }
}

/// Keeps a finding in the record, with what else was noted of its check.
fn remember(next: &mut Record, finding: &Finding, ever_failed: bool) {
    let known = next.checks.remove(&finding.check);
    let told = known.as_ref().and_then(|known| known.told.clone());
    let suppressed = known.as_ref().and_then(|known| known.suppressed.clone());
    let basis = known.and_then(|known| known.basis);
    let finding = finding.clone();
    let check_record = CheckRecord { finding, ever_failed, told, suppressed, basis };
    next.checks.insert(check_record.finding.check, check_record);
}

/// Whether a finding has to be imported again so that it does not expire.
fn is_due(step: &Step<'_>, known: &CheckRecord) -> bool {
    let age = step.now.duration_since(known.finding.updated_at);
    age >= RENEW_AFTER || age >= SETTLED && is_held_otherwise(step, known)
}

/// Whether Security Hub was read back and lost a finding, or holds it otherwise.
fn is_held_otherwise(step: &Step<'_>, known: &CheckRecord) -> bool {
    let Some(stored) = &step.stored else { return false };
    stored.get(&known.finding.check).is_none_or(|stored| !known.is_held_as(stored))
}

/// The UpdatedAt of the next import, in whole milliseconds. Security Hub ignores, in silence, an
/// import whose UpdatedAt is not later than the stored one.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>
pub fn later(now: Timestamp, before: Option<&CheckRecord>) -> Timestamp {
    let now = whole_milliseconds(now);
    before.map_or(now, |known| now.max(known.finding.updated_at + SignedDuration::from_millis(1)))
}

/// A finding carries milliseconds; a finer instant could not be told from the one before.
fn whole_milliseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond()).unwrap_or(instant)
}
