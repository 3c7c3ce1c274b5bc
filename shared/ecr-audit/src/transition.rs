//! What became different since the last verdict: the record that is to be written, with what is
//! to be delivered. Pure; the table it follows stands in `tests/told/table.rs`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::alert::{Alert, AlertedTransition, TransitionKind};
use crate::alert_choice::{is_failure_told, is_sent, is_untold};
use crate::assessment::{Assessment, CheckResult, Fingerprint, RoleFacts};
use crate::change::ReportedChange;
use crate::exception::{self, ExceptionEvent};
use crate::finding::{Finding, Place, RecordState};
use crate::ledger::{CheckRecord, Message, OutboxEntry, Record, RecordedUse};
use crate::mail::Mail;
use crate::mail::operators::{About, Unanswered, cannot_tell, of_exception, topic_refused};
use crate::node_role::Use;
use crate::organization::OrganizationPolicies;
use crate::owner_topics::{OwnerTopics, owner_topics};
use crate::owners::owners;
use crate::ports::StoredFinding;
use crate::remedy::Remedy;
use crate::remedy_fields::kept_in_finding;
use crate::settings::Settings;
use crate::standard::{Check, Status};

/// How long a finding may stand before it is imported again. Security Hub deletes a finding that
/// was not updated for 90 days.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings.html>
pub const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long after its last update a finding is looked for: Security Hub's reads lag.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// How many changes a record keeps.
const CHANGES_KEPT: usize = 20;

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
    /// What the operators chose.
    pub settings: &'step Settings,
    /// Now.
    pub now: Timestamp,
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
            for check in Check::ALL {
                not_available(step, &mut next, check, reason, &mut told);
            }
        }
        Observed::Assessed { assessment, .. } => {
            let role_created_anew =
                next.role_id.as_ref().is_some_and(|id| *id != assessment.role.role_id);
            next.role_id = Some(assessment.role.role_id.clone());
            next.owners = owners(&assessment.role.tags, &uses_of(step), step.settings);
            for (check, result) in &assessment.checks {
                let result =
                    &under_exception(step, &mut next, assessment, *check, result, &mut told);
                if result.status == Status::NotAvailable
                    && next.checks.get(check).is_some_and(|known| known.verdict().is_some())
                {
                    let reason = result.reasons.join(" ");
                    not_available(step, &mut next, *check, &reason, &mut told);
                } else {
                    answered(
                        step,
                        &mut next,
                        &assessment.role,
                        *check,
                        result,
                        role_created_anew,
                        &mut told,
                    );
                }
            }
        }
    }
    deliver_later(step, &mut next, told);
    next
}

/// What one transition has to tell.
#[derive(Default)]
struct Told {
    /// Whether the changes heard of have had their effect, so that they need not be kept.
    is_definite: bool,
    findings: Vec<Finding>,
    /// The findings that are worse than what a person suppressed.
    reopened: BTreeSet<Check>,
    transitions: Vec<AlertedTransition>,
    unanswered: Vec<Unanswered>,
    exception: Option<ExceptionEvent>,
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
    let seen = exception::step(before, &assessment.role.tags, result, step.now);
    next.exception = seen.exception;
    told.exception = seen.event.map(|event| {
        let change = exception::change_of_tag(&next.changes).filter(|_| event.is_tag_changed);
        ExceptionEvent { change: change.cloned(), ..event }
    });
    let mut result = match &next.exception {
        Some(exception) => exception::excepted(result, exception),
        None => result.clone(),
    };
    result.notes.extend(seen.note);
    result
}

/// The changes kept: those not told yet and those just heard, each once, the latest last.
fn heard(step: &Step<'_>) -> Vec<ReportedChange> {
    let is_told = |change: &ReportedChange| {
        step.before
            .checks
            .values()
            .flat_map(|check| &check.finding.changes)
            .any(|known| known.event.id == change.event.id)
    };
    let mut changes = step.before.changes.clone();
    for change in step.changes {
        if !is_told(change) && !changes.iter().any(|known| known.event.id == change.event.id) {
            changes.push(change.clone());
        }
    }
    changes
        .sort_by(|one, two| (one.event.time, &one.event.id).cmp(&(two.event.time, &two.event.id)));
    let surplus = changes.len().saturating_sub(CHANGES_KEPT);
    changes.drain(..surplus);
    changes
}

