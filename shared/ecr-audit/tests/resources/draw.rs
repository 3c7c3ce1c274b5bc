//! Roles of a small world: few accounts, regions and names, and every kind of policy that bears on
//! a resource.

use ecr_audit::standard::Standard;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::role::{OWN, ROLE, Role, document, given, registry};

/// The actions that are asked for.
pub const ACTIONS: [&str; 7] = [
    "ecr:PutImage",
    "ecr:CreateRepository",
    "ecr:BatchGetImage",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetAuthorizationToken",
    "ecr:PutRegistryPolicy",
];

/// The regions that policies name, and one for all others.
pub const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-south-1"];

/// An account for each way in which the patterns of `account` can match one, and more.
pub const ACCOUNTS: [&str; 11] = [
    OWN,
    "999988887777",
    "602401143452",
    "444455556666",
    "210987654321",
    "999911117777",
    "900000000003",
    "900000006666",
    "000000000003",
    "000000006666",
    "000000000001",
];

/// AWS's own registries of add-ons: of the regions above, and one of other regions for each way in
/// which the patterns of `account` can match one.
pub const ADD_ONS: [(&str, &str); 7] = [
    ("us-east-1", "602401143452"),
    ("eu-west-1", "602401143452"),
    ("ap-south-1", "602401143452"),
    ("af-south-1", "877085696533"),
    ("ap-south-2", "900889452093"),
    ("eu-central-2", "900612956339"),
    ("eu-south-2", "455263428931"),
];

/// A name for each way in which the patterns of `name` can match one.
pub const NAMES: [&str; 6] = ["app", "aa", "ab", "team/web", "zz", "b0"];

/// Names that the same patterns match, and of which nothing is said: no policy stands on them.
pub const OTHER_NAMES: [&str; 3] = ["ac", "team/api", "b1"];

/// What the tag `acct` of the role holds.
pub const TAG: &str = "444455556666";

fn account() -> impl Strategy<Value = &'static str> {
    select(vec![
        "*",
        "*",
        OWN,
        OWN,
        "999988887777",
        "602401143452",
        "9*",
        "9999*7777",
        "*3",
        "????????????",
        "${aws:PrincipalTag/acct}",
        "${aws:PrincipalAccount}",
    ])
}

fn resource() -> impl Strategy<Value = String> {
    let region = select(vec!["*", "*", "us-east-1", "eu-west-1", "${aws:RequestedRegion}"]);
    let name = select(vec!["*", "*", "app", "aa", "a*", "team/*", "zz"]);
    let repository = (region, account(), name).prop_map(|(region, account, name)| {
        format!("arn:aws:ecr:{region}:{account}:repository/{name}")
    });
    let odd = select(vec!["arn:aws:ecr:*", "arn:aws:ecr:*6666:repository/app", "arn:aws:s3:::*"]);
    prop_oneof![
        3 => Just("*".to_owned()),
        6 => repository,
        1 => odd.prop_map(str::to_owned),
    ]
}

fn actions() -> impl Strategy<Value = Vec<&'static str>> {
    let all = [&ACTIONS[..], &["ecr:*", "ecr:*", "ecr:Put*", "ecr:*Image"]].concat();
    subsequence(all, 1..4)
}

fn condition() -> impl Strategy<Value = Value> {
    select(vec![
        json!({ "StringEquals": { "aws:ResourceAccount": OWN } }),
        json!({ "StringNotEquals": { "aws:ResourceAccount": "${aws:PrincipalAccount}" } }),
        json!({ "StringEquals": { "aws:ResourceAccount": "999988887777" } }),
        json!({ "StringLike": { "aws:ResourceAccount": ["9*", "*6666"] } }),
        json!({ "StringEquals": { "aws:PrincipalTag/acct": "${aws:ResourceAccount}" } }),
        json!({ "StringEquals": { "aws:SourceVpc": "vpc-1" } }),
        json!({ "StringNotEquals": { "aws:SourceVpc": "vpc-1" } }),
        json!({ "StringEquals": { "aws:RequestedRegion": "us-east-1" } }),
    ])
}

fn statement() -> impl Strategy<Value = Value> {
    let parts = (any::<bool>(), any::<bool>(), actions(), vec(resource(), 1..3));
    let element = prop_oneof![6 => Just("Resource"), 1 => Just("NotResource")];
    (parts, element, option::weighted(0.4, condition())).prop_map(
        |((is_allow, is_surely_allow, actions, resources), element, condition)| {
            let effect = if is_allow || is_surely_allow { "Allow" } else { "Deny" };
            let statement = json!({ "Effect": effect, "Action": actions, element: resources });
            match condition {
                Some(condition) => given(statement, condition),
                None => statement,
            }
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    vec(statement(), 1..4).prop_map(|statements| document(&statements))
}

/// A statement of a policy that stands on a repository, or on a registry.
fn grant() -> impl Strategy<Value = Value> {
    let principal = select(vec![json!("*"), json!({ "AWS": ROLE }), json!({ "AWS": OWN })]);
    let effect = select(vec!["Allow", "Allow", "Deny"]);
    (effect, principal, actions(), option::weighted(0.2, condition())).prop_map(
        |(effect, principal, actions, condition)| {
            let statement = json!({ "Effect": effect, "Principal": principal, "Action": actions });
            match condition {
                Some(condition) => given(statement, condition),
                None => statement,
            }
        },
    )
}

/// A role with everything that bears on it.
pub fn role() -> impl Strategy<Value = Role> {
    let own =
        (vec(policy(), 1..3), option::weighted(0.3, policy()), option::weighted(0.2, policy()));
    let of_repository = option::weighted(0.4, (select(NAMES.to_vec()), grant()));
    let scope = select(vec![Some(true), Some(false), None]);
    let of_registry = option::weighted(0.4, (scope, grant()));
    let registry_accounts = subsequence(vec!["999988887777", "000000000001"], 0..2);
    (own, of_repository, of_registry, registry_accounts).prop_map(
        |((identity, boundary, scp), of_repository, of_registry, registry_accounts)| {
            let mut registries = Vec::new();
            if let Some((name, grant)) = of_repository {
                registries.push(registry("us-east-1", Some(name), Some(true), &document(&[grant])));
            }
            if let Some((scope, mut grant)) = of_registry {
                grant["Resource"] = json!("*");
                registries.push(registry("us-east-1", None, scope, &document(&[grant])));
            }
            Role {
                identity,
                boundary,
                scp,
                tags: vec![("acct", TAG)],
                registry: registries,
                registry_accounts,
                standard: Standard::default(),
                regions: Vec::new(),
                now: None,
            }
        },
    )
}
