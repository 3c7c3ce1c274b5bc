//! Findings, mails, documents and chat messages as they come out, whole, in `tests/golden`. Each
//! was read by a person before it was accepted.
//!
//! The files are plain and hold nothing but what is sent, so that the README can show them and the
//! schema is held against them. To renew them, set `PULLWATCH_RENEW_GOLDEN=1`, run the tests, and
//! read the difference line by line before it is committed.

use std::path::PathBuf;

use ecr_audit::alert::Alert;
use ecr_audit::exception::TAG;
use ecr_audit::finding::{Held, RecordState, StoredFinding, WorkflowStatus};
use ecr_audit::message::{SnsMessage, alert_message, digest_message};
use ecr_audit::standard::{Check, Status};
use serde_json::Value;

use crate::account::{Account, Told, aws_managed, inline};
use crate::dates::date_passed;
use crate::story::{ROLE, Year, clean, first_sweep, grants, year};

/// The folder of the goldens.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Holds a text against its golden.
pub fn check(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("PULLWATCH_RENEW_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the folder of the goldens can be written");
        return;
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{name}: {error}; see the head of golden.rs"));
    let differing = golden.lines().zip(text.lines()).position(|(golden, text)| golden != text);
    assert!(
        golden == text,
        "{name} differs from line {}:\n{text}",
        differing.unwrap_or_else(|| golden.lines().count().min(text.lines().count())) + 1,
    );
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a JSON value has a text");
    text.push('\n');
    text
}

fn only_alert(told: &Told) -> &Alert {
    assert_eq!(told.alerts.len(), 1, "one assessment is one alert");
    &told.alerts[0]
}

/// The text that one kind of subscriber gets.
fn text_for(message: &SnsMessage, protocol: &str) -> String {
    let texts: Value = serde_json::from_str(&message.message).expect("SNS takes a JSON object");
    texts[protocol].as_str().expect("every protocol has a text").to_owned()
}

fn check_mail(name: &str, message: &SnsMessage) {
    let mail = format!("Subject: {}\n\n{}", message.subject, text_for(message, "email"));
    check(&format!("mail-{name}.txt"), &mail);
}

fn check_json(name: &str, text: &str) {
    let value: Value = serde_json::from_str(text).expect("the text is JSON");
    check(&format!("{name}.json"), &pretty(&value));
}

#[test]
fn mails_read_as_they_were_read() {
    let Year { new, worse, resolved, reopened, cannot_pull, gone, .. } = year();
    for (name, told) in [
        ("new", new),
        ("worse", worse),
        ("resolved", resolved),
        ("reopened", reopened),
        ("cannot-pull", cannot_pull),
        ("role-gone", gone),
    ] {
        check_mail(name, &alert_message(only_alert(&told)));
    }
    check_mail("digest", &digest_message("team-payments", &first_sweep()));
}

/// An exception whose date has passed.
fn exception_over() -> Told {
    let mut account = clean(ROLE);
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    account.look("2026-01-15T10:00:00Z", "44444444-4444-4444-8444-444444444403", &[]);
    account.role.tags.insert(TAG.to_owned(), "2026-03-31 moves to IRSA".to_owned());
    account.look("2026-01-16T10:00:00Z", "44444444-4444-4444-8444-444444444404", &[]);
    account.look("2026-04-01T06:00:00Z", "44444444-4444-4444-8444-444444444405", &[])
}

#[test]
fn the_end_of_an_exception_reads_as_it_was_read() {
    let told = exception_over();
    let message = alert_message(only_alert(&told));
    check_mail("exception-over", &message);
    check_json("document-exception-over", &text_for(&message, "sqs"));
    check("findings-exception-over.json", &pretty(&told.findings.into()));
}

#[test]
fn a_date_that_has_passed_reads_as_it_was_read() {
    let told = date_passed();
    let message = alert_message(only_alert(&told));
    check_mail("date-passed", &message);
    check_json("document-date-passed", &text_for(&message, "sqs"));
    check("findings-date-passed.json", &pretty(&told.findings.into()));
}

/// A role that may be able to push, for all that is known: a key that nobody knows names the
/// repositories.
#[test]
fn an_upper_bound_reads_as_it_was_read() {
    let mut account = clean(ROLE);
    let repositories = "arn:aws:ecr:eu-west-1:111122223333:repository/${aws:SourceVpc}/*";
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], repositories)));
    let told = account.look("2026-01-15T10:00:00Z", "44444444-4444-4444-8444-444444444406", &[]);
    let message = alert_message(only_alert(&told));
    check_mail("upper-bound", &message);
    check_json("document-upper-bound", &text_for(&message, "sqs"));
    check_json("chat-upper-bound", &text_for(&message, "default"));
    let digest = digest_message("team-payments", &told.alerts);
    assert!(text_for(&digest, "email").contains("can perhaps push images (ecr:PutImage)"));
    check("findings-upper-bound.json", &pretty(&told.findings.into()));
}

