//! The walk over the whole account that makes up for every event that never came: every use is
//! listed, every repository policy read, every node role assessed, every outbox emptied, and
//! pullwatch's own findings are read back.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::alert::Alert;
use crate::arn::RoleArn;
use crate::asff::finding_id;
use crate::drift::{EVENT_UNDER_WAY, SweepKind};
use crate::error::PortError;
use crate::finding::{Finding, RecordState};
use crate::journey::affected::settings_sighting;
use crate::journey::delivery::deliver;
use crate::journey::publishing::publish_digest;
use crate::journey::role::{RoleError, RoleTask, assess_role};
use crate::ledger::{Message, OutboxEntry, Record};
use crate::node_role::{Compute, Sighting, Source, Use, UseKind, UseListing};
use crate::ports::{Ec2, Ports, StoredFinding, SweepRecord, Versioned, WriteOutcome};
use crate::registry_documents::can_touch_account;
use crate::settings::Settings;
use crate::standard::Status;
use crate::topic_arn::TopicArn;
use crate::transition::SETTLED;

const ROLES_AT_ONCE: usize = 4;

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepSummary {
    /// The node roles that were assessed.
    pub assessed: BTreeSet<RoleArn>,
    /// The sources that could not be listed, with the reason; none of their uses was ended.
    pub incomplete: Vec<String>,
    /// The roles whose verdict became another one, and no event has told why.
    pub unexplained: BTreeSet<RoleArn>,
    /// Findings that Security Hub had lost or held otherwise, and that were imported again.
    pub repaired: usize,
}

/// Why a sweep did not come to its end. What it did stands; the next one does the rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sweep did not come to its end: {}", .0.join("; "))]
pub struct SweepError(pub Vec<String>);

/// Sweeps the account.
pub async fn sweep(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
) -> Result<SweepSummary, SweepError> {
    let mut failures = Vec::new();
    let listing = list_uses(ports, ec2, settings).await;
    let mut summary = SweepSummary::default();
    for (source, reason) in &listing.incomplete {
        let region = source.region.as_deref().unwrap_or("global");
        summary.incomplete.push(format!("{} ({region}): {reason}", source.kind.in_words()));
    }
    for region in &settings.regions {
        if let Err(error) = read_registry(ports, settings, region).await {
            failures.push(error.to_string());
        }
    }
    let run = SweepRecord {
        completed_at: ports.clock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: digest_of(settings),
    };
    let kind = match ports.ledger.last_sweep().await {
        Ok(last) => SweepKind::after(last.as_ref(), &run),
        Err(error) => return Err(SweepError(vec![error.to_string()])),
    };
    let tasks =
        tasks(ports, listing, kind).await.map_err(|error| SweepError(vec![error.to_string()]))?;
    let outcomes: Vec<_> = stream::iter(tasks)
        .map(|task| async move {
            let outcome = assess_role(ports, settings, &task).await;
            (task.role_name, outcome)
        })
        .buffer_unordered(ROLES_AT_ONCE)
        .collect()
        .await;
    for (role_name, outcome) in outcomes {
        match outcome {
            Ok(role_arn) => summary.assessed.extend(role_arn),
            Err(error) => failures.push(format!("{role_name}: {error}")),
        }
    }
    match repair(ports).await {
        Ok(repaired) => summary.repaired = repaired,
        // Where Security Hub is switched off there is nothing to read back.
        Err(RoleError::Port(PortError::NotEnabled { .. })) => {}
        Err(error) => failures.push(error.to_string()),
    }
    if let Err(error) = send_digests(ports).await {
        failures.push(error.to_string());
    }
    match unexplained(ports).await {
        Ok(unexplained) => summary.unexplained = unexplained,
        Err(error) => failures.push(error.to_string()),
    }
    failures.extend(summary.incomplete.iter().cloned());
    if failures.is_empty() {
        match ports.ledger.note_sweep(&run).await {
            Ok(()) => Ok(summary),
            Err(error) => Err(SweepError(vec![error.to_string()])),
        }
    } else {
        for failure in &failures {
            tracing::error!(failure, "the sweep met a failure");
        }
        Err(SweepError(failures))
    }
}

fn digest_of(settings: &Settings) -> String {
    let text = serde_json::to_string(settings).unwrap_or_default();
    hex::encode(&Sha256::digest(text)[..8])
}

/// Every use in the account, with the sources that answered on every page.
pub async fn list_uses(ports: &Ports<'_>, ec2: &dyn Ec2, settings: &Settings) -> UseListing {
    let now = ports.clock.now();
    let mut listing = UseListing { began: Some(now), ..UseListing::default() };
    for region in &settings.regions {
        listing.merge(ports.eks.uses(region, now).await);
        listing.merge(instance_uses(ports, ec2, region, now).await);
    }
    listing.merge(ports.iam.cluster_instance_profiles(now).await);
    for role_arn in &settings.extra_node_role_arns {
        listing.sightings.push(settings_sighting(role_arn, now));
    }
    listing.complete.insert(Source::global(UseKind::Settings));
    listing
}

