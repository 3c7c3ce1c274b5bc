//! What holds of everything that is told.

use std::collections::BTreeMap;
use std::process::Command;

use ecr_audit::alert::Alert;
use ecr_audit::finding::Finding;
use ecr_audit::mail::Mail;
use ecr_audit::message::{Attribute, LARGEST_MESSAGE, SnsMessage, alert_message};
use ecr_audit::ports::{ImportOutcome, SecurityHub};
use futures::executor::block_on;
use memory_adapters::MemorySecurityHub;
use serde_json::Value;

/// How wide a mail is.
const COLUMNS: usize = 78;

/// Security Hub takes a finding.
pub fn finding_is_taken(finding: &Finding) {
    let hub = MemorySecurityHub::default();
    let outcomes = block_on(hub.import(std::slice::from_ref(finding))).unwrap();
    assert_eq!(outcomes, [ImportOutcome::Imported], "{finding:?}");
}

/// SNS takes an alert, its mail can be read, and a shell reads its commands as they were meant.
pub fn alert_is_taken(alert: &Alert) {
    let message = alert_message(alert);
    let texts = message_is_taken(&message);
    let document: Value = serde_json::from_str(&texts["sqs"]).expect("programs get JSON");
    assert_eq!(document["id"], alert.id.as_str());
    commands_are_whole(alert, &texts["email"], &document);
}

/// What SNS takes, and what each kind of subscriber can read.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub fn message_is_taken(message: &SnsMessage) -> BTreeMap<String, String> {
    subject_is_taken(&message.subject);

    let mut size = message.message.len();
    assert!(message.attributes.len() <= 10, "with raw delivery, SQS takes ten attributes");
    for (name, value) in &message.attributes {
        let text = match value {
            Attribute::Text(text) => {
                assert!(!text.is_empty(), "{name} has no value");
                text.clone()
            }
            Attribute::List(list) => serde_json::to_string(list).unwrap(),
        };
        size += name.len() + "String.Array".len() + text.len();
    }
    assert!(size <= LARGEST_MESSAGE, "{size} bytes");

    let texts: BTreeMap<String, String> =
        serde_json::from_str(&message.message).expect("SNS takes an object of texts");
    for protocol in ["default", "email", "sqs", "lambda", "firehose"] {
        assert!(!texts[protocol].is_empty(), "{protocol} gets nothing");
    }
    mail_is_readable(&texts["email"]);
    for protocol in ["lambda", "firehose"] {
        assert_eq!(texts[protocol], texts["sqs"], "{protocol}");
    }
    let chat: Value = serde_json::from_str(&texts["default"]).expect("chat gets JSON");
    assert_eq!((&chat["version"], &chat["source"]), (&"1.0".into(), &"custom".into()));
    chat_calls_nobody(&chat["content"]);
    texts
}

/// The operators get plain text, and nothing else.
pub fn operators_can_read(mail: &Mail) {
    subject_is_taken(&mail.subject);
    assert!(mail.text.len() <= LARGEST_MESSAGE, "{} bytes", mail.text.len());
    mail_is_readable(&mail.text);
}

fn subject_is_taken(subject: &str) {
    assert!((1..100).contains(&subject.len()), "{subject}");
    assert!(subject.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{subject}");
    assert!(!subject.starts_with(' '), "{subject}");
}

fn mail_is_readable(mail: &str) {
    for line in mail.lines() {
        // The link cannot be broken, and has its line to itself.
        let is_link = line.starts_with("https://") && !line.contains(' ');
        let width = textwrap::core::display_width(line);
        assert!(width <= COLUMNS || is_link, "{width} columns: {line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(!line.ends_with(' '), "{line:?}");
    }
    assert!(!mail.contains("{\"schema\""), "no JSON document in a mail");
}

/// Slack reads `<!channel>` and `<@U…>` as calls, wherever they stand.
fn chat_calls_nobody(content: &Value) {
    match content {
        Value::String(text) => assert!(!text.contains(['<', '>']), "{text}"),
        Value::Array(values) => values.iter().for_each(chat_calls_nobody),
        Value::Object(members) => members.values().for_each(chat_calls_nobody),
        _ => {}
    }
}

/// Either the mail says that the commands are not in it, or a shell reads the same words from it,
/// pasted as they stand, as from the commands themselves.
fn commands_are_whole(alert: &Alert, mail: &str, document: &Value) {
    let Some(remedy) = &alert.remedy else { return };
    if document["remedy"].is_null() {
        assert_eq!(document["is_shortened"], true);
    } else {
        assert_eq!(document["remedy"]["commands"], serde_json::json!(remedy.commands));
    }
    let is_left_out = ["too long for a mail", "cannot be shown in a mail"]
        .iter()
        .any(|words| mail.contains(words));
    if is_left_out || remedy.commands.is_empty() {
        return;
    }
    let (_, rest) = mail.split_once("\nHow to fix it\n").expect("the mail has the commands");
    let (pasted, _) = rest.split_once("\n\n").expect("a gap follows the commands");
    let calls = read_by_a_shell(&remedy.commands.join("\n"), "true");
    assert_eq!(read_by_a_shell(pasted, "true"), calls);
    // What takes must not run where what gives failed.
    assert_eq!(read_by_a_shell(pasted, "false"), calls[..1]);
}

/// The words of each call of `aws` in a script, whose calls all come to the same end: `true` or
/// `false`. A document counts for what it says, whatever white space stands in it.
fn read_by_a_shell(script: &str, end: &str) -> Vec<Vec<String>> {
    let shown = r#"aws() { for word; do printf '%s\000' "$word"; done; printf '\001'; "#;
    let script = format!("{shown}{end}; }}\n{script}");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success() == (end == "true"), "{script}\n{output:?}");
    assert!(output.stderr.is_empty(), "{script}\n{output:?}");
    let text = String::from_utf8(output.stdout).expect("a shell keeps the encoding");
    let words = |call: &str| {
        call.split_terminator('\0')
            .map(|word| match serde_json::from_str::<Value>(word) {
                Ok(document @ Value::Object(_)) => document.to_string(),
                _ => word.to_owned(),
            })
            .collect()
    };
    text.split_terminator('\u{1}').map(words).collect()
}