/// What a person had suppressed became worse.
fn worse_than_suppressed() -> Told {
    let mut account = clean(ROLE);
    let grant = |account: &mut Account, actions: &[&str], at: &str, id: &str| {
        account.put(inline("push", &grants("Push", actions, "*")));
        account.look(at, id, &[])
    };
    let id = "44444444-4444-4444-8444-444444444401";
    let told = grant(&mut account, &["ecr:PutImage"], "2026-01-15T10:00:00Z", id);
    let is_of_check = |finding: &&Value| finding["GeneratorId"] == "pullwatch/read-only";
    let finding = told.findings.iter().find(is_of_check).expect("the finding is told");
    let text = |field: &str| finding[field].as_str().unwrap().to_owned();
    account.record.checks.get_mut(&Check::ReadOnly).unwrap().note_workflow(Some(&StoredFinding {
        id: text("Id"),
        updated_at: text("UpdatedAt").parse().ok(),
        workflow: Held::Known(WorkflowStatus::Suppressed),
        record_state: Held::Known(RecordState::Active),
        compliance: Held::Known(Status::Failed),
    }));
    let actions = ["ecr:PutImage", "ecr:DeleteRepository"];
    let id = "44444444-4444-4444-8444-444444444402";
    grant(&mut account, &actions, "2026-01-16T10:00:00Z", id)
}

#[test]
fn what_became_worse_than_what_was_suppressed_is_told_as_such() {
    let message = alert_message(only_alert(&worse_than_suppressed()));
    check_mail("worse-than-suppressed", &message);
    check_json("chat-worse-than-suppressed", &text_for(&message, "default"));
    check_json("document-worse-than-suppressed", &text_for(&message, "sqs"));
}

/// What the nodes pull by is taken away only after another right to pull was given.
#[test]
fn commands_that_hang_on_each_other_are_told_as_one() {
    let mut account = clean(ROLE);
    account.take(&aws_managed("AmazonEC2ContainerRegistryPullOnly").policy);
    account.put(aws_managed("AmazonEC2ContainerRegistryPowerUser"));
    let id = "44444444-4444-4444-8444-444444444403";
    let message = alert_message(only_alert(&account.look("2026-01-15T10:00:00Z", id, &[])));
    check_mail("power-user", &message);
    check_json("chat-power-user", &text_for(&message, "default"));
}

#[test]
fn the_readme_shows_a_mail_as_it_is_sent() {
    let readme = include_str!("../../../../README.md");
    let message = alert_message(only_alert(&year().new));
    let shown: Vec<String> = text_for(&message, "email")
        .lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("    {line}") })
        .collect();
    assert!(readme.contains(&shown.join("\n")), "README.md shows another mail");
}

#[test]
fn the_readme_shows_a_finding_as_it_is_imported() {
    let readme = include_str!("../../../../README.md");
    let findings = year().new.findings;
    let failed = findings.iter().find(|finding| finding["Compliance"]["Status"] == "FAILED");
    let shown = format!("```json\n{}```\n", pretty(failed.expect("a finding FAILED")));
    assert!(readme.contains(&shown), "README.md shows another finding");
}

#[test]
fn documents_for_programs_read_as_they_were_read() {
    let Year { new, worse, resolved, reopened, cannot_pull, gone, .. } = year();
    for (name, told) in [
        ("new", new),
        ("worse", worse),
        ("resolved", resolved),
        ("reopened", reopened),
        ("cannot-pull", cannot_pull),
        ("role-gone", gone),
    ] {
        let message = alert_message(only_alert(&told));
        check_json(&format!("document-{name}"), &text_for(&message, "sqs"));
    }
    let digest = digest_message("team-payments", &first_sweep());
    check_json("document-digest", &text_for(&digest, "sqs"));
}

#[test]
fn chat_messages_read_as_they_were_read() {
    let Year { new, worse, resolved, reopened, cannot_pull, gone, .. } = year();
    for (name, told) in [
        ("new", new),
        ("worse", worse),
        ("resolved", resolved),
        ("reopened", reopened),
        ("cannot-pull", cannot_pull),
        ("role-gone", gone),
    ] {
        let message = alert_message(only_alert(&told));
        check_json(&format!("chat-{name}"), &text_for(&message, "default"));
    }
    let digest = digest_message("team-payments", &first_sweep());
    check_json("chat-digest", &text_for(&digest, "default"));
}

#[test]
fn findings_read_as_they_were_read() {
    let Year { passed, new, worse, resolved, reopened, cannot_pull, not_available, gone } = year();
    for (name, told) in [
        ("passed", passed),
        ("new", new),
        ("worse", worse),
        ("resolved", resolved),
        ("reopened", reopened),
        ("cannot-pull", cannot_pull),
        ("not-available", not_available),
        ("role-gone", gone),
    ] {
        check(&format!("findings-{name}.json"), &pretty(&told.findings.into()));
    }
}
