//! What leads to roles by their records alone: the policies of repositories and registries, and the
//! clusters, that a batch names. The ledger is read once for all of them.

use std::sync::Arc;

use futures::stream::{self, StreamExt};

use super::{Batch, Told};
use crate::error::PortError;
use crate::journey::cluster_tags::{ClusterPlace, has_other_tags};
use crate::journey::registry_changes::{PolicyPlace, Replaced, replaced};
use crate::ports::{AllRecords, Versioned};

/// How many repositories are asked for their policy at once.
const POLICIES_AT_ONCE: usize = 8;

impl<'batch> Batch<'batch> {
    /// Notes that a policy was named; it is followed with the others of the batch.
    pub(super) fn name_policy(
        &mut self,
        region: &str,
        repository_name: Option<&str>,
        told: Told<'batch>,
    ) {
        let repository_name = repository_name.map(str::to_owned);
        let place = PolicyPlace { region: region.to_owned(), repository_name };
        self.policies.entry(place).or_default().push(told);
    }

    /// Notes that a cluster was named; it is followed with the others of the batch.
    pub(super) fn name_cluster(&mut self, region: &str, cluster_name: &str, told: Told<'batch>) {
        let (region, cluster_name) = (region.to_owned(), cluster_name.to_owned());
        self.clusters.entry(ClusterPlace { region, cluster_name }).or_default().push(told);
    }

    /// Reads the policies that were named, and has the node roles assessed that the old or the new
    /// document can touch. The ledger is read before ECR, and once for all of them.
    pub(super) async fn follow_policies(&mut self) -> Vec<Replaced> {
        let named = std::mem::take(&mut self.policies);
        if named.is_empty() {
            return Vec::new();
        }
        let (ports, settings) = (self.ports, self.settings);
        let known = match ports.ledger.registry_documents().await {
            Ok(known) => known,
            Err(error) => {
                self.fail(named.values().flatten(), &error);
                return Vec::new();
            }
        };
        let since = |told: &[Told<'_>]| {
            let times = told.iter().map(|(_, reported)| reported.event.time);
            times.min().unwrap_or_default()
        };
        let (places, all_told): (Vec<_>, Vec<_>) = named.into_iter().unzip();
        let places = places.into_iter().zip(&all_told);
        let reads: Vec<_> = places
            .map(|(place, told)| replaced(ports, settings, &known, place, since(told)))
            .collect();
        let read: Vec<_> = stream::iter(reads).buffered(POLICIES_AT_ONCE).collect().await;
        let mut different = Vec::new();
        for (outcome, told) in read.into_iter().zip(all_told) {
            match outcome {
                Ok(replaced) => different.extend(replaced.map(|replaced| (replaced, told))),
                Err(error) => self.fail(&told, &error),
            }
        }
        if different.is_empty() {
            return Vec::new();
        }
        let records = match self.records().await {
            Ok(records) => records,
            Err(error) => {
                self.fail(different.iter().flat_map(|(_, told)| told), &error);
                return Vec::new();
            }
        };
        let mut followed = Vec::new();
        for (mut replaced, told) in different {
            for known in records.iter().filter(|known| !known.record.is_at_rest()) {
                let role_name = known.record.role_arn.role_name();
                if replaced.touches(&known.record.role_arn) {
                    for (arrival, reported) in &told {
                        self.touch(&role_name, arrival, reported, None);
                    }
                    replaced.role_keys.insert(role_name.key());
                }
            }
            replaced.message_ids.extend(told.iter().map(|(arrival, _)| arrival.message_id.clone()));
            followed.push(replaced);
        }
        followed
    }

    /// Has the roles assessed whose nodes are in a cluster that has other tags now.
    pub(super) async fn follow_clusters(&mut self) {
        for (cluster, told) in std::mem::take(&mut self.clusters) {
            if let Err(error) = self.follow_cluster(&cluster, &told).await {
                self.fail(&told, &error);
            }
        }
    }

    async fn follow_cluster(
        &mut self,
        cluster: &ClusterPlace,
        told: &[Told<'batch>],
    ) -> Result<(), PortError> {
        let eks = self.ports.eks;
        let Some(tags) = eks.cluster_tags(&cluster.region, &cluster.cluster_name).await? else {
            return Ok(());
        };
        for known in self.records().await?.iter() {
            if has_other_tags(&known.record, cluster, &tags, self.settings) {
                for (arrival, reported) in told {
                    let role_name = known.record.role_arn.role_name();
                    let task = self.touch(&role_name, arrival, reported, None);
                    task.clusters.insert(cluster.clone());
                }
            }
        }
        Ok(())
    }

    /// Every record, read once for the batch.
    async fn records(&mut self) -> Result<Arc<Vec<Versioned>>, PortError> {
        if let Some(records) = &self.records {
            return Ok(Arc::clone(records));
        }
        let AllRecords { records, damaged } = self.ports.ledger.all_records().await?;
        // What is damaged keeps the next sweep from being complete.
        for reason in damaged {
            tracing::error!(reason, "the change was not held against a role's record");
        }
        Ok(Arc::clone(self.records.insert(Arc::new(records))))
    }

    /// The messages have to come again.
    fn fail<'told>(
        &mut self,
        told: impl IntoIterator<Item = &'told Told<'batch>>,
        error: &PortError,
    ) where
        'batch: 'told,
    {
        for (arrival, _) in told {
            self.failed.entry(arrival.message_id.clone()).or_insert_with(|| error.to_string());
        }
    }
}
