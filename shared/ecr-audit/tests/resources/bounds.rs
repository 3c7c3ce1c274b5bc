//! What is no more than an upper bound says so, and why, wherever it is told.

use ecr_audit::assessment::Excess;
use ecr_audit::permissions::{Access, UnknownActions};
use ecr_audit::standard::{Check, Status};
use serde_json::{Value, json};

use crate::role::{OWN, Role, allow, deny, given, role};

const NOT_KNOWN: &str = "the value of aws:SourceVpc is not known";
const INTRICATE: &str = "the policies are too intricate to be followed to the end";

/// Repositories that are called as a key says of which nothing is known.
fn called_by_a_key() -> String {
    format!("arn:aws:ecr:us-east-1:{OWN}:repository/${{aws:SourceVpc}}/*")
}

/// More beginnings of names than are told apart: each stands within any other.
fn intricate_actions() -> Value {
    let patterns: Vec<String> = "abcdefghijklmnop"
        .chars()
        .map(|letter| format!("ecr:*{letter}*x{letter}*y{letter}*"))
        .collect();
    json!(patterns)
}

fn excess(role: &Role) -> Vec<Excess> {
    role.assessment().checks[&Check::ReadOnly].excess.clone()
}

fn reasons(role: &Role) -> Vec<String> {
    role.assessment().checks[&Check::ReadOnly].reasons.clone()
}

#[test]
fn what_hangs_on_an_unknown_value_is_an_upper_bound() {
    let role = role(&[allow("ecr:PutImage", called_by_a_key())]);
    let put = role.action("ecr:PutImage");
    assert!(put.is_upper_bound && put.access > Access::Denied, "{put:?}");
    assert_eq!(put.left_open, [NOT_KNOWN]);
    assert_eq!(role.status(Check::ReadOnly), Status::Failed);
    assert!(excess(&role)[0].is_upper_bound);
    let all = "This is an upper bound, and less may be granted, because the value of aws:SourceVpc \
               is not known.";
    assert_eq!(reasons(&role), [all]);
}

#[test]
fn what_is_certain_is_told_from_what_is_a_bound() {
    let role = role(&[
        allow("ecr:PutImage", called_by_a_key()),
        allow("ecr:DeleteRepository", format!("arn:aws:ecr:us-east-1:{OWN}:repository/aa")),
        given(
            allow("ecr:BatchDeleteImage", format!("arn:aws:ecr:us-east-1:{OWN}:repository/aa")),
            json!({ "StringEquals": { "aws:SourceVpc": "vpc-0a1b2c3d" } }),
        ),
    ]);
    let is_bound = |action: &str| {
        excess(&role).iter().find(|excess| excess.action == action).unwrap().is_upper_bound
    };
    assert!(is_bound("ecr:PutImage"));
    assert!(!is_bound("ecr:DeleteRepository"));
    // That a condition holds is not certain, but that it is one is.
    assert!(!is_bound("ecr:BatchDeleteImage"));
    let some = "These are upper bounds, and less may be granted, because the value of \
                aws:SourceVpc is not known: ecr:PutImage.";
    assert_eq!(reasons(&role), [some]);
    assert_eq!(role.action("ecr:DeleteRepository").left_open, [""; 0]);
}

#[test]
fn what_no_document_decides_is_an_upper_bound_without_a_key() {
    let registry = crate::role::registry(
        "us-east-1",
        None,
        None,
        &crate::role::document(&[json!({
            "Effect": "Allow",
            "Principal": { "AWS": crate::role::ROLE },
            "Action": "ecr:PutImage",
            "Resource": "*",
        })]),
    );
    let role = Role { registry: vec![registry], ..Role::default() };
    let clause = "AWS's documentation, or what is not known of a registry, leaves the answer open";
    assert_eq!(role.action("ecr:PutImage").left_open, [clause]);
    assert!(reasons(&role)[0].contains(clause));
}

#[test]
fn unknown_actions_are_a_bound_where_no_name_is_certain() {
    let unknown =
        |statements: &[Value]| role(statements).effective().unknown_actions["ecr"].clone();
    let marks = |unknown: &UnknownActions| {
        (unknown.read_is_upper_bound, unknown.write_is_upper_bound, unknown.left_open.clone())
    };
    assert_eq!(marks(&unknown(&[allow("ecr:*", "*")])), (false, false, vec![]));
    let open = unknown(&[allow("ecr:*", called_by_a_key())]);
    assert!(open.read > Access::Denied && open.write > Access::Denied);
    assert_eq!(marks(&open), (true, true, vec![NOT_KNOWN.to_owned()]));
    // Some unknown reads are granted for certain; no unknown write is.
    let beside = unknown(&[allow("ecr:*", called_by_a_key()), allow("ecr:Get*", "*")]);
    assert_eq!(marks(&beside), (false, true, vec![NOT_KNOWN.to_owned()]));
    let denied = unknown(&[allow("ecr:*", called_by_a_key()), deny("ecr:*", "*")]);
    assert_eq!(marks(&denied), (false, false, vec![]));
}

#[test]
fn unknown_actions_that_were_not_followed_are_a_bound() {
    let role = role(&[allow(intricate_actions(), "*")]);
    let unknown = &role.effective().unknown_actions["ecr"];
    assert_eq!((unknown.read, unknown.write), (Access::Allowed, Access::Allowed));
    assert!(unknown.read_is_upper_bound && unknown.write_is_upper_bound);
    assert_eq!(unknown.left_open, [INTRICATE]);
    let excess = excess(&role);
    let write = excess.iter().find(|excess| excess.action == "ecr:<unknown write>").unwrap();
    assert!(write.is_upper_bound);
    assert!(reasons(&role)[0].contains(INTRICATE), "{:?}", reasons(&role));
}

/// A record of an earlier version has no mark.
#[test]
fn an_excess_that_was_kept_without_the_mark_is_read() {
    let kept = json!({
        "action": "ecr:PutImage", "access": "allowed", "scope": "every-repository",
        "severity": "HIGH", "witness": null, "statements": [],
    });
    let read: Excess = serde_json::from_value(kept.clone()).unwrap();
    assert!(!read.is_upper_bound);
    // And what is certain is written as it was.
    assert_eq!(serde_json::to_value(&read).unwrap(), kept);
}
