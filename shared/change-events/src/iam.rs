//! IAM's events. CloudTrail gives a role's name without its path.

use ecr_audit::arn::RoleName;
use ecr_audit::change::{Change, ProfileEffect, RoleEffect};

use serde::de::IgnoredAny;

use crate::record::{Missing, Record};
use crate::table::{Outcome, Read, Row};

/// A row for each call that can change a role, and for each that only looks as if it could.
pub const ROWS: &[Row] = &[
    Row { name: "AttachRolePolicy", read: Read::Changes(attach_role_policy) },
    Row { name: "DetachRolePolicy", read: Read::Changes(detach_role_policy) },
    Row { name: "PutRolePolicy", read: Read::Changes(put_role_policy) },
    Row { name: "DeleteRolePolicy", read: Read::Changes(delete_role_policy) },
    Row { name: "CreatePolicyVersion", read: Read::Changes(create_policy_version) },
    Row { name: "SetDefaultPolicyVersion", read: Read::Changes(set_default_policy_version) },
    Row { name: "PutRolePermissionsBoundary", read: Read::Changes(put_role_permissions_boundary) },
    Row {
        name: "DeleteRolePermissionsBoundary",
        read: Read::Changes(delete_role_permissions_boundary),
    },
    Row { name: "CreateRole", read: Read::Changes(create_role) },
    // A role made from a template is named in the response alone.
    Row { name: "AcquireRole", read: Read::Changes(create_role) },
    Row { name: "DeleteRole", read: Read::Changes(delete_role) },
    Row { name: "TagRole", read: Read::Changes(tag_role) },
    Row { name: "UntagRole", read: Read::Changes(untag_role) },
    Row { name: "AddRoleToInstanceProfile", read: Read::Changes(add_role_to_instance_profile) },
    Row {
        name: "RemoveRoleFromInstanceProfile",
        read: Read::Changes(remove_role_from_instance_profile),
    },
    Row { name: "DeleteInstanceProfile", read: Read::Changes(delete_instance_profile) },
    Row { name: "TagInstanceProfile", read: Read::Changes(tag_instance_profile) },
    Row { name: "UntagInstanceProfile", read: Read::Changes(untag_instance_profile) },
    Row {
        name: "CreateInstanceProfile",
        read: Read::NoEffect("a new instance profile holds no role"),
    },
    Row { name: "CreatePolicy", read: Read::NoEffect("a new policy is attached to nothing") },
    Row { name: "DeletePolicy", read: Read::NoEffect("only a detached policy can be deleted") },
    Row {
        name: "DeletePolicyVersion",
        read: Read::NoEffect("the default version cannot be deleted"),
    },
    Row { name: "UpdateRole", read: Read::NoEffect("it changes description and duration alone") },
    Row { name: "UpdateRoleDescription", read: Read::NoEffect("it changes the description alone") },
    Row {
        name: "UpdateAssumeRolePolicy",
        read: Read::NoEffect("it changes who may wear the role, not what the role may do"),
    },
    Row { name: "CreateServiceLinkedRole", read: Read::NoEffect(SERVICE_LINKED) },
    Row { name: "DeleteServiceLinkedRole", read: Read::NoEffect(SERVICE_LINKED) },
];

const SERVICE_LINKED: &str = "a service-linked role is AWS's own, and no node wears one";

/// A change to the role that the parameters name.
fn role(record: &Record<'_>, effect: RoleEffect) -> Result<Outcome, Missing> {
    let role_name = RoleName::new(record.parameter("roleName")?);
    Ok(Outcome::Changed(Change::Role { role_name, effect }))
}

fn attach_role_policy(record: &Record<'_>) -> Result<Outcome, Missing> {
    let policy_arn = record.parameter("policyArn")?.to_owned();
    if is_of_service_linked_roles(&policy_arn) {
        return Ok(Outcome::Nothing(SERVICE_LINKED));
    }
    role(record, RoleEffect::PolicyAttached { policy_arn })
}

fn detach_role_policy(record: &Record<'_>) -> Result<Outcome, Missing> {
    let policy_arn = record.parameter("policyArn")?.to_owned();
    if is_of_service_linked_roles(&policy_arn) {
        return Ok(Outcome::Nothing(SERVICE_LINKED));
    }
    role(record, RoleEffect::PolicyDetached { policy_arn })
}

fn put_role_policy(record: &Record<'_>) -> Result<Outcome, Missing> {
    let policy_name = record.parameter("policyName")?.to_owned();
    // CloudTrail cuts long texts. A document that is not whole would never be seen in a read.
    let document = record
        .optional("policyDocument")
        .filter(|document| serde_json::from_str::<IgnoredAny>(document).is_ok())
        .map(str::to_owned);
    role(record, RoleEffect::InlinePolicyPut { policy_name, document })
}

