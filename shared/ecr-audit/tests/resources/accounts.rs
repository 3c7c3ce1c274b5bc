//! A repository may be any account's: every policy that tells accounts apart is seen.

use ecr_audit::permissions::Access;
use ecr_audit::standard::{Check, Severity, Status};
use serde_json::{Value, json};

use crate::role::{OWN, PULL, Role, allow, deny, document, given, role};

const ELSEWHERE: &str = "arn:aws:ecr:*:999988887777:repository/*";

fn pulls_and_pushes() -> Value {
    let actions: Vec<&str> = PULL.into_iter().chain(["ecr:PutImage"]).collect();
    allow(json!(actions), "*")
}

#[test]
fn an_account_that_only_the_boundary_names_is_seen() {
    let boundary = document(&[allow("ecr:GetAuthorizationToken", "*"), allow("ecr:*", ELSEWHERE)]);
    let role = Role {
        boundary: Some(boundary.clone()),
        registry_accounts: vec!["999988887777"],
        ..role(&[pulls_and_pushes()])
    };
    assert_eq!(role.access("ecr:PutImage"), Access::Allowed);
    assert_eq!(role.status(Check::ReadOnly), Status::Failed);
    assert_eq!(role.status(Check::CanPull), Status::Passed);

    // Without the setting the other account may admit the role.
    let role = Role { registry_accounts: Vec::new(), ..role };
    assert_eq!(role.access("ecr:PutImage"), Access::Conditional);
    assert_eq!(role.status(Check::CanPull), Status::Warning);

    let role = Role { boundary: None, scp: Some(boundary), ..role };
    assert_eq!(role.access("ecr:PutImage"), Access::Conditional);
    assert_eq!(role.status(Check::CanPull), Status::Warning);
}

#[test]
fn an_account_may_be_named_by_a_pattern() {
    for account in ["99998888????", "9*", "*7777", "${aws:PrincipalTag/acct}", "999988887777"] {
        let repository = format!("arn:aws:ecr:us-east-1:{account}:repository/xx");
        let role = Role {
            tags: vec![("acct", "999988887777")],
            ..role(&[allow("ecr:PutImage", repository)])
        };
        assert_eq!(role.access("ecr:PutImage"), Access::Conditional, "{account}");
        assert_eq!(role.status(Check::ReadOnly), Status::Failed, "{account}");
    }
    for account in ["99998888????7", "9999888877", "abcd*", "${aws:PrincipalTag/none}"] {
        let repository = format!("arn:aws:ecr:us-east-1:{account}:repository/xx");
        let role = role(&[allow("ecr:PutImage", repository)]);
        assert_eq!(role.access("ecr:PutImage"), Access::Denied, "{account}");
    }
}

#[test]
fn what_some_accounts_are_denied_another_may_be_allowed() {
    let denied = |accounts: &[&str]| {
        let repositories: Vec<String> = accounts
            .iter()
            .map(|account| format!("arn:aws:ecr:*:{account}:repository/*"))
            .collect();
        role(&[allow("ecr:PutImage", "*"), deny("ecr:PutImage", json!(repositories))])
    };
    assert_eq!(denied(&[OWN, "2*"]).access("ecr:PutImage"), Access::Conditional);
    assert_eq!(denied(&[OWN, "1*", "2*", "3*"]).access("ecr:PutImage"), Access::Conditional);
    // Every account begins with a digit.
    let all: Vec<String> = (0..10).map(|digit| format!("{digit}*")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(denied(&all).access("ecr:PutImage"), Access::Denied);
    assert_eq!(denied(&all[1..]).access("ecr:PutImage"), Access::Conditional);
}

#[test]
fn an_account_of_the_settings_needs_no_policy_that_names_it() {
    let own = format!("arn:aws:ecr:*:{OWN}:repository/*");
    let role = Role {
        registry_accounts: vec!["999988887777"],
        ..role(&[allow(json!(PULL), "*"), deny(json!(&PULL[1..]), own)])
    };
    assert_eq!(role.status(Check::CanPull), Status::Passed);
}

/// Beyond so many accounts the others are left open, and never taken as denied.
#[test]
fn more_accounts_than_are_followed_are_open() {
    let repositories: Vec<String> = (0..100)
        .map(|number| format!("arn:aws:ecr:*:*{number:02}*:repository/{number:03}"))
        .collect();
    let followed = [OWN, "2*"].map(|account| format!("arn:aws:ecr:*:{account}:repository/*"));
    let role =
        role(&[allow("ecr:PutImage", json!(repositories)), deny("ecr:PutImage", json!(followed))]);
    let put = role.action("ecr:PutImage");
    assert_eq!(put.access, Access::Conditional);
    assert!(put.is_upper_bound);
}

#[test]
fn the_account_of_a_resource_is_known_with_the_resource() {
    let own = |value: &str| json!({ "StringEquals": { "aws:ResourceAccount": value } });
    let elsewhere = json!({ "StringNotEquals": { "aws:ResourceAccount": OWN } });
    for statements in [
        vec![given(pulls_and_pushes(), own(OWN))],
        vec![given(pulls_and_pushes(), own("${aws:PrincipalAccount}"))],
        vec![
            pulls_and_pushes(),
            json!({
                "Effect": "Deny", "Action": "ecr:*", "Resource": "*", "Condition": elsewhere,
            }),
        ],
    ] {
        let role = role(&statements);
        assert_eq!(role.access("ecr:PutImage"), Access::Allowed, "{statements:?}");
        assert_eq!(role.access("ecr:GetAuthorizationToken"), Access::Allowed, "{statements:?}");
        assert_eq!(role.status(Check::CanPull), Status::Passed, "{statements:?}");
        assert_eq!(role.severity(), Severity::High, "{statements:?}");
    }
    for (account, access) in
        [("999988887777", Access::Conditional), ("9999*", Access::Denied), ("any", Access::Denied)]
    {
        let role = role(&[given(allow("ecr:PutImage", "*"), own(account))]);
        assert_eq!(role.access("ecr:PutImage"), access, "{account}");
    }
    let like = json!({ "StringLike": { "aws:ResourceAccount": "9999*" } });
    let role = role(&[given(allow("ecr:PutImage", "*"), like)]);
    assert_eq!(role.access("ecr:PutImage"), Access::Conditional);
}

/// Without a resource, the account is the one that is called: the role's own.
#[test]
fn a_token_is_the_own_accounts_wherever_the_repository_lies() {
    let own = json!({ "StringEquals": { "aws:ResourceAccount": OWN } });
    let theirs = json!({ "StringEquals": { "aws:ResourceAccount": "999988887777" } });
    let role = Role {
        registry_accounts: vec!["999988887777"],
        ..role(&[given(allow(PULL[0], "*"), own), given(allow(json!(&PULL[1..]), "*"), theirs)])
    };
    assert_eq!(role.status(Check::CanPull), Status::Passed);
}
