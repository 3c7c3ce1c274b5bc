//! What an event says happened, and who did it. The event only says what to look at: what the
//! change led to is read afresh. How an event is spelled is known to change-events alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::{RoleArn, RoleName};

/// A change, with the event that told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedChange {
    /// What happened.
    pub change: Change,
    /// Who did it, when, and by which call.
    pub event: Event,
}

/// What happened in the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Change {
    /// The policies, boundary, tags or existence of one role.
    Role {
        /// CloudTrail gives the name without its path.
        role_name: RoleName,
        /// What a read of the role shows once it has caught up with the change.
        effect: RoleEffect,
    },
    /// A managed policy has another default version: every role that holds it is touched.
    ManagedPolicy {
        /// The policy's ARN.
        policy_arn: String,
        /// The version that is now the default, where the event tells.
        default_version: Option<String>,
    },
    /// An instance profile got or lost its role or its tags.
    InstanceProfile {
        /// The profile's name, without its path.
        instance_profile_name: String,
        /// The role that was added or removed, where the event names one.
        role_name: Option<RoleName>,
        /// What a read of the profile shows once it has caught up with the change, where the event
        /// tells. A record keeps none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<ProfileEffect>,
    },
    /// A managed nodegroup came, went or was tagged.
    Nodegroup {
        /// Where the cluster is.
        region: String,
        /// The nodegroup's cluster.
        cluster_name: String,
        /// The nodegroup.
        nodegroup_name: String,
        /// The node role, where the event names it.
        role_arn: Option<RoleArn>,
    },
    /// A cluster came, went, was tagged or had its Auto Mode changed.
    Cluster {
        /// Where the cluster is.
        region: String,
        /// The cluster.
        cluster_name: String,
        /// The Auto Mode node role, where the event names it.
        role_arn: Option<RoleArn>,
    },
    /// A Fargate profile came, went or was tagged.
    FargateProfile {
        /// Where the cluster is.
        region: String,
        /// The profile's cluster.
        cluster_name: String,
        /// The profile.
        fargate_profile_name: String,
        /// The pod execution role, where the event names it.
        role_arn: Option<RoleArn>,
    },
    /// An access entry came, went or was changed.
    AccessEntry {
        /// Where the cluster is.
        region: String,
        /// The entry's cluster.
        cluster_name: String,
        /// The principal that the entry admits.
        principal_arn: String,
    },
    /// The policy of one repository.
    RepositoryPolicy {
        /// Where the repository is.
        region: String,
        /// The repository.
        repository_name: String,
    },
    /// The policy of the account's registry in one region.
    RegistryPolicy {
        /// Where the registry is.
        region: String,
    },
    /// Somebody asks that one role be looked at again.
    Recheck {
        /// The role.
        role_arn: RoleArn,
    },
    /// Something changed that the event does not name well enough: the sweep has to look.
    Unclear {
        /// What is missing.
        reason: String,
    },
}

/// What a read of a role shows once it has caught up with a change. IAM reads can lag behind
/// the event that announced the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "effect")]
pub enum RoleEffect {
    /// The managed policy is among the attached ones.
    PolicyAttached {
        /// The managed policy.
        policy_arn: String,
    },
    /// The managed policy is not among the attached ones.
    PolicyDetached {
        /// The managed policy.
        policy_arn: String,
    },
    /// The inline policy is there, with this document where the event holds it whole.
    InlinePolicyPut {
        /// The inline policy's name.
        policy_name: String,
        /// Its new document. A record keeps none.
        document: Option<String>,
    },
    /// The inline policy is not there.
    InlinePolicyDeleted {
        /// The inline policy's name.
        policy_name: String,
    },
    /// The boundary is this policy.
    BoundarySet {
        /// The policy that is now the boundary.
        policy_arn: String,
    },
    /// There is no boundary.
    BoundaryRemoved,
    /// The tags are there.
    Tagged {
        /// The tags that were set.
        tags: BTreeMap<String, String>,
    },
    /// Tags with these keys are there, whatever their values.
    TaggedWith {
        /// The keys of the tags that were set.
        tag_keys: Vec<String>,
    },
    /// The tags are not there.
    Untagged {
        /// The keys that were taken away.
        tag_keys: Vec<String>,
    },
    /// The role is there.
    Created {
        /// Its unique id, where the event tells: a role created anew has another.
        role_id: Option<String>,
    },
    /// The role is not there, or there is one created later.
    Deleted,
}

/// What a read of an instance profile shows once it has caught up with a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "effect")]
pub enum ProfileEffect {
    /// It holds the role.
    RoleAdded,
    /// It does not hold the role.
    RoleRemoved,
    /// It is not there.
    Deleted,
    /// The tags are there.
    Tagged {
        /// The tags that were set.
        tags: BTreeMap<String, String>,
    },
    /// The tags are not there.
    Untagged {
        /// The keys that were taken away.
        tag_keys: Vec<String>,
    },
}

/// The event that told of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// CloudTrail's `eventID`; of other events, EventBridge's `id`.
    pub id: String,
    /// The API call, such as `AttachRolePolicy`.
    pub name: String,
    /// When it happened.
    pub time: Timestamp,
    /// The account it happened in.
    pub account: String,
    /// The region it was recorded in.
    pub region: String,
    /// Who did it.
    pub actor: Actor,
}

/// Who made a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The principal as a person would name it: `assumed-role/Deployer/pipeline`, `user/ada`,
    /// `root`, or an AWS service's name.
    pub principal: String,
    /// The principal's ARN, where there is one.
    pub arn: Option<String>,
    /// The address the call came from, or the AWS service that made it.
    pub source: Option<String>,
    /// The program that made the call, as a person would name it: `Terraform`, `CloudFormation`,
    /// `AWS CLI`, `the console`.
    pub tool: Option<String>,
    /// The user agent as CloudTrail has it.
    pub user_agent: Option<String>,
}
