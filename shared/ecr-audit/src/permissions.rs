//! Effective permissions: for each ECR action what a role may do, by which statements, with a
//! witness. These are values; `effective` works them out.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalogue::AccessLevel;
use crate::certainty::Certainty;
use crate::dates_named::DateEvent;
use crate::missing_action::MissingAction;
use crate::registries::UnreadPolicies;

/// What one role may do with ecr and ecr-public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectivePermissions {
    /// One entry for each catalogued action, in the catalogue's order.
    pub actions: Vec<ActionPermission>,
    /// By service, `ecr` and `ecr-public`: actions that no catalogue entry names.
    pub unknown_actions: BTreeMap<String, UnknownActions>,
    /// Whether an image can be pulled.
    pub pull: PullPermission,
    /// What the policies say wrongly, and where an answer is a bound.
    pub notes: Vec<String>,
    /// The policies of registries that this rests on and that are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadPolicies>,
    /// The dates to come that conditions name, the soonest first.
    #[serde(skip)]
    pub dates_ahead: BTreeMap<Timestamp, DateEvent>,
}

/// What a role may do with one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionPermission {
    /// With its service: `ecr:PutImage`.
    pub action: String,
    /// AWS's access level.
    pub access_level: AccessLevel,
    /// The answer.
    pub access: Access,
    /// On every repository, or on named ones. An action without a resource is on every one.
    pub scope: Scope,
    /// A request that is permitted.
    pub witness: Option<Witness>,
    /// The statements that grant; of a denied action, those that take it away.
    pub statements: Vec<PolicyStatement>,
    /// Whether the answer is an upper bound: less than it may be the truth.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_upper_bound: bool,
    /// Of an upper bound, what is granted for certain: less than `access`. None where perhaps
    /// nothing is; then the witness may be permitted, or may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Access>,
    /// Of an upper bound, why the truth is not known, a clause each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_open: Vec<String>,
}

impl ActionPermission {
    /// How far the answer can be relied on.
    pub const fn certainty(&self) -> Certainty {
        Certainty::of(self.is_upper_bound, self.at_least)
    }
}

/// Allowed, conditional or denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// No context permits it on any resource.
    Denied,
    /// Some context permits it on some resource.
    Conditional,
    /// Every possible context permits it on some resource.
    Allowed,
}

/// Where an action is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// On some repositories.
    NamedRepositories,
    /// On every repository of the account in some region, but for those that a policy names one by
    /// one; or the action takes no resource.
    EveryRepository,
}

/// A request that is permitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// A repository's ARN, or `*`.
    pub resource: String,
    /// The context keys that it needs beyond what is known of a node's request. A null value
    /// stands for a key that must be absent.
    pub context: BTreeMap<String, serde_json::Value>,
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyStatement {
    /// The ARN of a managed policy or boundary, `inline:NAME`, the repository's ARN, or
    /// `registry:REGION`.
    pub policy: String,
    /// The managed policy's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The statement's Sid.
    pub sid: Option<String>,
    /// Its place in the document, from 0.
    pub index: usize,
    /// `Allow` or `Deny`.
    pub effect: String,
}

/// `policy NodeEcr v4, statement AllowPush`; a statement without a Sid by its place, from 0.
impl fmt::Display for PolicyStatement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.policy;
        let last = policy.rsplit('/').next().unwrap_or_default();
        if let Some(name) = policy.strip_prefix("inline:") {
            write!(formatter, "inline policy {name}")?;
        } else if policy.contains(":policy/") {
            write!(formatter, "policy {last}")?;
        } else if let Some(region) = policy.strip_prefix("registry:") {
            write!(formatter, "registry policy of {region}")?;
        } else if let Some((arn, repository)) = policy.split_once(":repository/") {
            let region = arn.split(':').nth(3).unwrap_or_default();
            write!(formatter, "policy of the repository {repository} in {region}")?;
        } else {
            formatter.write_str(policy)?;
        }
        if let Some(version) = &self.version {
            write!(formatter, " {version}")?;
        }
        match &self.sid {
            Some(sid) => write!(formatter, ", statement {sid}"),
            None => write!(formatter, ", statement [{}]", self.index),
        }
    }
}

