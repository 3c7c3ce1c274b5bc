//! Repositories and registries, and the calls of ECR that change their policies.

use ecr_audit::role_policies::RegistryDocument;
use jiff::Timestamp;

use super::{Account, Tags};
use crate::error::AccountError;

/// A repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repository {
    pub(crate) policy: Option<String>,
    pub(crate) tags: Tags,
}

/// The account's registry in one region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    pub(crate) policy: Option<String>,
    /// `V1` or `V2`, the setting `REGISTRY_POLICY_SCOPE`; none where it is not known.
    pub(crate) scope: Option<String>,
}

impl Repository {
    pub(crate) fn document(
        &self,
        region: &str,
        name: &str,
        read_at: Timestamp,
    ) -> Option<RegistryDocument> {
        self.policy.as_ref().map(|policy| RegistryDocument {
            region: region.to_owned(),
            repository_name: Some(name.to_owned()),
            document: policy.clone(),
            covers_all_actions: Some(true),
            unfollowed: Vec::new(),
            read_at,
        })
    }
}

impl Registry {
    /// The registry of an account to which nobody gave another scope.
    fn with_default_scope() -> Self {
        Self { policy: None, scope: Some("V2".to_owned()) }
    }

    pub(crate) fn document(&self, region: &str, read_at: Timestamp) -> Option<RegistryDocument> {
        self.policy.as_ref().map(|policy| RegistryDocument {
            region: region.to_owned(),
            repository_name: None,
            document: policy.clone(),
            covers_all_actions: self.scope.as_deref().map(|scope| scope != "V1"),
            unfollowed: Vec::new(),
            read_at,
        })
    }
}

impl Account {
    /// `CreateRepository`.
    pub fn create_repository(
        &mut self,
        region: &str,
        name: &str,
        tags: Tags,
    ) -> Result<(), AccountError> {
        let place = (region.to_owned(), name.to_owned());
        if self.repositories.contains_key(&place) {
            return Err(AccountError::EntityAlreadyExists(name.to_owned()));
        }
        self.repositories.insert(place, Repository { policy: None, tags });
        Ok(())
    }

    /// `DeleteRepository`, its policy with it.
    pub fn delete_repository(&mut self, region: &str, name: &str) -> Result<(), AccountError> {
        let removed = self.repositories.remove(&(region.to_owned(), name.to_owned()));
        removed.map(drop).ok_or_else(|| AccountError::NoSuchEntity(name.to_owned()))
    }

    /// `SetRepositoryPolicy`.
    pub fn set_repository_policy(
        &mut self,
        region: &str,
        name: &str,
        document: &str,
    ) -> Result<(), AccountError> {
        self.repository_mut(region, name)?.policy = Some(document.to_owned());
        Ok(())
    }

    /// `DeleteRepositoryPolicy`.
    pub fn delete_repository_policy(
        &mut self,
        region: &str,
        name: &str,
    ) -> Result<(), AccountError> {
        self.repository_mut(region, name)?.policy = None;
        Ok(())
    }

    /// `PutRegistryPolicy`.
    pub fn put_registry_policy(&mut self, region: &str, document: &str) {
        self.registry_mut(region).policy = Some(document.to_owned());
    }

    /// `DeleteRegistryPolicy`.
    pub fn delete_registry_policy(&mut self, region: &str) {
        self.registry_mut(region).policy = None;
    }

    /// `PutAccountSetting` of `REGISTRY_POLICY_SCOPE`: `V1` or `V2`.
    pub fn put_registry_policy_scope(&mut self, region: &str, scope: &str) {
        self.registry_mut(region).scope = Some(scope.to_owned());
    }

    fn registry_mut(&mut self, region: &str) -> &mut Registry {
        self.registries.entry(region.to_owned()).or_insert_with(Registry::with_default_scope)
    }

    fn repository_mut(
        &mut self,
        region: &str,
        name: &str,
    ) -> Result<&mut Repository, AccountError> {
        self.repositories
            .get_mut(&(region.to_owned(), name.to_owned()))
            .ok_or_else(|| AccountError::NoSuchEntity(name.to_owned()))
    }
}
