//! What is perhaps granted is told apart from what is, in every form that a person reads.

use ecr_audit::mail::mail;
use ecr_audit::message::alert_message;
use serde_json::{Value, json};

use crate::account::{Told, inline};
use crate::story::{ROLE, clean};

const REPOSITORIES: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/";

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

/// What is told of a role with a policy `p` besides those that it needs.
fn told(statements: &[Value]) -> Told {
    let mut account = clean(ROLE);
    account.put(inline("p", &json!({"Version": "2012-10-17", "Statement": statements})));
    account.look("2026-01-15T10:00:00Z", "id-1", &[])
}

/// Layers can be pushed to one repository, images to none that is known.
fn mixed() -> Told {
    told(&[
        allow("ecr:PutImage", &format!("{REPOSITORIES}${{aws:SourceVpc}}/*")),
        allow("ecr:InitiateLayerUpload", &format!("{REPOSITORIES}app")),
    ])
}

/// Images can be pushed from one network, and perhaps from everywhere.
fn perhaps_always() -> Told {
    let mut from_a_network = allow("ecr:PutImage", "*");
    from_a_network["Condition"] = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    told(&[from_a_network, allow("ecr:PutImage", &format!("{REPOSITORIES}${{aws:userid}}/*"))])
}

fn finding(told: &Told) -> &Value {
    told.findings.iter().find(|one| one["GeneratorId"] == "pullwatch/read-only").unwrap()
}

fn description(told: &Told) -> &str {
    finding(told)["Description"].as_str().unwrap()
}

fn fields(told: &Told) -> [Option<&str>; 2] {
    let fields = &finding(told)["ProductFields"];
    ["00", "01"].map(|index| fields[format!("pullwatch/Statement/{index}")].as_str())
}

/// The lines of a mail from what the nodes can do to what changed.
fn mailed(told: &Told) -> String {
    let text = mail(&told.alerts[0]).text;
    let (_, below) = text.split_once("What the nodes can do\n").unwrap();
    let (told, _) = below.split_once("\n\nWhat changed").unwrap();
    told.to_owned()
}

fn chatted(told: &Told) -> Vec<String> {
    let texts: Value = serde_json::from_str(&alert_message(&told.alerts[0]).message).unwrap();
    let chat: Value = serde_json::from_str(texts["default"].as_str().unwrap()).unwrap();
    let description = chat["content"]["description"].as_str().unwrap();
    description.lines().filter(|line| line.contains("new: can")).map(str::to_owned).collect()
}

#[test]
fn a_finding_tells_what_is_certain_first_and_with_its_own_place() {
    let told = mixed();
    let begins = "Nodes with the role prod-workers can push images (ecr:InitiateLayerUpload) on certain \
         repositories, such as app in eu-west-1; may also push images (ecr:PutImage) on certain \
         repositories. This is an upper bound, and less may be granted, because the value of \
         aws:SourceVpc is not known: ecr:PutImage. ";
    assert!(description(&told).starts_with(begins), "{}", description(&told));
    assert_eq!(
        fields(&told),
        [
            Some(
                "ecr:PutImage: MEDIUM, at most allowed on certain repositories; granted by inline \
                 policy p, statement [0]"
            ),
            Some(
                "ecr:InitiateLayerUpload: LOW, allowed on certain repositories, such as app in \
                 eu-west-1; granted by inline policy p, statement [1]"
            ),
        ]
    );
}

#[test]
fn a_finding_of_nothing_that_is_certain_says_may() {
    let told = told(&[allow("ecr:PutImage", &format!("{REPOSITORIES}${{aws:SourceVpc}}/*"))]);
    let begins = "Nodes with the role prod-workers may be able to push images (ecr:PutImage) on \
                  certain repositories. This is an upper bound";
    assert!(description(&told).starts_with(begins), "{}", description(&told));
}

#[test]
fn a_headline_is_no_more_certain_than_the_worst_that_it_stands_for() {
    let subject = mail(&mixed().alerts[0]).subject;
    let begins = "[MEDIUM] prod-workers may be able to push images to ECR (";
    assert!(subject.starts_with(begins), "{subject}");
    let told = told(&[
        allow("ecr:InitiateLayerUpload", &format!("{REPOSITORIES}${{aws:SourceVpc}}/*")),
        allow("ecr:PutImage", &format!("{REPOSITORIES}app")),
    ]);
    let subject = mail(&told.alerts[0]).subject;
    assert!(subject.starts_with("[MEDIUM] prod-workers can push images to ECR ("), "{subject}");
}

#[test]
fn a_mail_shows_no_repository_that_perhaps_cannot_be_pushed_to() {
    let lines = "
  perhaps push images
                  ecr:PutImage
    on            certain repositories
    granted by    inline policy p, statement [0]
  push images     ecr:InitiateLayerUpload
    on            certain repositories, such as app in eu-west-1
    granted by    inline policy p, statement [1]
  This is an upper bound, and less may be granted, because the value of
  aws:SourceVpc is not known: ecr:PutImage.";
    assert_eq!(mailed(&mixed()), lines.trim_start_matches('\n'));
}

#[test]
fn a_chat_says_perhaps() {
    assert_eq!(
        chatted(&mixed()),
        [
            "• new: can perhaps push images (ecr:PutImage) on certain repositories, granted by \
             inline policy p, statement [0]",
            "• new: can push images (ecr:InitiateLayerUpload) on certain repositories, such as app \
             in eu-west-1, granted by inline policy p, statement [1]",
        ]
    );
}

/// That something is granted is certain, and is shown. Where it may be granted always, the place is
/// where it may.
#[test]
fn what_is_granted_on_a_condition_and_perhaps_always_is_told_so() {
    let told = perhaps_always();
    let begins = "Nodes with the role prod-workers can push images (ecr:PutImage) on a condition, \
                  perhaps always, on certain repositories, such as 0/0 in eu-west-1. This is an \
                  upper bound, and less may be granted, because the value of aws:userid is not \
                  known.";
    assert!(description(&told).starts_with(begins), "{}", description(&told));
    assert_eq!(
        fields(&told),
        [
            Some(
                "ecr:PutImage: MEDIUM, conditional, perhaps always, on certain repositories, such \
                 as 0/0 in eu-west-1, if aws:SourceVpc is vpc-1; granted by inline policy p, \
                 statement [0]; inline policy p, statement [1]"
            ),
            None,
        ]
    );
    let subject = mail(&told.alerts[0]).subject;
    let begins = "[MEDIUM] prod-workers can push images to ECR on a condition";
    assert!(subject.starts_with(begins), "{subject}");
    let lines = "
  push images     ecr:PutImage
    on            certain repositories, such as 0/0 in eu-west-1
    if            aws:SourceVpc is vpc-1
    or            perhaps always
    granted by    inline policy p, statement [0]
    granted by    inline policy p, statement [1]
";
    assert!(mailed(&told).starts_with(lines.trim_start_matches('\n')), "{}", mailed(&told));
    assert_eq!(
        chatted(&told),
        ["• new: can push images (ecr:PutImage) on a condition, perhaps always, on certain \
          repositories, such as 0/0 in eu-west-1, granted by inline policy p, statement [0]"]
    );
}
