//! What is known of the account's registries: the policies that matter to its roles, and those
//! that nobody could read. What an answer is worth without these, `as_far_as_known` decides.
//!
//! A region counts from the sweep on that finds it, and as not read until its registry was read to
//! its end; one without repositories is read as soon as its empty list is. Before the first sweep
//! no region was found, and nothing counts as read: whoever assesses a role so early asks for that
//! sweep. A region that the organization closes is let go. A failure that may pass leaves a region
//! as it was. The operators hear of a registry that cannot be read from the sweep, which is then
//! not complete: once, and not role by role.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::role_policies::RegistryDocument;

/// What the ledger holds of every registry of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registries {
    /// The regions that the latest sweep walks; absent before the first one has begun.
    pub regions: Option<BTreeSet<String>>,
    /// How the last reading of each region's registry ended. A region that is not among them was
    /// never read.
    pub readings: BTreeMap<String, RegistryReading>,
    /// The policies that can grant or deny anything to a role of the account, as they were when
    /// they could be read the last time.
    pub documents: Vec<RegistryDocument>,
    /// The policies that cannot be read, each by itself.
    pub refused: Vec<UnreadPolicies>,
}

/// How the reading of a region's registry ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum RegistryReading {
    /// Every repository was listed. A policy that was refused stands by itself.
    Read,
    /// The repositories cannot be listed, or ECR refuses their policies one after the other.
    Unread {
        /// What was said.
        reason: String,
    },
    /// The organization closes the region, and nothing is known to be in it.
    LetGo,
}

/// Policies that perhaps grant something to a role, or take it away, and that are not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadPolicies {
    /// Whose policies.
    pub of: PoliciesOf,
    /// Why they are not known.
    pub why: Unknown,
}

/// Whose policies are not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoliciesOf {
    /// Of every registry of the account.
    Account,
    /// Of every repository in a region, and of its registry.
    Region(String),
    /// The registry's own policy in a region.
    Registry(String),
    /// The policy of one repository.
    Repository {
        /// Its region.
        region: String,
        /// Its name.
        name: String,
    },
}

/// Why policies are not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// No sweep has come to them yet.
    NotYetRead,
    /// They cannot be read, and this was said.
    Unreadable(String),
    /// What was read is no policy, for this reason.
    NoPolicy(String),
}

impl Registries {
    /// Whether no sweep has begun yet.
    pub const fn is_unheard_of(&self) -> bool {
        self.regions.is_none()
    }

    /// Everything that is not known, the larger part first.
    pub fn unread(&self) -> Vec<UnreadPolicies> {
        let Some(regions) = &self.regions else {
            return vec![UnreadPolicies { of: PoliciesOf::Account, why: Unknown::NotYetRead }];
        };
        let of_regions = regions.iter().filter_map(|region| {
            let why = match self.readings.get(region) {
                None => Unknown::NotYetRead,
                Some(RegistryReading::Unread { reason }) => Unknown::Unreadable(reason.clone()),
                Some(RegistryReading::Read | RegistryReading::LetGo) => return None,
            };
            Some(UnreadPolicies { of: PoliciesOf::Region(region.clone()), why })
        });
        let is_read = |region: &str| self.readings.get(region) == Some(&RegistryReading::Read);
        let counts = |refused: &&UnreadPolicies| {
            let region = refused.of.region();
            region.is_some_and(|region| regions.contains(region) && is_read(region))
        };
        of_regions.chain(self.refused.iter().filter(counts).cloned()).collect()
    }

    /// Why the policy of a repository, or of the registry itself, cannot be read, if it cannot.
    pub fn refusal(&self, of: &PoliciesOf) -> Option<&Unknown> {
        self.refused.iter().find(|refused| refused.of == *of).map(|refused| &refused.why)
    }
}

impl PoliciesOf {
    /// A repository of a region; without a name, the registry itself.
    pub fn one(region: &str, repository_name: Option<&str>) -> Self {
        let region = region.to_owned();
        match repository_name {
            Some(name) => Self::Repository { region, name: name.to_owned() },
            None => Self::Registry(region),
        }
    }

    /// The region, where it is one.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Account => None,
            Self::Region(region) | Self::Registry(region) | Self::Repository { region, .. } => {
                Some(region)
            }
        }
    }

    /// Whether they hold for one repository and no other.
    pub const fn is_one_repository(&self) -> bool {
        matches!(self, Self::Repository { .. })
    }
}

impl fmt::Display for UnreadPolicies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, why } = self;
        let (what, reason) = match why {
            Unknown::NotYetRead => {
                return write!(formatter, "Not yet read: {of}. The next sweep reads them.");
            }
            Unknown::Unreadable(reason) => ("Cannot be read", reason),
            Unknown::NoPolicy(reason) => ("Not a policy", reason),
        };
        write!(formatter, "{what}: {of}: {}.", reason.trim_end_matches('.'))
    }
}

impl fmt::Display for PoliciesOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => write!(formatter, "the policies of all repositories and registries"),
            Self::Region(region) => {
                write!(formatter, "the policies of the repositories and the registry of {region}")
            }
            Self::Registry(region) => write!(formatter, "the policy of the registry of {region}"),
            Self::Repository { region, name } => {
                write!(formatter, "the policy of the repository {name} in {region}")
            }
        }
    }
}
