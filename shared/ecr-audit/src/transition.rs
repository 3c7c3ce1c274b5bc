//! What became different since the last verdict: the record that is to be written, with what is
//! to be delivered. Pure; the table it follows stands in `tests/told/table.rs`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::alert::{Alert, AlertedTransition, TransitionKind};
use crate::alert_choice::{is_failure_told, is_sent};
use crate::assessment::{Assessment, CheckResult, Fingerprint, RoleFacts};
use crate::change::ReportedChange;
use crate::drift::EVENT_UNDER_WAY;
use crate::exception::{self, EndedException, Exception, ExceptionEvent};
use crate::finding::{Finding, Place, RecordState};
use crate::kept_change::kept_change;
use crate::kept_result::kept_result;
use crate::ledger::{CheckRecord, Extent, Message, OutboxEntry, Record, RecordedUse};
use crate::mail::Mail;
use crate::mail::operators::{About, Unanswered, cannot_tell, of_exception, topic_refused};
use crate::node_role::Use;
use crate::occasion::Occasion;
use crate::organization::OrganizationPolicies;
use crate::owner_topics::{OwnerTopics, owner_topics};
use crate::owners::owners;
use crate::ports::StoredFinding;
use crate::remedy::Remedy;
use crate::settings::Settings;
use crate::standard::{Check, Severity, Status};
use crate::tags_read::role_with_tags_read;
use crate::words::shortened;

/// How long a finding may stand before it is imported again. Security Hub deletes a finding that
/// was not updated for 90 days.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings.html>
pub const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long after its last update a finding is looked for: Security Hub's reads lag.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// How many changes a record keeps, and each of its findings.
const CHANGES_KEPT: usize = 10;

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

/// The changes between the last definite answer and this look: those kept and those just heard,
/// each once, the latest last.
fn heard(step: &Step<'_>) -> Vec<ReportedChange> {
    let mut changes = step.before.changes.clone();
    if step.is_definite() {
        // What the read should show by now, and does not, was undone or overtaken.
        changes.retain(|change| !step.is_unseen(change) || step.may_be_under_way(change));
    }
    for change in step.changes.iter().map(kept_change) {
        if !is_told(step.before, &change)
            && !changes.iter().any(|known| known.event.id == change.event.id)
        {
            changes.push(change);
        }
    }
    sort_by_time(&mut changes);
    let surplus = changes.len().saturating_sub(CHANGES_KEPT);
    changes.drain(..surplus);
    changes
}

fn sort_by_time(changes: &mut [ReportedChange]) {
    changes
        .sort_by(|one, two| (one.event.time, &one.event.id).cmp(&(two.event.time, &two.event.id)));
}

/// Forgets the changes that have had their effect: a definite answer has seen it. What is told of
/// is told; what came to the same is no cause of what comes later.
fn use_up_changes(step: &Step<'_>, next: &mut Record) {
    let mut changes = std::mem::take(&mut next.changes);
    changes.retain(|change| {
        step.is_unseen(change) && step.may_be_under_way(change) && !is_told(next, change)
    });
    next.changes = changes;
}

