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
use crate::journey::cluster_tags::{ClusterPlace, ClusterTags, cluster_tags, with_cluster_tags};
use crate::journey::delivery::{Claim, Claimed, deliver};
use crate::journey::namesakes::{forget_some, observed_of, record_to_continue};
use crate::journey::tags_read::with_tags_read;
use crate::ledger::{Message, OutboxEntry, Record, RecordedUse};
use crate::node_role::{Sighting, UseListing};
use crate::ports::{Ports, StoredFinding, Versioned, WriteOutcome};
use crate::remedy::remedy;
use crate::role_policies::{RegistryDocument, RolePolicies};
use crate::settings::Settings;
use crate::standard::Check;
use crate::transition::{Observed, Step, transition};
use crate::uses::standing_uses;
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
    /// Every repository and registry policy that is kept.
    pub registry: Arc<Vec<RegistryDocument>>,
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
    let attempt = Attempt { ports, settings, task, cluster_tags, now };
    let uses = attempt.uses(&before);
    let aws_managed_versions = read.map(aws_managed_versions);
    let of_others = match &role {
        Err(error) => Observed::Unreadable(error.to_string()),
        Ok(_) => Observed::Gone,
    };
    let observed = match role {
        Ok(Some(role)) if role.role_arn == before.role_arn => match ahead {
            Some(ahead) => observe(settings, &role, &uses, &ahead.registry),
            None => observe_afresh(ports, settings, &role, &uses).await?,
        },
        _ => of_others.clone(),
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

/// What the records of one name have in common in one attempt.
struct Attempt<'task> {
    ports: &'task Ports<'task>,
    settings: &'task Settings,
    task: &'task RoleTask,
    cluster_tags: Arc<ClusterTags>,
    now: Timestamp,
}

impl Attempt<'_> {
    /// The uses of a record's role that stand.
    fn uses(&self, record: &Record) -> Vec<RecordedUse> {
        let of_role = self.task.sightings.iter().filter(|seen| seen.role_arn == record.role_arn);
        let sightings: Vec<Sighting> = of_role
            .map(|sighting| Sighting {
                seen: with_tags_read(&sighting.seen, self.settings),
                ..sighting.clone()
            })
            .collect();
        let recorded = with_cluster_tags(&record.uses, &self.cluster_tags, self.settings);
        standing_uses(&recorded, &sightings, &self.task.listing)
    }

    /// The record that follows another, with the id of the transition between them.
    async fn next(
        &self,
        before: &Record,
        uses: Vec<RecordedUse>,
        observed: Observed,
    ) -> Result<(String, Record), RoleError> {
        let id = self.ports.clock.unique_id();
        let mut step = Step {
            before,
            uses,
            observed,
            changes: &self.task.changes,
            settings: self.settings,
            now: self.now,
            id: id.clone(),
            into_digest: self.task.sweep.is_some_and(SweepKind::is_into_digest),
            stored: None,
        };
        let mut next = transition(&step);
        if hangs_on_security_hub(before, &next) {
            step.stored = Some(read_back(self.ports, before).await?);
            next = transition(&step);
        }
        Ok((id, next))
    }

    /// Brings the namesakes to what is known of them, and returns those to which it made a
    /// difference. What is to be delivered of them goes into the outbox of the record beside which
    /// they stand.
    async fn namesakes(
        &self,
        next: &mut Record,
        observed: &Observed,
    ) -> Result<BTreeSet<RoleArn>, RoleError> {
        let mut different = BTreeSet::new();
        for before in std::mem::take(&mut next.namesakes) {
            let uses = self.uses(&before);
            let namesake = match observed_of(&before, &uses, observed) {
                None => Record { uses, ..before },
                Some(observed) => {
                    let (_, mut namesake) = self.next(&before, uses, observed).await?;
                    next.outbox.append(&mut namesake.outbox);
                    different.insert(namesake.role_arn.clone());
                    namesake
                }
            };
            next.namesakes.push(namesake);
        }
        forget_some(&mut next.namesakes);
        Ok(different)
    }
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
    match ports.ledger.registry_documents().await {
        Ok(registry) => Ok(observe(settings, role, uses, &registry)),
        Err(error) if error.is_transient() => Err(error.into()),
        Err(error) => Ok(Observed::Unreadable(error.to_string())),
    }
}

fn observe(
    settings: &Settings,
    role: &RolePolicies,
    uses: &[RecordedUse],
    registry: &[RegistryDocument],
) -> Observed {
    let uses: Vec<_> = uses.iter().map(|recorded| recorded.seen.clone()).collect();
    let state = RoleState { role, uses: &uses, registry, organization: &settings.organization };
    let assessment = assess(&state, settings);
    let remedy = remedy(&state, &assessment, settings);
    Observed::Assessed { assessment: Box::new(assessment), remedy }
}