/// Instances know their instance profile, and only IAM knows the profile's role.
async fn instance_uses(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    region: &str,
    now: Timestamp,
) -> UseListing {
    let source = Source::regional(UseKind::Instance, region);
    let mut listing = UseListing { began: Some(now), ..UseListing::default() };
    let instances = match ec2.cluster_instances(region).await {
        Ok(instances) => instances,
        Err(error) => {
            listing.incomplete.insert(source, error.to_string());
            return listing;
        }
    };
    let mut roles: BTreeMap<String, Option<RoleArn>> = BTreeMap::new();
    for instance in instances {
        let profile_arn = instance.instance_profile_arn;
        let name = profile_arn.rsplit('/').next().unwrap_or_default().to_owned();
        if !roles.contains_key(&profile_arn) {
            match ports.iam.instance_profile(&name).await {
                Ok(profile) => {
                    roles.insert(profile_arn.clone(), profile.and_then(|profile| profile.role_arn));
                }
                Err(error) => {
                    listing.incomplete.insert(source.clone(), error.to_string());
                    continue;
                }
            }
        }
        if let Some(Some(role_arn)) = roles.get(&profile_arn) {
            listing.sightings.push(Sighting {
                role_arn: role_arn.clone(),
                seen: Use {
                    source: source.clone(),
                    cluster_name: Some(instance.cluster_name),
                    name,
                    compute: Compute::Ec2,
                    tags: BTreeMap::new(),
                    cluster_tags: BTreeMap::new(),
                },
                at: now,
            });
        }
    }
    if listing.incomplete.is_empty() {
        listing.complete.insert(source);
    }
    listing
}

/// Reads every repository policy of a region into the ledger, and forgets those that are gone.
async fn read_registry(
    ports: &Ports<'_>,
    settings: &Settings,
    region: &str,
) -> Result<(), PortError> {
    let began = ports.clock.now();
    let known = ports.ledger.registry_documents().await?;
    let mut documents = ports.ecr.policies(region, began).await?;
    documents.retain(|document| can_touch_account(&document.document, &settings.account));
    for document in &documents {
        let repository_name = document.repository_name.as_deref();
        let is_known = known.iter().any(|known| {
            known.region == document.region
                && known.repository_name == document.repository_name
                && known.document == document.document
                && known.covers_all_actions == document.covers_all_actions
        });
        if !is_known {
            ports
                .ledger
                .keep_registry_document(region, repository_name, Some(document), began)
                .await?;
        }
    }
    for gone in known.iter().filter(|known| {
        known.region == region
            && known.read_at < began
            && !documents.iter().any(|document| document.repository_name == known.repository_name)
    }) {
        let repository_name = gone.repository_name.as_deref();
        ports.ledger.keep_registry_document(region, repository_name, None, began).await?;
    }
    Ok(())
}

/// One task for each role that was seen or is remembered.
async fn tasks(
    ports: &Ports<'_>,
    listing: UseListing,
    kind: SweepKind,
) -> Result<Vec<RoleTask>, PortError> {
    let mut by_name: BTreeMap<String, RoleTask> = BTreeMap::new();
    let known = ports.ledger.all_records().await?;
    let remembered = known.iter().map(|known| known.record.role_arn.role_name());
    let seen = listing.sightings.iter().map(|sighting| sighting.role_arn.role_name());
    for role_name in remembered.chain(seen) {
        by_name.entry(role_name.key()).or_insert_with(|| RoleTask::new(role_name));
    }
    let complete =
        UseListing { sightings: Vec::new(), incomplete: BTreeMap::new(), ..listing.clone() };
    for sighting in listing.sightings {
        if let Some(task) = by_name.get_mut(&sighting.role_arn.role_name().key()) {
            task.sightings.push(sighting);
        }
    }
    Ok(by_name
        .into_values()
        .map(|task| RoleTask { listing: complete.clone(), sweep: Some(kind), ..task })
        .collect())
}

/// How many findings are read back in one call.
const READ_AT_ONCE: usize = 20;

/// Imports again what Security Hub lost or holds otherwise.
async fn repair(ports: &Ports<'_>) -> Result<usize, RoleError> {
    let records = ports.ledger.all_records().await?;
    let now = ports.clock.now();
    let mut wanted: Vec<(String, String)> = Vec::new();
    for known in &records {
        for (check, remembered) in &known.record.checks {
            if now.duration_since(remembered.finding.updated_at) >= SETTLED {
                let id = finding_id(&known.record.role_arn, *check);
                wanted.push((id, known.record.role_arn.role_name().key()));
            }
        }
    }
    let mut stored = BTreeMap::new();
    for some in wanted.chunks(READ_AT_ONCE) {
        let ids: Vec<String> = some.iter().map(|(id, _)| id.clone()).collect();
        for finding in ports.security_hub.read_back(&ids).await? {
            stored.insert(finding.id.clone(), finding);
        }
    }
    let unresolved: Vec<Finding> = records
        .iter()
        .flat_map(|known| known.record.checks.values())
        .map(|remembered| &remembered.finding)
        .filter(|finding| {
            stored
                .get(&finding_id(&finding.role.arn, finding.check))
                .is_some_and(|stored| is_unresolved(finding, stored))
        })
        .cloned()
        .collect();
    if !unresolved.is_empty() {
        ports.security_hub.resolve(&unresolved).await?;
    }
    let mut repaired = 0;
    for known in records {
        let ids: BTreeSet<&String> = wanted.iter().map(|(id, _)| id).collect();
        repaired += import_again(ports, known, &ids, &stored).await?;
    }
    Ok(repaired)
}

