//! Roles and the calls of IAM that change them.

use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::role_policies::{PolicyName, RolePolicies, RolePolicy};
use jiff::Timestamp;

use super::{Account, Tags};
use crate::error::AccountError;

/// A role as IAM holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) arn: RoleArn,
    pub(crate) unique_id: String,
    pub(crate) created: Option<Timestamp>,
    pub(crate) tags: Tags,
    /// ARNs of managed policies, in the order of their attachment.
    pub(crate) attached: Vec<String>,
    /// Names and documents, in the order they were put. A document may be absent in a snapshot.
    pub(crate) inline: Vec<(String, Option<String>)>,
    /// The ARN of the boundary.
    pub(crate) boundary: Option<String>,
}

impl Role {
    pub(crate) fn new(arn: RoleArn, unique_id: String, created: Option<Timestamp>) -> Self {
        let (tags, attached, inline) = (Tags::new(), Vec::new(), Vec::new());
        Self { arn, unique_id, created, tags, attached, inline, boundary: None }
    }
}

impl Account {
    /// `CreateRole`. Each role gets a new unique id, also one created anew under the same name.
    pub fn create_role(&mut self, arn: &RoleArn, now: Timestamp) -> Result<(), AccountError> {
        let key = arn.role_name().key();
        if self.roles.contains_key(&key) {
            return Err(AccountError::EntityAlreadyExists(arn.to_string()));
        }
        let role_id = format!("AROA{:017}", self.next_id());
        self.roles.insert(key, Role::new(arn.clone(), role_id, Some(now)));
        Ok(())
    }

    /// `DeleteRole`, with the detaching that must go before it.
    pub fn delete_role(&mut self, role_name: &str) -> Result<(), AccountError> {
        let removed = self.roles.remove(&RoleName::new(role_name).key());
        let role = removed.ok_or_else(|| AccountError::NoSuchEntity(role_name.to_owned()))?;
        for profile in self.instance_profiles.values_mut() {
            profile.role_arn.take_if(|role_arn| *role_arn == role.arn);
        }
        Ok(())
    }

    /// `AttachRolePolicy`. Attaching a policy a second time changes nothing.
    pub fn attach_role_policy(&mut self, role_name: &str, arn: &str) -> Result<(), AccountError> {
        self.policy(arn)?;
        let role = self.role_mut(role_name)?;
        if !role.attached.iter().any(|attached| attached == arn) {
            role.attached.push(arn.to_owned());
        }
        Ok(())
    }

    /// `DetachRolePolicy`.
    pub fn detach_role_policy(&mut self, role_name: &str, arn: &str) -> Result<(), AccountError> {
        let attached = &mut self.role_mut(role_name)?.attached;
        let place = attached.iter().position(|attached| attached == arn);
        attached.remove(place.ok_or_else(|| AccountError::NoSuchEntity(arn.to_owned()))?);
        Ok(())
    }

    /// `PutRolePolicy`.
    pub fn put_role_policy(
        &mut self,
        role_name: &str,
        policy_name: &str,
        document: &str,
    ) -> Result<(), AccountError> {
        let inline = &mut self.role_mut(role_name)?.inline;
        match inline.iter_mut().find(|(name, _)| name == policy_name) {
            Some((_, held)) => *held = Some(document.to_owned()),
            None => inline.push((policy_name.to_owned(), Some(document.to_owned()))),
        }
        Ok(())
    }

    /// `DeleteRolePolicy`.
    pub fn delete_role_policy(
        &mut self,
        role_name: &str,
        policy_name: &str,
    ) -> Result<(), AccountError> {
        let inline = &mut self.role_mut(role_name)?.inline;
        let place = inline.iter().position(|(name, _)| name == policy_name);
        inline.remove(place.ok_or_else(|| AccountError::NoSuchEntity(policy_name.to_owned()))?);
        Ok(())
    }

    /// `PutRolePermissionsBoundary`.
    pub fn put_role_permissions_boundary(
        &mut self,
        role_name: &str,
        arn: &str,
    ) -> Result<(), AccountError> {
        self.policy(arn)?;
        self.role_mut(role_name)?.boundary = Some(arn.to_owned());
        Ok(())
    }

    /// `DeleteRolePermissionsBoundary`.
    pub fn delete_role_permissions_boundary(&mut self, name: &str) -> Result<(), AccountError> {
        self.role_mut(name)?.boundary = None;
        Ok(())
    }

    /// `TagRole`.
    pub fn tag_role(&mut self, name: &str, key: &str, value: &str) -> Result<(), AccountError> {
        self.role_mut(name)?.tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// `UntagRole`.
    pub fn untag_role(&mut self, role_name: &str, key: &str) -> Result<(), AccountError> {
        self.role_mut(role_name)?.tags.remove(key);
        Ok(())
    }

    /// What IAM holds about a role, documents included.
    pub(crate) fn role_policies(&self, role: &Role) -> RolePolicies {
        let managed = role.attached.iter().map(|arn| self.role_policy(arn));
        let inline = role.inline.iter().map(|(name, document)| RolePolicy {
            policy: PolicyName::inline(name),
            version: None,
            document: document.clone(),
        });
        RolePolicies {
            role_arn: role.arn.clone(),
            role_id: role.unique_id.clone(),
            created: role.created,
            tags: role.tags.clone(),
            identity: managed.chain(inline).collect(),
            boundary: role.boundary.as_deref().map(|arn| self.role_policy(arn)),
        }
    }

    fn role_mut(&mut self, role_name: &str) -> Result<&mut Role, AccountError> {
        self.roles
            .get_mut(&RoleName::new(role_name).key())
            .ok_or_else(|| AccountError::NoSuchEntity(role_name.to_owned()))
    }
}
