//! One attempt at the records of one name: each is brought to what was found out, and read back from
//! Security Hub where an alert hangs on that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::arn::RoleArn;
use crate::asff::finding_id;
use crate::drift::SweepKind;
use crate::error::PortError;
use crate::finding::StoredFinding;
use crate::journey::cluster_tags::{ClusterTags, with_cluster_tags};
use crate::journey::namesakes::{forget_some, observed_of};
use crate::journey::role::{RoleError, RoleTask};
use crate::ledger::{Message, OutboxEntry, Record, RecordedUse};
use crate::node_role::Sighting;
use crate::ports::Ports;
use crate::role_policies::RolePolicies;
use crate::settings::Settings;
use crate::standard::Check;
use crate::tags_read::with_tags_read;
use crate::transition::{Observed, Step, transition};
use crate::uses::standing_uses;
use crate::visibility::not_shown;

/// What the records of one name have in common in one attempt.
pub struct Attempt<'task> {
    pub ports: &'task Ports<'task>,
    pub settings: &'task Settings,
    pub task: &'task RoleTask,
    /// What IAM answered of the name.
    pub role: &'task Result<Option<RolePolicies>, PortError>,
    pub cluster_tags: Arc<ClusterTags>,
    pub now: Timestamp,
}

impl Attempt<'_> {
    /// The uses of a record's role that stand.
    pub fn uses(&self, record: &Record) -> Vec<RecordedUse> {
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
    pub async fn next(
        &self,
        before: &Record,
        uses: Vec<RecordedUse>,
        observed: Observed,
    ) -> Result<(String, Record), RoleError> {
        let id = self.ports.clock.unique_id();
        let unseen = match self.role {
            Ok(role) => {
                let role = role.as_ref().filter(|role| role.role_arn == before.role_arn);
                not_shown(before.changes.iter().chain(&self.task.changes), role)
            }
            Err(_) => BTreeSet::new(),
        };
        let mut step = Step {
            before,
            uses,
            observed,
            changes: &self.task.changes,
            unseen,
            settings: self.settings,
            now: self.now,
            is_sweep: self.task.sweep.is_some(),
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
    pub async fn namesakes(
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
