//! What the policy of a registry gives and takes, by its scope.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>

use ecr_audit::permissions::Access;
use ecr_audit::standard::{Check, Status};
use serde_json::{Value, json};

use crate::role::{OWN, PULL, ROLE, Role, allow, document, given, registry, role};

const V1: Option<bool> = Some(false);
const V2: Option<bool> = Some(true);
const UNKNOWN: Option<bool> = None;

fn says(effect: &str, actions: impl Into<Value>) -> Value {
    json!({
        "Effect": effect, "Principal": { "AWS": ROLE }, "Action": actions.into(), "Resource": "*",
    })
}

fn with(mut role: Role, scope: Option<bool>, statement: Value) -> Role {
    role.registry = vec![registry("us-east-1", None, scope, &document(&[statement]))];
    role
}

#[test]
fn a_scope_says_which_actions_a_registry_policy_is_for() {
    let grants = |scope| with(Role::default(), scope, says("Allow", "ecr:*"));
    for (scope, action, access) in [
        (V1, "ecr:PutImage", Access::Denied),
        (V2, "ecr:PutImage", Access::Allowed),
        (UNKNOWN, "ecr:PutImage", Access::Allowed),
        (V1, "ecr:CreateRepository", Access::Allowed),
        (V2, "ecr:CreateRepository", Access::Allowed),
        (UNKNOWN, "ecr:CreateRepository", Access::Allowed),
    ] {
        let role = grants(scope);
        assert_eq!(role.access(action), access, "{scope:?} {action}");
        let is_open = scope == UNKNOWN && action == "ecr:PutImage";
        assert_eq!(role.action(action).is_upper_bound, is_open, "{scope:?} {action}");
    }
}

#[test]
fn a_registry_policy_of_scope_v2_may_grant_what_names_no_repository() {
    for action in ["ecr:PutRegistryPolicy", "ecr:PutReplicationConfiguration"] {
        let grants = |scope, actions: &str| with(Role::default(), scope, says("Allow", actions));
        for scope in [V2, UNKNOWN] {
            let put = grants(scope, "ecr:*").action(action);
            assert_eq!(put.access, Access::Allowed, "{scope:?} {action}");
            assert!(put.is_upper_bound, "{scope:?} {action}");
            assert_eq!(put.statements[0].policy, "registry:us-east-1");
        }
        assert_eq!(grants(V1, "ecr:*").access(action), Access::Denied, "{action}");
        assert_eq!(grants(V2, "ecr:Get*").access(action), Access::Denied, "{action}");
    }
}

#[test]
fn a_registry_policy_is_its_regions_alone() {
    let elsewhere = |region: &str| {
        given(says("Allow", "ecr:*"), json!({ "StringEquals": { "aws:RequestedRegion": region } }))
    };
    let action = "ecr:PutRegistryPolicy";
    let role = with(Role::default(), V2, elsewhere("us-east-1"));
    assert_eq!(role.access(action), Access::Allowed);
    assert_eq!(role.action(action).witness.unwrap().context["aws:RequestedRegion"], "us-east-1");
    assert_eq!(with(Role::default(), V2, elsewhere("eu-west-1")).access(action), Access::Denied);
}

#[test]
fn a_deny_of_a_registry_counts_where_it_is_certain() {
    let own = format!("arn:aws:ecr:us-east-1:{OWN}:repository/*");
    let repositories = || role(&[allow("ecr:PutImage", own.clone())]);
    let denied = |scope| with(repositories(), scope, says("Deny", "ecr:PutImage"));
    assert_eq!(denied(V1).access("ecr:PutImage"), Access::Allowed);
    assert_eq!(denied(V2).access("ecr:PutImage"), Access::Denied);
    assert_eq!(denied(UNKNOWN).access("ecr:PutImage"), Access::Allowed);
    assert_eq!(denied(UNKNOWN).status(Check::ReadOnly), Status::Failed);
    // Of what names no repository it is open whether a registry's policy bears on it.
    let registries = || role(&[allow("ecr:PutRegistryPolicy", "*")]);
    let denied = with(registries(), V2, says("Deny", "ecr:*"));
    assert_eq!(denied.access("ecr:PutRegistryPolicy"), Access::Allowed);
}

#[test]
fn a_scope_that_is_not_known_does_not_make_a_pull() {
    let token = || role(&[allow(PULL[0], "*")]);
    let pulls = |scope| with(token(), scope, says("Allow", json!(PULL)));
    assert_eq!(pulls(V1).status(Check::CanPull), Status::Failed);
    assert_eq!(pulls(V2).status(Check::CanPull), Status::Passed);
    assert_eq!(pulls(UNKNOWN).status(Check::CanPull), Status::Warning);
    let note = "registry:us-east-1: REGISTRY_POLICY_SCOPE is not known, so what it says of other \
                actions than ecr:ReplicateImage, ecr:BatchImportUpstreamImage, \
                ecr:CreateRepository is open";
    for (scope, is_told) in [(V1, false), (V2, false), (UNKNOWN, true)] {
        let notes = pulls(scope).effective().notes;
        assert_eq!(notes.iter().any(|told| told == note), is_told, "{scope:?}: {notes:?}");
    }
}
