//! IAM's part of a snapshot: roles and managed policies with their documents, in one call's
//! pages, and the instance profiles.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, EntityType, InstanceProfile, ManagedPolicyDetail,
    PolicyDetail, PolicyVersion, Role, RoleDetail, Tag,
};
use ecr_audit::error::PortError;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::Listings;
use super::error::SaveError;
use super::folder::Folder;
use super::names::Names;
use super::printed::{date, document, list, object};
use crate::answer::{answer, found};
use crate::aws::Aws;

/// IAM says by this code that something does not exist.
const ABSENT: &[&str] = &["NoSuchEntity"];

/// How long the pages are: the most that IAM gives.
const PAGE_SIZE: i32 = 1000;

/// How many instance profiles are asked for at once.
const PROFILES_AT_ONCE: usize = 4;

/// `get-account-authorization-details` without users and groups, its pages put together.
pub async fn authorization_details(aws: &Aws) -> Result<Value, PortError> {
    let client = Client::new(aws.config());
    let mut pages = client
        .get_account_authorization_details()
        .filter(EntityType::Role)
        .filter(EntityType::LocalManagedPolicy)
        .filter(EntityType::AwsManagedPolicy)
        .max_items(PAGE_SIZE)
        .into_paginator()
        .send();
    let (mut roles, mut policies) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = answer("iam:GetAccountAuthorizationDetails", page)?;
        roles.extend(page.role_detail_list.unwrap_or_default().into_iter().map(role_detail));
        policies.extend(page.policies.unwrap_or_default().into_iter().map(policy_detail));
    }
    Ok(details(roles, policies))
}

/// The same of an account whose roles could not be read: the file has to be there.
pub fn no_authorization_details() -> Value {
    details(Vec::new(), Vec::new())
}

fn details(roles: Vec<Value>, policies: Vec<Value>) -> Value {
    object([
        ("UserDetailList", json!([])),
        ("GroupDetailList", json!([])),
        ("RoleDetailList", roles.into()),
        ("Policies", policies.into()),
    ])
}

/// `list-instance-profiles`, and `get-instance-profile` of each that holds a role, for the list
/// comes without tags.
pub async fn save_instance_profiles(
    aws: &Aws,
    folder: &Folder,
    listings: &mut Listings,
) -> Result<(), SaveError> {
    let client = &Client::new(aws.config());
    let profiles = match instance_profiles(client).await {
        Ok(profiles) => profiles,
        Err(error) => {
            listings.note("iam/instance-profiles", Err(error));
            return Ok(());
        }
    };
    let with_role = profiles.iter().filter(|profile| !profile.roles.is_empty());
    let with_role: Vec<String> =
        with_role.map(|profile| profile.instance_profile_name.clone()).collect();
    let mut described = stream::iter(with_role)
        .map(|name| async move { (instance_profile(client, &name).await, name) })
        .buffered(PROFILES_AT_ONCE);
    let mut names = Names::default();
    while let Some((profile, name)) = described.next().await {
        match profile {
            Ok(Some(profile)) => {
                let file = format!("{}.json", names.unique(&name));
                let printed = json!({ "InstanceProfile": printed(profile) });
                folder.write(&["iam", "instance-profiles", &file], &printed)?;
            }
            // It was deleted since it was listed.
            Ok(None) => {}
            Err(error) => listings.note("iam/instance-profiles", Err(error)),
        }
    }
    listings.note("iam/instance-profiles", Ok(()));
    let listed = json!({ "InstanceProfiles": list(Some(profiles), printed) });
    folder.write(&["iam", "instance-profiles.json"], &listed)
}

async fn instance_profiles(client: &Client) -> Result<Vec<InstanceProfile>, PortError> {
    let mut pages = client.list_instance_profiles().max_items(PAGE_SIZE).into_paginator().send();
    let mut profiles = Vec::new();
    while let Some(page) = pages.next().await {
        profiles.extend(answer("iam:ListInstanceProfiles", page)?.instance_profiles);
    }
    Ok(profiles)
}

