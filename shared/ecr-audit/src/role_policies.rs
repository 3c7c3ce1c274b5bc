//! What IAM holds about one role, as it was read: nothing is parsed yet, nothing is judged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;

/// One role's IAM state at one reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePolicies {
    /// The role's ARN, as IAM gives it.
    pub role_arn: RoleArn,
    /// The unique id, such as `AROA…`; a role created anew under the same name has another.
    pub role_id: String,
    /// When the role was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The role's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Attached managed and inline policies, managed first, each group in IAM's order.
    #[serde(default)]
    pub identity: Vec<RolePolicy>,
    /// The permissions boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<RolePolicy>,
}

/// One policy of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePolicy {
    /// Which policy.
    pub policy: PolicyName,
    /// The default version of a managed policy, such as `v4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The document as JSON text; absent where the source had none for it.
    pub document: Option<String>,
}

/// A policy's name: the ARN of a managed policy, or `inline:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyName(String);

impl PolicyName {
    /// A managed policy.
    pub fn managed(arn: &str) -> Self {
        Self(arn.to_owned())
    }

    /// An inline policy.
    pub fn inline(name: &str) -> Self {
        Self(format!("inline:{name}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the inline policy, where it is one.
    pub fn inline_name(&self) -> Option<&str> {
        self.0.strip_prefix("inline:")
    }

    /// Whether AWS keeps the policy, so that nobody in the account can edit it.
    pub fn is_aws_managed(&self) -> bool {
        self.0.split(':').nth(4) == Some("aws")
    }
}

/// The policy of one repository, or of the account's registry in one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryDocument {
    /// Where it stands.
    pub region: String,
    /// The repository; absent for the registry's own policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_name: Option<String>,
    /// The policy document as JSON text.
    pub document: String,
    /// Whether a registry policy covers every ECR action (scope V2) or only replication,
    /// pull-through import and repository creation (V1); absent where that is not known. Of no
    /// meaning for a repository.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
    #[serde(default = "scope_v2")]
    pub covers_all_actions: Option<bool>,
    /// The documents that stood here, this one among them, as long as not every role is recorded
    /// that they can touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfollowed: Vec<String>,
    /// When it was read.
    pub read_at: Timestamp,
}

// A missing key is of a record from before the scope could be unknown.
#[expect(clippy::unnecessary_wraps, reason = "serde asks for the field's own type")]
const fn scope_v2() -> Option<bool> {
    Some(true)
}
