//! The rules of evaluation that engines get wrong, each as a small request whose answer AWS's page
//! gives. What is of nodes and of ECR alone is tested where that is known, in ecr-audit.

#![expect(clippy::needless_pass_by_value, reason = "what `json!` writes is handed on")]

use std::sync::Arc;

use iam_policy::context::Context;
use iam_policy::decision::{NamedPolicy, Outcome, PolicySet, Request, ResourcePolicy, decide};
use iam_policy::document::PolicyDocument;
use iam_policy::glob::pieces;
use iam_policy::principal::Principal;
use iam_policy::simulate::answer;
use iam_policy::truth::Truth;
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/eks/node";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/node/i-0abc";
const APP: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";
const THEIRS: &str = "arn:aws:ecr:eu-west-1:444455556666:repository/team/app";

/// The answer to a request for ecr:PutImage on the repository team/app, but for what `given` says
/// otherwise; with ` (open)` behind it where AWS's documentation allows two.
fn decision(given: Value) -> String {
    let mut request = json!({ "principal": ROLE, "action": "ecr:PutImage", "resource": APP });
    let given = given.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(given);
    let answer = serde_json::to_value(answer(&request.to_string())).unwrap();
    let open = if answer.get("open").is_some() { " (open)" } else { "" };
    format!("{}{open}", answer["decision"].as_str().unwrap_or_else(|| panic!("{answer}")))
}

