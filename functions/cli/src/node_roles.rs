//! The node roles of an account, each with its uses and what IAM holds about it. What cannot be
//! read is told for each role, never left out.

use std::collections::BTreeMap;

use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::journey::sweep::{list_uses, read_registries};
use ecr_audit::node_role::Use;
use ecr_audit::ports::{Ec2, Ports};
use ecr_audit::registries::UnreadPolicies;
use ecr_audit::role_policies::{RegistryDocument, RolePolicies};
use ecr_audit::settings::Settings;

/// Every node role of an account, with what its answers rest on.
#[derive(Clone, Debug, Default)]
pub struct NodeRoles {
    /// The roles by their ARNs.
    pub roles: BTreeMap<RoleArn, NodeRole>,
    /// The repository and registry policies that could be read.
    pub registry: Vec<RegistryDocument>,
    /// Those that could not: what they grant and take away is unknown.
    pub unread: Vec<UnreadPolicies>,
}

/// One node role.
#[derive(Clone, Debug)]
pub struct NodeRole {
    /// Why it is one.
    pub uses: Vec<Use>,
    /// What IAM holds about it, or why that cannot be told.
    pub policies: Result<RolePolicies, String>,
}

impl NodeRoles {
    /// Reads them through the ports.
    pub async fn read(
        ports: &Ports<'_>,
        ec2: &dyn Ec2,
        settings: &Settings,
    ) -> Result<Self, PortError> {
        let listing = list_uses(ports, ec2, settings).await;
        let mut found = Self::default();
        let mut uses: BTreeMap<RoleArn, Vec<Use>> = BTreeMap::new();
        for sighting in listing.sightings {
            let of_role = uses.entry(sighting.role_arn).or_default();
            if !of_role.contains(&sighting.seen) {
                of_role.push(sighting.seen);
            }
        }
        for (role_arn, mut uses) in uses {
            uses.sort();
            let policies = role_policies(ports, &role_arn).await;
            found.roles.insert(role_arn, NodeRole { uses, policies });
        }
        read_registries(ports, settings).await?;
        let registries = ports.ledger.registries().await?;
        found.unread = registries.unread();
        found.registry = registries.documents;
        Ok(found)
    }
}

async fn role_policies(ports: &Ports<'_>, role_arn: &RoleArn) -> Result<RolePolicies, String> {
    match ports.iam.role(&role_arn.role_name()).await {
        Ok(Some(role)) if role.role_arn == *role_arn => Ok(role),
        Ok(Some(role)) => Err(format!("IAM knows no `{role_arn}`, only `{}`", role.role_arn)),
        Ok(None) => Err(format!("IAM knows no `{role_arn}`: the role does not exist")),
        Err(error) => Err(error.to_string()),
    }
}
