//! An alert as SNS carries it: a text for each kind of subscriber, and attributes to filter by.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::alert::{Alert, AlertedTransition};
use crate::mail::{Mail, digest, mail};
use crate::words::shortened;

/// The version of the document that programs get.
pub const SCHEMA: &str = "pullwatch.alert/1";

/// What is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnsMessage {
    /// The mail's subject.
    pub subject: String,
    /// The JSON object of `MessageStructure: json`.
    pub message: String,
    /// What subscriptions can filter by.
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Attribute {
    /// A `String`.
    Text(String),
    /// A `String.Array`.
    List(Vec<String>),
}

/// One alert.
pub fn alert_message(alert: &Alert) -> SnsMessage {
    let document = document(alert);
    message(&mail(alert), &document, alert, attributes(alert))
}

/// Many alerts of one owner.
pub fn digest_message(owner: &str, alerts: &[Alert]) -> SnsMessage {
    let mail = digest(owner, alerts);
    let documents: Vec<Value> = alerts.iter().map(document).collect();
    let digest = json!({"schema": "pullwatch.digest/1", "owner": owner, "alerts": documents});
    let Some(worst) = alerts.iter().max_by_key(|alert| alert.severity()) else {
        let message = json!({"default": mail.text}).to_string();
        return SnsMessage { subject: mail.subject, message, attributes: BTreeMap::new() };
    };
    let mut attributes = attributes(worst);
    attributes.insert("owner".to_owned(), Attribute::List(vec![owner.to_owned()]));
    message(&mail, &digest, worst, attributes)
}

fn message(
    mail: &Mail,
    document: &Value,
    alert: &Alert,
    attributes: BTreeMap<String, Attribute>,
) -> SnsMessage {
    let chat = chat(mail, document, alert).to_string();
    let document = document.to_string();
    let message = json!({
        "default": chat,
        "http": chat,
        "https": chat,
        "email": mail.text,
        "sqs": document,
        "lambda": document,
        "firehose": document,
    });
    SnsMessage { subject: mail.subject.clone(), message: message.to_string(), attributes }
}

/// The document that programs get; its schema is `schemas/alert-1.schema.json`.
pub fn document(alert: &Alert) -> Value {
    json!({
        "schema": SCHEMA,
        "id": alert.id,
        "time": alert.time,
        "account": alert.place.account,
        "region": alert.place.region,
        "standard": alert.standard,
        "severity": alert.severity(),
        "role": alert.role.arn,
        "uses": alert.uses,
        "owners": alert.owners,
        "transitions": alert.transitions.iter().map(transition).collect::<Vec<_>>(),
        "changes": alert.changes.iter().map(|reported| &reported.event).collect::<Vec<_>>(),
        "remedy": alert.remedy,
    })
}

fn transition(transition: &AlertedTransition) -> Value {
    // A list that programs read whole has to fit into a message.
    const MOST: usize = 100;
    json!({
        "check": transition.check,
        "kind": transition.kind,
        "status": transition.result.status,
        "severity": transition.result.severity,
        "severity_before": transition.severity_before,
        "added": transition.added.iter().take(MOST).collect::<Vec<_>>(),
        "excess": transition.result.excess.iter().take(MOST).collect::<Vec<_>>(),
        "excess_count": transition.result.excess.len(),
        "reasons": transition.result.reasons,
    })
}

/// A custom notification of Amazon Q Developer in chat applications.
/// <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
fn chat(mail: &Mail, document: &Value, alert: &Alert) -> Value {
    json!({
        "version": "1.0",
        "source": "custom",
        "id": alert.id,
        "content": {
            "textType": "client-markdown",
            "title": mail.subject,
            "description": shortened(&mail.text, 7000),
        },
        "metadata": {
            "threadId": alert.role.arn,
            "summary": mail.subject,
            "eventType": "pullwatch",
            "relatedResources": [alert.role.arn],
            "additionalContext": {"document": document.to_string()},
        },
    })
}

fn attributes(alert: &Alert) -> BTreeMap<String, Attribute> {
    let text = |text: &str| Attribute::Text(text.to_owned());
    let is_failure = alert.transitions.iter().any(|transition| transition.kind.is_failure());
    let owners =
        if alert.owners.is_empty() { vec!["unowned".to_owned()] } else { alert.owners.clone() };
    let clusters: BTreeSet<String> =
        alert.uses.iter().filter_map(|seen| seen.cluster_name.clone()).collect();
    let mut attributes = BTreeMap::from([
        ("owner".to_owned(), Attribute::List(owners)),
        ("severity".to_owned(), text(alert.severity().as_str())),
        ("status".to_owned(), text(if is_failure { "FAILED" } else { "RESOLVED" })),
        ("account".to_owned(), text(&alert.place.account)),
        ("region".to_owned(), text(&alert.place.region)),
        ("role".to_owned(), text(alert.role.arn.as_str())),
    ]);
    if let Some(first) = alert.transitions.first() {
        attributes.insert("transition".to_owned(), text(first.kind.name()));
        attributes.insert("check".to_owned(), text(first.check.as_str()));
    }
    if !clusters.is_empty() {
        let clusters = clusters.into_iter().take(50).collect();
        attributes.insert("cluster".to_owned(), Attribute::List(clusters));
    }
    let environment =
        ["environment", "Environment", "env"].iter().find_map(|key| alert.role.tags.get(*key));
    if let Some(environment) = environment {
        attributes.insert("environment".to_owned(), text(environment));
    }
    attributes
}
