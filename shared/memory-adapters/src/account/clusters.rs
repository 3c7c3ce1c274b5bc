//! Clusters with their nodegroups, Fargate profiles and access entries, and the calls of EKS that
//! change them.

use std::collections::BTreeMap;

use ecr_audit::arn::RoleArn;

use super::{Account, Tags};
use crate::error::AccountError;

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its tags.
    pub tags: Tags,
    /// The node role of Auto Mode, where that is enabled and has one.
    pub auto_mode_role: Option<RoleArn>,
    /// Whether its authentication mode is CONFIG_MAP, so that it has no access entries.
    pub is_config_map: bool,
    /// Its nodegroups by name.
    pub nodegroups: BTreeMap<String, Nodegroup>,
    /// Its Fargate profiles by name.
    pub fargate_profiles: BTreeMap<String, FargateProfile>,
    /// Its access entries by principal.
    pub access_entries: BTreeMap<String, AccessEntry>,
}

/// A managed nodegroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodegroup {
    /// Its `nodeRole`.
    pub node_role: RoleArn,
    /// Its tags.
    pub tags: Tags,
}

/// A Fargate profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FargateProfile {
    /// Its `podExecutionRoleArn`.
    pub pod_execution_role: RoleArn,
    /// Its tags.
    pub tags: Tags,
}

/// An access entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    /// `STANDARD`, `EC2_LINUX`, …
    pub entry_type: String,
    /// Its tags.
    pub tags: Tags,
}

impl Account {
    /// `CreateCluster`.
    pub fn create_cluster(
        &mut self,
        region: &str,
        name: &str,
        cluster: Cluster,
    ) -> Result<(), AccountError> {
        let place = (region.to_owned(), name.to_owned());
        if self.clusters.contains_key(&place) {
            return Err(AccountError::EntityAlreadyExists(name.to_owned()));
        }
        self.clusters.insert(place, cluster);
        Ok(())
    }

    /// `DeleteCluster`: refused while it has nodegroups or Fargate profiles.
    pub fn delete_cluster(&mut self, region: &str, name: &str) -> Result<(), AccountError> {
        let cluster = self.cluster_mut(region, name)?;
        if !cluster.nodegroups.is_empty() || !cluster.fargate_profiles.is_empty() {
            return Err(AccountError::DeleteConflict(name.to_owned()));
        }
        self.clusters.remove(&(region.to_owned(), name.to_owned()));
        Ok(())
    }

    /// `UpdateClusterConfig`, as far as it turns Auto Mode on or off.
    pub fn set_auto_mode(
        &mut self,
        region: &str,
        name: &str,
        node_role: Option<RoleArn>,
    ) -> Result<(), AccountError> {
        self.cluster_mut(region, name)?.auto_mode_role = node_role;
        Ok(())
    }

    /// `TagResource` and `UntagResource` of a cluster: these are its tags now.
    pub fn tag_cluster(
        &mut self,
        region: &str,
        name: &str,
        tags: Tags,
    ) -> Result<(), AccountError> {
        self.cluster_mut(region, name)?.tags = tags;
        Ok(())
    }

    /// `CreateNodegroup`.
    pub fn create_nodegroup(
        &mut self,
        region: &str,
        cluster_name: &str,
        nodegroup_name: &str,
        nodegroup: Nodegroup,
    ) -> Result<(), AccountError> {
        let nodegroups = &mut self.cluster_mut(region, cluster_name)?.nodegroups;
        insert_new(nodegroups, nodegroup_name, nodegroup)
    }

    /// `DeleteNodegroup`, after its nodes have gone.
    pub fn delete_nodegroup(
        &mut self,
        region: &str,
        cluster_name: &str,
        nodegroup_name: &str,
    ) -> Result<(), AccountError> {
        remove(&mut self.cluster_mut(region, cluster_name)?.nodegroups, nodegroup_name)
    }

    /// `CreateFargateProfile`.
    pub fn create_fargate_profile(
        &mut self,
        region: &str,
        cluster_name: &str,
        fargate_profile_name: &str,
        fargate_profile: FargateProfile,
    ) -> Result<(), AccountError> {
        let fargate_profiles = &mut self.cluster_mut(region, cluster_name)?.fargate_profiles;
        insert_new(fargate_profiles, fargate_profile_name, fargate_profile)
    }

    /// `DeleteFargateProfile`.
    pub fn delete_fargate_profile(
        &mut self,
        region: &str,
        cluster_name: &str,
        fargate_profile_name: &str,
    ) -> Result<(), AccountError> {
        remove(&mut self.cluster_mut(region, cluster_name)?.fargate_profiles, fargate_profile_name)
    }

    /// `CreateAccessEntry`.
    pub fn create_access_entry(
        &mut self,
        region: &str,
        cluster_name: &str,
        principal_arn: &str,
        access_entry: AccessEntry,
    ) -> Result<(), AccountError> {
        let access_entries = &mut self.cluster_mut(region, cluster_name)?.access_entries;
        insert_new(access_entries, principal_arn, access_entry)
    }

    /// `DeleteAccessEntry`.
    pub fn delete_access_entry(
        &mut self,
        region: &str,
        cluster_name: &str,
        principal_arn: &str,
    ) -> Result<(), AccountError> {
        remove(&mut self.cluster_mut(region, cluster_name)?.access_entries, principal_arn)
    }

    fn cluster_mut(&mut self, region: &str, name: &str) -> Result<&mut Cluster, AccountError> {
        self.clusters
            .get_mut(&(region.to_owned(), name.to_owned()))
            .ok_or_else(|| AccountError::NoSuchEntity(name.to_owned()))
    }
}

fn insert_new<V>(map: &mut BTreeMap<String, V>, name: &str, value: V) -> Result<(), AccountError> {
    if map.contains_key(name) {
        return Err(AccountError::EntityAlreadyExists(name.to_owned()));
    }
    map.insert(name.to_owned(), value);
    Ok(())
}

fn remove<V>(map: &mut BTreeMap<String, V>, name: &str) -> Result<(), AccountError> {
    map.remove(name).map(drop).ok_or_else(|| AccountError::NoSuchEntity(name.to_owned()))
}
