//! What is known of a request that a node makes. Where the repositories may lie, `places` says.

use std::collections::BTreeSet;

use iam_policy::context::{Context, ContextValue};
use iam_policy::effective::Knowledge;
use iam_policy::principal::Principal;

use crate::assess::RoleState;
use crate::catalogue::CataloguedAction;
use crate::node_role::Compute;

/// The principal of a node: a session of the role, called by the instance's id. Each instance is
/// another one, so a policy that names one session says something of some nodes.
pub fn principal(state: &RoleState<'_>) -> Principal {
    Principal::any_session_of(state.role.role_arn.as_str())
}

/// What every request of the role carries, and what none does.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub fn knowledge(state: &RoleState<'_>, action: Option<&CataloguedAction>) -> Knowledge {
    let role_arn = &state.role.role_arn;
    let mut known = Context::new();
    known.set_single("aws:PrincipalArn", role_arn.as_str());
    known.set_single("aws:PrincipalAccount", role_arn.account());
    known.set_single("aws:PrincipalType", "AssumedRole");
    known.set_single("aws:SecureTransport", "true");
    known.set_single("aws:ViaAWSService", "false");
    known.set_single("aws:PrincipalIsAWSService", "false");
    for (key, value) in &state.role.tags {
        known.set(&format!("aws:PrincipalTag/{key}"), ContextValue::Single(value.clone()));
    }
    let mut absent: Vec<String> = [
        "aws:principaltag/",
        "aws:multifactorauthpresent",
        "aws:multifactorauthage",
        "aws:username",
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:federatedprovider",
        "aws:ismcpserviceaction",
        "aws:viaawsmcpservice",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut present = ["aws:currenttime", "aws:epochtime", "aws:userid", "aws:useragent"]
        .map(str::to_owned)
        .to_vec();
    let computes: BTreeSet<Compute> = state.uses.iter().map(|known| known.compute).collect();
    let is_all =
        |compute: Compute| !computes.is_empty() && computes.iter().all(|one| *one == compute);
    if is_all(Compute::Ec2) {
        present.extend(["ec2:sourceinstancearn", "ec2:roledelivery"].map(str::to_owned));
    } else if !computes.is_empty()
        && computes.iter().all(|one| matches!(one, Compute::Fargate | Compute::Hybrid))
    {
        absent.push("ec2:".to_owned());
    }
    if let Some(action) = action {
        absent.extend(never_sent(action));
    }
    // Without a resource the account is the one that is called, which is the role's own.
    let mut without_resource = Context::new();
    without_resource.set_single("aws:ResourceAccount", role_arn.account());
    Knowledge { known, absent, present, without_resource }
}

/// The keys of a service that it never sends with an action.
fn never_sent(action: &CataloguedAction) -> Vec<String> {
    [
        "ecr:accountsetting",
        "ecr:resourcetag/",
        "ecr-public:resourcetag/",
        "aws:resourcetag/",
        "aws:requesttag/",
        "aws:tagkeys",
    ]
    .into_iter()
    .filter(|key| {
        let is_sent = action
            .condition_keys
            .iter()
            .any(|sent| sent.to_ascii_lowercase().starts_with(key.trim_end_matches('/')));
        // Every action on a repository carries the repository's tags.
        let is_tag_of_resource = key.contains("resourcetag") && action.takes_resource;
        !is_sent && !is_tag_of_resource
    })
    .map(str::to_owned)
    .collect()
}
