//! The IAM port over the account.

use async_trait::async_trait;
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::node_role::{Sighting, Source, UseKind, UseListing};
use ecr_audit::ports::{Iam, InstanceProfile};
use ecr_audit::role_policies::RolePolicies;
use jiff::Timestamp;

use crate::account::Reading;
use crate::eks::listing;
use crate::memory_account::MemoryAccount;

#[async_trait]
impl Iam for MemoryAccount {
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError> {
        let account = self.lock();
        account.whole(&Reading::Role(role_name.key()), "iam:GetRole")?;
        if let Some(role) = account.roles.get(&role_name.key()) {
            return Ok(Some(account.role_policies(role)));
        }
        account.whole(&Reading::Roles, "iam:GetRole")?;
        Ok(None)
    }

    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError> {
        let account = self.lock();
        account.whole(&Reading::Roles, "iam:ListEntitiesForPolicy")?;
        let holds = |role: &&crate::account::Role| {
            role.attached.iter().any(|attached| attached == policy_arn)
                || role.boundary.as_deref() == Some(policy_arn)
        };
        Ok(account.roles.values().filter(holds).map(|role| role.arn.role_name()).collect())
    }

    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError> {
        let account = self.lock();
        if let Some(profile) = account.instance_profiles.get(name) {
            return Ok(Some(profile.clone()));
        }
        account.whole(&Reading::Uses(source()), "iam:GetInstanceProfile")?;
        Ok(None)
    }

    async fn cluster_instance_profiles(&self, now: Timestamp) -> UseListing {
        let account = self.lock();
        let uses = account.instance_profiles.values().flat_map(InstanceProfile::uses);
        let sightings = uses.map(|(role_arn, seen)| Sighting { role_arn, seen, at: now });
        listing(&account, [source()], sightings, now)
    }
}

const fn source() -> Source {
    Source::global(UseKind::InstanceProfile)
}
