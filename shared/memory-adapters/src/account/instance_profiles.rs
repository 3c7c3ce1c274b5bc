//! Instance profiles and the calls of IAM that change them.

use ecr_audit::arn::RoleName;
use ecr_audit::ports::InstanceProfile;

use super::{Account, Tags};
use crate::error::AccountError;

impl Account {
    /// `CreateInstanceProfile`; the path stands between slashes, `/` for none.
    pub fn create_instance_profile(
        &mut self,
        name: &str,
        path: &str,
        tags: Tags,
    ) -> Result<(), AccountError> {
        if self.instance_profiles.contains_key(name) {
            return Err(AccountError::EntityAlreadyExists(name.to_owned()));
        }
        let arn = format!("arn:{}:iam::{}:instance-profile{path}{name}", self.partition, self.id);
        let profile = InstanceProfile { name: name.to_owned(), arn, role_arn: None, tags };
        self.instance_profiles.insert(name.to_owned(), profile);
        Ok(())
    }

    /// `DeleteInstanceProfile`.
    pub fn delete_instance_profile(&mut self, name: &str) -> Result<(), AccountError> {
        let removed = self.instance_profiles.remove(name);
        removed.map(drop).ok_or_else(|| AccountError::NoSuchEntity(name.to_owned()))
    }

    /// `AddRoleToInstanceProfile`. A profile holds one role at most.
    pub fn add_role_to_instance_profile(
        &mut self,
        name: &str,
        role_name: &str,
    ) -> Result<(), AccountError> {
        let role_arn = match self.roles.get(&RoleName::new(role_name).key()) {
            Some(role) => role.arn.clone(),
            None => return Err(AccountError::NoSuchEntity(role_name.to_owned())),
        };
        let profile = self.instance_profile_mut(name)?;
        if profile.role_arn.is_some() {
            return Err(AccountError::EntityAlreadyExists(name.to_owned()));
        }
        profile.role_arn = Some(role_arn);
        Ok(())
    }

    /// `RemoveRoleFromInstanceProfile`.
    pub fn remove_role_from_instance_profile(&mut self, name: &str) -> Result<(), AccountError> {
        self.instance_profile_mut(name)?.role_arn = None;
        Ok(())
    }

    /// `TagInstanceProfile`.
    pub fn tag_instance_profile(
        &mut self,
        name: &str,
        key: &str,
        value: &str,
    ) -> Result<(), AccountError> {
        self.instance_profile_mut(name)?.tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// `UntagInstanceProfile`.
    pub fn untag_instance_profile(&mut self, name: &str, key: &str) -> Result<(), AccountError> {
        self.instance_profile_mut(name)?.tags.remove(key);
        Ok(())
    }

    fn instance_profile_mut(&mut self, name: &str) -> Result<&mut InstanceProfile, AccountError> {
        self.instance_profiles
            .get_mut(name)
            .ok_or_else(|| AccountError::NoSuchEntity(name.to_owned()))
    }
}
