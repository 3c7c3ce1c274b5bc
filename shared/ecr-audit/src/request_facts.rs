//! What is known of a request that a node makes, and where the repositories may lie: the ranges
//! and facts that the engine is handed.

use std::collections::BTreeSet;

use iam_policy::context::{Context, ContextValue};
use iam_policy::effective::resources::Place;
use iam_policy::effective::{Consent, Knowledge};
use iam_policy::principal::Principal;

use crate::assess::RoleState;
use crate::catalogue::CataloguedAction;
use crate::node_role::Compute;
use crate::settings::Settings;

/// The regions of each partition where ECR and EKS answer, in the order of their names.
/// Source: botocore's endpoints.json, 1.44, October 2026.
const REGIONS: [(&str, &[&str]); 6] = [
    (
        "aws",
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
    ("aws-cn", &["cn-north-1", "cn-northwest-1"]),
    ("aws-us-gov", &["us-gov-east-1", "us-gov-west-1"]),
    ("aws-iso", &["us-iso-east-1", "us-iso-west-1"]),
    ("aws-iso-b", &["us-isob-east-1"]),
    ("aws-iso-f", &["us-isof-east-1", "us-isof-south-1"]),
];

/// An account that no policy has reason to name: it stands for every account but those named.
const SOME_ACCOUNT: &str = "210987654321";

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
    Knowledge { known, absent, present }
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

/// Where a repository of `service` may lie: the own account first, regions with clusters first,
/// then the home region, then the others by name; then the accounts that some policy names, and
/// one that stands for all others.
pub fn places(state: &RoleState<'_>, settings: &Settings, service: &str) -> Vec<Place> {
    let role_arn = &state.role.role_arn;
    let partition = role_arn.partition();
    let own = role_arn.account();
    let mut accounts = vec![(own.to_owned(), Consent::Own)];
    for account in named_accounts(state).into_iter().chain([SOME_ACCOUNT.to_owned()]) {
        if account != own {
            let is_given = settings.registry_accounts.contains(&account);
            accounts.push((account, if is_given { Consent::Given } else { Consent::Unknown }));
        }
    }
    let mut places = Vec::new();
    for (account, consent) in accounts {
        if service == "ecr-public" {
            let prefix = format!("arn:{partition}:ecr-public::{account}:repository/");
            places.push(Place { prefix, known: region_called("us-east-1"), consent });
            continue;
        }
        for region in regions(state, settings) {
            let prefix = format!("arn:{partition}:ecr:{region}:{account}:repository/");
            places.push(Place { prefix, known: region_called(&region), consent });
        }
    }
    places
}

fn region_called(region: &str) -> Context {
    let mut context = Context::new();
    context.set_single("aws:RequestedRegion", region);
    context
}

/// Every region of the partition, those with clusters first, then the home region.
fn regions(state: &RoleState<'_>, settings: &Settings) -> Vec<String> {
    let with_clusters: BTreeSet<&str> =
        state.uses.iter().filter_map(|seen| seen.source.region.as_deref()).collect();
    let of_partition = REGIONS
        .iter()
        .find(|(partition, _)| *partition == state.role.role_arn.partition())
        .map_or(&[][..], |(_, regions)| *regions);
    let mut regions: Vec<String> = Vec::new();
    let preferred = with_clusters.into_iter().chain([settings.home_region.as_str()]);
    let watched = settings.regions.iter().map(String::as_str);
    for region in preferred.chain(watched).chain(of_partition.iter().copied()) {
        if !region.is_empty() && !regions.iter().any(|known| known == region) {
            regions.push(region.to_owned());
        }
    }
    regions
}

/// Twelve digits between colons in some document of the role.
fn named_accounts(state: &RoleState<'_>) -> BTreeSet<String> {
    state
        .role
        .identity
        .iter()
        .filter_map(|policy| policy.document.as_deref())
        .flat_map(|document| document.split(':'))
        .filter(|part| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}
