//! One role, from the ledger's record to the next one, in the design's order: the record first,
//! then AWS, then one conditional write. On a conflict nothing read so far is used again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::arn::{RoleArn, RoleName};
use crate::asff::finding_id;
use crate::assess::{RoleState, assess};
use crate::change::ReportedChange;
use crate::drift::{Cause, SweepKind, aws_managed_versions, cause, explained_by};
use crate::error::PortError;
use crate::journey::delivery::{Claim, Claimed, deliver};
use crate::ledger::{CheckRecord, Message, OutboxEntry, Record, RecordedUse};
use crate::node_role::{Sighting, UseKind, UseListing};
use crate::ports::{Ports, StoredFinding, Versioned, WriteOutcome};
use crate::registries::Registries;
use crate::remedy::remedy;
use crate::role_policies::RolePolicies;
use crate::settings::Settings;
use crate::standard::Check;
use crate::sweep_step::SweepStep;
use crate::tags_read::with_tags_read;
use crate::transition::{Observed, Step, transition};
use crate::uses::standing_uses;
use crate::visibility::{Expectation, not_shown, not_yet_visible};

/// How often a role starts again after a conflict before its messages have to come again.
const ATTEMPTS: usize = 8;

/// One role that a batch or a sweep touches.
#[derive(Clone, Debug)]
pub struct RoleTask {
    /// The role.
    pub role_name: RoleName,
    /// The messages that wait for it.
    pub message_ids: BTreeSet<String>,
    /// What the batch tells of it.
    pub changes: Vec<ReportedChange>,
    /// The uses that were just seen.
    pub sightings: Vec<Sighting>,
    /// What a read has to show before it is believed.
    pub expectations: Vec<Expectation>,
    /// The sources that were listed to their end.
    pub listing: Arc<UseListing>,
    /// What kind of sweep asks for it, if one does.
    pub sweep: Option<SweepKind>,
    /// What was read for many roles at once.
    pub ahead: Option<ReadAhead>,
}

/// What was read of a role before its turn came, in the same order: the record, then IAM. It is
/// good for one attempt.
#[derive(Clone, Debug)]
pub struct ReadAhead {
    /// The role's record, if it has one.
    pub known: Option<Versioned>,
    /// What IAM holds about the role.
    pub role: RolePolicies,
    /// What is known of every registry.
    pub registries: Arc<Registries>,
}

/// Why a role could not be brought to its end now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// A port did not answer.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A fresh change is not visible in what was read.
    #[error("the change to `{0}` is not visible in IAM yet")]
    TooFresh(String),
    /// Others kept writing the record.
    #[error("the record of {0} was written by others {ATTEMPTS} times in a row")]
    Contended(RoleName),
    /// Another sender holds an entry of the outbox.
    #[error("an entry of the outbox of {0} is held by another sender")]
    Held(RoleName),
}

impl RoleTask {
    /// A task about which nothing is known yet.
    pub fn new(role_name: RoleName) -> Self {
        Self {
            role_name,
            message_ids: BTreeSet::new(),
            changes: Vec::new(),
            sightings: Vec::new(),
            expectations: Vec::new(),
            listing: Arc::default(),
            sweep: None,
            ahead: None,
        }
    }
}

impl ReadAhead {
    /// Whoever assesses a role delivers its outbox first.
    fn has_nothing_to_deliver(&self) -> bool {
        self.known.as_ref().is_none_or(|known| known.record.outbox.is_empty())
    }
}

/// A role that was assessed and recorded.
pub struct Recorded {
    /// The role's ARN.
    pub role_arn: RoleArn,
    /// What is to be delivered of it.
    pub claimed: Option<Claimed>,
}

/// Assesses one role and records what came of it. `None`: it is no node role.
pub async fn record_role(
    ports: &Ports<'_>,
    settings: &Settings,
    task: &RoleTask,
) -> Result<Option<Recorded>, RoleError> {
    if let Some(ahead) = task.ahead.as_ref().filter(|ahead| ahead.has_nothing_to_deliver()) {
        let known = ahead.known.clone();
        if let Some(recorded) = step(ports, settings, task, known, Some(ahead)).await? {
            return Ok(Some(recorded));
        }
    }
    for _ in 0..ATTEMPTS {
        // Whoever assesses a role delivers its outbox first.
        let known = deliver(ports, &task.role_name).await?;
        if known.is_none() && task.sightings.is_empty() {
            return Ok(None);
        }
        if let Some(recorded) = step(ports, settings, task, known, None).await? {
            return Ok(Some(recorded));
        }
    }
    Err(RoleError::Contended(task.role_name.clone()))
}

