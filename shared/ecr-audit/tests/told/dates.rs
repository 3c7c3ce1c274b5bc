//! Dates that conditions name: what is told before they come, and when they have passed.

use std::collections::BTreeSet;

use ecr_audit::change::RoleEffect;
use ecr_audit::ledger::Record;
use ecr_audit::mail::mail;
use ecr_audit::message::document;
use ecr_audit::standard::Check;
use ecr_audit::transition::Observed;
use serde_json::{Value, json};

use crate::account::{Account, Told, change, inline, tags};
use crate::story::{ROLE, clean, grants};

/// One statement under a condition on the time.
fn dated(effect: &str, action: &str, operator: &str, key: &str, date: &str) -> Value {
    let condition = json!({ operator: { key: date } });
    json!({ "Effect": effect, "Action": action, "Resource": "*", "Condition": condition })
}

fn with_dated(statements: &[Value]) -> Account {
    let mut account = clean(ROLE);
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    account.put(inline("dated", &document));
    account
}

/// A right to push begins in February.
pub fn date_passed() -> Told {
    let push = dated(
        "Allow",
        "ecr:PutImage",
        "DateGreaterThan",
        "aws:CurrentTime",
        "2026-02-01T00:00:00Z",
    );
    let mut account = with_dated(&[push]);
    account.look("2026-01-15T10:00:00Z", "55555555-5555-4555-8555-555555555501", &[]);
    account.look("2026-02-01T06:00:00Z", "55555555-5555-4555-8555-555555555502", &[])
}

/// What the finding of a check says of the change that led to it, if it is told.
fn change_told(told: &Told, check: &str) -> Option<String> {
    let generator = format!("pullwatch/{check}");
    let finding = told.findings.iter().find(|finding| finding["GeneratorId"] == *generator)?;
    finding["ProductFields"]["pullwatch/Change"].as_str().map(str::to_owned)
}

const BY_DATE: &str = "a date that a condition names has passed";

#[test]
fn programs_are_told_that_it_is_the_work_of_a_date() {
    let told = date_passed();
    assert_eq!(document(&told.alerts[0])["is_date_passed"], true);
    assert_eq!(document(&told.alerts[0])["changes"], json!([]));

    let mut account = clean(ROLE);
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    assert_eq!(document(&told.alerts[0])["is_date_passed"], false);
}

/// Twelve hours after the date, the sessions that were denied have ended: nodes can do again what
/// they could, which is worse, and nobody did anything.
#[test]
fn revoked_sessions_that_have_ended_are_told_as_the_work_of_time() {
    let date = "2026-01-15T10:00:00Z";
    let revoked = dated("Deny", "ecr:*", "DateLessThan", "aws:TokenIssueTime", date);
    let mut account = with_dated(&[revoked]);
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    let told = account.look("2026-01-15T10:30:00Z", "id-1", &[]);
    let notes = told.findings.iter().map(|finding| finding["Description"].as_str().unwrap());
    let ends = "the sessions of before a date that a condition names have then ended.";
    let expected = [
        format!("From 2026-01-15T22:00:00Z on this becomes worse: {ends}"),
        format!("From 2026-01-15T22:00:00Z on this becomes PASSED: {ends}"),
    ];
    for note in expected {
        assert!(notes.clone().any(|text| text.contains(&note)), "{note}");
    }
    let told = account.look("2026-01-15T22:30:00Z", "id-2", &[]);
    let text = mail(&told.alerts[0]).text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.alerts[0].occasion.date_passed);
    assert!(text.contains("or the sessions of before it have ended."), "{text}");
}

/// Only what the date has brought about is told as its work.
#[test]
fn each_check_has_its_own_cause() {
    let mut account = with_dated(&[]);
    account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    account.role.identity.retain(|known| !known.policy.as_str().ends_with("PullOnly"));
    let observed = Observed::Assessed {
        assessment: Box::new(account.assessment()),
        remedy: None,
        digest: Some("00".repeat(32)),
        date_passed: BTreeSet::from([Check::ReadOnly]),
    };
    let told = account.observe("2026-01-16T10:00:00Z", "id-2", &[], observed);
    assert_eq!(change_told(&told, "read-only").as_deref(), Some(BY_DATE));
    let by_sweep = "no event reported a change; a sweep found it";
    assert_eq!(change_told(&told, "can-pull").as_deref(), Some(by_sweep));
}

