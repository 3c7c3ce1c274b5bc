//! What a record keeps of a change: who made it, when, and what it was about. What a read of the
//! role has to show is no part of that, and nothing of it has a length that others choose: a record
//! that is too large for its item of the ledger could not be written, and its role not be watched.

use crate::arn::RoleName;
use crate::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use crate::exception;
use crate::words::shortened;

/// Longer than any name of IAM, EKS or ECR.
const LONGEST_TEXT: usize = 256;
/// Longer than any ARN of IAM with its path.
const LONGEST_ARN: usize = 700;
/// How many of a change's tags are named.
const MOST_TAGS: usize = 10;

/// A change as a record keeps it.
pub fn kept_change(reported: &ReportedChange) -> ReportedChange {
    let Event { id, name, time, account, region, actor } = &reported.event;
    let text = |text: &Option<String>| text.as_deref().map(short);
    ReportedChange {
        change: kept(&reported.change),
        event: Event {
            id: short(id),
            name: short(name),
            time: *time,
            account: short(account),
            region: short(region),
            actor: Actor {
                principal: short(&actor.principal),
                arn: actor.arn.as_deref().map(short_arn),
                source: text(&actor.source),
                tool: text(&actor.tool),
                user_agent: text(&actor.user_agent),
            },
        },
    }
}

fn kept(change: &Change) -> Change {
    match change {
        Change::Role { role_name, effect } => {
            Change::Role { role_name: short_name(role_name), effect: kept_effect(effect) }
        }
        Change::ManagedPolicy { policy_arn, default_version } => Change::ManagedPolicy {
            policy_arn: short_arn(policy_arn),
            default_version: default_version.as_deref().map(short),
        },
        Change::InstanceProfile { instance_profile_name, role_name, .. } => {
            Change::InstanceProfile {
                instance_profile_name: short(instance_profile_name),
                role_name: role_name.as_ref().map(short_name),
                effect: None,
            }
        }
        // The role is the record's own.
        Change::Nodegroup { region, cluster_name, nodegroup_name, .. } => Change::Nodegroup {
            region: short(region),
            cluster_name: short(cluster_name),
            nodegroup_name: short(nodegroup_name),
            role_arn: None,
        },
        Change::Cluster { region, cluster_name, .. } => Change::Cluster {
            region: short(region),
            cluster_name: short(cluster_name),
            role_arn: None,
        },
        Change::FargateProfile { region, cluster_name, fargate_profile_name, .. } => {
            Change::FargateProfile {
                region: short(region),
                cluster_name: short(cluster_name),
                fargate_profile_name: short(fargate_profile_name),
                role_arn: None,
            }
        }
        Change::AccessEntry { region, cluster_name, principal_arn } => Change::AccessEntry {
            region: short(region),
            cluster_name: short(cluster_name),
            principal_arn: short_arn(principal_arn),
        },
        Change::RepositoryPolicy { region, repository_name } => Change::RepositoryPolicy {
            region: short(region),
            repository_name: short(repository_name),
        },
        Change::RegistryPolicy { region } => Change::RegistryPolicy { region: short(region) },
        Change::Recheck { role_arn } => Change::Recheck { role_arn: role_arn.clone() },
        Change::Unclear { reason } => Change::Unclear { reason: short(reason) },
    }
}

fn kept_effect(effect: &RoleEffect) -> RoleEffect {
    match effect {
        RoleEffect::PolicyAttached { policy_arn } => {
            RoleEffect::PolicyAttached { policy_arn: short_arn(policy_arn) }
        }
        RoleEffect::PolicyDetached { policy_arn } => {
            RoleEffect::PolicyDetached { policy_arn: short_arn(policy_arn) }
        }
        RoleEffect::InlinePolicyPut { policy_name, .. } => {
            RoleEffect::InlinePolicyPut { policy_name: short(policy_name), document: None }
        }
        RoleEffect::InlinePolicyDeleted { policy_name } => {
            RoleEffect::InlinePolicyDeleted { policy_name: short(policy_name) }
        }
        RoleEffect::BoundarySet { policy_arn } => {
            RoleEffect::BoundarySet { policy_arn: short_arn(policy_arn) }
        }
        RoleEffect::Tagged { tags } => {
            RoleEffect::TaggedWith { tag_keys: short_keys(tags.keys().collect()) }
        }
        RoleEffect::TaggedWith { tag_keys } => {
            RoleEffect::TaggedWith { tag_keys: short_keys(tag_keys.iter().collect()) }
        }
        RoleEffect::Untagged { tag_keys } => {
            RoleEffect::Untagged { tag_keys: short_keys(tag_keys.iter().collect()) }
        }
        RoleEffect::Created { role_id } => {
            RoleEffect::Created { role_id: role_id.as_deref().map(short) }
        }
        RoleEffect::BoundaryRemoved | RoleEffect::Deleted => effect.clone(),
    }
}

/// The exception's key first, for the operators are told who set it.
fn short_keys(mut keys: Vec<&String>) -> Vec<String> {
    keys.sort_by_key(|key| *key != exception::TAG);
    keys.into_iter().take(MOST_TAGS).map(|key| short(key)).collect()
}

fn short(text: &str) -> String {
    shortened(text, LONGEST_TEXT)
}

fn short_arn(arn: &str) -> String {
    shortened(arn, LONGEST_ARN)
}

fn short_name(role_name: &RoleName) -> RoleName {
    RoleName::new(&short(role_name.as_str()))
}
