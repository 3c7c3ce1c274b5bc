//! The ports with a gate before and after each call, at which the scheduler may let another go
//! on, or drop the caller. A planted fault shows that the checks can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::task::Poll;

use async_trait::async_trait;
use ecr_audit::alert::Alert;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::error::PortError;
use ecr_audit::finding::Finding;
use ecr_audit::ledger::Record;
use ecr_audit::node_role::{Use, UseListing};
use ecr_audit::ports::{
    AllRecords, ClusterInstances, Ec2, Ecr, Eks, Iam, ImportOutcome, InstanceProfile, Ledger, Page,
    SecurityHub, StoredFinding, SweepRecord, SweepRequests, Topics, Versioned, WriteOutcome,
};
use ecr_audit::registries::{Registries, RegistryReading};
use ecr_audit::role_policies::{RegistryDocument, RolePolicies, RolePolicy};
use ecr_audit::sweep_part::SweepPart;
use ecr_audit::sweep_step::{SweepRun, SweepStep};
use jiff::Timestamp;

/// A fault that a test plants, to see it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// None.
    Nothing,
    /// The ledger lets any write stand, whatever version it was made from: a stale read
    /// overwrites a fresh one.
    UnconditionalWrites,
    /// Nobody sees the outbox of a sender that died, so nobody empties it.
    UnseenOutbox,
}

/// A port behind the gate.
#[derive(Debug)]
pub struct Gate<'port, Port> {
    /// The port.
    pub port: &'port Port,
    /// The planted fault.
    pub planted: Planted,
}

/// Gives the turn away once. It wakes itself, because a stream of many futures polls only those
/// that were woken.
async fn turn() {
    let mut has_waited = false;
    poll_fn(|context| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

macro_rules! through {
    ($call:expr) => {{
        turn().await;
        let answer = $call.await;
        turn().await;
        answer
    }};
}

#[async_trait]
impl<Port: Iam> Iam for Gate<'_, Port> {
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError> {
        through!(self.port.role(role_name))
    }

    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError> {
        through!(self.port.roles_with_policy(policy_arn))
    }

    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError> {
        through!(self.port.instance_profile(name))
    }

    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError> {
        through!(self.port.instance_profiles())
    }

    async fn roles_page(&self, marker: Option<&str>) -> Result<Page<RolePolicies>, PortError> {
        through!(self.port.roles_page(marker))
    }

    async fn managed_policies_page(
        &self,
        marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError> {
        through!(self.port.managed_policies_page(marker))
    }
}

#[async_trait]
impl<Port: Eks> Eks for Gate<'_, Port> {
    async fn nodegroup(
        &self,
        region: &str,
        cluster_name: &str,
        nodegroup_name: &str,
    ) -> Result<Option<(RoleArn, Use)>, PortError> {
        through!(self.port.nodegroup(region, cluster_name, nodegroup_name))
    }

    async fn fargate_profile(
        &self,
        region: &str,
        cluster_name: &str,
        fargate_profile_name: &str,
    ) -> Result<Option<(RoleArn, Use)>, PortError> {
        through!(self.port.fargate_profile(region, cluster_name, fargate_profile_name))
    }

    async fn auto_mode(
        &self,
        region: &str,
        cluster_name: &str,
    ) -> Result<Option<(RoleArn, Use)>, PortError> {
        through!(self.port.auto_mode(region, cluster_name))
    }

    async fn access_entry(
        &self,
        region: &str,
        cluster_name: &str,
        principal_arn: &str,
    ) -> Result<Option<(RoleArn, Use)>, PortError> {
        through!(self.port.access_entry(region, cluster_name, principal_arn))
    }

    async fn cluster_tags(
        &self,
        region: &str,
        cluster_name: &str,
    ) -> Result<Option<BTreeMap<String, String>>, PortError> {
        through!(self.port.cluster_tags(region, cluster_name))
    }

    async fn uses(&self, region: &str, now: Timestamp) -> UseListing {
        through!(self.port.uses(region, now))
    }
}

#[async_trait]
impl<Port: Ec2> Ec2 for Gate<'_, Port> {
    async fn cluster_instances(&self, region: &str) -> Result<Vec<ClusterInstances>, PortError> {
        through!(self.port.cluster_instances(region))
    }

    async fn enabled_regions(&self, region: &str) -> Result<Vec<String>, PortError> {
        through!(self.port.enabled_regions(region))
    }
}

#[async_trait]
impl<Port: Ecr> Ecr for Gate<'_, Port> {
    async fn repository_policy(
        &self,
        region: &str,
        repository_name: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        through!(self.port.repository_policy(region, repository_name, now))
    }

    async fn registry_policy(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        through!(self.port.registry_policy(region, now))
    }

    async fn repository_names(&self, region: &str) -> Result<Vec<String>, PortError> {
        through!(self.port.repository_names(region))
    }

    async fn policies(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Vec<RegistryDocument>, PortError> {
        through!(self.port.policies(region, now))
    }
}