fn uses_of(step: &Step<'_>) -> Vec<Use> {
    step.uses.iter().map(|recorded| recorded.seen.clone()).collect()
}

/// One check has an answer.
fn answered(
    step: &Step<'_>,
    next: &mut Record,
    role: &RoleFacts,
    check: Check,
    result: &CheckResult,
    role_created_anew: bool,
    told: &mut Told,
) {
    let before = step.before.checks.get(&check);
    let now = whole_milliseconds(step.now);
    let mut finding = Finding {
        place: place(step),
        check,
        standard: step.settings.standard,
        role: role.clone(),
        uses: uses_of(step),
        owners: next.owners.clone(),
        result: result.clone(),
        not_available: None,
        remedy: remedy_of(step, check, result),
        record_state: RecordState::Active,
        changes: before.map(|known| known.finding.changes.clone()).unwrap_or_default(),
        role_created_anew: role_created_anew
            || before.is_some_and(|known| known.finding.role_created_anew),
        is_organization_considered: step.settings.organization != OrganizationPolicies::default(),
        created_at: before.map_or(now, |known| known.finding.created_at),
        updated_at: before.map_or(now, |known| known.finding.updated_at),
    };
    if let Some(known) = before.filter(|known| known.finding.result == *result) {
        finding.changes.extend(heard_late(known, &next.changes));
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
            told.unanswered.push(Unanswered { check, reason, stands: None });
        }
    } else {
        told.is_definite = true;
    }
    if before.is_none_or(|known| known.finding.result != *result) {
        finding.changes.clone_from(&next.changes);
    }
    finding.updated_at = later(now, before);
    let verdict = before.and_then(CheckRecord::told_verdict);
    let ever_failed = before.is_some_and(|known| known.ever_failed);
    let untold = before.is_some_and(|known| known.untold) && result.status == Status::Failed;
    let mut suppressed = next.checks.get(&check).and_then(|known| known.suppressed.clone());
    let was_suppressed = suppressed.as_ref().is_some_and(|it| it.is_exceeded_by(result));
    if was_suppressed {
        suppressed = None;
        told.reopened.insert(check);
    }
    if suppressed.is_none()
        && let Some(kind) = alerted(verdict, result, ever_failed && !untold)
    {
        told.transitions.push(AlertedTransition {
            check,
            kind,
            result: result.clone(),
            severity_before: verdict.map(|known| known.severity),
            added: added(verdict, result),
            granted_before: granted_before(verdict, kind),
            was_suppressed,
        });
    }
    next.checks.insert(
        check,
        CheckRecord {
            finding: finding.clone(),
            ever_failed: ever_failed || result.status == Status::Failed,
            untold,
            suppressed,
        },
    );
    told.findings.push(finding);
}

/// What puts a check right that does not pass. An exception is no remedy.
fn remedy_of(step: &Step<'_>, check: Check, result: &CheckResult) -> Option<Remedy> {
    let Observed::Assessed { remedy, .. } = &step.observed else { return None };
    let is_failure = result.status == Status::Failed
        || check == exception::CHECK && result.status == Status::Warning;
    remedy.as_ref().filter(|_| is_failure).map(kept_in_finding)
}

/// The row of the table: what owners are told when `verdict` becomes `result`.
fn alerted(
    verdict: Option<&CheckResult>,
    result: &CheckResult,
    ever_failed: bool,
) -> Option<TransitionKind> {
    let failed_before = verdict.filter(|known| known.status == Status::Failed);
    match (failed_before, result.status) {
        (None, Status::Failed) if ever_failed => Some(TransitionKind::Reopened),
        (None, Status::Failed) => Some(TransitionKind::New),
        (Some(known), Status::Failed)
            if result.fingerprint.is_worse_than(&known.fingerprint)
                || result.severity > known.severity =>
        {
            Some(TransitionKind::Worse)
        }
        (Some(_), Status::Passed) => Some(TransitionKind::Resolved),
        _ => None,
    }
}

/// What was added or strengthened since a failure; all of it where there was none.
fn added(verdict: Option<&CheckResult>, result: &CheckResult) -> Vec<String> {
    let failed_before = verdict.filter(|known| known.status == Status::Failed);
    let elements = result.fingerprint.elements.iter();
    elements
        .filter(|element| {
            let alone = Fingerprint {
                elements: BTreeSet::from([(*element).clone()]),
                ..result.fingerprint.clone()
            };
            failed_before.is_none_or(|known| alone.is_worse_than(&known.fingerprint))
        })
        .map(|element| element.action.clone())
        .collect()
}

