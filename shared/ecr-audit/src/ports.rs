//! What the journey needs from the world: one trait a place. Adapters keep them; nothing here
//! knows how. A port that cannot tell says so: it never answers with less than there is.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::alert::Alert;
use crate::arn::{RoleArn, RoleName};
use crate::error::PortError;
use crate::finding::Finding;
use crate::ledger::Record;
use crate::node_role::{Use, UseListing};
use crate::registries::{Registries, RegistryReading};
use crate::role_policies::{RegistryDocument, RolePolicies, RolePolicy};
use crate::sweep_part::SweepPart;
use crate::sweep_step::{SweepRun, SweepStep};

pub use crate::finding::StoredFinding;
pub use crate::instance_profile::{ClusterInstances, InstanceProfile};
pub use crate::sweep_step::SweepRecord;

/// Reads of IAM. It is global, and its reads can lag behind its writes.
#[async_trait]
pub trait Iam: Send + Sync {
    /// Everything IAM holds about one role, documents included. `None`: IAM says that the role
    /// does not exist.
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError>;

    /// Everything IAM holds about several roles, each answered by itself, in their order. Nothing of
    /// it was read before the call, and a managed policy that many of them hold need be read only
    /// once.
    async fn roles(&self, role_names: &[RoleName]) -> Vec<Result<Option<RolePolicies>, PortError>> {
        let mut roles = Vec::with_capacity(role_names.len());
        for role_name in role_names {
            roles.push(self.role(role_name).await);
        }
        roles
    }

    /// The names of all roles that a managed policy is attached to, as a policy or as a boundary.
    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError>;

    /// An instance profile by name. `None`: it does not exist.
    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError>;

    /// Every instance profile that holds a role, with its tags, complete or an error.
    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError>;

    /// The roles of the account, a page at a time: everything but the documents of managed
    /// policies. A role that could not be read is on no page.
    async fn roles_page(&self, marker: Option<&str>) -> Result<Page<RolePolicies>, PortError>;

