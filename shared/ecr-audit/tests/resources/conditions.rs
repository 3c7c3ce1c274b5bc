//! What is known of the keys of a node's request: the dates of one that is made at `NOW`, and the
//! keys that a service never sends with an action.

use ecr_audit::permissions::Access::{self, Allowed, Conditional, Denied};
use ecr_audit::standard::{Check, Status};
use serde_json::{Value, json};

use crate::role::{PULL, Role, allow, deny, given, role};

fn pulling(more: Value) -> Role {
    role(&[allow(json!(PULL), "*"), more])
}

fn when(operator: &str, key: &str, value: &str) -> Value {
    json!({ operator: { key: value } })
}

fn access_when(action: &str, operator: &str, key: &str, value: &str) -> Access {
    role(&[given(allow(action, "*"), when(operator, key, value))]).access(action)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[test]
fn a_request_is_made_now() {
    for (operator, key, value, expected) in [
        ("DateGreaterThan", "aws:CurrentTime", "2026-11-28T11:59:59Z", Allowed),
        ("DateGreaterThan", "aws:CurrentTime", "2026-11-28T12:00:00Z", Denied),
        ("DateGreaterThan", "aws:CurrentTime", "1795867199", Allowed),
        ("DateLessThan", "AWS:currenttime", "2026-11-28", Denied),
        ("DateLessThan", "aws:EpochTime", "2026-11-28T13:00:01+01:00", Allowed),
        ("NumericLessThan", "aws:EpochTime", "1795867200", Denied),
        ("NumericLessThanEquals", "aws:EpochTime", "1795867200", Allowed),
    ] {
        let found = access_when("ecr:PutImage", operator, key, value);
        assert_eq!(found, expected, "{operator} {key} {value}");
    }
}

/// What IAM's console puts on a role whose sessions somebody revokes.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>
#[test]
fn sessions_that_were_revoked_end_within_twelve_hours() {
    for (issued, status) in [
        ("2026-11-26T12:00:00.000Z", Status::Passed),
        ("2026-11-28T00:00:00.000Z", Status::Passed),
        ("2026-11-28T00:00:01.000Z", Status::Warning),
        ("2026-11-28T11:00:00.000Z", Status::Warning),
        ("2026-11-28T12:00:00.000Z", Status::Warning),
        ("2026-11-28T12:00:00.001Z", Status::Failed),
        ("2026-12-24", Status::Failed),
    ] {
        let revoked = given(
            deny(json!(["*"]), json!(["*"])),
            when("DateLessThan", "aws:TokenIssueTime", issued),
        );
        assert_eq!(pulling(revoked).status(Check::CanPull), status, "{issued}");
    }
}

/// Else every sweep would write an answer that says nothing new.
#[test]
fn an_answer_does_not_move_with_the_clock() {
    let push = allow("ecr:PutImage", "*");
    let statements = [
        given(push.clone(), when("DateGreaterThan", "aws:CurrentTime", "2026-01-01")),
        given(push.clone(), when("DateGreaterThan", "aws:TokenIssueTime", "2026-11-28T11:00:00Z")),
        given(
            push.clone(),
            json!({
                "DateLessThan": { "aws:EpochTime": "2030-01-01" },
                "StringEquals": { "aws:SourceVpc": "vpc-0abc" },
            }),
        ),
        given(push, when("StringLike", "aws:CurrentTime", "2026-*")),
        allow("ecr:PutImage", "arn:aws:ecr:eu-west-1:111122223333:repository/${aws:EpochTime}"),
    ];
    for statement in statements {
        let at =
            |now| Role { now: Some(now), ..role(std::slice::from_ref(&statement)) }.effective();
        let (one, other) = (at("2026-11-28T12:00:00Z"), at("2026-11-28T12:30:59.5Z"));
        assert_eq!(one, other, "{statement}");
        let permission = one.actions.iter().find(|known| known.action == "ecr:PutImage").unwrap();
        assert_ne!(permission.access, Denied, "{statement}");
    }
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
#[test]
fn a_key_that_an_action_does_not_list_is_never_sent() {
    for (action, key, expected) in [
        ("ecr:PutImage", "ecr:Foo", Denied),
        ("ecr:PutImage", "ecr:ResourceTag/team", Conditional),
        ("ecr:PutImage", "ECR:resourcetag/Team", Conditional),
        ("ecr:PutImage", "aws:ResourceTag/team", Conditional),
        ("ecr:PutImage", "ecr-public:ResourceTag/team", Denied),
        ("ecr:PutImage", "ecr:AccountSetting", Denied),
        ("ecr:PutImage", "aws:RequestTag/team", Denied),
        ("ecr:GetAuthorizationToken", "ecr:ResourceTag/team", Denied),
        ("ecr:GetAuthorizationToken", "aws:ResourceTag/team", Denied),
        ("ecr:PutAccountSetting", "ecr:AccountSetting", Conditional),
        ("ecr:PutAccountSetting", "ecr:AccountSettings", Denied),
        ("ecr:CreateRepository", "aws:RequestTag/team", Conditional),
        ("ecr-public:PutImage", "ecr-public:ResourceTag/team", Conditional),
        ("ecr-public:PutImage", "ecr:ResourceTag/team", Denied),
        // Whatever service it is of that is not asked.
        ("ecr:PutImage", "s3:prefix", Conditional),
    ] {
        assert_eq!(access_when(action, "StringEquals", key, "a"), expected, "{action} {key}");
        let negated = access_when(action, "StringNotEquals", key, "a");
        let otherwise = if expected == Denied { Allowed } else { Conditional };
        assert_eq!(negated, otherwise, "{action} not {key}");
    }
}

/// The three actions are asked about together.
#[test]
fn a_pull_never_carries_a_key_that_none_of_its_actions_lists() {
    let pull_when = |key| {
        let condition = when("StringEquals", key, "a");
        role(&[given(allow(json!(PULL), "*"), condition)]).status(Check::CanPull)
    };
    assert_eq!(pull_when("ecr:Foo"), Status::Failed);
    assert_eq!(pull_when("ecr:AccountSetting"), Status::Failed);
    assert_eq!(pull_when("aws:SourceVpc"), Status::Warning);
    let untagged = when("StringNotEquals", "ecr:Foo", "a");
    assert_eq!(pulling(given(deny("*", "*"), untagged)).status(Check::CanPull), Status::Failed);
}

/// Of an action that no catalogue has, nobody knows which keys are sent with it.
#[test]
fn an_unknown_action_may_carry_any_key_of_its_service() {
    let unknown = role(&[given(allow("ecr:*", "*"), when("StringEquals", "ecr:Foo", "a"))]);
    assert_eq!(unknown.effective().unknown_actions["ecr"].write, Conditional);
}

/// Authentication is about no repository, so a request for it carries no repository's tags.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
#[test]
fn a_token_is_asked_for_without_the_tags_of_a_repository() {
    let (token, on_images) = (json!(PULL[0]), json!(&PULL[1..]));
    let of_team = |operator| when(operator, "aws:ResourceTag/team", "b");
    let by_tag = role(&[given(allow("ecr:*", "*"), of_team("StringEquals"))]);
    assert_eq!(by_tag.access(PULL[0]), Denied);
    assert_eq!(by_tag.status(Check::CanPull), Status::Failed);

    let denied = pulling(given(deny(json!("ecr:*"), json!("*")), of_team("StringNotEquals")));
    assert_eq!(denied.status(Check::CanPull), Status::Failed);

    let granted = [given(allow(token, "*"), of_team("StringNotEquals")), allow(on_images, "*")];
    assert_eq!(role(&granted).status(Check::CanPull), Status::Passed);

    let apart =
        [allow(PULL[0], "*"), given(allow(json!(&PULL[1..]), "*"), of_team("StringEquals"))];
    assert_eq!(role(&apart).status(Check::CanPull), Status::Warning);
}
