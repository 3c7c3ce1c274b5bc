//! Managed policies with their versions, and the calls of IAM that change them. An AWS managed
//! policy that nobody put into the account is read from the embedded copy.

use std::collections::BTreeMap;

use ecr_audit::role_policies::{PolicyName, RolePolicy};

use super::Account;
use crate::aws_managed::aws_managed_policy;
use crate::error::AccountError;

/// A managed policy as IAM holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ManagedPolicy {
    pub(crate) default_version: String,
    /// Documents by version. One may be absent in a snapshot.
    pub(crate) versions: BTreeMap<String, Option<String>>,
}

impl Account {
    /// `CreatePolicy`: the document becomes version v1 and the default.
    pub fn create_policy(&mut self, arn: &str, document: &str) -> Result<(), AccountError> {
        if self.policies.contains_key(arn) {
            return Err(AccountError::EntityAlreadyExists(arn.to_owned()));
        }
        let versions = BTreeMap::from([("v1".to_owned(), Some(document.to_owned()))]);
        let policy = ManagedPolicy { default_version: "v1".to_owned(), versions };
        self.policies.insert(arn.to_owned(), policy);
        Ok(())
    }

    /// `CreatePolicyVersion`; the answer is the version's id.
    pub fn create_policy_version(
        &mut self,
        arn: &str,
        document: &str,
        set_as_default: bool,
    ) -> Result<String, AccountError> {
        let policy = self.policy_mut(arn)?;
        let newest = policy
            .versions
            .keys()
            .filter_map(|version| version.strip_prefix('v')?.parse().ok())
            .max();
        let version = format!("v{}", newest.unwrap_or(0_u32) + 1);
        policy.versions.insert(version.clone(), Some(document.to_owned()));
        if set_as_default {
            policy.default_version.clone_from(&version);
        }
        Ok(version)
    }

    /// `SetDefaultPolicyVersion`.
    pub fn set_default_policy_version(
        &mut self,
        arn: &str,
        version: &str,
    ) -> Result<(), AccountError> {
        let policy = self.policy_mut(arn)?;
        if !policy.versions.contains_key(version) {
            return Err(AccountError::NoSuchEntity(version.to_owned()));
        }
        version.clone_into(&mut policy.default_version);
        Ok(())
    }

    /// `DeletePolicy`: refused while a role holds it.
    pub fn delete_policy(&mut self, arn: &str) -> Result<(), AccountError> {
        self.policy_mut(arn)?;
        let is_held = |role: &super::Role| {
            role.attached.iter().any(|attached| attached == arn)
                || role.boundary.as_deref() == Some(arn)
        };
        if self.roles.values().any(is_held) {
            return Err(AccountError::DeleteConflict(arn.to_owned()));
        }
        self.policies.remove(arn);
        Ok(())
    }

    /// An error where neither the account nor AWS has the policy.
    pub(crate) fn policy(&self, arn: &str) -> Result<(), AccountError> {
        if self.policies.contains_key(arn) || aws_managed_policy(arn).is_some() {
            Ok(())
        } else {
            Err(AccountError::NoSuchEntity(arn.to_owned()))
        }
    }

    /// The policy's default version with its document, where there is one.
    pub(crate) fn role_policy(&self, arn: &str) -> RolePolicy {
        let (version, document) = if let Some(policy) = self.policies.get(arn) {
            let document = policy.versions.get(&policy.default_version).cloned().flatten();
            (Some(policy.default_version.clone()), document)
        } else if let Some(policy) = aws_managed_policy(arn) {
            (Some(policy.version.clone()), Some(policy.document.clone()))
        } else {
            (None, None)
        };
        RolePolicy { policy: PolicyName::managed(arn), version, document }
    }

    /// The default versions of the account's own policies and of those of AWS that a role holds,
    /// by ARN, where they are known.
    pub(crate) fn policies_in_use(&self) -> BTreeMap<String, RolePolicy> {
        let held = self.roles.values().flat_map(|role| role.attached.iter().chain(&role.boundary));
        let policies = self.policies.keys().chain(held);
        policies
            .map(|arn| (arn.clone(), self.role_policy(arn)))
            .filter(|(_, policy)| policy.document.is_some())
            .collect()
    }

    fn policy_mut(&mut self, arn: &str) -> Result<&mut ManagedPolicy, AccountError> {
        self.policies.get_mut(arn).ok_or_else(|| AccountError::NoSuchEntity(arn.to_owned()))
    }
}
