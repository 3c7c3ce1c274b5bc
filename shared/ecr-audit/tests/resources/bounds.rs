//! What is no more than an upper bound says so, and why, wherever it is told.

use ecr_audit::assessment::Excess;
use ecr_audit::certainty::Certainty;
use ecr_audit::permissions::{Access, UnknownActions};
use ecr_audit::standard::{Check, Standard, Status};
use serde_json::{Value, json};

use crate::role::{OWN, PULL, Role, allow, deny, given, role};

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
    let some = "This is an upper bound, and less may be granted, because the value of \
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
        let marks = [unknown.read_is_upper_bound, unknown.write_is_upper_bound];
        (marks, [unknown.read_left_open.clone(), unknown.write_left_open.clone()])
    };
    let (no_reason, not_known) = (Vec::new(), vec![NOT_KNOWN.to_owned()]);
    let certain = ([false, false], [no_reason.clone(), no_reason.clone()]);
    assert_eq!(marks(&unknown(&[allow("ecr:*", "*")])), certain);
    let open = unknown(&[allow("ecr:*", called_by_a_key())]);
    assert!(open.read > Access::Denied && open.write > Access::Denied);
    assert_eq!(marks(&open), ([true, true], [not_known.clone(), not_known.clone()]));
    // Some unknown reads are granted for certain; no unknown write is.
    let beside = unknown(&[allow("ecr:*", called_by_a_key()), allow("ecr:Get*", "*")]);
    assert_eq!(marks(&beside), ([false, true], [no_reason, not_known]));
    let denied = unknown(&[allow("ecr:*", called_by_a_key()), deny("ecr:*", "*")]);
    assert_eq!(marks(&denied), certain);
}

/// Each kind of unknown actions is a bound for its own reasons, and is told with them.
#[test]
fn reads_and_writes_are_left_open_for_their_own_reasons() {
    let endpoint = format!("arn:aws:ecr:us-east-1:{OWN}:repository/${{aws:SourceVpce}}/*");
    let statements =
        [allow("ecr:GetX*", called_by_a_key()), allow("ecr:PutX*", endpoint), allow(PULL[0], "*")];
    let role = Role { standard: Standard::PullOnly, ..role(&statements) };
    let unknown = &role.effective().unknown_actions["ecr"];
    assert_eq!(unknown.read_left_open, [NOT_KNOWN]);
    assert_eq!(unknown.write_left_open, ["the value of aws:SourceVpce is not known"]);
    // Both are LOW, for the writes are granted on named repositories alone.
    let told = [
        "aws:SourceVpc is not known: ecr:<unknown read>.",
        "aws:SourceVpce is not known: ecr:<unknown write>.",
    ];
    assert_eq!(
        reasons(&role),
        told.map(|told| format!(
            "This is an upper bound, and less may be granted, because the value of {told}"
        ))
    );
}

/// On a condition it is granted for certain; that it always is hangs on a name that is not known.
#[test]
fn what_is_granted_at_least_on_a_condition_is_known() {
    let on_a_condition = |action: &str| {
        given(allow(action, "*"), json!({ "StringEquals": { "aws:SourceVpc": "vpc-0a1b2c3d" } }))
    };
    let called = format!("arn:aws:ecr:us-east-1:{OWN}:repository/${{aws:userid}}/*");
    let both = role(&[on_a_condition("ecr:*"), allow("ecr:*", called.as_str())]);
    let put = both.action("ecr:PutImage");
    assert_eq!((put.access, put.at_least), (Access::Allowed, Some(Access::Conditional)));
    assert_eq!(put.certainty(), Certainty::PerhapsAlways);
    let told = excess(&both).into_iter().find(|excess| excess.action == put.action).unwrap();
    assert_eq!(told.certainty(), Certainty::PerhapsAlways);
    let unknown = &both.effective().unknown_actions["ecr"];
    assert_eq!(unknown.read_certainty(), Certainty::PerhapsAlways);
    assert_eq!(unknown.write_certainty(), Certainty::PerhapsAlways);

    let perhaps = role(&[allow("ecr:*", called)]);
    let put = perhaps.action("ecr:PutImage");
    assert_eq!((put.at_least, put.certainty()), (None, Certainty::Perhaps));
    assert_eq!(excess(&perhaps)[0].certainty(), Certainty::Perhaps);
    let certain = role(&[on_a_condition("ecr:*")]).action("ecr:PutImage");
    assert_eq!((certain.at_least, certain.certainty()), (None, Certainty::Certain));
}

/// No repository is named that was made up to stand for those that a value may name.
#[test]
fn a_pull_shows_no_repository_that_perhaps_cannot_be_pulled_from() {
    let pulled = |resources: String, condition: Value| {
        let pull = given(allow(json!(PULL[1..]), resources), condition);
        let role = role(&[allow(PULL[0], "*"), pull]);
        let result = role.assessment().checks.remove(&Check::CanPull).unwrap();
        let told = result.notes.into_iter().find(|note| note.contains("certain repositories"));
        (result.status, told.unwrap_or_default())
    };
    let from = "certain repositories can be pulled from";
    let team = format!("arn:aws:ecr:us-east-1:{OWN}:repository/team/app");
    assert_eq!(pulled(called_by_a_key(), json!({})), (Status::Warning, format!("At most {from}.")));
    assert_eq!(
        pulled(team.clone(), json!({ "StringEquals": { "aws:SourceVpc": "vpc-0a1b2c3d" } })),
        (Status::Warning, format!("At most {from}, such as {team}."))
    );
    assert_eq!(
        pulled(team.clone(), json!({})),
        (Status::Passed, format!("Only {from}, such as {team}."))
    );
}

#[test]
fn unknown_actions_that_were_not_followed_are_a_bound() {
    let role = role(&[allow(intricate_actions(), "*")]);
    let unknown = &role.effective().unknown_actions["ecr"];
    assert_eq!((unknown.read, unknown.write), (Access::Allowed, Access::Allowed));
    assert!(unknown.read_is_upper_bound && unknown.write_is_upper_bound);
    assert_eq!(unknown.read_left_open, [INTRICATE]);
    assert_eq!(unknown.write_left_open, [INTRICATE]);
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