/// By itself, of two checks that become others: one as a date would have it, one not.
#[test]
fn a_date_is_the_cause_of_each_check_by_itself() {
    let push = dated("Allow", "ecr:PutImage", "DateGreaterThan", "aws:CurrentTime", "2026-02-01");
    let deny = dated("Deny", "ecr:*", "DateGreaterThan", "aws:CurrentTime", "2026-02-02");
    let mut account = with_dated(&[push, deny]);
    account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let basis = account.record.checks[&Check::ReadOnly].basis.clone().unwrap();
    let assessed = |now: &str| {
        let mut then = account.clone();
        then.now = now.parse().unwrap();
        then.assessment()
    };
    let causes = |account: &Account, now: &str, digest: Option<&str>| {
        let found_at = account.now;
        let as_of = |then| {
            assert_eq!(then, found_at);
            let mut account = account.clone();
            account.now = then;
            account.assessment()
        };
        let after = assessed(now);
        ecr_audit::date_passed::date_passed(&account.record, &after, digest, as_of)
    };
    let digest = Some(&*basis.digest);
    let read_only = BTreeSet::from([Check::ReadOnly]);
    let can_pull = BTreeSet::from([Check::CanPull]);
    assert_eq!(causes(&account, "2026-01-31T00:00:00Z", digest), BTreeSet::new());
    assert_eq!(causes(&account, "2026-02-01T06:00:00Z", digest), read_only);
    assert_eq!(causes(&account, "2026-02-02T06:00:00Z", digest), can_pull);
    // Of other policies, of none that name a date, and of a record from before the digest.
    assert_eq!(causes(&account, "2026-02-01T06:00:00Z", Some("00")), BTreeSet::new());
    assert_eq!(causes(&account, "2026-02-01T06:00:00Z", None), BTreeSet::new());
    let mut old = account.clone();
    old.record = without_basis(&account.record);
    assert_eq!(causes(&old, "2026-02-01T06:00:00Z", digest), BTreeSet::new());
    // What was not the answer of then, only the date cannot explain.
    let mut other = account.clone();
    let status = assessed("2026-02-02T06:00:00Z").checks[&Check::CanPull].clone();
    other.record.checks.get_mut(&Check::CanPull).unwrap().finding.result = status;
    let now = "2026-02-01T06:00:00Z";
    assert_eq!(causes(&other, now, digest), read_only, "can-pull was FAILED and is not");
}

/// A record as it was written before there was a basis.
fn without_basis(record: &Record) -> Record {
    let mut stored = serde_json::to_value(record).unwrap();
    for check in stored["checks"].as_object_mut().unwrap().values_mut() {
        assert!(check.as_object_mut().unwrap().remove("basis").is_some());
    }
    serde_json::from_value(stored).expect("an older record is read")
}

/// An event that changes nothing of what is judged leaves the basis, and so the record, alone.
#[test]
fn the_time_of_a_verdict_stays_while_its_policies_do() {
    let push = dated("Allow", "ecr:PutImage", "DateGreaterThan", "aws:CurrentTime", "2026-02-01");
    let mut account = with_dated(std::slice::from_ref(&push));
    account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let first = account.record.checks.clone();
    account.look("2026-01-16T10:00:00Z", "id-2", &[]);
    assert_eq!(account.record.checks, first);
    // Neither does a failed look move it, nor a renewal.
    let denied = Observed::Unreadable("iam:GetRole was denied".to_owned());
    account.observe("2026-01-17T10:00:00Z", "id-3", &[], denied);
    account.look("2026-01-18T10:00:00Z", "id-4", &[]);
    for (check, known) in &first {
        assert_eq!(account.record.checks[check].basis, known.basis);
        assert!(account.record.checks[check].finding.updated_at > known.finding.updated_at);
    }
    // Another policy does, without a word to anybody where the answer is the same.
    account.put(inline("more", &grants("More", &["s3:GetObject"], "*")));
    let effect = RoleEffect::Tagged { tags: tags(&[("cost", "7")]) };
    let event = change("TagRole", effect, "2026-01-19T09:59:00Z", "user/ada", None);
    let known = account.record.checks[&Check::CanPull].basis.clone();
    account.look("2026-01-19T10:00:00Z", "id-5", &[event]);
    assert_ne!(account.record.checks[&Check::CanPull].basis, known);
    // And none is kept of a role that is gone, or where no policy names a date any more.
    let mut gone = account.clone();
    gone.observe("2026-01-20T10:00:00Z", "id-6", &[], Observed::Gone);
    assert!(gone.record.checks.values().all(|known| known.basis.is_none()));
    account.put(inline("dated", &grants("Pull", &["ecr:BatchGetImage"], "*")));
    account.look("2026-01-20T10:00:00Z", "id-6", &[]);
    assert!(account.record.checks.values().all(|known| known.basis.is_none()));
}