fn delete_role_policy(record: &Record<'_>) -> Result<Outcome, Missing> {
    let policy_name = record.parameter("policyName")?.to_owned();
    role(record, RoleEffect::InlinePolicyDeleted { policy_name })
}

fn create_policy_version(record: &Record<'_>) -> Result<Outcome, Missing> {
    let policy_arn = record.parameter("policyArn")?.to_owned();
    let is_default = record
        .truth_at("responseElements", "/policyVersion/isDefaultVersion")
        .or_else(|| record.truth_at("requestParameters", "/setAsDefault"));
    if is_default == Some(false) {
        return Ok(Outcome::Nothing("the new version is not the default one"));
    }
    // Where the record does not tell, the policy is looked at: that costs one call.
    let default_version = record.response_at("/policyVersion/versionId").map(str::to_owned);
    let default_version = default_version.filter(|_| is_default == Some(true));
    Ok(Outcome::Changed(Change::ManagedPolicy { policy_arn, default_version }))
}

fn set_default_policy_version(record: &Record<'_>) -> Result<Outcome, Missing> {
    let policy_arn = record.parameter("policyArn")?.to_owned();
    let default_version = record.optional("versionId").map(str::to_owned);
    Ok(Outcome::Changed(Change::ManagedPolicy { policy_arn, default_version }))
}

fn put_role_permissions_boundary(record: &Record<'_>) -> Result<Outcome, Missing> {
    let policy_arn = record.parameter("permissionsBoundary")?.to_owned();
    role(record, RoleEffect::BoundarySet { policy_arn })
}

fn delete_role_permissions_boundary(record: &Record<'_>) -> Result<Outcome, Missing> {
    role(record, RoleEffect::BoundaryRemoved)
}

fn create_role(record: &Record<'_>) -> Result<Outcome, Missing> {
    let path = record.optional("path").or_else(|| record.response_at("/role/path"));
    if path.is_some_and(|path| path.starts_with("/aws-service-role/")) {
        return Ok(Outcome::Nothing(SERVICE_LINKED));
    }
    let role_name = record.named(&["roleName"], &["/role/roleName"], "roleName")?;
    let role_id = record.response_at("/role/roleId").map(str::to_owned);
    let effect = RoleEffect::Created { role_id };
    Ok(Outcome::Changed(Change::Role { role_name: RoleName::new(role_name), effect }))
}

fn delete_role(record: &Record<'_>) -> Result<Outcome, Missing> {
    role(record, RoleEffect::Deleted)
}

fn tag_role(record: &Record<'_>) -> Result<Outcome, Missing> {
    let tags = record.tags().ok_or_else(|| Missing("requestParameters.tags".to_owned()))?;
    role(record, RoleEffect::Tagged { tags })
}

fn untag_role(record: &Record<'_>) -> Result<Outcome, Missing> {
    let tag_keys =
        record.list("tagKeys").ok_or_else(|| Missing("requestParameters.tagKeys".to_owned()))?;
    role(record, RoleEffect::Untagged { tag_keys })
}

/// A change to the instance profile that the parameters name. It is looked at whatever they say,
/// so an effect that they do not tell asks for no sweep.
fn instance_profile(
    record: &Record<'_>,
    effect: Option<ProfileEffect>,
) -> Result<Outcome, Missing> {
    Ok(Outcome::Changed(Change::InstanceProfile {
        instance_profile_name: record.parameter("instanceProfileName")?.to_owned(),
        role_name: record.optional("roleName").map(RoleName::new),
        effect,
    }))
}

fn add_role_to_instance_profile(record: &Record<'_>) -> Result<Outcome, Missing> {
    instance_profile(record, Some(ProfileEffect::RoleAdded))
}

fn remove_role_from_instance_profile(record: &Record<'_>) -> Result<Outcome, Missing> {
    instance_profile(record, Some(ProfileEffect::RoleRemoved))
}

fn delete_instance_profile(record: &Record<'_>) -> Result<Outcome, Missing> {
    instance_profile(record, Some(ProfileEffect::Deleted))
}

fn tag_instance_profile(record: &Record<'_>) -> Result<Outcome, Missing> {
    instance_profile(record, record.tags().map(|tags| ProfileEffect::Tagged { tags }))
}

fn untag_instance_profile(record: &Record<'_>) -> Result<Outcome, Missing> {
    let tag_keys = record.list("tagKeys");
    instance_profile(record, tag_keys.map(|tag_keys| ProfileEffect::Untagged { tag_keys }))
}

/// AWS lets such a policy be attached to service-linked roles alone.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>
fn is_of_service_linked_roles(policy_arn: &str) -> bool {
    policy_arn.contains("::aws:policy/aws-service-role/")
}