fn document(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A statement on everything, but for what `given` says otherwise.
fn statement(effect: &str, given: Value) -> Value {
    let mut statement = json!({ "Effect": effect });
    let given = given.as_object().unwrap().clone();
    let object = statement.as_object_mut().unwrap();
    if !given.contains_key("NotAction") {
        object.insert("Action".to_owned(), json!("*"));
    }
    if !["NotResource", "Principal", "NotPrincipal"].iter().any(|key| given.contains_key(*key)) {
        object.insert("Resource".to_owned(), json!("*"));
    }
    object.extend(given);
    statement
}

fn allow(given: Value) -> Value {
    document(json!([statement("Allow", given)]))
}

/// Everything is allowed, but what the statement denies.
fn deny(given: Value) -> Value {
    document(json!([statement("Allow", json!({})), statement("Deny", given)]))
}

fn is_allowed_with(condition: Value, context: Value) -> String {
    let identity = [allow(json!({ "Condition": condition }))];
    decision(json!({ "identity": identity, "context": context }))
}

#[track_caller]
fn check(expected: &str, given: Value) {
    let shown = given.to_string();
    assert_eq!(decision(given), expected, "{shown}");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
#[test]
fn prefix_and_name_of_an_action_ignore_case() {
    for action in ["ecr:PutImage", "ECR:putimage", "ecr:P*", "Ecr:?utImage", "*:put*", "*"] {
        check("Allowed", json!({ "identity": [allow(json!({ "Action": action }))] }));
    }
    for action in ["ecr:Put", "ecr-public:*", "ecr", "PutImage"] {
        check("ImplicitlyDenied", json!({ "identity": [allow(json!({ "Action": action }))] }));
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
#[test]
fn names_of_keys_ignore_case_and_values_and_resources_do_not() {
    let context = json!({ "aws:RequestedRegion": "eu-west-1" });
    for (condition, expected) in [
        (json!({ "StringEquals": { "AWS:requestedREGION": "eu-west-1" } }), "Allowed"),
        (json!({ "stringequals": { "aws:RequestedRegion": "eu-west-1" } }), "Allowed"),
        (json!({ "StringEquals": { "aws:RequestedRegion": "EU-WEST-1" } }), "ImplicitlyDenied"),
        (json!({ "StringLike": { "aws:RequestedRegion": "EU-*" } }), "ImplicitlyDenied"),
        (json!({ "StringEqualsIgnoreCase": { "aws:RequestedRegion": "EU-West-1" } }), "Allowed"),
    ] {
        assert_eq!(is_allowed_with(condition.clone(), context.clone()), expected, "{condition}");
    }
    let shouted = APP.to_ascii_uppercase();
    check("ImplicitlyDenied", json!({ "identity": [allow(json!({ "Resource": shouted }))] }));
}

/// IAM refuses a wildcard in a service's prefix. If one is seen it is matched, and noted.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
#[test]
fn a_wildcard_in_the_service_matches_and_is_noted() {
    let policy = allow(json!({ "Action": "ec?:*" }));
    check("Allowed", json!({ "identity": [policy.clone()] }));
    assert_eq!(PolicyDocument::from_value(&policy).unwrap().notes.len(), 1);
}

/// "If the * is the last character of a segment it can expand to match beyond the colon
/// boundaries": the page says so today and did not say so in 2023. Both readings are kept.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
#[test]
fn a_star_crosses_slashes_and_perhaps_colons() {
    for (resource, expected) in [
        ("arn:aws:ecr:eu-west-1:111122223333:repository/*", "Allowed"),
        ("arn:aws:ecr:*:*:repository/team?app", "Allowed"),
        ("arn:aws:ecr:eu-west-1:111122223333:*", "Allowed"),
        ("arn:aws:ecr:*", "ImplicitlyDenied (open)"),
        ("arn:*:repository/team/app", "ImplicitlyDenied (open)"),
        ("arn:aws:ecr:*:repository/other", "ImplicitlyDenied"),
    ] {
        check(expected, json!({ "identity": [allow(json!({ "Resource": resource }))] }));
    }
    check("Allowed (open)", json!({ "identity": [deny(json!({ "Resource": "arn:aws:ecr:*" }))] }));
}

/// An action without a resource is asked for on `*`, which no ARN matches.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
#[test]
fn an_action_without_a_resource_needs_a_star() {
    let token = |policy: Value| json!({ "action": "ecr:GetAuthorizationToken", "resource": "*", "identity": [policy] });
    let repositories = "arn:aws:ecr:*:*:repository/*";
    check("Allowed", token(allow(json!({ "Resource": "*" }))));
    check("Allowed", token(allow(json!({ "Resource": "**" }))));
    check("ImplicitlyDenied", token(allow(json!({ "Resource": repositories }))));
    check("Allowed", token(allow(json!({ "NotResource": repositories }))));
    check("Allowed", token(deny(json!({ "Resource": repositories }))));
    check("ExplicitlyDenied", token(deny(json!({ "NotResource": repositories }))));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[test]
fn before_2012_variables_are_plain_text() {
    let context = json!({ "aws:PrincipalTag/team": "team" });
    let resource = "arn:aws:ecr:eu-west-1:111122223333:repository/${aws:PrincipalTag/team}/app";
    for (version, expected) in [
        (json!("2012-10-17"), "Allowed"),
        (json!("2008-10-17"), "ImplicitlyDenied"),
        (Value::Null, "ImplicitlyDenied"),
    ] {
        let mut policy = allow(json!({ "Resource": resource }));
        policy["Version"] = version;
        if policy["Version"].is_null() {
            policy.as_object_mut().unwrap().remove("Version");
        }
        check(expected, json!({ "identity": [policy], "context": context }));
    }
    let mut literal = allow(json!({ "Condition": { "StringLike": { "t:key": "${*}" } } }));
    literal["Version"] = json!("2008-10-17");
    // There, `${*}` is a text with a wildcard in it.
    check("Allowed", json!({ "identity": [literal.clone()], "context": { "t:key": "${x}" } }));
    check("ImplicitlyDenied", json!({ "identity": [literal], "context": { "t:key": "*" } }));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[test]
fn variables_have_literals_and_defaults() {
    for (pattern, value, is_like) in [
        ("${*}", "*", true),
        ("${*}", "a", false),
        ("${?}", "?", true),
        ("${?}", "a", false),
        ("${$}{a}", "${a}", true),
        ("${aws:username, 'nobody'}", "nobody", true),
        ("${AWS:PRINCIPALTAG/team}", "a*", true),
        // What a variable holds is no pattern.
        ("${aws:PrincipalTag/team}", "ab", false),
        ("${aws:PrincipalTag/team, 'nobody'}", "nobody", false),
        ("${aws:username}", "", false),
        // A key with several values is no variable.
        ("${aws:TagKeys}", "env", false),
    ] {
        let context =
            json!({ "t:key": value, "aws:PrincipalTag/team": "a*", "aws:TagKeys": ["env"] });
        let condition = json!({ "StringLike": { "t:key": pattern } });
        let expected = if is_like { "Allowed" } else { "ImplicitlyDenied" };
        assert_eq!(is_allowed_with(condition, context), expected, "{pattern} on {value}");
    }
}

/// "Inverted condition operators … do match against a null value", and "this might cause the entire
/// statement to be invalid", says one and the same page.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[test]
fn a_negation_against_a_variable_without_value_is_open() {
    let not = |values: Value| json!({ "StringNotEquals": { "t:key": values } });
    let context = json!({ "t:key": "a" });
    let unresolved = json!(["${aws:username}"]);
    assert_eq!(is_allowed_with(not(unresolved), context.clone()), "ImplicitlyDenied (open)");
    let one_is_it = json!(["${aws:username}", "a"]);
    assert_eq!(is_allowed_with(not(one_is_it), context.clone()), "ImplicitlyDenied");
    let denied = deny(json!({ "Condition": not(json!("${aws:username}")) }));
    check("Allowed (open)", json!({ "identity": [denied], "context": context }));
}

/// A variable without value matches no resource; what NotResource makes of it is not documented.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[test]
fn a_resource_with_a_variable_without_value_matches_nothing() {
    let resource = "arn:aws:ecr:eu-west-1:111122223333:repository/${aws:username}*";
    let given = |policy: Value| json!({ "identity": [policy] });
    check("ImplicitlyDenied", given(allow(json!({ "Resource": resource }))));
    check("Allowed", given(deny(json!({ "Resource": resource }))));
    check("ImplicitlyDenied (open)", given(allow(json!({ "NotResource": resource }))));
    check("Allowed (open)", given(deny(json!({ "NotResource": resource }))));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[test]
fn a_key_that_is_missing_fails_a_comparison_and_passes_its_negation() {
    for (operator, value, holds) in [
        ("StringEquals", "a", false),
        ("StringEqualsIfExists", "a", true),
        ("StringNotEquals", "a", true),
        ("StringNotLike", "*", true),
        ("NumericLessThan", "1", false),
        ("NumericNotEquals", "1", true),
        ("DateGreaterThan", "2020-01-01T00:00:00Z", false),
        ("Bool", "false", false),
        ("BoolIfExists", "false", true),
        ("IpAddress", "0.0.0.0/0", false),
        ("NotIpAddress", "0.0.0.0/0", true),
        ("ArnLike", "*", false),
        ("ArnNotEquals", "arn:aws:iam::*:role/*", true),
        ("Null", "true", true),
        ("Null", "false", false),
    ] {
        let expected = if holds { "Allowed" } else { "ImplicitlyDenied" };
        let condition = json!({ operator: { "t:key": value } });
        assert_eq!(is_allowed_with(condition.clone(), json!({})), expected, "{condition}");
    }
    // So that a Deny of what is not secure misses a request that does not say.
    let insecure = |operator: &str| {
        let condition = json!({ operator: { "aws:SecureTransport": "false" } });
        json!({ "identity": [deny(json!({ "Condition": condition }))] })
    };
    check("Allowed", insecure("Bool"));
    check("ExplicitlyDenied", insecure("BoolIfExists"));
}

/// Null tests presence alone; with a set operator or IfExists it is no operator.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[test]
fn null_takes_no_if_exists_and_no_variable() {
    let context = json!({ "t:key": "a", "t:flag": "false" });
    for (condition, expected) in [
        (json!({ "Null": { "t:key": "false" } }), "Allowed"),
        (json!({ "Null": { "t:key": false } }), "Allowed"),
        (json!({ "Null": { "t:key": "true" } }), "ImplicitlyDenied"),
        (json!({ "Null": { "t:key": "${t:flag}" } }), "ImplicitlyDenied"),
        (json!({ "NullIfExists": { "t:key": "false" } }), "ImplicitlyDenied (open)"),
    ] {
        assert_eq!(is_allowed_with(condition.clone(), context.clone()), expected, "{condition}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[test]
fn set_operators_say_all_of_none_and_not_any_of_none() {
    for (operator, values, expected) in [
        ("ForAllValues:StringEquals", json!(["a", "b"]), "Allowed"),
        ("ForAllValues:StringEquals", json!(["a", "c"]), "ImplicitlyDenied"),
        ("ForAllValues:StringEquals", json!([]), "Allowed"),
        ("ForAllValues:StringEquals", Value::Null, "Allowed"),
        ("ForAllValues:StringNotEquals", json!(["c", "d"]), "Allowed"),
        ("ForAllValues:StringNotEquals", json!(["a", "d"]), "ImplicitlyDenied"),
        ("ForAnyValue:StringEquals", json!(["a", "c"]), "Allowed"),
        ("ForAnyValue:StringEquals", json!(["c"]), "ImplicitlyDenied"),
        ("ForAnyValue:StringEquals", json!([]), "ImplicitlyDenied"),
        ("ForAnyValue:StringEquals", Value::Null, "ImplicitlyDenied"),
        ("ForAnyValue:StringNotEquals", json!(["a", "c"]), "Allowed"),
        ("ForAnyValue:StringNotEquals", json!(["a", "b"]), "ImplicitlyDenied"),
        ("ForAnyValue:StringEquals", json!("a"), "Allowed"),
        // AWS documents no answer.
        ("ForAnyValue:StringEqualsIfExists", Value::Null, "ImplicitlyDenied (open)"),
        // An operator for one value does not match several.
        ("StringEquals", json!(["a", "b"]), "ImplicitlyDenied"),
    ] {
        let mut context = json!({});
        if !values.is_null() {
            context["t:key"] = values.clone();
        }
        let condition = json!({ operator: { "t:key": ["a", "b"] } });
        assert_eq!(is_allowed_with(condition, context), expected, "{operator} on {values}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
#[test]
fn values_are_alternatives_and_keys_and_operators_are_not() {
    let context = json!({ "t:one": "a", "t:two": "b" });
    for (condition, expected) in [
        (json!({ "StringEquals": { "t:one": ["x", "a"] } }), "Allowed"),
        (json!({ "StringNotEquals": { "t:one": ["x", "y"] } }), "Allowed"),
        (json!({ "StringNotEquals": { "t:one": ["x", "a"] } }), "ImplicitlyDenied"),
        (json!({ "StringEquals": { "t:one": "a", "t:two": "b" } }), "Allowed"),
        (json!({ "StringEquals": { "t:one": "a", "t:two": "x" } }), "ImplicitlyDenied"),
        (
            json!({ "StringEquals": { "t:one": "a" }, "StringLike": { "t:one": "x*" } }),
            "ImplicitlyDenied",
        ),
    ] {
        assert_eq!(is_allowed_with(condition.clone(), context.clone()), expected, "{condition}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[test]
fn arns_are_compared_part_by_part_and_texts_are_not() {
    let context = json!({ "aws:PrincipalArn": ROLE, "t:star": "arn:aws:s3:::*" });
    for (operator, key, pattern, holds) in [
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/eks/*", true),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/eks/*", true),
        ("ArnLike", "aws:PrincipalArn", "arn:*:role/eks/node", false),
        ("StringLike", "aws:PrincipalArn", "arn:*:role/eks/node", true),
        ("StringLike", "aws:PrincipalArn", "*", true),
        ("StringEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/eks/*", false),
        ("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/eks/*", false),
        // A literal star is none.
        ("ArnLike", "t:star", "arn:aws:s3:::${*}", true),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:${*}", false),
    ] {
        let expected = if holds { "Allowed" } else { "ImplicitlyDenied" };
        let condition = json!({ operator: { key: pattern } });
        assert_eq!(is_allowed_with(condition.clone(), context.clone()), expected, "{condition}");
    }
    // Of a star alone the page does not say whether it has six parts.
    let star = json!({ "ArnLike": { "aws:PrincipalArn": "*" } });
    assert_eq!(is_allowed_with(star, context), "ImplicitlyDenied (open)");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
#[test]
fn boundaries_and_organizations_policies_take_away_and_never_grant() {
    let all = allow(json!({}));
    let nothing = allow(json!({ "Action": "s3:*" }));
    let denied = deny(json!({ "Action": "ecr:PutImage" }));
    let rcp = document(json!([statement("Deny", json!({ "Action": "ecr:PutImage" }))]));
    for (expected, given) in [
        ("ImplicitlyDenied", json!({ "identity": [], "boundary": all })),
        ("ImplicitlyDenied", json!({ "identity": [], "scps": [[all]] })),
        ("Allowed", json!({ "identity": [all], "boundary": all })),
        ("ImplicitlyDenied", json!({ "identity": [all], "boundary": nothing })),
        ("ExplicitlyDenied", json!({ "identity": [all], "boundary": denied })),
        ("Allowed", json!({ "identity": [all], "scps": [[all, nothing], [all]] })),
        // Each level has to let it through.
        ("ImplicitlyDenied", json!({ "identity": [all], "scps": [[all], [nothing], [all]] })),
        ("ImplicitlyDenied", json!({ "identity": [all], "scps": [[all], []] })),
        ("ExplicitlyDenied", json!({ "identity": [all], "scps": [[denied], [all]] })),
        // The resource control policy that allows everything is there without being listed.
        ("Allowed", json!({ "identity": [all], "rcps": [[], []] })),
        ("ExplicitlyDenied", json!({ "identity": [all], "rcps": [[], [rcp]] })),
    ] {
        check(expected, given);
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-identity-bounds.html>
#[test]
fn an_explicit_deny_anywhere_wins() {
    let all = allow(json!({}));
    let denied = deny(json!({ "Action": "ecr:Put*" }));
    let by_box = document(json!([statement("Deny", json!({ "Principal": "*" }))]));
    check("ExplicitlyDenied", json!({ "identity": [all, denied] }));
    check("ExplicitlyDenied", json!({ "identity": [all], "resourcePolicy": by_box }));
}

/// A role's ARN is limited by the boundary, a session's ARN and everyone are not, an account
/// delegates to its own policies.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-resource-based.html>
#[test]
fn a_repository_policy_of_the_own_account_grants_by_whom_it_names() {
    let nothing = allow(json!({ "Action": "s3:*" }));
    for (principal, by_itself, within_boundary) in [
        (json!({ "AWS": ROLE }), "Allowed", "ImplicitlyDenied"),
        (json!({ "AWS": SESSION }), "Allowed", "Allowed"),
        (json!("*"), "Allowed", "Allowed"),
        (json!({ "AWS": "*" }), "Allowed", "Allowed"),
        (json!({ "AWS": "111122223333" }), "ImplicitlyDenied", "ImplicitlyDenied"),
        (
            json!({ "AWS": "arn:aws:iam::111122223333:root" }),
            "ImplicitlyDenied",
            "ImplicitlyDenied",
        ),
        (
            json!({ "AWS": "arn:aws:iam::111122223333:role/node" }),
            "ImplicitlyDenied",
            "ImplicitlyDenied",
        ),
        (json!({ "Service": "eks.amazonaws.com" }), "ImplicitlyDenied", "ImplicitlyDenied"),
    ] {
        let policy = allow(json!({ "Principal": principal }));
        let mut given = json!({
            "principal": SESSION,
            "context": { "aws:PrincipalArn": ROLE },
            "identity": [],
            "resourcePolicy": policy,
        });
        check(by_itself, given.clone());
        given["boundary"] = nothing.clone();
        check(within_boundary, given);
    }
    // Everyone, as long as it is this role: still not limited by the boundary.
    let condition = json!({ "ArnEquals": { "aws:PrincipalArn": ROLE } });
    let policy = allow(json!({ "Principal": "*", "Condition": condition }));
    check(
        "Allowed",
        json!({
            "principal": SESSION,
            "context": { "aws:PrincipalArn": ROLE },
            "boundary": nothing,
            "resourcePolicy": policy,
        }),
    );
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
#[test]
fn another_accounts_repository_needs_both_sides() {
    let all = allow(json!({}));
    let nothing = allow(json!({ "Action": "s3:*" }));
    let admits = |principal: Value| allow(json!({ "Principal": principal }));
    for (expected, given) in [
        ("ImplicitlyDenied", json!({ "identity": [all] })),
        ("ImplicitlyDenied", json!({ "resourcePolicy": admits(json!("*")) })),
        ("Allowed", json!({ "identity": [all], "resourcePolicy": admits(json!("*")) })),
        (
            "Allowed",
            json!({ "identity": [all], "resourcePolicy": admits(json!({ "AWS": "111122223333" })) }),
        ),
        (
            "ImplicitlyDenied",
            json!({ "identity": [all], "resourcePolicy": admits(json!({ "AWS": "444455556666" })) }),
        ),
        (
            "ImplicitlyDenied",
            json!({ "identity": [all], "boundary": nothing, "resourcePolicy": admits(json!("*")) }),
        ),
    ] {
        let mut given = given;
        given["resource"] = json!(THEIRS);
        check(expected, given);
    }
}

/// NotPrincipal with Deny spares whom it lists, if it lists the account too; with a permissions
/// boundary it spares nobody.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn not_principal_denies_whoever_has_a_boundary() {
    let root = "arn:aws:iam::111122223333:root";
    let all = allow(json!({}));
    for (listed, expected, with_boundary) in [
        (json!([ROLE, root]), "Allowed", "ExplicitlyDenied"),
        (json!([ROLE]), "Allowed (open)", "ExplicitlyDenied"),
        (json!([root]), "Allowed (open)", "ExplicitlyDenied"),
        (json!(["444455556666"]), "ExplicitlyDenied", "ExplicitlyDenied"),
    ] {
        let spares = statement("Deny", json!({ "NotPrincipal": { "AWS": listed } }));
        let mut given = json!({ "identity": [all], "resourcePolicy": document(json!([spares])) });
        check(expected, given.clone());
        given["boundary"] = all.clone();
        check(with_boundary, given);
    }
}

/// NotPrincipal with Allow grants to all but those it lists. Whether an account that is listed
/// alone stands for its roles, AWS's page does not say.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn not_principal_with_allow_leaves_out_role_and_account_together() {
    let root = "arn:aws:iam::111122223333:root";
    for (listed, expected) in [
        (json!([ROLE, root]), "ImplicitlyDenied"),
        (json!([root]), "ImplicitlyDenied (open)"),
        (json!(["111122223333"]), "ImplicitlyDenied (open)"),
        (json!([ROLE]), "ImplicitlyDenied (open)"),
        (json!("*"), "ImplicitlyDenied"),
        (json!(["444455556666"]), "Allowed"),
    ] {
        let spares = statement("Allow", json!({ "NotPrincipal": { "AWS": listed } }));
        check(expected, json!({ "resourcePolicy": document(json!([spares])) }));
    }
}

/// In a service control policy too, prefix and name of an action ignore case.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html>
#[test]
fn an_organizations_allow_lets_an_action_through_in_any_case() {
    let all = allow(json!({}));
    for action in ["ECR:putimage", "ecr:PUT*", "ecr:*Image", "ecr:P?tImage"] {
        let scp = allow(json!({ "Action": action }));
        check("Allowed", json!({ "identity": [all], "scps": [[scp]] }));
    }
}

/// A registry policy stands on all repositories of its region, and one of scope V1 covers three
/// actions alone.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
#[test]
fn a_registry_policy_covers_the_actions_it_is_for() {
    let document = allow(json!({ "Principal": "*" }));
    let registry = |covers: &[&str]| PolicySet {
        resource: vec![ResourcePolicy {
            policy: NamedPolicy {
                name: "registry:eu-west-1".to_owned(),
                document: Arc::new(PolicyDocument::from_value(&document).unwrap()),
            },
            stands_on: pieces("arn:aws:ecr:eu-west-1:111122223333:repository/*"),
            covers: covers.iter().map(|action| (*action).to_owned()).collect(),
            within: Context::new(),
            bears: Truth::True,
        }],
        ..PolicySet::default()
    };
    let elsewhere = APP.replace("eu-west-1", "us-east-1");
    for (covers, action, resource, expected) in [
        (vec![], "ecr:PutImage", APP, Outcome::Allowed),
        (vec![], "ecr:PutImage", elsewhere.as_str(), Outcome::ImplicitlyDenied),
        (vec!["ecr:ReplicateImage"], "ecr:PutImage", APP, Outcome::ImplicitlyDenied),
        (vec!["ecr:ReplicateImage"], "ECR:replicateimage", APP, Outcome::Allowed),
    ] {
        let principal = Principal::new(ROLE, None);
        let context = Context::new();
        let request = Request { principal: &principal, action, resource, context: &context };
        assert_eq!(decide(&registry(&covers), &request).outcome, expected, "{action} {resource}");
    }
}

/// "Policies returned by this operation are URL-encoded compliant with RFC 3986", in which a `+`
/// is a plus sign.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
#[test]
fn a_document_is_read_in_every_form_that_iam_returns() {
    let plain =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:+","Resource":"*"}}"#;
    let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22a%3A+%22%2C%22Resource%22%3A%22%2A%22%7D%7D";
    let expected = PolicyDocument::parse(plain).unwrap();
    assert_eq!(expected.statements[0].action.patterns[0].as_str(), "a:+");
    for text in [encoded.to_owned(), format!("\u{feff} {plain}\n"), format!("  {encoded}\n")] {
        assert_eq!(PolicyDocument::parse(&text).unwrap(), expected, "{text}");
    }
    assert_eq!(PolicyDocument::from_value(&json!(plain)).unwrap(), expected);
    assert_eq!(PolicyDocument::from_value(&json!(encoded)).unwrap(), expected);
}

/// Two values under one name would be two answers.
#[test]
fn an_object_that_names_an_element_twice_is_refused() {
    let many: Vec<String> = (0..20).map(|key| format!(r#""aws:k{}":"v""#, key % 19)).collect();
    let many = format!(r#""Condition":{{"StringLike":{{{}}}}}"#, many.join(","));
    for (version, element, place) in [
        (r#""Version":"2012-10-17""#, "", "Version"),
        ("", r#""Action":"ecr:PutImage""#, "Statement[0].Action"),
        ("", r#""Principal":{"AWS":"*","AWS":"*"}"#, "Statement[0].Principal.AWS"),
        ("", r#""Condition":{"Bool":{},"Bool":{}}"#, "Statement[0].Condition.Bool"),
        ("", many.as_str(), "Statement[0].Condition.StringLike.aws:k0"),
    ] {
        let list = |parts: [&str; 2]| {
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
        };
        let statement = list([r#""Effect":"Allow","Action":"*","Resource":"*""#, element]);
        let statement = format!(r#""Statement":{{{statement}}}"#);
        let version = list([r#""Version":"2012-10-17""#, version]);
        let text = format!("{{{version},{statement}}}");
        let error = PolicyDocument::parse(&text).unwrap_err().to_string();
        assert_eq!(error, format!("`{place}` appears twice; keep one of them"), "{text}");
    }
}

#[test]
fn a_request_that_cannot_be_read_says_where() {
    let line = |from: &str, to: &str| {
        let whole = r#"{"id":7,"principal":"arn:aws:iam::111122223333:role/a","action":"ecr:PutImage","resource":"*","context":{"k":"v"},"identity":[],"scps":[[]]}"#;
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole);
        serde_json::to_value(answer(&changed)).unwrap()
    };
    for (from, to, error) in [
        (r#""action""#, r#""acts""#, "action: is missing"),
        (r#""ecr:PutImage""#, "7", "action: expected a string"),
        (r#""*","#, r#""*","resource":"*","#, "`resource` appears twice; keep one of them"),
        (r#"{"k":"v"}"#, "[]", "context: expected an object"),
        (r#""v"}"#, "{}}", "context.k: expected a string or a list of strings"),
        (r#""identity":[]"#, r#""identity":{}"#, "identity: expected a list"),
        ("[[]]", "[[7]]", "scps[0][0]: the policy is not a JSON object"),
    ] {
        let answer = line(from, to);
        let told = answer["error"].as_str().unwrap();
        assert!(told.starts_with(error), "{told}");
        assert_eq!(answer["id"], 7);
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[test]
fn one_of_a_kind_needs_no_list_and_values_need_no_quotes() {
    let one = document(statement("Allow", json!({ "Action": "ecr:PutImage" })));
    check("Allowed", json!({ "identity": [one] }));
    let many = allow(json!({ "Action": ["ecr:PutImage"], "Resource": [APP] }));
    check("Allowed", json!({ "identity": [many] }));
    let context = json!({ "aws:SecureTransport": true, "aws:MultiFactorAuthAge": 3 });
    for condition in [
        json!({ "Bool": { "aws:SecureTransport": true } }),
        json!({ "Bool": { "aws:SecureTransport": ["true"] } }),
        json!({ "NumericLessThan": { "aws:MultiFactorAuthAge": 10 } }),
    ] {
        assert_eq!(is_allowed_with(condition.clone(), context.clone()), "Allowed", "{condition}");
    }
    let sids = document(json!([
        statement("Allow", json!({ "Sid": "Same" })),
        statement("Allow", json!({ "Sid": "Same" })),
    ]));
    check("Allowed", json!({ "identity": [sids] }));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
#[test]
fn an_empty_list_is_about_nothing_and_all_but_nothing_is_everything() {
    for (given, expected) in [
        (json!({ "Action": [] }), "ImplicitlyDenied"),
        (json!({ "NotAction": [] }), "Allowed"),
        (json!({ "Resource": [] }), "ImplicitlyDenied"),
        (json!({ "NotResource": [] }), "Allowed"),
        (json!({ "NotAction": ["ecr:*", "s3:*"] }), "ImplicitlyDenied"),
        (json!({ "NotAction": "ecr:Get*" }), "Allowed"),
        (json!({ "NotResource": "arn:aws:ecr:*:*:repository/team/*" }), "ImplicitlyDenied"),
    ] {
        check(expected, json!({ "identity": [allow(given)] }));
    }
}

/// IAM would refuse them: an Allow is kept in the upper bound, a Deny is not relied on.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[test]
fn unknown_operators_and_elements_are_kept_in_bounds() {
    let unknown = [
        json!({ "Condition": { "StringMatches": { "t:key": "a" } } }),
        json!({ "Condition": { "ForAnyValue:Null": { "t:key": "true" } } }),
        json!({ "Ressource": "*" }),
    ];
    for given in unknown {
        check("ImplicitlyDenied (open)", json!({ "identity": [allow(given.clone())] }));
        check("Allowed (open)", json!({ "identity": [deny(given)] }));
    }
    // What cannot hold anyway is not open.
    let both = json!({ "Condition": {
        "StringMatches": { "t:key": "a" },
        "StringEquals": { "t:missing": "a" },
    } });
    check("ImplicitlyDenied", json!({ "identity": [allow(both)] }));
}

/// A session's ARN has its role's name without the path; aws:PrincipalArn is the role's, with it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[test]
fn a_session_is_of_the_role_that_its_principal_arn_names() {
    let policy = allow(json!({ "Principal": { "AWS": ROLE } }));
    let request = |context: Value| json!({ "principal": SESSION, "context": context, "identity": [], "resourcePolicy": policy });
    check("Allowed", request(json!({ "aws:PrincipalArn": ROLE })));
    // Without it, account and name have to do.
    check("Allowed", request(json!({})));
    let other = "arn:aws:iam::111122223333:role/other/node";
    check("ImplicitlyDenied", request(json!({ "aws:PrincipalArn": other })));
}

/// Variables are for texts and ARNs, and four digits may be a year or seconds since 1970.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[test]
fn what_a_value_says_that_its_operator_cannot_read_is_open() {
    let context = json!({
        "t:date": "2026-11-28T12:00:00Z", "t:number": "5", "t:address": "10.1.2.3", "t:bool": "true",
        "aws:PrincipalTag/from": "2026-01-01T00:00:00Z",
        "aws:PrincipalTag/number": "5",
        "aws:PrincipalTag/range": "10.0.0.0/8",
    });
    for (operator, key, value, expected) in [
        ("DateGreaterThan", "t:date", "2026-11", "Allowed"),
        ("DateLessThan", "t:date", "2026-11", "ImplicitlyDenied"),
        ("DateGreaterThan", "t:date", "2026", "ImplicitlyDenied (open)"),
        ("DateLessThan", "t:date", "2027", "ImplicitlyDenied (open)"),
        ("DateGreaterThan", "t:date", "Saturday", "ImplicitlyDenied (open)"),
        ("DateGreaterThan", "t:date", "${aws:PrincipalTag/from}", "ImplicitlyDenied (open)"),
        ("NumericEquals", "t:number", "${aws:PrincipalTag/number}", "ImplicitlyDenied (open)"),
        ("NumericNotEquals", "t:number", "five", "ImplicitlyDenied (open)"),
        ("IpAddress", "t:address", "${aws:PrincipalTag/range}", "ImplicitlyDenied (open)"),
        ("NotIpAddress", "t:address", "10.0.0.0/33", "ImplicitlyDenied (open)"),
        ("Bool", "t:bool", "yes", "ImplicitlyDenied (open)"),
        // What is missing is not compared.
        ("DateGreaterThan", "t:none", "Saturday", "ImplicitlyDenied"),
        ("DateGreaterThanIfExists", "t:none", "Saturday", "Allowed"),
    ] {
        let found = is_allowed_with(json!({ operator: { key: value } }), context.clone());
        assert_eq!(found, expected, "{operator} {key} {value}");
    }
    // One value that it can read is enough.
    let either = json!({ "DateGreaterThan": { "t:date": ["Saturday", "2026-01-01"] } });
    assert_eq!(is_allowed_with(either, context.clone()), "Allowed");
    // A Deny counts in the lower bound alone.
    let denied = deny(json!({ "Condition": { "DateLessThan": { "t:date": "2027" } } }));
    check("Allowed (open)", json!({ "identity": [denied], "context": context }));
}