    /// The default versions of the account's own managed policies and of AWS's in use, a page at
    /// a time.
    async fn managed_policies_page(
        &self,
        marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError>;
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page<Item> {
    /// What is on it.
    pub items: Vec<Item>,
    /// The marker of the next page; absent on the last one.
    pub next: Option<String>,
}

/// Reads of EKS in any region.
#[async_trait]
pub trait Eks: Send + Sync {
    /// The node role and use of one nodegroup. `None`: it does not exist.
    async fn nodegroup(
        &self,
        region: &str,
        cluster_name: &str,
        nodegroup_name: &str,
    ) -> Result<Option<(RoleArn, Use)>, PortError>;

    /// The node role and use of one Fargate profile. `None`: it does not exist.
    async fn fargate_profile(
        &self,
        region: &str,
        cluster_name: &str,
        fargate_profile_name: &str,
    ) -> Result<Option<(RoleArn, Use)>, PortError>;

    /// The node role and use of one cluster's Auto Mode. `None`: no such cluster, or no Auto Mode.
    async fn auto_mode(
        &self,
        region: &str,
        cluster_name: &str,
    ) -> Result<Option<(RoleArn, Use)>, PortError>;

    /// The node role and use of one access entry. `None`: it does not exist, or is of no node type.
    async fn access_entry(
        &self,
        region: &str,
        cluster_name: &str,
        principal_arn: &str,
    ) -> Result<Option<(RoleArn, Use)>, PortError>;

    /// The tags of one cluster. `None`: it does not exist.
    async fn cluster_tags(
        &self,
        region: &str,
        cluster_name: &str,
    ) -> Result<Option<BTreeMap<String, String>>, PortError>;

    /// Every use in a region that EKS knows: nodegroups, access entries, Auto Mode, Fargate.
    async fn uses(&self, region: &str, now: Timestamp) -> UseListing;
}

/// Reads of EC2 in any region.
#[async_trait]
pub trait Ec2: Send + Sync {
    /// The instances tagged for a cluster, one entry for each cluster and instance profile.
    async fn cluster_instances(&self, region: &str) -> Result<Vec<ClusterInstances>, PortError>;

    /// The regions that the account has switched on, as one of them tells.
    async fn enabled_regions(&self, region: &str) -> Result<Vec<String>, PortError>;
}

/// Reads of ECR in any region.
#[async_trait]
pub trait Ecr: Send + Sync {
    /// One repository's policy. `None`: the repository, or its policy, does not exist.
    async fn repository_policy(
        &self,
        region: &str,
        repository_name: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError>;

    /// The registry's own policy. `None`: there is none.
    async fn registry_policy(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError>;

    /// The names of the repositories of a region, complete or an error.
    async fn repository_names(&self, region: &str) -> Result<Vec<String>, PortError>;

    /// Every repository's policy and the registry's, in one region, complete or an error.
    async fn policies(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Vec<RegistryDocument>, PortError>;
}

/// A record as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The record.
    pub record: Record,
    /// Counts the writes, from 1. Zero stands for a record that does not exist yet.
    pub version: u64,
    /// The id of the write that made this version.
    pub write_id: String,
}

/// The whole ledger of roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllRecords {
    /// The records.
    pub records: Vec<Versioned>,
    /// What cannot be read, in words that name the item.
    pub damaged: Vec<String>,
}

/// What became of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It stands.
    Written,
    /// Another write came first: nothing read so far may be used again.
    Conflict,
}

/// The DynamoDB table that remembers. Every read is strongly consistent.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The records of these roles, by [`RoleName::key`]; a role that has none is not in the map.
    async fn records(
        &self,
        role_names: &[RoleName],
    ) -> Result<BTreeMap<String, Versioned>, PortError>;

    /// Every record, and what stands in the place of one and cannot be read.
    async fn all_records(&self) -> Result<AllRecords, PortError>;

    /// Writes a record with its outbox if the ledger still holds `expected_version`, 0 for none.
    /// A write whose answer was lost may have succeeded: the stored write id tells.
    async fn write(
        &self,
        record: &Record,
        expected_version: u64,
        write_id: &str,
    ) -> Result<WriteOutcome, PortError>;

    /// What is kept of every registry.
    async fn registries(&self) -> Result<Registries, PortError>;

    /// Every repository and registry policy that is kept.
    async fn registry_documents(&self) -> Result<Vec<RegistryDocument>, PortError> {
        Ok(self.registries().await?.documents)
    }

    /// Keeps the regions that a sweep walks.
    async fn keep_regions(&self, regions: &BTreeSet<String>) -> Result<(), PortError>;

    /// Keeps how the reading of a region's registry ended.
    async fn keep_registry_reading(
        &self,
        region: &str,
        reading: &RegistryReading,
    ) -> Result<(), PortError>;

    /// Keeps why one policy cannot be read, beside the document that was read last, if there is one;
    /// unless the ledger holds a later reading.
    async fn keep_unread_policy(
        &self,
        region: &str,
        repository_name: Option<&str>,
        reason: &str,
        last: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<(), PortError>;

    /// Keeps one policy, unless the ledger holds a later reading. `None` as document: there is
    /// none.
    async fn keep_registry_document(
        &self,
        region: &str,
        repository_name: Option<&str>,
        document: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<(), PortError>;

    /// What the last sweep ran with that was complete, or that nothing made up for; `None` before
    /// the first.
    async fn last_sweep(&self) -> Result<Option<SweepRecord>, PortError>;

    /// Notes such a sweep.
    async fn note_sweep(&self, sweep: &SweepRecord) -> Result<(), PortError>;

    /// How far the latest sweep has come, with the version of what is kept; `None` before the
    /// first.
    async fn sweep_run(&self) -> Result<Option<(SweepRun, u64)>, PortError>;

    /// Keeps it if the ledger still holds `expected_version`, 0 for none.
    async fn write_sweep_run(
        &self,
        run: &SweepRun,
        expected_version: u64,
    ) -> Result<WriteOutcome, PortError>;

    /// Keeps a part of what a sweep listed, in the place of one of the same name.
    async fn keep_sweep_part(&self, part: &SweepPart) -> Result<(), PortError>;

    /// Every part of one sweep.
    async fn sweep_parts(&self, sweep: &str) -> Result<Vec<SweepPart>, PortError>;

    /// Whether the operators were told that Security Hub is off, and it has not answered since.
    async fn is_outage_told(&self) -> Result<bool, PortError>;

    /// Remembers that they were told, or that it answers again.
    async fn note_outage(&self, is_told: bool) -> Result<(), PortError>;
}

/// Security Hub in one region.
#[async_trait]
pub trait SecurityHub: Send + Sync {
    /// Imports findings, each answered by itself, in their order.
    async fn import(&self, findings: &[Finding]) -> Result<Vec<ImportOutcome>, PortError>;

    /// Sets the workflow of PASSED findings to RESOLVED, where it is NEW or NOTIFIED.
    async fn resolve(&self, findings: &[Finding]) -> Result<(), PortError>;

    /// Sets the workflow of SUPPRESSED findings to NEW, with a note that says why.
    async fn reopen(&self, findings: &[Finding], note: &str) -> Result<(), PortError>;

    /// Puts a note on findings, whatever their workflow is.
    async fn note(&self, findings: &[Finding], note: &str) -> Result<(), PortError>;

    /// pullwatch's own findings with these ids, as Security Hub holds them.
    async fn read_back(&self, ids: &[String]) -> Result<Vec<StoredFinding>, PortError>;
}

/// What became of one import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// Security Hub took it.
    Imported,
    /// Security Hub refused this one, with its reason.
    Refused(String),
}

/// The SNS topics.
#[async_trait]
pub trait Topics: Send + Sync {
    /// Publishes an alert to the topic that it names, else to the stack's.
    async fn alert(&self, alert: &Alert) -> Result<(), PortError>;

    /// Publishes a digest of many alerts to one owner. All of them name the same topic, or none.
    async fn digest(&self, owner: &str, alerts: &[Alert]) -> Result<(), PortError>;

    /// Publishes a line to the operators' topic.
    async fn operators(&self, subject: &str, text: &str) -> Result<(), PortError>;
}

/// The queue that wakes the sweep.
#[async_trait]
pub trait SweepRequests: Send + Sync {
    /// Asks for a step. One that makes up for failures is not given out before a while has passed.
    async fn send(&self, step: &SweepStep) -> Result<(), PortError>;
}

/// The clock, handed in. It also makes ids, so that a test can make them the same each time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// An id that no other call returns.
    fn unique_id(&self) -> String;
}

/// Every port that the journey of an event uses.
#[derive(Clone, Copy)]
pub struct Ports<'ports> {
    /// IAM.
    pub iam: &'ports dyn Iam,
    /// EKS.
    pub eks: &'ports dyn Eks,
    /// ECR.
    pub ecr: &'ports dyn Ecr,
    /// The ledger.
    pub ledger: &'ports dyn Ledger,
    /// Security Hub.
    pub security_hub: &'ports dyn SecurityHub,
    /// The topics.
    pub topics: &'ports dyn Topics,
    /// The sweep's queue.
    pub sweep_requests: &'ports dyn SweepRequests,
    /// The clock.
    pub clock: &'ports dyn Clock,
}
