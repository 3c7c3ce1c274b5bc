//! EC2 instances, as far as they can be nodes.

use super::{Account, Tags};
use crate::error::AccountError;

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) profile_arn: Option<String>,
    /// `running`, `terminated`, …
    pub(crate) state: String,
    pub(crate) tags: Tags,
}

impl Account {
    /// `RunInstances` of one instance; the answer is its id.
    pub fn run_instance(&mut self, region: &str, profile_arn: Option<&str>, tags: Tags) -> String {
        let instance_id = format!("i-{:017x}", self.next_id());
        let instance = Instance {
            profile_arn: profile_arn.map(str::to_owned),
            state: "running".to_owned(),
            tags,
        };
        self.instances.insert((region.to_owned(), instance_id.clone()), instance);
        instance_id
    }

    /// `TerminateInstances` of one instance, which EC2 still lists for about an hour.
    pub fn terminate_instance(
        &mut self,
        region: &str,
        instance_id: &str,
    ) -> Result<(), AccountError> {
        let instance = self
            .instances
            .get_mut(&(region.to_owned(), instance_id.to_owned()))
            .ok_or_else(|| AccountError::NoSuchEntity(instance_id.to_owned()))?;
        "terminated".clone_into(&mut instance.state);
        Ok(())
    }
}