/// What a role may do with the actions of a service that the catalogue does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownActions {
    /// Names that begin with Get, List, Describe, BatchGet or BatchCheck.
    pub read: Access,
    /// All others.
    pub write: Access,
    /// Whether `read` is an upper bound: less than it may be the truth.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_is_upper_bound: bool,
    /// Of such a bound, what is granted for certain: less than `read`. None where perhaps nothing
    /// is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at_least: Option<Access>,
    /// Of such a bound, why the truth is not known, a clause each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_left_open: Vec<String>,
    /// Whether `write` is an upper bound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub write_is_upper_bound: bool,
    /// Of such a bound, what is granted for certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_at_least: Option<Access>,
    /// Of such a bound, why the truth is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write_left_open: Vec<String>,
    /// Where the writes are granted.
    #[serde(skip, default = "every_repository")]
    pub write_scope: Scope,
    /// The statements that grant reads. None are named where there are more ways to grant one than
    /// were followed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_statements: Vec<PolicyStatement>,
    /// Those that grant writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write_statements: Vec<PolicyStatement>,
}

impl UnknownActions {
    /// How far `read` can be relied on.
    pub const fn read_certainty(&self) -> Certainty {
        Certainty::of(self.read_is_upper_bound, self.read_at_least)
    }

    /// How far `write` can be relied on.
    pub const fn write_certainty(&self) -> Certainty {
        Certainty::of(self.write_is_upper_bound, self.write_at_least)
    }
}

const fn every_repository() -> Scope {
    Scope::EveryRepository
}

/// The lower bound for pulling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullPermission {
    /// Of GetAuthorizationToken, BatchGetImage and GetDownloadUrlForLayer.
    #[serde(flatten)]
    pub granted: TogetherPermission,
    /// Of these and BatchCheckLayerAvailability: the four actions of C-0223.
    pub c0223: TogetherPermission,
    /// The actions of C-0223 that the role lacks, each with why.
    pub missing: Vec<MissingAction>,
    /// What cannot be pulled although other images can, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The lower bound for some actions, granted together on one and the same repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TogetherPermission {
    /// Whether they are.
    pub access: Access,
    /// On which repositories.
    pub scope: Scope,
    /// The repository that shows it, or the patterns it was found by. None where nothing is granted
    /// for certain, not even on a condition: then none is known to show it.
    pub repository: Option<String>,
    /// What the answer hangs on where it is conditional; why it is denied, where each action is
    /// granted somewhere.
    pub because: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_cited_by_its_policy_and_sid_or_place() {
        for (policy, version, sid, cited) in [
            (
                "arn:aws:iam::111122223333:policy/team/NodeEcr",
                Some("v4"),
                Some("AllowPush"),
                "policy NodeEcr v4, statement AllowPush",
            ),
            (
                "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser",
                Some("v3"),
                None,
                "policy AmazonEC2ContainerRegistryPowerUser v3, statement [1]",
            ),
            ("inline:deny", None, None, "inline policy deny, statement [1]"),
            (
                "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
                None,
                Some("Push"),
                "policy of the repository team/app in eu-west-1, statement Push",
            ),
            ("registry:eu-west-1", None, None, "registry policy of eu-west-1, statement [1]"),
            ("0-root.json", None, None, "0-root.json, statement [1]"),
        ] {
            let statement = PolicyStatement {
                policy: policy.to_owned(),
                version: version.map(str::to_owned),
                sid: sid.map(str::to_owned),
                index: 1,
                effect: "Allow".to_owned(),
            };
            assert_eq!(statement.to_string(), cited);
        }
    }
}