/// Whether a finding names a change.
fn is_told(record: &Record, change: &ReportedChange) -> bool {
    let mut told = record.checks.values().flat_map(|known| &known.finding.changes);
    told.any(|known| known.event.id == change.event.id)
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
        record_state: RecordState::Active,
        changes: before.map(|known| known.finding.changes.clone()).unwrap_or_default(),
        occasion: before.map(|known| known.finding.occasion.clone()).unwrap_or_default(),
        role_created_anew: role_created_anew
            || before.is_some_and(|known| known.finding.role_created_anew),
        is_organization_considered: step.settings.organization != OrganizationPolicies::default(),
        created_at: before.map_or(now, |known| known.finding.created_at),
        updated_at: before.map_or(now, |known| known.finding.updated_at),
    };
    if let Some(known) = before.filter(|known| known.finding.result == *result) {
        finding.changes.extend(heard_late(step, known, &next.changes));
        sort_by_time(&mut finding.changes);
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
    }
    if before.is_none_or(|known| known.finding.result != *result) {
        finding.changes.clone_from(&next.changes);
        let exception_ended = told.exception_ended.clone().filter(|_| check == exception::CHECK);
        finding.occasion = Occasion { is_sweep: step.is_sweep, exception_ended };
    }
    finding.updated_at = later(now, before);
    let ever_failed = before.is_some_and(|known| known.ever_failed);
    let mut suppressed = next.checks.get(&check).and_then(|known| known.suppressed.clone());
    let was_suppressed = suppressed.as_ref().is_some_and(|it| it.is_exceeded_by(result));
    if was_suppressed {
        suppressed = None;
        told.reopened.insert(check);
    }
    if suppressed.is_none()
        && let Some(kind) = alerted(before, result)
    {
        told.transitions.push(AlertedTransition {
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
    next.checks.insert(
        check,
        CheckRecord {
            finding: finding.clone(),
            ever_failed: ever_failed || result.status == Status::Failed,
            told: still_told(told_before, result, suppressed.is_some()),
            suppressed,
        },
    );
    told.findings.push(finding);
}

/// The row of the table: what owners are told when what they know becomes `result`.
fn alerted(before: Option<&CheckRecord>, result: &CheckResult) -> Option<TransitionKind> {
    let told = before.and_then(CheckRecord::told_failure);
    // A failure that they were spared is new to them.
    let is_back = before.is_some_and(|known| known.ever_failed && !known.is_failed());
    match (told, result.status) {
        (None, Status::Failed) if is_back => Some(TransitionKind::Reopened),
        (None, Status::Failed) => Some(TransitionKind::New),
        (Some(told), Status::Failed) if told.is_exceeded_by(result) => Some(TransitionKind::Worse),
        (Some(_), Status::Passed) => Some(TransitionKind::Resolved),
        _ => None,
    }
}

/// What owners still know of a failure when its answer is `result` and nothing more is told. Of
/// what they know, what has ended has to be told when it comes back. Where a person suppressed the
/// finding, they keep what they know until it is no longer silent.
fn still_told(told: Option<Extent>, result: &CheckResult, is_suppressed: bool) -> Option<Extent> {
    match result.status {
        Status::Failed => {
            told.map(|told| if told.is_exceeded_by(result) { told } else { Extent::of(result) })
        }
        Status::NotAvailable => told,
        Status::Passed | Status::Warning => told.filter(|_| is_suppressed),
    }
}

/// How bad it was by what owners know; a failure that they were spared was nothing.
fn severity_before(before: Option<&CheckRecord>) -> Option<Severity> {
    let known = before?;
    if known.is_failed() {
        known.told.as_ref().map(|told| told.severity)
    } else {
        known.verdict().map(|verdict| verdict.severity)
    }
}

/// What was added or strengthened since the failure that owners know; all of it where they know of
/// none.
fn added(before: Option<&CheckRecord>, result: &CheckResult) -> Vec<String> {
    let told = before.and_then(CheckRecord::told_failure);
    let elements = result.fingerprint.elements.iter();
    elements
        .filter(|element| {
            let alone = Fingerprint {
                elements: BTreeSet::from([(*element).clone()]),
                ..result.fingerprint.clone()
            };
            told.is_none_or(|known| alone.is_worse_than(&known.fingerprint))
        })
        .map(|element| element.action.clone())
        .collect()
}

fn granted_before(
    before: Option<&CheckRecord>,
    kind: TransitionKind,
) -> Vec<crate::permissions::PolicyStatement> {
    let verdict = before.and_then(CheckRecord::verdict);
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
/// after the sweep. What happened later and led to no other answer is not among them, nor is what
/// cannot be seen.
fn heard_late(
    step: &Step<'_>,
    known: &CheckRecord,
    changes: &[ReportedChange],
) -> Vec<ReportedChange> {
    let is_failed = known.finding.result.status == Status::Failed;
    let is_late = |change: &&ReportedChange| {
        change.event.time <= known.finding.updated_at && !step.is_unseen(change)
    };
    let room = CHANGES_KEPT.saturating_sub(known.finding.changes.len());
    changes.iter().filter(|_| is_failed).filter(is_late).take(room).cloned().collect()
}

/// Whether owners were spared a failure, or how far it has gone, that by what is chosen now they
/// are to be told of.
fn is_to_be_told(step: &Step<'_>, known: &CheckRecord) -> bool {
    let result = &known.finding.result;
    known.is_failed()
        && known.suppressed.is_none()
        && known.told.as_ref().is_none_or(|told| told.is_exceeded_by(result))
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
    let told = known.as_ref().and_then(|known| known.told.clone());
    let suppressed = known.and_then(|known| known.suppressed);
    let finding = finding.clone();
    next.checks.insert(finding.check, CheckRecord { finding, ever_failed, told, suppressed });
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
        finding.record_state = RecordState::Archived;
        finding.changes.clone_from(&next.changes);
        finding.occasion = Occasion { is_sweep: step.is_sweep, exception_ended: None };
        finding.updated_at = later(step.now, Some(known));
        let is_suppressed = next.checks.get(check).is_some_and(|known| known.suppressed.is_some());
        if !is_suppressed && known.told_failure().is_some() {
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
    for transition in told.transitions.iter().filter(|it| is_sent && it.kind.is_failure()) {
        if let Some(known) = next.checks.get_mut(&transition.check) {
            known.told = Some(Extent::of(&transition.result));
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
        occasion: worst.occasion,
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
