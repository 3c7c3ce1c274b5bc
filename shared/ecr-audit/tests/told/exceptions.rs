//! Exceptions: what a tag makes a warning of, what it never covers, how it ends, and who hears.

use ecr_audit::change::{ReportedChange, RoleEffect};
use ecr_audit::exception::TAG;
use ecr_audit::transition::Observed;
use serde_json::{Value, json};

use crate::account::{Account, Told, aws_managed, change, inline, tags};
use crate::story::{ROLE, clean, grants};

/// A role that can push, first seen FAILED.
fn pushing() -> Account {
    let mut account = clean(ROLE);
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    assert_eq!((told.alerts.len(), status(&told)), (1, json!("FAILED")));
    account
}

fn tag(account: &mut Account, value: &str) {
    account.role.tags.insert(TAG.to_owned(), value.to_owned());
}

fn tagged(at: &str, value: &str) -> ReportedChange {
    let effect = RoleEffect::Tagged { tags: tags(&[(TAG, value)]) };
    change("TagRole", effect, at, "user/ada", Some("AWS CLI"))
}

/// The status of the check read-only, as Security Hub gets it.
fn status(told: &Told) -> Value {
    finding(told)["Compliance"]["Status"].clone()
}

fn finding(told: &Told) -> &Value {
    let mut findings = told.findings.iter();
    findings
        .find(|finding| finding["GeneratorId"] == "pullwatch/read-only")
        .expect("the finding is told")
}

fn description(told: &Told) -> &str {
    finding(told)["Description"].as_str().unwrap()
}

