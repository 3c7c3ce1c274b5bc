//! What stands in a digest: what needs a look and what has ended, apart, within what SNS takes.

use ecr_audit::alert::Alert;
use ecr_audit::message::{LARGEST_MESSAGE, digest_message};
use serde_json::Value;

use crate::account::inline;
use crate::story::{clean, grants};

/// A role that could push, and no longer can where `is_ended`.
fn alert(name: &str, is_ended: bool) -> Alert {
    let mut account = clean(&format!("arn:aws:iam::111122223333:role/{name}"));
    account.put(inline("push", &grants("Push", &["ecr:PutImage"], "*")));
    let mut told = account.look("2026-01-15T10:00:00Z", &format!("{name}-1"), &[]);
    if is_ended {
        account.role.identity.pop();
        told = account.look("2026-01-16T10:00:00Z", &format!("{name}-2"), &[]);
    }
    told.alerts.remove(0)
}

/// The subject and the mail.
fn digest(alerts: &[Alert]) -> (String, String) {
    let message = digest_message("team-payments", alerts);
    let size = message.message.len();
    assert!(size <= LARGEST_MESSAGE, "{size}");
    let texts: Value = serde_json::from_str(&message.message).unwrap();
    (message.subject, texts["email"].as_str().unwrap().to_owned())
}

#[test]
fn what_has_ended_needs_no_look() {
    let (subject, mail) = digest(&[alert("workers", true)]);
    let look = "1 node role of team-payments no longer fails";
    assert_eq!(subject, format!("pullwatch: {look} (111122223333)"));
    assert!(mail.starts_with(&format!("{look}\n\nRESOLVED  workers can only read ")), "{mail}");
    assert!(!mail.contains("INFORMATIONAL"), "{mail}");
}

#[test]
fn what_has_ended_is_counted_apart_and_stands_last() {
    let alerts = [alert("blue", true), alert("green", false), alert("red", true)];
    let (_, mail) = digest(&alerts);
    let look = "1 node role of team-payments needs a look, 2 no longer fail";
    assert!(mail.starts_with(&format!("{look}\n\nHIGH      green can push images")), "{mail}");
    assert_eq!(mail.matches("\nRESOLVED  ").count(), 2, "{mail}");
    let chat = digest_message("team-payments", &alerts).message;
    assert!(chat.contains("RESOLVED  blue can only read"), "{chat}");
}

/// What can be done about each role stands with it, and its finding.
#[test]
fn each_role_can_be_acted_on() {
    let (_, mail) = digest(&[alert("blue", false), alert("green", false)]);
    for name in ["blue", "green"] {
        let of_role = mail.split("\n\n").find(|part| part.contains(&format!("role/{name}\n")));
        let of_role = of_role.expect("every role has its paragraph");
        let words = of_role.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("granted by inline policy push, statement Push"), "{of_role}");
        let command =
            format!("  aws iam delete-role-policy --role-name {name} --policy-name push\n");
        assert!(of_role.contains(&command), "{of_role}");
        assert!(of_role.ends_with(&format!("role/{name}/pullwatch/read-only")), "{of_role}");
    }
}

#[test]
fn what_does_not_fit_is_counted_the_worst_first() {
    let failing = alert("failing", false);
    let mut alerts = vec![alert("ended", true); 10];
    alerts.extend(vec![failing; 490]);
    let (_, mail) = digest(&alerts);
    let shown = mail.matches("\nHIGH      failing can push images").count();
    assert!(shown > 50, "{shown}");
    assert!(!mail.contains("\nRESOLVED"), "{mail}");
    let left = format!("\n{} more, none of them worse than these, are not shown", 500 - shown);
    assert!(mail.contains(&left), "{mail}");
}
