//! One role, from the ledger's record to the next one, in the design's order: the record first,
//! then AWS, then one conditional write. On a conflict nothing read so far is used again.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::arn::{RoleArn, RoleName};
use crate::assess::{RoleState, assess, assess_as_of_now};
use crate::basis::digest;
use crate::change::ReportedChange;
use crate::date_passed::date_passed;
use crate::drift::{Cause, SweepKind, aws_managed_versions, cause, explained_by};
use crate::error::PortError;
use crate::exception::{self, under_exception};
use crate::journey::attempt::Attempt;
use crate::journey::cluster_tags::{ClusterPlace, ClusterTags, cluster_tags};
use crate::journey::delivery::{Claim, Claimed, deliver};
use crate::journey::namesakes::record_to_continue;
use crate::ledger::{Record, RecordedUse};
use crate::node_role::{Sighting, UseKind, UseListing};
use crate::ports::{Ports, Versioned, WriteOutcome};
use crate::registries::Registries;
use crate::remedy::remedy;
use crate::role_policies::RolePolicies;
use crate::settings::Settings;
use crate::sweep_step::SweepStep;
use crate::transition::Observed;
use crate::visibility::{Expectation, not_yet_visible};

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
    /// The clusters whose tags became others, and are to be read again.
    pub clusters: BTreeSet<ClusterPlace>,
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
    /// What IAM answered about the role.
    pub role: Result<Option<RolePolicies>, PortError>,
    /// The tags of the clusters that the task names.
    pub cluster_tags: Arc<ClusterTags>,
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
            clusters: BTreeSet::new(),
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

/// What a role's name led to, recorded.
pub struct Recorded {
    /// The role's ARN, and those of its namesakes whose answer was another one.
    pub role_arns: BTreeSet<RoleArn>,
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
    let role = match ahead {
        Some(ahead) => ahead.role.clone(),
        None => ports.iam.role(&task.role_name).await,
    };
    let role = match role {
        Err(error) if error.is_transient() => return Err(error.into()),
        answer => answer,
    };
    let now = ports.clock.now();
    if let Ok(role) = &role
        && let Some(aspect) = not_yet_visible(&task.expectations, role.as_ref(), now)
    {
        return Err(RoleError::TooFresh(aspect));
    }
    let read = role.as_ref().ok().and_then(Option::as_ref);
    let version = known.as_ref().map_or(0, |known| known.version);
    let known = known.map(|known| known.record);
    let before = record_to_continue(known.clone(), &task.sightings, read);
    let cluster_tags = match ahead {
        Some(ahead) => Arc::clone(&ahead.cluster_tags),
        None => Arc::new(cluster_tags(ports, &task.clusters).await?),
    };
    let attempt = Attempt { ports, settings, task, role: &role, cluster_tags, now };
    let uses = attempt.uses(&before);
    let aws_managed_versions = read.map(aws_managed_versions);
    let of_others = match &role {
        Err(error) => Observed::Unreadable(error.to_string()),
        Ok(_) => Observed::Gone,
    };
    let observed = match &role {
        Ok(Some(role)) if role.role_arn == before.role_arn => match ahead {
            Some(ahead) => observe(settings, &before, now, role, &uses, &ahead.registries),
            None => observe_afresh(ports, settings, &before, now, role, &uses).await?,
        },
        Ok(found) => match never_there(&before, &uses, found.as_ref()) {
            Some(reason) => Observed::Unreadable(reason),
            None => of_others.clone(),
        },
        Err(_) => of_others.clone(),
    };
    let (id, mut next) = attempt.next(&before, uses, observed).await?;
    if let Some(versions) = aws_managed_versions {
        next.aws_managed_versions = versions;
    }
    note_drift(&before, &mut next, task, now);
    let mut role_arns = attempt.namesakes(&mut next, &of_others).await?;
    role_arns.insert(next.role_arn.clone());
    if known.as_ref() == Some(&next) {
        return Ok(Some(Recorded { role_arns, claimed: None }));
    }
    // The write that records also claims: nobody else can send before the lease runs out.
    let claim = Claim::of_all(&mut next, &id, now);
    match ports.ledger.write(&next, version, &id).await? {
        WriteOutcome::Conflict => Ok(None),
        WriteOutcome::Written => {
            let claimed = Claimed { record: next, version: version + 1, claim };
            Ok(Some(Recorded { role_arns, claimed: Some(claimed) }))
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

/// What is known of every registry. Before the first sweep that is nothing, and what cannot be
/// answered for it does not wait for the schedule.
pub(super) async fn registries(ports: &Ports<'_>) -> Result<Registries, PortError> {
    let registries = ports.ledger.registries().await?;
    if registries.is_unheard_of() {
        let first = SweepStep::begin("no registry was read yet");
        ports.sweep_requests.send(&first).await?;
    }
    Ok(registries)
}

async fn observe_afresh(
    ports: &Ports<'_>,
    settings: &Settings,
    before: &Record,
    now: Timestamp,
    role: &RolePolicies,
    uses: &[RecordedUse],
) -> Result<Observed, RoleError> {
    let registries = match registries(ports).await {
        Ok(registries) => registries,
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) => return Ok(Observed::Unreadable(error.to_string())),
    };
    Ok(observe(settings, before, now, role, uses, &registries))
}

fn observe(
    settings: &Settings,
    before: &Record,
    now: Timestamp,
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
        now,
    };
    let assessment = assess(&state, settings);
    let failed = before.known_failure(exception::CHECK);
    let excepted =
        |assessment: &_| under_exception(before.exception.as_ref(), failed, assessment, now);
    let as_of = |then| excepted(&assess_as_of_now(&RoleState { now: then, ..state }, settings));
    let excepted = excepted(&assessment);
    let digest = digest(&state);
    let date_passed = date_passed(before, &excepted, digest.as_deref(), as_of);
    // What is unread stays unread, whatever an owner does: the remedy is tried on what is known.
    let remedy = remedy(&RoleState { unread: &[], ..state }, &excepted, settings);
    Observed::Assessed { assessment: Box::new(assessment), remedy, digest, date_passed }
}