fn granted_before(
    verdict: Option<&CheckResult>,
    kind: TransitionKind,
) -> Vec<crate::permissions::PolicyStatement> {
    if kind != TransitionKind::Resolved {
        return Vec::new();
    }
    let mut statements: Vec<_> = verdict
        .into_iter()
        .flat_map(|known| &known.excess)
        .flat_map(|excess| excess.statements.clone())
        .collect();
    statements.sort();
    statements.dedup();
    statements
}

/// Changes of a failure that were heard of only after it was told, such as the event that comes
/// after the sweep. What happened later and led to no other answer is not among them.
fn heard_late(known: &CheckRecord, changes: &[ReportedChange]) -> Vec<ReportedChange> {
    let is_failed = known.finding.result.status == Status::Failed;
    let late = |change: &&ReportedChange| change.event.time <= known.finding.updated_at;
    changes.iter().filter(|_| is_failed).filter(late).cloned().collect()
}

/// Whether owners were spared a failure that, by what is chosen now, they are to be told of.
fn is_to_be_told(step: &Step<'_>, known: &CheckRecord) -> bool {
    let result = &known.finding.result;
    known.untold
        && known.suppressed.is_none()
        && result.status == Status::Failed
        && is_failure_told(result.severity, step.settings)
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

/// A check that cannot be answered: a verdict that was had stays, with a note.
fn not_available(step: &Step<'_>, next: &mut Record, check: Check, reason: &str, told: &mut Told) {
    let before = step.before.checks.get(&check);
    let Some(known) = before.filter(|known| known.verdict().is_some()) else {
        let role = before.map_or_else(
            || RoleFacts::unread(&next.role_arn, next.role_id.clone()),
            |known| known.finding.role.clone(),
        );
        let result = CheckResult::not_available(check, step.settings.standard, reason);
        answered(step, next, &role, check, &result, false, told);
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
        told.unanswered.push(Unanswered { check, reason, stands });
    }
    finding.uses = uses_of(step);
    finding.updated_at = later(step.now, before);
    remember(next, &finding, known.ever_failed);
    told.findings.push(finding);
}

/// Keeps a finding in the record, with what else was noted of its check.
fn remember(next: &mut Record, finding: &Finding, ever_failed: bool) {
    let known = next.checks.remove(&finding.check);
    let untold = known.as_ref().is_some_and(|known| known.untold);
    let suppressed = known.and_then(|known| known.suppressed);
    let finding = finding.clone();
    next.checks.insert(finding.check, CheckRecord { finding, ever_failed, untold, suppressed });
}

/// The role is gone, or is no longer a node role.
fn archive(step: &Step<'_>, next: &mut Record, told: &mut Told) {
    if next.exception.take().is_some() {
        let why = "the role is gone, or is no longer a node role";
        told.exception = Some(ExceptionEvent::ended_by_itself(why));
    }
    for (check, known) in &step.before.checks {
        if known.is_archived() {
            continue;
        }
        let mut finding = known.finding.clone();
        told.is_definite = true;
        finding.record_state = RecordState::Archived;
        finding.remedy = None;
        finding.changes.clone_from(&next.changes);
        finding.updated_at = later(step.now, Some(known));
        let is_suppressed = next.checks.get(check).is_some_and(|known| known.suppressed.is_some());
        let is_failure = |verdict: &CheckResult| verdict.status == Status::Failed;
        if !is_suppressed && known.told_verdict().is_some_and(is_failure) {
            told.transitions.push(AlertedTransition {
                check: *check,
                kind: TransitionKind::Gone,
                result: known.finding.result.clone(),
                severity_before: Some(known.finding.result.severity),
                added: Vec::new(),
                granted_before: Vec::new(),
                was_suppressed: false,
            });
        }
        remember(next, &finding, known.ever_failed);
        told.findings.push(finding);
    }
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

/// Puts what is to be told into the outbox. A finding that was not delivered yet gives way to
/// the newer one of its check; an alert never gives way.
fn deliver_later(step: &Step<'_>, next: &mut Record, mut told: Told) {
    let superseded: BTreeSet<Check> = told.findings.iter().map(|finding| finding.check).collect();
    next.outbox.retain(|entry| match &entry.message {
        Message::SecurityHub { finding, reopens } if superseded.contains(&finding.check) => {
            // The newer finding still has to be opened again.
            if *reopens {
                told.reopened.insert(finding.check);
            }
            false
        }
        _ => true,
    });
    if told.is_definite {
        next.changes.clear();
    }
    told.transitions.sort_by_key(|transition| {
        (
            std::cmp::Reverse(transition.kind.is_failure()),
            std::cmp::Reverse(transition.result.severity),
        )
    });
    // An alert speaks of its worst transition: what led to that one is what its owners are told.
    let worst = told.transitions.first().map(|transition| transition.check);
    let worst = told.findings.iter().find(|finding| Some(finding.check) == worst).cloned();
    for finding in told.findings {
        let entry = format!("{}/{}", step.id, finding.check);
        let reopens = told.reopened.contains(&finding.check);
        let message = Message::SecurityHub { finding: Box::new(finding), reopens };
        next.outbox.push(undelivered(entry, message));
    }
    let is_sent = is_sent(&told.transitions, step.settings);
    for transition in &told.transitions {
        if let Some(known) = next.checks.get_mut(&transition.check) {
            known.untold = is_untold(transition.kind, is_sent);
        }
    }
    if let Some(worst) = worst.filter(|_| is_sent) {
        alert_later(step, next, worst, told.transitions);
    }
    let (uses, place) = (uses_told(step), place(step));
    let (role_arn, owners) = (next.role_arn.clone(), next.owners.clone());
    let about =
        About { role_arn: &role_arn, uses: &uses, owners: &owners, place: &place, id: &step.id };
    if !told.unanswered.is_empty() {
        let mail = cannot_tell(about, &told.unanswered);
        next.outbox.push(for_operators(format!("{}/operators", step.id), mail));
    }
    if let Some(event) = &told.exception {
        let mail = of_exception(about, event);
        next.outbox.push(for_operators(format!("{}/exception", step.id), mail));
    }
}

/// The uses that are told: where none is left, the last.
fn uses_told(step: &Step<'_>) -> Vec<Use> {
    if step.uses.is_empty() {
        step.before.uses.iter().map(|recorded| recorded.seen.clone()).collect()
    } else {
        uses_of(step)
    }
}

fn place(step: &Step<'_>) -> Place {
    Place {
        partition: step.settings.partition.clone(),
        account: step.settings.account.clone(),
        region: step.settings.security_hub_region.clone(),
    }
}

/// Puts an alert into the outbox, once for each topic that it goes to. `worst` is the finding that
/// it speaks of.
fn alert_later(
    step: &Step<'_>,
    next: &mut Record,
    worst: Finding,
    transitions: Vec<AlertedTransition>,
) {
    let uses = uses_told(step);
    let OwnerTopics { topics, refused } = owner_topics(&worst.role.tags, &uses, step.settings);
    let alert = Alert {
        id: step.id.clone(),
        time: step.now,
        place: place(step),
        standard: step.settings.standard,
        role: worst.role,
        uses,
        owners: next.owners.clone(),
        topic: None,
        transitions,
        changes: worst.changes,
        remedy: match &step.observed {
            Observed::Assessed { remedy, .. } => remedy.clone(),
            Observed::Unreadable(_) | Observed::Gone => None,
        },
    };
    for topic in topics {
        let entry = match &topic {
            None => format!("{}/alert", step.id),
            Some(topic) => format!("{}/alert/{topic}", step.id),
        };
        let alert = Box::new(Alert { topic, ..alert.clone() });
        let message = if step.into_digest {
            Message::Digest { alert, told: BTreeSet::new() }
        } else {
            Message::Owners { alert }
        };
        next.outbox.push(undelivered(entry, message));
    }
    if !refused.is_empty() {
        let about = About {
            role_arn: &alert.role.arn,
            uses: &alert.uses,
            owners: &alert.owners,
            place: &alert.place,
            id: &step.id,
        };
        let mail = topic_refused(about, &refused);
        next.outbox.push(for_operators(format!("{}/topics", step.id), mail));
    }
}

fn for_operators(id: String, mail: Mail) -> OutboxEntry {
    undelivered(id, Message::Operators { subject: mail.subject, text: mail.text })
}

fn undelivered(id: String, message: Message) -> OutboxEntry {
    OutboxEntry { id, message, leased_until: None, sender: None }
}