/// What `read-only` notes of dates to come, at noon of January 15.
fn notes(statements: &[Value]) -> Vec<String> {
    let mut account = with_dated(statements);
    account.now = "2026-01-15T12:00:00Z".parse().unwrap();
    let notes = account.assessment().checks[&Check::ReadOnly].notes.clone();
    notes.into_iter().filter(|note| note.contains("date")).collect()
}

#[test]
fn what_a_date_to_come_brings_is_noted_before_it_comes() {
    let names = "a condition names that date.";
    let push =
        |operator: &str, key: &str, date: &str| dated("Allow", "ecr:PutImage", operator, key, date);
    for (statement, expected) in [
        (push("DateGreaterThan", "aws:CurrentTime", "2027-01-01"), Some("FAILED")),
        (push("DateGreaterThan", "aws:CurrentTime", "2027-01"), Some("FAILED")),
        (
            push("DateGreaterThanEquals", "AWS:currenttime", "2027-01-01T01:00:00+01:00"),
            Some("FAILED"),
        ),
        (push("DateLessThanEquals", "aws:CurrentTime", "2027-01-01T00:00:00Z"), Some("PASSED")),
        (push("NumericGreaterThan", "aws:EpochTime", "1798761600"), Some("FAILED")),
        (push("DateGreaterThan", "aws:EpochTime", "1798761600"), Some("FAILED")),
        (push("DateGreaterThan", "aws:CurrentTime", "2026-01-01"), None),
        (push("StringEquals", "aws:PrincipalTag/until", "2027-01-01"), None),
        (dated("Allow", "s3:*", "DateGreaterThan", "aws:CurrentTime", "2027-01-01"), None),
    ] {
        let expected = expected
            .map(|status| format!("From 2027-01-01T00:00:00Z on this becomes {status}: {names}"));
        assert_eq!(
            notes(std::slice::from_ref(&statement)),
            Vec::from_iter(expected),
            "{statement}"
        );
    }
}

#[test]
fn dates_are_told_one_after_the_other_and_those_that_are_too_many_as_such() {
    let names = "a condition names that date.";
    let grant = |action: &str, date: &str| {
        dated("Allow", action, "DateGreaterThan", "aws:CurrentTime", date)
    };
    let mut statements = vec![
        grant("ecr:DeleteRepository", "2026-03-01"),
        grant("ecr:PutImage", "2026-02-01"),
        dated("Deny", "ecr:DeleteRepository", "DateGreaterThan", "aws:CurrentTime", "2026-04-01"),
        dated("Deny", "ecr:PutImage", "DateGreaterThan", "aws:CurrentTime", "2026-05-01"),
    ];
    let mut expected = vec![
        format!("From 2026-02-01T00:00:00Z on this becomes FAILED: {names}"),
        format!("From 2026-03-01T00:00:00Z on this becomes worse: {names}"),
        format!("From 2026-04-01T00:00:00Z on less of this is wrong: {names}"),
        format!("From 2026-05-01T00:00:00Z on this becomes PASSED: {names}"),
    ];
    assert_eq!(notes(&statements), expected);
    // Dates that have passed are none of those that are tried.
    let past = ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"];
    statements.extend(
        past.map(|date| dated("Deny", "ecr:TagResource", "DateLessThan", "aws:CurrentTime", date)),
    );
    assert_eq!(notes(&statements), expected);
    statements.push(grant("ecr:TagResource", "2026-06-01"));
    expected.push(
        "What later dates in conditions bring, from 2026-06-01T00:00:00Z on, is not known."
            .to_owned(),
    );
    assert_eq!(notes(&statements), expected);
}

/// A date that stands elsewhere counts as well: in a boundary, or a repository's policy.
#[test]
fn the_dates_of_every_policy_count() {
    let mut account = clean(ROLE);
    account.now = "2026-01-15T12:00:00Z".parse().unwrap();
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    let until = dated("Allow", "*", "DateLessThan", "aws:CurrentTime", "2026-02-01");
    let document = json!({ "Version": "2012-10-17", "Statement": until });
    account.role.boundary = Some(inline("boundary", &document));
    let expected = "From 2026-02-01T00:00:00Z on this becomes";
    let assessment = account.assessment();
    let noted = |check: Check, status: &str| {
        let sentence = format!("{expected} {status}: a condition names that date.");
        assessment.checks[&check].notes.contains(&sentence)
    };
    assert!(noted(Check::ReadOnly, "PASSED") && noted(Check::CanPull, "FAILED"), "{assessment:?}");
}
