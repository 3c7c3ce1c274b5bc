//! What of an account cannot be read: a denied call, a listing that broke off, a damaged file. A
//! port over it answers with the reason and never with less than there is.

use ecr_audit::error::PortError;
use ecr_audit::node_role::Source;

use super::Account;

/// Something that is read by calls of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Every listing: nothing is known to be complete.
    Everything,
    /// The roles and managed policies of the account.
    Roles,
    /// One role, by its ledger key.
    Role(String),
    /// One source of uses.
    Uses(Source),
    /// The policies of the repositories of a region.
    RepositoryPolicies(String),
    /// The registry's own policy in a region.
    RegistryPolicy(String),
}

impl Account {
    /// From now on a reading is answered with this reason, for what is not known already. The
    /// first reason stays.
    pub fn cannot_read(&mut self, reading: Reading, reason: &str) {
        self.gaps.entry(reading).or_insert_with(|| reason.to_owned());
    }

    /// Everything that cannot be read, with the reason.
    pub fn gaps(&self) -> impl Iterator<Item = (&Reading, &str)> {
        self.gaps.iter().map(|(reading, reason)| (reading, reason.as_str()))
    }

    /// An error where the reading has a gap.
    pub(crate) fn whole(&self, reading: &Reading, call: &str) -> Result<(), PortError> {
        self.gap(reading).map_or(Ok(()), |reason| Err(PortError::lasting(call, reason)))
    }

    /// Why a reading has a gap. One role is known by itself, whatever else is not.
    pub(crate) fn gap(&self, reading: &Reading) -> Option<&str> {
        let everything = match reading {
            Reading::Role(_) => None,
            _ => self.gaps.get(&Reading::Everything),
        };
        self.gaps.get(reading).or(everything).map(String::as_str)
    }
}
