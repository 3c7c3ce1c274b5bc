//! An AWS account as its services hold it. Each child adds one service's calls; the ports read
//! it through [`crate::MemoryAccount`].

pub mod clusters;
pub mod gaps;
pub(crate) mod instance_profiles;
mod instances;
mod managed_policies;
mod repositories;
mod roles;

use std::collections::BTreeMap;

use ecr_audit::ports::InstanceProfile;
use ecr_audit::role_policies::RegistryDocument;

pub(crate) use clusters::Cluster;
pub(crate) use gaps::Reading;
pub(crate) use instances::Instance;
pub(crate) use managed_policies::ManagedPolicy;
pub(crate) use repositories::{Registry, Repository};
pub(crate) use roles::Role;

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

/// An AWS account: what IAM, EKS, EC2 and ECR hold of it. A plain value; every change is a method
/// named as the API call that makes it.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub(crate) id: String,
    pub(crate) partition: String,
    /// By `RoleName::key`.
    pub(crate) roles: BTreeMap<String, Role>,
    /// By ARN.
    pub(crate) policies: BTreeMap<String, ManagedPolicy>,
    /// By name.
    pub(crate) instance_profiles: BTreeMap<String, InstanceProfile>,
    /// By region and name.
    pub(crate) clusters: BTreeMap<(String, String), Cluster>,
    /// By region and instance id.
    pub(crate) instances: BTreeMap<(String, String), Instance>,
    /// By region and name.
    pub(crate) repositories: BTreeMap<(String, String), Repository>,
    /// By region.
    pub(crate) registries: BTreeMap<String, Registry>,
    /// What cannot be read, with the reason.
    pub(crate) gaps: BTreeMap<Reading, String>,
    created_ids: u64,
}

impl Account {
    /// An empty account.
    pub fn new(id: &str, partition: &str) -> Self {
        Self { id: id.to_owned(), partition: partition.to_owned(), ..Self::default() }
    }

    /// The account's twelve digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `aws`, `aws-cn`, …
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Every region in which the account has a cluster, an instance, a repository or a registry
    /// policy.
    pub fn regions(&self) -> Vec<String> {
        let mut regions: Vec<String> = (self.clusters.keys().map(|(region, _)| region))
            .chain(self.instances.keys().map(|(region, _)| region))
            .chain(self.repositories.keys().map(|(region, _)| region))
            .chain(self.registries.keys())
            .cloned()
            .collect();
        regions.sort();
        regions.dedup();
        regions
    }

    /// Every repository and registry policy of a region, read at an instant.
    pub(crate) fn registry_documents(
        &self,
        region: &str,
        read_at: jiff::Timestamp,
    ) -> Vec<RegistryDocument> {
        let repositories = self
            .repositories
            .iter()
            .filter(|((place, _), _)| place == region)
            .filter_map(|((_, name), repository)| repository.document(region, name, read_at));
        let registry =
            self.registries.get(region).and_then(|registry| registry.document(region, read_at));
        repositories.chain(registry).collect()
    }

    /// A number that no other call returns.
    fn next_id(&mut self) -> u64 {
        self.created_ids += 1;
        self.created_ids
    }
}
