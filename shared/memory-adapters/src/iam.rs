//! The IAM port over the account.

use std::collections::BTreeMap;
use std::ops::Bound::{Included, Unbounded};

use async_trait::async_trait;
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::node_role::{Source, UseKind};
use ecr_audit::ports::{Iam, InstanceProfile, Page};
use ecr_audit::role_policies::{RolePolicies, RolePolicy};

use crate::account::Reading;
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

    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError> {
        let account = self.lock();
        account.whole(&Reading::Uses(source()), "iam:ListInstanceProfiles")?;
        let with_role = account.instance_profiles.values().filter(|one| one.role_arn.is_some());
        Ok(with_role.cloned().collect())
    }

    async fn roles_page(&self, marker: Option<&str>) -> Result<Page<RolePolicies>, PortError> {
        let account = self.lock();
        account.whole(&Reading::Roles, CALL)?;
        let page = page(&account.roles, marker);
        let readable = page
            .items
            .into_iter()
            .filter(|(key, _)| account.whole(&Reading::Role((*key).clone()), CALL).is_ok());
        let roles = readable.map(|(_, role)| without_documents(account.role_policies(role)));
        Ok(Page { items: roles.collect(), next: page.next })
    }

    async fn managed_policies_page(
        &self,
        marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError> {
        let account = self.lock();
        account.whole(&Reading::Roles, CALL)?;
        let policies = account.policies_in_use();
        let page = page(&policies, marker);
        let items = page.items.into_iter().map(|(_, policy)| policy.clone()).collect();
        Ok(Page { items, next: page.next })
    }
}

const CALL: &str = "iam:GetAccountAuthorizationDetails";

/// How much a page holds at least: little, so that small accounts have more than one.
const PAGE_SIZE: usize = 3;

/// How many pages there are at most.
const MOST_PAGES: usize = 20;

/// The entries from a marker on, which is a key.
fn page<'map, Item>(
    all: &'map BTreeMap<String, Item>,
    marker: Option<&str>,
) -> Page<(&'map String, &'map Item)> {
    let mut rest = all.range::<str, _>((marker.map_or(Unbounded, Included), Unbounded));
    let items = rest.by_ref().take(PAGE_SIZE.max(all.len().div_ceil(MOST_PAGES))).collect();
    Page { items, next: rest.next().map(|(key, _)| key.clone()) }
}

/// The documents of managed policies stand on pages of their own.
fn without_documents(mut role: RolePolicies) -> RolePolicies {
    for policy in role.identity.iter_mut().chain(&mut role.boundary) {
        if policy.policy.inline_name().is_none() {
            policy.version = None;
            policy.document = None;
        }
    }
    role
}

const fn source() -> Source {
    Source::global(UseKind::InstanceProfile)
}