/// One attempt. `None`: another write came first.
async fn step(
    ports: &Ports<'_>,
    settings: &Settings,
    task: &RoleTask,
    known: Option<Versioned>,
    ahead: Option<&ReadAhead>,
) -> Result<Option<Recorded>, RoleError> {
    let (before, version) = match known {
        Some(versioned) => (Some(versioned.record), versioned.version),
        None => (None, 0),
    };
    let role = match ahead {
        Some(ahead) => Ok(Some(ahead.role.clone())),
        None => match ports.iam.role(&task.role_name).await {
            Err(error) if error.is_transient() => return Err(error.into()),
            answer => answer,
        },
    };
    let now = ports.clock.now();
    if let Ok(role) = &role
        && let Some(aspect) = not_yet_visible(&task.expectations, role.as_ref(), now)
    {
        return Err(RoleError::TooFresh(aspect));
    }
    let read = role.as_ref().ok().and_then(Option::as_ref);
    let before = record_to_continue(before, task, read);
    let sightings: Vec<Sighting> = task
        .sightings
        .iter()
        .filter(|sighting| sighting.role_arn == before.role_arn)
        .map(|sighting| Sighting {
            seen: with_tags_read(&sighting.seen, settings),
            ..sighting.clone()
        })
        .collect();
    let uses = standing_uses(&before.uses, &sightings, &task.listing);
    let aws_managed_versions = read.map(aws_managed_versions);
    let unseen = match &role {
        Ok(role) => not_shown(before.changes.iter().chain(&task.changes), role.as_ref()),
        Err(_) => BTreeSet::new(),
    };
    let observed = match role {
        Err(error) => Observed::Unreadable(error.to_string()),
        Ok(Some(role)) if role.role_arn == before.role_arn => match ahead {
            Some(ahead) => observe(settings, &role, &uses, &ahead.registries),
            None => observe_afresh(ports, settings, &role, &uses).await?,
        },
        Ok(found) => match never_there(&before, &uses, found.as_ref()) {
            Some(reason) => Observed::Unreadable(reason),
            None => Observed::Gone,
        },
    };
    let id = ports.clock.unique_id();
    let mut step = Step {
        before: &before,
        uses,
        observed,
        changes: &task.changes,
        unseen,
        settings,
        now,
        is_sweep: task.sweep.is_some(),
        id: id.clone(),
        into_digest: task.sweep.is_some_and(SweepKind::is_into_digest),
        stored: None,
    };
    let mut next = transition(&step);
    if hangs_on_security_hub(&before, &next) {
        step.stored = Some(read_back(ports, &before).await?);
        next = transition(&step);
    }
    if let Some(versions) = aws_managed_versions {
        next.aws_managed_versions = versions;
    }
    note_drift(&before, &mut next, task, now);
    let role_arn = next.role_arn.clone();
    if version > 0 && next == before {
        return Ok(Some(Recorded { role_arn, claimed: None }));
    }
    // The write that records also claims: nobody else can send before the lease runs out.
    let claim = Claim::of_all(&mut next, &id, now);
    match ports.ledger.write(&next, version, &id).await? {
        WriteOutcome::Conflict => Ok(None),
        WriteOutcome::Written => {
            let claimed = Claimed { record: next, version: version + 1, claim };
            Ok(Some(Recorded { role_arn, claimed: Some(claimed) }))
        }
    }
}

/// Why there is no answer about a role that the settings name and that nobody has ever seen: most
/// often its name is wrong, and silence would be taken for peace.
fn never_there(
    before: &Record,
    uses: &[RecordedUse],
    found: Option<&RolePolicies>,
) -> Option<String> {
    let is_named = |used: &RecordedUse| used.seen.source.kind == UseKind::Settings;
    let was_seen = before.checks.values().any(|known| known.verdict().is_some());
    if was_seen || !uses.iter().any(is_named) {
        return None;
    }
    let only = found.map(|found| format!(", only `{}`", found.role_arn)).unwrap_or_default();
    Some(format!(
        "IAM knows no `{}`{only}: the settings name a role that does not exist",
        before.role_arn
    ))
}

