//! IAM that does not answer what it is asked of roles.

use async_trait::async_trait;
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::ports::{Iam, InstanceProfile, Page};
use ecr_audit::role_policies::{RolePolicies, RolePolicy};
use memory_adapters::MemoryAccount;

/// IAM of an account. With a fault, each read of roles is answered by it.
#[derive(Debug)]
pub struct FaultyIam<'account> {
    /// The account.
    pub account: &'account MemoryAccount,
    /// The fault.
    pub fault: Option<PortError>,
}

impl FaultyIam<'_> {
    fn answer(&self) -> Result<(), PortError> {
        self.fault.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Iam for FaultyIam<'_> {
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError> {
        self.answer()?;
        self.account.role(role_name).await
    }

    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError> {
        self.account.roles_with_policy(policy_arn).await
    }

    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError> {
        self.account.instance_profile(name).await
    }

    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError> {
        self.account.instance_profiles().await
    }

    async fn roles_page(&self, marker: Option<&str>) -> Result<Page<RolePolicies>, PortError> {
        self.answer()?;
        self.account.roles_page(marker).await
    }

    async fn managed_policies_page(
        &self,
        marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError> {
        self.account.managed_policies_page(marker).await
    }
}
