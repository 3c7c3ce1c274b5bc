//! IAM that does not answer what it is asked of roles.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::ports::{Iam, InstanceProfile, Page};
use ecr_audit::role_policies::{RolePolicies, RolePolicy};
use memory_adapters::MemoryAccount;

/// IAM of an account. What has a fault is answered by it.
#[derive(Debug)]
pub struct FaultyIam<'account> {
    /// The account.
    pub account: &'account MemoryAccount,
    /// The fault of each read of one role.
    pub role: Option<PortError>,
    /// The fault of each page of roles.
    pub roles_page: Option<PortError>,
    /// The fault of each read of one instance profile.
    pub instance_profile: Option<PortError>,
    /// The roles that were read, but for those on pages.
    pub read: Mutex<Vec<RoleName>>,
    /// How many roles were asked for together, call by call.
    pub together: Mutex<Vec<usize>>,
}

impl<'account> FaultyIam<'account> {
    /// IAM of this account, without a fault.
    pub fn new(account: &'account MemoryAccount) -> Self {
        let (read, together) = (Mutex::default(), Mutex::default());
        Self { account, role: None, roles_page: None, instance_profile: None, read, together }
    }

    /// IAM whose reads of roles have this fault, if any.
    pub fn of_roles(account: &'account MemoryAccount, fault: Option<PortError>) -> Self {
        Self { role: fault.clone(), roles_page: fault, ..Self::new(account) }
    }
}

fn answer(fault: Option<&PortError>) -> Result<(), PortError> {
    fault.map_or(Ok(()), |fault| Err(fault.clone()))
}

#[async_trait]
impl Iam for FaultyIam<'_> {
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError> {
        answer(self.role.as_ref())?;
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push(role_name.clone());
        self.account.role(role_name).await
    }

    async fn roles(&self, role_names: &[RoleName]) -> Vec<Result<Option<RolePolicies>, PortError>> {
        self.together.lock().unwrap_or_else(PoisonError::into_inner).push(role_names.len());
        self.read.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(role_names);
        if let Err(fault) = answer(self.role.as_ref()) {
            return vec![Err(fault); role_names.len()];
        }
        self.account.roles(role_names).await
    }

    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError> {
        self.account.roles_with_policy(policy_arn).await
    }

    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError> {
        answer(self.instance_profile.as_ref())?;
        self.account.instance_profile(name).await
    }

    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError> {
        self.account.instance_profiles().await
    }

    async fn roles_page(&self, marker: Option<&str>) -> Result<Page<RolePolicies>, PortError> {
        answer(self.roles_page.as_ref())?;
        self.account.roles_page(marker).await
    }

    async fn managed_policies_page(
        &self,
        marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError> {
        self.account.managed_policies_page(marker).await
    }
}