/// Notes a verdict that nothing explains yet, until an event does.
fn note_drift(before: &Record, next: &mut Record, task: &RoleTask, now: Timestamp) {
    next.unexplained_since = explained_by(before.unexplained_since, &task.changes);
    let Some(cause) = task.sweep.and_then(|sweep| cause(before, next, sweep, now)) else { return };
    tracing::info!(role = %next.role_arn, ?cause, "the sweep found another verdict");
    if cause == Cause::Unexplained {
        next.unexplained_since.get_or_insert(now);
    }
}

/// Whether owners are told, or would be if a person had not suppressed the finding.
fn hangs_on_security_hub(before: &Record, next: &Record) -> bool {
    let is_alert = |entry: &&OutboxEntry| {
        matches!(entry.message, Message::Owners { .. } | Message::Digest { .. })
    };
    let count = |record: &Record| record.outbox.iter().filter(is_alert).count();
    let is_suppressed = before.checks.values().any(|known| known.suppressed.is_some());
    !before.checks.is_empty() && (count(next) > count(before) || is_suppressed && next != before)
}

/// The role's findings as Security Hub holds them. Where that cannot be told, none counts as
/// suppressed: an alert too many is better than silence.
async fn read_back(
    ports: &Ports<'_>,
    before: &Record,
) -> Result<BTreeMap<Check, StoredFinding>, RoleError> {
    let ids: BTreeMap<String, Check> =
        before.checks.keys().map(|check| (finding_id(&before.role_arn, *check), *check)).collect();
    let wanted: Vec<String> = ids.keys().cloned().collect();
    match ports.security_hub.read_back(&wanted).await {
        Ok(stored) => Ok(stored
            .into_iter()
            .filter_map(|stored| Some((*ids.get(&stored.id)?, stored)))
            .collect()),
        Err(error) if error.is_transient() => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "the findings could not be read back before an alert");
            Ok(BTreeMap::new())
        }
    }
}

async fn observe_afresh(
    ports: &Ports<'_>,
    settings: &Settings,
    role: &RolePolicies,
    uses: &[RecordedUse],
) -> Result<Observed, RoleError> {
    let registries = match ports.ledger.registries().await {
        Ok(registries) => registries,
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) => return Ok(Observed::Unreadable(error.to_string())),
    };
    if registries.is_unheard_of() {
        // What cannot be answered before the first sweep does not wait for its hour.
        let first = SweepStep::begin("no registry was read yet");
        ports.sweep_requests.send(&first).await?;
    }
    Ok(observe(settings, role, uses, &registries))
}

fn observe(
    settings: &Settings,
    role: &RolePolicies,
    uses: &[RecordedUse],
    registries: &Registries,
) -> Observed {
    let uses: Vec<_> = uses.iter().map(|recorded| recorded.seen.clone()).collect();
    let state = RoleState {
        role,
        uses: &uses,
        registry: &registries.documents,
        unread: &registries.unread(),
        organization: &settings.organization,
    };
    let assessment = assess(&state, settings);
    // What is unread stays unread, whatever an owner does: the remedy is tried on what is known.
    let remedy = remedy(&RoleState { unread: &[], ..state }, &assessment, settings);
    Observed::Assessed { assessment: Box::new(assessment), remedy }
}

/// The record that the step continues. A role created anew under another path has another ARN;
/// where a use names that ARN, a new record takes the place of the old one.
fn record_to_continue(
    before: Option<Record>,
    task: &RoleTask,
    read: Option<&RolePolicies>,
) -> Record {
    let sighted = |arn: &RoleArn| task.sightings.iter().any(|seen| seen.role_arn == *arn);
    match (before, read) {
        (Some(record), _) if record.uses.is_empty() && !sighted(&record.role_arn) => {
            match task.sightings.first() {
                Some(sighting) if record.checks.values().all(CheckRecord::is_archived) => {
                    Record::new(sighting.role_arn.clone())
                }
                _ => record,
            }
        }
        (Some(record), _) => record,
        (None, Some(role)) if sighted(&role.role_arn) => Record::new(role.role_arn.clone()),
        (None, _) => {
            let sighting = task.sightings.first().expect("a task without record has a sighting");
            Record::new(sighting.role_arn.clone())
        }
    }
}
