//! The instance profiles by which EC2 instances wear a role, and the instances of a cluster.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;
use crate::node_role::{Compute, Source, Use, UseKind, cluster_names};

/// An instance profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// Its name, without its path.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The role it holds.
    pub role_arn: Option<RoleArn>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl InstanceProfile {
    /// The uses that a tagged profile gives its role: one for each cluster that it names.
    pub fn uses(&self) -> Vec<(RoleArn, Use)> {
        let Some(role_arn) = &self.role_arn else {
            return Vec::new();
        };
        let seen = |cluster_name| Use {
            source: Source::global(UseKind::InstanceProfile),
            cluster_name: Some(cluster_name),
            name: self.name.clone(),
            compute: Compute::Ec2,
            tags: self.tags.clone(),
            cluster_tags: BTreeMap::new(),
        };
        let cluster_names = cluster_names(&self.tags).into_iter();
        cluster_names.map(|cluster_name| (role_arn.clone(), seen(cluster_name))).collect()
    }
}

/// Instances of one cluster that share an instance profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterInstances {
    /// The cluster they are tagged for.
    pub cluster_name: String,
    /// Their instance profile's ARN. Its path is not its role's path.
    pub instance_profile_arn: String,
}