/// Whether a finding that passes still waits for somebody: Security Hub may not have known it yet
/// when it was to be resolved.
fn is_unresolved(finding: &Finding, stored: &StoredFinding) -> bool {
    finding.result.status == Status::Passed
        && finding.record_state == RecordState::Active
        && stored.compliance_status == Status::Passed.as_str()
        && matches!(stored.workflow_status.as_str(), "NEW" | "NOTIFIED")
}

async fn import_again(
    ports: &Ports<'_>,
    known: Versioned,
    wanted: &BTreeSet<&String>,
    stored: &BTreeMap<String, StoredFinding>,
) -> Result<usize, RoleError> {
    let id = ports.clock.unique_id();
    let now = ports.clock.now();
    let mut next = known.record.clone();
    let mut repaired = 0;
    for (check, remembered) in &mut next.checks {
        let finding_id = finding_id(&known.record.role_arn, *check);
        if wanted.contains(&finding_id) {
            remembered.note_workflow(stored.get(&finding_id));
        }
        let is_there = stored.get(&finding_id).is_some_and(|stored| {
            stored.compliance_status == remembered.finding.result.status.as_str()
                && (stored.record_state == "ARCHIVED") == remembered.is_archived()
        });
        // An archived finding that Security Hub has deleted needs no return.
        let is_settled = remembered.is_archived() && !stored.contains_key(&finding_id);
        if is_there || is_settled || !wanted.contains(&finding_id) {
            continue;
        }
        remembered.finding.updated_at =
            now.max(remembered.finding.updated_at + SignedDuration::from_millis(1));
        next.outbox.push(OutboxEntry {
            id: format!("{id}/{check}"),
            message: Message::SecurityHub {
                finding: Box::new(remembered.finding.clone()),
                reopens: false,
            },
            leased_until: None,
            sender: None,
        });
        repaired += 1;
    }
    if next == known.record {
        return Ok(0);
    }
    let role_name = known.record.role_arn.role_name();
    match ports.ledger.write(&next, known.version, &id).await? {
        // Whoever came first has read the role afresh.
        WriteOutcome::Conflict => Ok(0),
        WriteOutcome::Written => {
            deliver(ports, &role_name).await?;
            Ok(repaired)
        }
    }
}

/// Tells each owner in one message what the first sweep found, and takes the entries out.
async fn send_digests(ports: &Ports<'_>) -> Result<(), RoleError> {
    let records = ports.ledger.all_records().await?;
    let mut by_owner: BTreeMap<(Option<TopicArn>, String), Vec<Alert>> = BTreeMap::new();
    for known in &records {
        for entry in &known.record.outbox {
            if let Message::Digest { alert } = &entry.message {
                let owners = if alert.owners.is_empty() {
                    vec!["unowned".to_owned()]
                } else {
                    alert.owners.clone()
                };
                for owner in owners {
                    let addressee = (alert.topic.clone(), owner);
                    by_owner.entry(addressee).or_default().push((**alert).clone());
                }
            }
        }
    }
    for ((_, owner), alerts) in &by_owner {
        publish_digest(ports, owner, alerts).await?;
    }
    for known in records {
        let mut next = known.record.clone();
        next.outbox.retain(|entry| !matches!(entry.message, Message::Digest { .. }));
        if next != known.record {
            // On a conflict the entries stay and are told once more, which is the lesser evil.
            let write_id = ports.clock.unique_id();
            ports.ledger.write(&next, known.version, &write_id).await?;
        }
    }
    Ok(())
}

/// Tells, once, of each verdict that no event explained in all the time that one needs. The alarm
/// SweepOnlyDrift of `template.yaml` looks for the word in the log.
async fn unexplained(ports: &Ports<'_>) -> Result<BTreeSet<RoleArn>, PortError> {
    let now = ports.clock.now();
    let mut unexplained = BTreeSet::new();
    for known in ports.ledger.all_records().await? {
        let is_due = |since: Timestamp| now.duration_since(since) >= EVENT_UNDER_WAY;
        if !known.record.unexplained_since.is_some_and(is_due) {
            continue;
        }
        let next = Record { unexplained_since: None, ..known.record };
        let write_id = ports.clock.unique_id();
        // Whoever came first has perhaps heard the event; the next sweep looks again.
        if ports.ledger.write(&next, known.version, &write_id).await? == WriteOutcome::Written {
            tracing::error!(
                role = %next.role_arn,
                "SweepOnlyDrift: no event told why the verdict became another one; is there a trail \
                 of management events, and a forwarder in each region?"
            );
            unexplained.insert(next.role_arn);
        }
    }
    Ok(unexplained)
}
