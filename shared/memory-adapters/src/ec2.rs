//! The EC2 port over the account.

use std::collections::BTreeSet;

use async_trait::async_trait;
use ecr_audit::error::PortError;
use ecr_audit::node_role::{Source, UseKind, cluster_names};
use ecr_audit::ports::{ClusterInstances, Ec2};

use crate::account::Reading;
use crate::memory_account::MemoryAccount;

#[async_trait]
impl Ec2 for MemoryAccount {
    async fn cluster_instances(&self, region: &str) -> Result<Vec<ClusterInstances>, PortError> {
        let account = self.lock();
        let source = Source::regional(UseKind::Instance, region);
        account.whole(&Reading::Uses(source), "ec2:DescribeInstances")?;
        let instances = account
            .instances
            .iter()
            .filter(|((place, _), instance)| place == region && instance.state != "terminated");
        let found: BTreeSet<ClusterInstances> = instances
            .filter_map(|(_, instance)| Some((instance, instance.profile_arn.as_ref()?)))
            .flat_map(|(instance, instance_profile_arn)| {
                cluster_names(&instance.tags).into_iter().map(|cluster_name| ClusterInstances {
                    cluster_name,
                    instance_profile_arn: instance_profile_arn.clone(),
                })
            })
            .collect();
        Ok(found.into_iter().collect())
    }

    async fn enabled_regions(&self, _region: &str) -> Result<Vec<String>, PortError> {
        Ok(self.lock().regions())
    }
}
