//! Why nodes cannot pull: what withholds each action, told alike in finding, mail and document.

use ecr_audit::message::{alert_message, document};
use ecr_audit::role_policies::{PolicyName, RolePolicy};
use ecr_audit::standard::Check;
use serde_json::{Value, json};

use crate::account::{Account, Told, aws_managed, inline};
use crate::story::{ROLE, clean};

fn statement(effect: &str, actions: &[&str], resource: &str) -> Value {
    json!({"Effect": effect, "Action": actions, "Resource": resource})
}

fn policy(name: &str, statements: &[Value]) -> RolePolicy {
    inline(name, &json!({"Version": "2012-10-17", "Statement": statements}))
}

fn bounded(account: &mut Account, statements: &[Value]) {
    account.role.boundary = Some(RolePolicy {
        policy: PolicyName::managed("arn:aws:iam::111122223333:policy/NodeBoundary"),
        ..policy("", statements)
    });
}

fn without_pull_only() -> Account {
    let mut account = clean(ROLE);
    account.take(&aws_managed("AmazonEC2ContainerRegistryPullOnly").policy);
    account
}

fn reasons(account: &Account) -> Vec<String> {
    account.assessment().checks[&Check::CanPull].reasons.clone()
}

fn can_pull(told: &Told) -> &Value {
    let is_of_check = |finding: &&Value| finding["GeneratorId"] == "pullwatch/can-pull";
    told.findings.iter().find(is_of_check).expect("the finding is told")
}

const LAYER: &str = "ecr:GetDownloadUrlForLayer";
const TOKEN: &str = "ecr:GetAuthorizationToken";
const IMAGE: &str = "ecr:BatchGetImage";

/// A power user whose inline policy `deny` denies reading a layer.
fn denied() -> Account {
    let mut account = without_pull_only();
    account.put(aws_managed("AmazonEC2ContainerRegistryPowerUser"));
    account.put(policy("deny", &[statement("Deny", &[LAYER], "*")]));
    account
}

#[test]
fn what_is_granted_and_denied_is_told_with_the_statement_that_denies_it() {
    let mut account = denied();
    let sentence = "Denied by inline policy deny, statement [0]: ecr:GetDownloadUrlForLayer.";
    assert_eq!(reasons(&account), [sentence]);

    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let finding = can_pull(&told);
    let description = finding["Description"].as_str().unwrap();
    assert!(description.contains(sentence), "{description}");
    assert_eq!(finding["Compliance"]["StatusReasons"][0]["Description"], sentence);
    assert_eq!(
        finding["ProductFields"]["pullwatch/Statement/00"],
        "ecr:GetDownloadUrlForLayer: Denied by inline policy deny, statement [0]"
    );

    let text = ecr_audit::mail::mail(&told.alerts[0]).text;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(sentence), "{text}");
    let document = document(&told.alerts[0]);
    let transitions = document["transitions"].as_array().unwrap();
    let of_check = transitions.iter().find(|one| one["check"] == "can-pull").unwrap();
    assert_eq!(
        of_check["missing"],
        json!([{"action": LAYER, "causes": [{"kind": "denied", "statements": [
            {"policy": "inline:deny", "sid": null, "index": 0, "effect": "Deny"},
        ]}]}])
    );
    let chat = alert_message(&told.alerts[0]).message;
    assert!(chat.contains(sentence), "{chat}");
}

#[test]
fn what_the_boundary_withholds_is_told_as_such() {
    let mut account = clean(ROLE);
    bounded(&mut account, &[statement("Allow", &[TOKEN, IMAGE], "*")]);
    let sentence = "Not within the permissions boundary NodeBoundary: ecr:GetDownloadUrlForLayer.";
    assert_eq!(reasons(&account), [sentence]);

    let all = statement("Allow", &["*"], "*");
    bounded(&mut account, &[all, statement("Deny", &[LAYER], "*")]);
    let sentence = "Denied by policy NodeBoundary, statement [1]: ecr:GetDownloadUrlForLayer.";
    assert_eq!(reasons(&account), [sentence]);
}

#[test]
fn a_token_on_a_repository_is_told_where_it_makes_the_nodes_fail() {
    let mut account = without_pull_only();
    let repository = "arn:aws:ecr:eu-west-1:111122223333:repository/app";
    account.put(policy("pull", &[statement("Allow", &[TOKEN, IMAGE, LAYER], repository)]));
    let sentence = "Granted on repositories alone by inline policy pull, statement [0], where AWS \
                    asks for Resource \"*\": ecr:GetAuthorizationToken.";
    assert_eq!(reasons(&account), [sentence]);
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let description = can_pull(&told)["Description"].as_str().unwrap();
    assert!(description.contains(sentence), "{description}");
}

