//! What is known of a request that a node makes. Where the repositories may lie, `places` says.

use std::collections::{BTreeMap, BTreeSet};

use iam_policy::context::{Context, ContextValue};
use iam_policy::effective::Knowledge;
use iam_policy::effective::dates::DateRange;
use iam_policy::principal::Principal;
use jiff::{SignedDuration, Timestamp};

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
///
/// Of `actions`, which are asked about together, each is known to carry certain keys of its service;
/// where there are none, the action is unknown and may carry any.
pub fn knowledge(state: &RoleState<'_>, actions: &[&CataloguedAction]) -> Knowledge {
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
    let mut present = ["aws:userid", "aws:useragent"].map(str::to_owned).to_vec();
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
    if !actions.is_empty() {
        absent.extend(OF_AN_ACTION.map(str::to_owned));
    }
    let but_for = actions.iter().flat_map(|action| sent(action)).collect();
    // Without a resource the account is the one that is called, which is the role's own.
    let mut without_resource = Context::new();
    without_resource.set_single("aws:ResourceAccount", role_arn.account());
    let with_resource = OF_A_RESOURCE.map(str::to_owned).to_vec();
    let dates = dates(state.now);
    Knowledge { known, absent, but_for, present, dates, without_resource, with_resource }
}

/// The longest that the session of a role can last, whose credentials a node uses.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html>
pub const LONGEST_SESSION: SignedDuration = SignedDuration::from_hours(12);

/// The dates of a request that is made now, and of the credentials that it is made with.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn dates(now: Timestamp) -> BTreeMap<String, DateRange> {
    let earliest = now.checked_sub(LONGEST_SESSION).unwrap_or(Timestamp::MIN);
    [
        ("aws:currenttime", DateRange { earliest: now, latest: now, is_number: false }),
        ("aws:epochtime", DateRange { earliest: now, latest: now, is_number: true }),
        ("aws:tokenissuetime", DateRange { earliest, latest: now, is_number: false }),
    ]
    .map(|(key, range)| (key.to_owned(), range))
    .into()
}

/// The keys that a service sends with some of its actions alone; with all others they are missing.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
const OF_AN_ACTION: [&str; 5] =
    ["ecr:", "ecr-public:", "aws:resourcetag/", "aws:requesttag/", "aws:tagkeys"];

/// The tags of a repository, which a request carries that is about one.
const OF_A_RESOURCE: [&str; 3] =
    ["aws:resourcetag/", "ecr:resourcetag/", "ecr-public:resourcetag/"];

/// Those of them that are sent with an action: what its entry lists, and the repository's tags where
/// it is on one.
fn sent(action: &CataloguedAction) -> Vec<String> {
    // `aws:RequestTag/${TagKey}` stands for the tags of any key.
    let listed = action.condition_keys.iter().map(|key| key.trim_end_matches("${TagKey}"));
    let mut sent: Vec<String> = listed.map(str::to_ascii_lowercase).collect();
    if let Some((service, _)) = action.action.split_once(':').filter(|_| action.takes_resource) {
        sent.extend(["aws:resourcetag/".to_owned(), format!("{service}:resourcetag/")]);
    }
    sent
}