async fn instance_profile(
    client: &Client,
    name: &str,
) -> Result<Option<InstanceProfile>, PortError> {
    let profile = client.get_instance_profile().instance_profile_name(name).send().await;
    let output = found("iam:GetInstanceProfile", ABSENT, profile)?;
    Ok(output.and_then(|output| output.instance_profile))
}

fn role_detail(role: RoleDetail) -> Value {
    object([
        ("Path", role.path.into()),
        ("RoleName", role.role_name.into()),
        ("RoleId", role.role_id.into()),
        ("Arn", role.arn.into()),
        ("CreateDate", date(role.create_date)),
        ("AssumeRolePolicyDocument", document(role.assume_role_policy_document)),
        ("InstanceProfileList", list(role.instance_profile_list, printed)),
        ("RolePolicyList", list(role.role_policy_list, inline_policy)),
        ("AttachedManagedPolicies", list(role.attached_managed_policies, attached_policy)),
        ("PermissionsBoundary", role.permissions_boundary.map_or(Value::Null, boundary)),
        ("Tags", list(role.tags, tag)),
    ])
}

fn inline_policy(policy: PolicyDetail) -> Value {
    object([
        ("PolicyName", policy.policy_name.into()),
        ("PolicyDocument", document(policy.policy_document)),
    ])
}

fn attached_policy(policy: AttachedPolicy) -> Value {
    object([("PolicyName", policy.policy_name.into()), ("PolicyArn", policy.policy_arn.into())])
}

fn boundary(boundary: AttachedPermissionsBoundary) -> Value {
    let kind = boundary.permissions_boundary_type.map(|kind| kind.as_str().to_owned());
    object([
        ("PermissionsBoundaryType", kind.into()),
        ("PermissionsBoundaryArn", boundary.permissions_boundary_arn.into()),
    ])
}

fn policy_detail(policy: ManagedPolicyDetail) -> Value {
    object([
        ("PolicyName", policy.policy_name.into()),
        ("PolicyId", policy.policy_id.into()),
        ("Arn", policy.arn.into()),
        ("Path", policy.path.into()),
        ("DefaultVersionId", policy.default_version_id.into()),
        ("AttachmentCount", policy.attachment_count.into()),
        ("PermissionsBoundaryUsageCount", policy.permissions_boundary_usage_count.into()),
        ("IsAttachable", policy.is_attachable.into()),
        ("Description", policy.description.into()),
        ("CreateDate", date(policy.create_date)),
        ("UpdateDate", date(policy.update_date)),
        ("PolicyVersionList", list(policy.policy_version_list, policy_version)),
    ])
}

fn policy_version(version: PolicyVersion) -> Value {
    object([
        ("Document", document(version.document)),
        ("VersionId", version.version_id.into()),
        ("IsDefaultVersion", version.is_default_version.into()),
        ("CreateDate", date(version.create_date)),
    ])
}

fn printed(profile: InstanceProfile) -> Value {
    object([
        ("Path", profile.path.into()),
        ("InstanceProfileName", profile.instance_profile_name.into()),
        ("InstanceProfileId", profile.instance_profile_id.into()),
        ("Arn", profile.arn.into()),
        ("CreateDate", date(Some(profile.create_date))),
        ("Roles", list(Some(profile.roles), role)),
        ("Tags", profile.tags.map_or(Value::Null, |tags| list(Some(tags), tag))),
    ])
}

fn role(role: Role) -> Value {
    object([
        ("Path", role.path.into()),
        ("RoleName", role.role_name.into()),
        ("RoleId", role.role_id.into()),
        ("Arn", role.arn.into()),
        ("CreateDate", date(Some(role.create_date))),
        ("AssumeRolePolicyDocument", document(role.assume_role_policy_document)),
    ])
}

fn tag(tag: Tag) -> Value {
    object([("Key", tag.key.into()), ("Value", tag.value.into())])
}