#[test]
fn what_no_policy_grants_is_told_in_one_sentence() {
    assert_eq!(
        reasons(&without_pull_only()),
        ["Not granted by any policy: ecr:BatchGetImage, ecr:GetAuthorizationToken, \
          ecr:GetDownloadUrlForLayer."]
    );
}

/// Whoever mends the first cause learns of the second at once.
#[test]
fn every_cause_is_told() {
    let mut account = without_pull_only();
    account.put(policy("pull", &[statement("Allow", &[TOKEN, IMAGE], "*")]));
    account.put(policy("deny", &[statement("Deny", &[LAYER], "*")]));
    bounded(&mut account, &[statement("Allow", &[TOKEN, IMAGE], "*")]);
    assert_eq!(
        reasons(&account),
        [
            "Not granted by any policy: ecr:GetDownloadUrlForLayer.",
            "Denied by inline policy deny, statement [0]: ecr:GetDownloadUrlForLayer.",
            "Not within the permissions boundary NodeBoundary: ecr:GetDownloadUrlForLayer.",
        ]
    );
}

/// A node's request carries no multi-factor authentication.
#[test]
fn a_grant_that_no_node_can_use_is_told_with_its_statement() {
    let mut account = without_pull_only();
    let mut with_mfa = statement("Allow", &[LAYER], "*");
    with_mfa["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    account.put(policy("pull", &[statement("Allow", &[TOKEN, IMAGE], "*"), with_mfa]));
    assert_eq!(
        reasons(&account),
        [
            "Granted by inline policy pull, statement [1], but only on resources or under conditions \
          that no request of a node meets: ecr:GetDownloadUrlForLayer."
        ]
    );
}

/// Each layer permits some repository, and none permits the same.
#[test]
fn layers_that_do_not_meet_are_told_by_the_one_that_takes_away() {
    let of = |name: &str| format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}");
    let mut account = without_pull_only();
    let pull = [statement("Allow", &[TOKEN], "*"), statement("Allow", &[IMAGE, LAYER], &of("app"))];
    account.put(policy("pull", &pull));
    account.put(policy("deny", &[statement("Deny", &[LAYER], &of("*"))]));
    let sentence = "Denied by inline policy deny, statement [0]: ecr:GetDownloadUrlForLayer.";
    assert_eq!(reasons(&account), [sentence]);

    account.take(&PolicyName::inline("deny"));
    let elsewhere = statement("Allow", &[LAYER], &of("other"));
    bounded(&mut account, &[statement("Allow", &[TOKEN, IMAGE], "*"), elsewhere]);
    let sentence = "Not within the permissions boundary NodeBoundary: ecr:GetDownloadUrlForLayer.";
    assert_eq!(reasons(&account), [sentence]);
}

/// A statement has no more room in the document than every other list.
#[test]
fn the_causes_are_told_within_the_room_of_a_message() {
    let mut account = denied();
    let denials: Vec<Value> = (0..200).map(|_| statement("Deny", &[LAYER], "*")).collect();
    account.put(policy("deny", &denials));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    assert!(alert_message(&told.alerts[0]).message.len() < 256 * 1024);
    let description = can_pull(&told)["Description"].as_str().unwrap();
    assert!(description.contains("and 197 more: ecr:GetDownloadUrlForLayer."), "{description}");
    let document = document(&told.alerts[0]);
    assert_eq!(document["is_shortened"], true);
}

/// Whoever may write the role's policies fills them with statements that deny pulling.
#[test]
fn the_causes_are_kept_within_the_room_of_a_record() {
    let mut account = clean(ROLE);
    for policy_number in 0..20 {
        let denials: Vec<Value> = (0..40)
            .map(|number| {
                let mut denial = statement("Deny", &[TOKEN, IMAGE, LAYER], "*");
                denial["Sid"] = format!("{number:060}").into();
                denial
            })
            .collect();
        account.put(policy(&format!("deny-{policy_number}"), &denials));
    }
    account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let kept = &account.record.checks[&Check::CanPull].finding.result;
    assert_eq!(kept.missing.len(), 3);
    let bytes = serde_json::to_string(kept).unwrap().len();
    assert!(bytes <= 48 * 1024, "{bytes} bytes");
}