#[async_trait]
impl<Port: Ledger> Ledger for Gate<'_, Port> {
    async fn records(
        &self,
        role_names: &[RoleName],
    ) -> Result<BTreeMap<String, Versioned>, PortError> {
        let mut records = through!(self.port.records(role_names))?;
        if self.planted == Planted::UnseenOutbox {
            for known in records.values_mut() {
                known.record.outbox.clear();
            }
        }
        Ok(records)
    }

    async fn all_records(&self) -> Result<AllRecords, PortError> {
        through!(self.port.all_records())
    }

    async fn write(
        &self,
        record: &Record,
        expected_version: u64,
        write_id: &str,
    ) -> Result<WriteOutcome, PortError> {
        turn().await;
        let mut expected_version = expected_version;
        if self.planted == Planted::UnconditionalWrites {
            let role_name = record.role_arn.role_name();
            let known = self.port.records(std::slice::from_ref(&role_name)).await?;
            expected_version = known.get(&role_name.key()).map_or(0, |known| known.version);
        }
        let outcome = self.port.write(record, expected_version, write_id).await;
        turn().await;
        outcome
    }

    async fn registries(&self) -> Result<Registries, PortError> {
        through!(self.port.registries())
    }

    async fn keep_regions(&self, regions: &BTreeSet<String>) -> Result<(), PortError> {
        through!(self.port.keep_regions(regions))
    }

    async fn keep_registry_reading(
        &self,
        region: &str,
        reading: &RegistryReading,
    ) -> Result<(), PortError> {
        through!(self.port.keep_registry_reading(region, reading))
    }

    async fn keep_unread_policy(
        &self,
        region: &str,
        repository_name: Option<&str>,
        reason: &str,
        last: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<(), PortError> {
        through!(self.port.keep_unread_policy(region, repository_name, reason, last, read_at))
    }

    async fn keep_registry_document(
        &self,
        region: &str,
        repository_name: Option<&str>,
        document: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<(), PortError> {
        through!(self.port.keep_registry_document(region, repository_name, document, read_at))
    }

    async fn last_sweep(&self) -> Result<Option<SweepRecord>, PortError> {
        through!(self.port.last_sweep())
    }

    async fn note_sweep(&self, sweep: &SweepRecord) -> Result<(), PortError> {
        through!(self.port.note_sweep(sweep))
    }

    async fn sweep_run(&self) -> Result<Option<(SweepRun, u64)>, PortError> {
        through!(self.port.sweep_run())
    }

    async fn write_sweep_run(
        &self,
        run: &SweepRun,
        expected_version: u64,
    ) -> Result<WriteOutcome, PortError> {
        through!(self.port.write_sweep_run(run, expected_version))
    }

    async fn keep_sweep_part(&self, part: &SweepPart) -> Result<(), PortError> {
        through!(self.port.keep_sweep_part(part))
    }

    async fn sweep_parts(&self, sweep: &str) -> Result<Vec<SweepPart>, PortError> {
        through!(self.port.sweep_parts(sweep))
    }

    async fn is_outage_told(&self) -> Result<bool, PortError> {
        through!(self.port.is_outage_told())
    }

    async fn note_outage(&self, is_told: bool) -> Result<(), PortError> {
        through!(self.port.note_outage(is_told))
    }
}

#[async_trait]
impl<Port: SecurityHub> SecurityHub for Gate<'_, Port> {
    async fn import(&self, findings: &[Finding]) -> Result<Vec<ImportOutcome>, PortError> {
        through!(self.port.import(findings))
    }

    async fn resolve(&self, findings: &[Finding]) -> Result<(), PortError> {
        through!(self.port.resolve(findings))
    }

    async fn reopen(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        through!(self.port.reopen(findings, note))
    }

    async fn note(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        through!(self.port.note(findings, note))
    }

    async fn read_back(&self, ids: &[String]) -> Result<Vec<StoredFinding>, PortError> {
        through!(self.port.read_back(ids))
    }
}

#[async_trait]
impl<Port: Topics> Topics for Gate<'_, Port> {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        through!(self.port.alert(alert))
    }

    async fn digest(&self, owner: &str, alerts: &[Alert]) -> Result<(), PortError> {
        through!(self.port.digest(owner, alerts))
    }

    async fn operators(&self, subject: &str, text: &str) -> Result<(), PortError> {
        through!(self.port.operators(subject, text))
    }
}

#[async_trait]
impl<Port: SweepRequests> SweepRequests for Gate<'_, Port> {
    async fn send(&self, step: &SweepStep) -> Result<(), PortError> {
        through!(self.port.send(step))
    }
}