/// The text of the one mail that the operators get, each run of white space as one space.
fn only_mail(told: &Told) -> String {
    assert_eq!(told.operators.len(), 1, "{:?}", told.operators);
    told.operators[0].text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_role_could_do_becomes_a_warning_and_the_operators_hear_who_said_so() {
    let mut account = pushing();
    tag(&mut account, "2026-03-31 migration");
    let event = tagged("2026-01-16T09:59:00Z", "2026-03-31 migration");
    let told = account.look("2026-01-16T10:00:00Z", "id-2", &[event]);
    assert_eq!(status(&told), "WARNING");
    assert_eq!(finding(&told)["Severity"]["Label"], "LOW");
    assert!(told.alerts.is_empty());
    assert!(
        description(&told).contains(
            "Excepted until 2026-03-31: migration. It covers what was known to be wrong on 2026-01-16."
        ),
        "{}",
        description(&told)
    );
    let mail = only_mail(&told);
    assert!(mail.contains("arn:aws:iam::111122223333:role/eks/prod-workers"), "{mail}");
    assert!(
        mail.contains(
            "An exception has begun, until 2026-03-31: migration. It covers ecr:PutImage."
        ),
        "{mail}"
    );
    let who = "2026-01-16 09:59:00 UTC TagRole pullwatch:exception by user/ada with AWS CLI";
    assert!(mail.contains(who), "{mail}");
    // The same again has nothing to tell.
    let again = account.look("2026-01-17T10:00:00Z", "id-3", &[]);
    assert!(again.findings.is_empty() && again.operators.is_empty() && again.alerts.is_empty());
}

#[test]
fn whatever_comes_later_is_not_covered_even_if_the_tag_is_written_again() {
    let mut account = pushing();
    tag(&mut account, "2026-03-31 migration");
    account.look("2026-01-16T10:00:00Z", "id-2", &[]);

    account.put(inline("more", &grants("More", &["ecr:SetRepositoryPolicy"], "*")));
    tag(&mut account, "2026-04-30 migration and more");
    let told = account.look("2026-01-17T10:00:00Z", "id-3", &[]);
    assert_eq!(status(&told), "FAILED");
    assert_eq!(told.alerts.len(), 1);
    let sentence = "The exception until 2026-04-30 does not cover ecr:SetRepositoryPolicy.";
    let mail = ecr_audit::mail::mail(&told.alerts[0]).text;
    assert!(mail.contains(&format!("  {sentence}\n")), "{mail}");
    let mail = only_mail(&told);
    let sentence = "The exception was changed: until 2026-04-30, migration and more; before, \
                    until 2026-03-31, migration. It covers no more than before.";
    assert!(mail.contains(sentence), "{mail}");
    assert!(mail.contains("No event reported it."), "{mail}");

    // Without the new right, what is left is covered again, and nobody is told a second time.
    account.put(inline("more", &grants("More", &["ecr:GetAuthorizationToken"], "*")));
    let told = account.look("2026-01-18T10:00:00Z", "id-4", &[]);
    assert_eq!((status(&told), told.alerts.len()), (json!("WARNING"), 0));
}

/// Whoever may attach a policy and tag the role at once must not go quiet about it.
#[test]
fn what_comes_together_with_the_tag_is_not_covered() {
    let power_user = aws_managed("AmazonEC2ContainerRegistryPowerUser");
    let passed = |account: &mut Account| drop(account.look("2026-01-15T10:00:00Z", "id-1", &[]));
    let never_seen = |_: &mut Account| {};
    for before in [passed as fn(&mut Account), never_seen] {
        let mut account = clean(ROLE);
        before(&mut account);
        account.put(power_user.clone());
        tag(&mut account, "2026-03-31 migration");
        let told = account.look("2026-01-16T10:00:00Z", "id-2", &[]);
        assert_eq!((status(&told), told.alerts.len()), (json!("FAILED"), 1));
        let mail = only_mail(&told);
        assert!(mail.contains("It covers nothing, for no failure was known before."), "{mail}");
        let reason = "Its tag was set before any failure was known.";
        assert!(description(&told).contains(reason), "{}", description(&told));
        // It does not come to be covered by and by.
        let again = account.look("2026-01-17T10:00:00Z", "id-3", &[]);
        assert!(again.findings.is_empty() && again.alerts.is_empty());

        account.role.tags.remove(TAG);
        account.look("2026-01-18T10:00:00Z", "id-4", &[]);
        tag(&mut account, "2026-03-31 migration");
        let told = account.look("2026-01-19T10:00:00Z", "id-5", &[]);
        assert_eq!((status(&told), told.alerts.len()), (json!("WARNING"), 0));
    }
}

#[test]
fn of_what_is_seen_with_the_tag_only_what_had_failed_before_is_covered() {
    let mut account = pushing();
    account.put(inline("more", &grants("More", &["ecr:SetRepositoryPolicy"], "*")));
    tag(&mut account, "2026-03-31 migration");
    let told = account.look("2026-01-16T10:00:00Z", "id-2", &[]);
    assert_eq!((status(&told), told.alerts.len()), (json!("FAILED"), 1));
    assert_eq!(told.alerts[0].transitions[0].added, ["ecr:SetRepositoryPolicy"]);
    assert!(only_mail(&told).contains("It covers ecr:PutImage."), "{:?}", told.operators);

    account.put(inline("more", &grants("More", &["ecr:GetAuthorizationToken"], "*")));
    let told = account.look("2026-01-17T10:00:00Z", "id-3", &[]);
    assert_eq!((status(&told), told.alerts.len()), (json!("WARNING"), 0));
}

/// A role that was deleted and is there again is told of, whatever its tag says.
#[test]
fn what_had_failed_before_the_role_was_gone_is_not_covered() {
    let mut account = pushing();
    account.observe("2026-01-16T10:00:00Z", "id-2", &[], Observed::Gone);
    tag(&mut account, "2026-03-31 migration");
    let told = account.look("2026-01-17T10:00:00Z", "id-3", &[]);
    assert_eq!(status(&told), "FAILED");
}

#[test]
fn it_ends_with_its_date_its_tag_or_its_role_and_then_alerts() {
    // Whether somebody changed the tag: nobody did where the date has passed.
    for (why, is_tag_changed, end, at) in [
        (
            "The exception has ended: its date, 2026-03-31, has passed.",
            false,
            (|_: &mut Account| {}) as fn(&mut Account),
            "2026-04-01T00:00:00Z",
        ),
        (
            "The exception has ended: its tag was removed.",
            true,
            |account| drop(account.role.tags.remove(TAG)),
            "2026-02-01T00:00:00Z",
        ),
        (
            "The exception has ended: it names no reason.",
            true,
            |account| tag(account, "2026-03-31"),
            "2026-02-01T00:00:00Z",
        ),
        (
            "The exception has ended: its date, 2026-01-20, has passed.",
            true,
            |account| tag(account, "2026-01-20 migration"),
            "2026-02-01T00:00:00Z",
        ),
    ] {
        let mut account = pushing();
        tag(&mut account, "2026-03-31 migration");
        account.look("2026-01-16T10:00:00Z", "id-2", &[]);
        let until_the_end = account.clone().look("2026-03-31T23:59:59Z", "id-3", &[]);
        assert!(until_the_end.alerts.is_empty() && until_the_end.operators.is_empty());
        end(&mut account);
        let told = account.look(at, "id-4", &[]);
        assert_eq!((status(&told), told.alerts.len()), (json!("FAILED"), 1), "{why}");
        let mail = only_mail(&told);
        assert!(mail.contains(why), "{mail}");
        assert_eq!(mail.contains("Who changed the tag"), is_tag_changed, "{mail}");
    }
    let mut account = pushing();
    tag(&mut account, "2026-03-31 migration");
    account.look("2026-01-16T10:00:00Z", "id-2", &[]);
    let told = account.observe("2026-01-17T10:00:00Z", "id-3", &[], Observed::Gone);
    let mail = only_mail(&told);
    assert!(mail.contains("The exception has ended: the role is gone"), "{mail}");
    assert!(told.alerts.is_empty(), "a warning that is gone is no alert");
}

#[test]
fn a_tag_that_says_too_little_or_too_much_does_nothing_and_the_finding_says_so() {
    for (value, why) in [
        ("forever", "it does not begin with a date"),
        ("2026-12-31 too far", "is more than 180 days ahead"),
        ("2026-01-01 past", "has passed"),
        ("2026-03-31", "it names no reason"),
    ] {
        let mut account = pushing();
        tag(&mut account, value);
        let told = account.look("2026-01-16T10:00:00Z", "id-2", &[]);
        assert_eq!((status(&told), told.alerts.len()), (json!("FAILED"), 0), "{value}");
        let description = description(&told);
        assert!(description.contains("The tag pullwatch:exception has no effect: "));
        assert!(description.contains(why), "{description}");
        assert!(told.operators.is_empty(), "{value}");
    }
}

#[test]
fn it_covers_no_node_that_cannot_pull() {
    let mut account = clean(ROLE);
    account.role.identity.truncate(2);
    tag(&mut account, "2026-03-31 migration");
    let told = account.look("2026-01-16T10:00:00Z", "id-1", &[]);
    let can_pull =
        told.findings.iter().find(|finding| finding["GeneratorId"] == "pullwatch/can-pull");
    assert_eq!(can_pull.unwrap()["Compliance"]["Status"], "FAILED");
    assert_eq!(told.alerts.len(), 1);
}

/// The alert does not pretend that something changed, or that nobody knows why.
#[test]
fn an_alert_of_its_end_says_so_to_people_and_programs() {
    let ended = |end: fn(&mut Account), at: &str, changes: &[ReportedChange]| {
        let mut account = pushing();
        tag(&mut account, "2026-03-31 migration");
        account.look("2026-01-16T10:00:00Z", "id-2", &[]);
        end(&mut account);
        let told = account.look(at, "id-3", changes);
        let mail = ecr_audit::mail::mail(&told.alerts[0]).text;
        let (_, what_changed) = mail.split_once("What changed\n").unwrap();
        let what_changed = what_changed.split("\n\n").next().unwrap().to_owned();
        let document = ecr_audit::message::document(&told.alerts[0]);
        let field = finding(&told)["ProductFields"]["pullwatch/Change"].clone();
        (what_changed, document["exception_ended"].clone(), field)
    };
    let by_date = json!({
        "until": "2026-03-31", "why": "its date, 2026-03-31, has passed", "is_by_date": true,
    });
    let sentence = "The exception until 2026-03-31 has ended: its date has passed.";
    let (mail, document, field) = ended(|_| {}, "2026-04-01T06:00:00Z", &[]);
    assert_eq!(mail, format!("  {sentence}"));
    assert_eq!((document, field), (by_date.clone(), json!(sentence)));

    // An event that comes just then is told, but not as the cause.
    let other = RoleEffect::Tagged { tags: tags(&[("cost", "7")]) };
    let other = change("TagRole", other, "2026-04-01T05:59:00Z", "user/ada", Some("AWS CLI"));
    let (mail, document, field) = ended(|_| {}, "2026-04-01T06:00:00Z", &[other]);
    assert!(mail.starts_with(&format!("  {sentence}\n  2026-04-01 05:59:00 UTC")), "{mail}");
    assert_eq!((document, field), (by_date, json!(sentence)));

    let untag: fn(&mut Account) = |account| drop(account.role.tags.remove(TAG));
    let (mail, document, field) = ended(untag, "2026-02-01T06:00:00Z", &[]);
    let sentence = "The exception until 2026-03-31 has ended: its tag was removed.";
    let nobody = "No event reported a change, so nobody can be named. A sweep found it.";
    assert_eq!(mail, format!("  {sentence}\n  {nobody}"));
    assert_eq!((&document["why"], field), (&json!("its tag was removed"), json!(sentence)));
}

/// The end of a mail, behind the link.
fn end_of_mail(told: &Told) -> String {
    let text = ecr_audit::mail::mail(&told.alerts[0]).text;
    text[text.find("\nSilence ").expect("a failure can be silenced")..].to_owned()
}

#[test]
fn a_mail_tells_how_to_set_the_tag_only_where_it_counts() {
    let mut account = clean(ROLE);
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    let told = account.clone().look("2026-01-15T10:00:00Z", "id-1", &[]);
    let command = "  aws iam tag-role --role-name prod-workers \\\n    \
                   --tags 'Key=pullwatch:exception,Value=YYYY-MM-DD reason'\n";
    assert!(end_of_mail(&told).contains(command), "{}", end_of_mail(&told));
    assert!(!end_of_mail(&told).contains("alone"), "{}", end_of_mail(&told));

    account.role.identity.remove(2);
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    assert!(end_of_mail(&told).contains(command), "{}", end_of_mail(&told));
    let words = end_of_mail(&told).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("covers the check read-only alone"), "{words}");

    let mut account = clean(ROLE);
    account.role.identity.truncate(2);
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let silence = "\nSilence   Suppress the finding in Security Hub.\nId        id-1\n";
    assert_eq!(end_of_mail(&told), silence);
}

/// A role that cannot be read is neither excepted anew nor freed of its exception.
#[test]
fn what_cannot_be_read_neither_begins_nor_ends_it() {
    let mut account = pushing();
    tag(&mut account, "2026-03-31 migration");
    account.look("2026-01-16T10:00:00Z", "id-2", &[]);
    let denied = Observed::Unreadable("iam:GetRole was denied".to_owned());
    let told = account.observe("2026-05-01T10:00:00Z", "id-3", &[], denied);
    assert_eq!(status(&told), "WARNING");
    assert!(account.record.exception.is_some());
}
