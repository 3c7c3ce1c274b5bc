//! What a finding says to somebody who has nothing but the finding.

use ecr_audit::exception::TAG;
use ecr_audit::standard::Standard;
use ecr_audit::transition::Observed;
use serde_json::{Value, json};

use crate::account::{Account, Told, aws_managed, inline};
use crate::golden;
use crate::story::{ROLE, clean, grants};

fn of_check<'told>(told: &'told Told, check: &str) -> &'told Value {
    let generator = format!("pullwatch/{check}");
    let mut findings = told.findings.iter();
    findings.find(|finding| finding["GeneratorId"] == generator).expect("the finding is told")
}

fn description(finding: &Value) -> &str {
    finding["Description"].as_str().unwrap()
}

fn recommendation(finding: &Value) -> &str {
    let text = finding["Remediation"]["Recommendation"]["Text"].as_str().unwrap();
    assert!(text.len() < 512 && text.ends_with('.'), "{text}");
    text
}

#[test]
fn an_excepted_role_is_told_by_what_it_can_do_and_until_when() {
    let mut account = clean(ROLE);
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    account.role.tags.insert(TAG.to_owned(), "2026-03-31 moves to IRSA".to_owned());
    let told = account.look("2026-01-16T10:00:00Z", "id-2", &[]);
    let finding = of_check(&told, "read-only");
    let begins = "Nodes with the role prod-workers can push images (ecr:PutImage). An exception \
                  covers this. Excepted until 2026-03-31: moves to IRSA.";
    assert!(description(finding).starts_with(begins), "{}", description(finding));
    assert!(recommendation(finding).starts_with("Before the exception ends, "));
    let text = serde_json::to_string_pretty(&told.findings).unwrap();
    golden::check("findings-excepted.json", &format!("{text}\n"));
}

#[test]
fn a_pull_that_depends_on_a_condition_is_told_with_it() {
    let mut account = clean(ROLE);
    account.take(&aws_managed("AmazonEC2ContainerRegistryPullOnly").policy);
    let mut document = grants("Pull", &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "*");
    document["Statement"][0]["Condition"] =
        json!({"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}});
    account.put(inline("pull", &document));
    account.put(inline("token", &grants("Token", &["ecr:GetAuthorizationToken"], "*")));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let finding = of_check(&told, "can-pull");
    assert_eq!(finding["Compliance"]["Status"], "WARNING");
    let begins = "It is uncertain whether nodes with the role prod-workers can pull images from \
                  ECR. Pulling depends on conditions that pullwatch cannot determine: ";
    assert!(description(finding).starts_with(begins), "{}", description(finding));
    assert!(description(finding).contains("aws:SourceVpce = "), "{}", description(finding));
    assert!(recommendation(finding).starts_with("See that the condition"));
}

#[test]
fn under_c_0223_the_policy_that_fails_it_is_not_recommended() {
    let mut account = clean(ROLE);
    account.settings.standard = Standard::C0223;
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    for check in ["read-only", "can-pull"] {
        let finding = of_check(&told, check);
        assert_eq!(finding["Compliance"]["Status"], "FAILED", "{check}");
        let text = recommendation(finding);
        assert!(!text.contains("AmazonEC2ContainerRegistryPullOnly"), "{text}");
        assert!(
            text.contains(
                "an inline policy that allows exactly ecr:BatchCheckLayerAvailability, \
                 ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken"
            ),
            "{text}"
        );
    }
}

#[test]
fn where_there_is_no_answer_the_right_to_give_is_recommended() {
    let mut account = clean(ROLE);
    let denied = Observed::Unreadable("iam:GetRolePolicy was denied".to_owned());
    let told = account.observe("2026-01-15T10:00:00Z", "id-1", &[], denied);
    let finding = of_check(&told, "read-only");
    assert_eq!(finding["Compliance"]["Status"], "NOT_AVAILABLE");
    let text = recommendation(finding);
    assert!(text.starts_with("Give pullwatch the permission that the description names"), "{text}");
    assert!(description(finding).contains("iam:GetRolePolicy was denied"));
}

#[test]
fn what_withholds_is_what_the_recommendation_is_about() {
    let mut account = clean(ROLE);
    let mut document = grants("", &["ecr:BatchGetImage"], "*");
    document["Statement"][0]["Effect"] = "Deny".into();
    account.put(inline("deny", &document));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let text = recommendation(of_check(&told, "can-pull"));
    assert!(text.starts_with("Remove or narrow the Deny that the description names."), "{text}");
}

/// `ecr:PutImage` is HIGH; on a condition and on certain repositories alone it is one step lower.
#[test]
fn a_lower_severity_can_be_understood_from_the_finding() {
    let mut account = clean(ROLE);
    let repositories = "arn:aws:ecr:eu-west-1:111122223333:repository/ci/*";
    let mut document = grants("Push", &["ecr:PutImage"], repositories);
    document["Statement"][0]["Condition"] =
        json!({"StringEquals": {"aws:ResourceTag/team": "payments"}});
    account.put(inline("push", &document));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let finding = of_check(&told, "read-only");
    assert_eq!(finding["Severity"]["Label"], "MEDIUM");
    let begins = "Nodes with the role prod-workers can push images (ecr:PutImage) on a \
                  condition, on certain repositories, such as ci/0 in eu-west-1.";
    assert!(description(finding).starts_with(begins), "{}", description(finding));
    assert_eq!(
        finding["ProductFields"]["pullwatch/Statement/00"],
        "ecr:PutImage: MEDIUM, conditional on certain repositories, such as ci/0 in eu-west-1, \
         if aws:ResourceTag/team is payments; granted by inline policy push, statement Push"
    );
}

/// However much a role can do, the field says first which action, how bad, and where.
#[test]
fn a_field_is_cut_behind_what_matters() {
    let mut account: Account = clean(ROLE);
    let statements: Vec<Value> = (0..200)
        .map(|_| json!({"Effect": "Allow", "Action": "ecr:PutImage", "Resource": "*"}))
        .collect();
    account.put(inline("push", &json!({"Version": "2012-10-17", "Statement": statements})));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let fields = &of_check(&told, "read-only")["ProductFields"];
    let field = fields["pullwatch/Statement/00"].as_str().unwrap();
    assert!(field.starts_with("ecr:PutImage: HIGH, allowed on every repository; granted by "));
    assert!(field.len() <= 2048 && field.ends_with('…'), "{field}");
}

/// The engine's notes are no sentences; what follows them begins one.
#[test]
fn a_note_ends_before_the_next_begins() {
    let mut account = clean(ROLE);
    let repository = "arn:aws:ecr:eu-west-1:111122223333:repository/Upper";
    account.put(inline("pull", &grants("Pull", &["ecr:BatchGetImage"], repository)));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let description = description(of_check(&told, "read-only"));
    assert!(description.contains("matches no resource that ecr can have. Beyond"), "{description}");
}
