//! A copy of the role, and of the policies of repositories, on which the steps are tried.

use super::step::Step;
use crate::assess::RoleState;
use crate::role_policies::{PolicyName, RegistryDocument, RolePolicies, RolePolicy};

/// What the steps of a remedy change, as they leave it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The role.
    pub role: RolePolicies,
    /// The policies of repositories and registries.
    pub registry: Vec<RegistryDocument>,
}

impl Trial {
    /// The role as it stands.
    pub fn new(state: &RoleState<'_>) -> Self {
        Self { role: state.role.clone(), registry: state.registry.to_vec() }
    }

    /// What an answer about the copy rests on; `state` is that of the role itself.
    pub fn state<'trial>(&'trial self, state: &RoleState<'trial>) -> RoleState<'trial> {
        RoleState { role: &self.role, registry: &self.registry, ..*state }
    }

    /// Does what a step says.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Attach { policy_arn, document } | Step::NewVersion { policy_arn, document } => {
                self.put(PolicyName::managed(policy_arn), document);
            }
            Step::GiveInline { name, document } | Step::PutInline { name, document } => {
                self.put(PolicyName::inline(name), document);
            }
            Step::Detach { policy_arn } => self.remove(&PolicyName::managed(policy_arn)),
            Step::DeleteInline { name } => self.remove(&PolicyName::inline(name)),
            Step::SetRepositoryPolicy { region, repository_name, document } => {
                let is_it = |known: &&mut RegistryDocument| is_of(known, region, repository_name);
                for known in self.registry.iter_mut().filter(is_it) {
                    known.document.clone_from(document);
                }
            }
            Step::DeleteRepositoryPolicy { region, repository_name } => {
                self.registry.retain(|known| !is_of(known, region, repository_name));
            }
        }
    }

    fn put(&mut self, policy: PolicyName, document: &str) {
        let document = Some(document.to_owned());
        match self.role.identity.iter_mut().find(|known| known.policy == policy) {
            Some(known) => known.document = document,
            None => self.role.identity.push(RolePolicy { policy, version: None, document }),
        }
    }

    fn remove(&mut self, policy: &PolicyName) {
        self.role.identity.retain(|known| known.policy != *policy);
    }
}

fn is_of(document: &RegistryDocument, region: &str, repository_name: &str) -> bool {
    document.region == region && document.repository_name.as_deref() == Some(repository_name)
}
