//! What the operators get, whole, in `tests/golden`: each mail was read by a person.

use ecr_audit::change::{ReportedChange, RoleEffect};
use ecr_audit::error::PortError;
use ecr_audit::exception::TAG;
use ecr_audit::finding::Place;
use ecr_audit::mail::Mail;
use ecr_audit::mail::operators::{security_hub_off, topic_takes_nothing};
use ecr_audit::owner_topics;
use ecr_audit::topic_arn::TopicArn;
use ecr_audit::transition::Observed;

use crate::account::{Account, Told, change, inline, tags};
use crate::golden;
use crate::story::{ROLE, clean, first_sweep, grants, year};

fn check(name: &str, mail: &Mail) {
    golden::check(
        &format!("operators-{name}.txt"),
        &format!("Subject: {}\n\n{}", mail.subject, mail.text),
    );
    // What SNS takes as a subject, and what a person can read.
    assert!(mail.subject.len() < 100 && mail.subject.is_ascii(), "{}", mail.subject);
    for line in mail.text.lines() {
        let is_link = line.starts_with("https://");
        assert!(is_link || textwrap::core::display_width(line) <= 78, "{line}");
    }
}

fn only(told: &Told) -> &Mail {
    assert_eq!(told.operators.len(), 1, "{:?}", told.operators);
    &told.operators[0]
}

/// A role that can push, with a tag and the event that told of it.
fn tagged(account: &mut Account, at: &str, key: &str, value: &str) -> ReportedChange {
    account.role.tags.insert(key.to_owned(), value.to_owned());
    let effect = RoleEffect::Tagged { tags: tags(&[(key, value)]) };
    change("TagRole", effect, at, "assumed-role/Developer/ada@example.com", Some("AWS CLI"))
}

fn pushing() -> Account {
    let mut account = clean(ROLE);
    account.put(inline("push", &grants("Push", &["ecr:PutImage", "ecr:TagResource"], "*")));
    account
}

#[test]
fn a_role_that_cannot_be_read_is_told_with_one_reason_and_what_stands() {
    check("cannot-assess", only(&year().not_available));

    let mut never_read = clean(ROLE);
    let denied = "iam:GetRole cannot be answered: AccessDenied: User: \
                  arn:aws:sts::111122223333:assumed-role/pullwatch-IamChangeRole/iam-change is not \
                  authorized to perform: iam:GetRole on resource: role prod-workers because no \
                  identity-based policy allows the iam:GetRole action";
    let id = "33333333-3333-4333-8333-333333333301";
    let observed = Observed::Unreadable(denied.to_owned());
    let told = never_read.observe("2026-01-15T06:00:00Z", id, &[], observed);
    check("never-assessed", only(&told));
}

#[test]
fn an_exception_is_told_from_its_beginning_to_its_end() {
    let mut account = pushing();
    account.look("2026-01-15T10:00:00Z", "33333333-3333-4333-8333-333333333302", &[]);
    let event = tagged(&mut account, "2026-01-16T09:59:00Z", TAG, "2026-03-31 moves to IRSA");
    let id = "33333333-3333-4333-8333-333333333303";
    let begun = account.look("2026-01-16T10:00:00Z", id, &[event]);
    check("exception-begun", only(&begun));

    let reason = "2026-06-30 moves to IRSA, later";
    let event = tagged(&mut account, "2026-03-16T09:59:00Z", TAG, reason);
    let id = "33333333-3333-4333-8333-333333333304";
    let changed = account.look("2026-03-16T10:00:00Z", id, &[event]);
    check("exception-changed", only(&changed));

    let id = "33333333-3333-4333-8333-333333333305";
    let mut untagged = account.clone();
    untagged.role.tags.remove(TAG);
    check("exception-taken-away", only(&untagged.look("2026-04-01T10:00:00Z", id, &[])));
    check("exception-over", only(&account.look("2026-07-01T00:05:00Z", id, &[])));
}

#[test]
fn a_topic_that_is_not_listed_is_told() {
    let mut account = pushing();
    let topic = "arn:aws:sns:eu-west-1:444455556666:payments-alerts";
    let event = tagged(&mut account, "2026-01-15T09:59:00Z", owner_topics::TAG, topic);
    let id = "33333333-3333-4333-8333-333333333306";
    check("topic-refused", only(&account.look("2026-01-15T10:00:00Z", id, &[event])));
}

#[test]
fn a_topic_that_takes_nothing_is_told() {
    let topic = TopicArn::parse("arn:aws:sns:eu-west-1:111122223333:payments-alerts").unwrap();
    let error = PortError::answered("sns:Publish", 404, "NotFound", "Topic does not exist");
    let mut alerts = first_sweep();
    for alert in &mut alerts {
        alert.topic = Some(topic.clone());
    }
    check("topic-takes-nothing", &topic_takes_nothing(&topic, &alerts, &error));

    // A digest of a whole organization's roles still is a mail.
    let many = vec![alerts[0].clone(); 5000];
    let mail = topic_takes_nothing(&topic, &many, &error);
    assert!(mail.text.ends_with("          and 4900 more\n"), "{}", mail.text);
}

#[test]
fn security_hub_that_is_off_is_told() {
    let place = Place {
        partition: "aws".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
    };
    let reason = "Account 111122223333 is not subscribed to AWS Security Hub";
    check("security-hub-off", &security_hub_off(&place, reason));
}
