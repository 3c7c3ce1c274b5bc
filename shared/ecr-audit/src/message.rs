//! An alert as SNS carries it: a text for each kind of subscriber, and attributes to filter by.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

mod chat;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::alert::{Alert, AlertedTransition};
use crate::assessment::Excess;
use crate::mail::{Mail, digest, mail, worst_first};
use crate::missing_action::{MissingAction, MissingCause};
use crate::words::shortened;

use chat::{chat, digest_chat};

/// The version of the document that programs get.
pub const SCHEMA: &str = "pullwatch.alert/1";
/// The version of the document that programs get of a digest.
pub const DIGEST_SCHEMA: &str = "pullwatch.digest/1";

/// What SNS takes at most, in bytes, with the attributes.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>
pub const LARGEST_MESSAGE: usize = 256 * 1024;
/// Of these, the values of a list that subscriptions filter by.
const LARGEST_LIST: usize = 32 * 1024;

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
    message(&mail(alert), attributes(alert), |room| {
        let document = document_within(alert, room);
        (chat(alert, &document), document)
    })
}

/// Many alerts of one owner.
pub fn digest_message(owner: &str, alerts: &[Alert]) -> SnsMessage {
    let attributes = digest_attributes(owner, alerts);
    let mail = digest(owner, alerts);
    message(&mail, attributes, |room| {
        let shown: Vec<Value> = worst_first(alerts)
            .into_iter()
            .take(room.items)
            .map(|alert| document_within(alert, room))
            .collect();
        let is_shortened = shown.len() < alerts.len()
            || shown.iter().any(|document| document["is_shortened"] == true);
        let document = json!({
            "schema": DIGEST_SCHEMA,
            "owner": owner,
            "alerts": shown,
            "alert_count": alerts.len(),
            "is_shortened": is_shortened,
        });
        (digest_chat(owner, alerts, &mail, &document), document)
    })
}

/// How much of its lists a document holds.
#[derive(Clone, Copy)]
struct Room {
    /// Of each list.
    items: usize,
    /// Of the remedy, in bytes.
    remedy: usize,
}

/// From the whole to what always fits.
const ROOMS: [Room; 7] = [
    Room { items: 100, remedy: 24 * 1024 },
    Room { items: 50, remedy: 24 * 1024 },
    Room { items: 20, remedy: 16 * 1024 },
    Room { items: 10, remedy: 8 * 1024 },
    Room { items: 5, remedy: 4 * 1024 },
    Room { items: 2, remedy: 1024 },
    Room { items: 0, remedy: 0 },
];

/// The fullest message that SNS takes. It holds the document four times: for queues, functions
/// and streams, and inside the chat message, which is the default and so what https gets.
fn message(
    mail: &Mail,
    attributes: BTreeMap<String, Attribute>,
    documents: impl Fn(Room) -> (Value, Value),
) -> SnsMessage {
    let beside = attributes_size(&attributes);
    let texts = |room: Room| {
        let (chat, document) = documents(room);
        let (chat, document) = (chat.to_string(), document.to_string());
        json!({
            "default": chat,
            "email": mail.text,
            "sqs": document,
            "lambda": document,
            "firehose": document,
        })
        .to_string()
    };
    let message = ROOMS
        .into_iter()
        .map(texts)
        .find(|message| message.len() + beside <= LARGEST_MESSAGE)
        .unwrap_or_else(|| json!({"default": mail.text}).to_string());
    SnsMessage { subject: mail.subject.clone(), message, attributes }
}

fn attributes_size(attributes: &BTreeMap<String, Attribute>) -> usize {
    let sizes = attributes.iter().map(|(name, value)| {
        name.len() + "String.Array".len() + serde_json::json!(value).to_string().len()
    });
    sizes.sum()
}

/// The document that programs get; its schema is `docs/alert-v1.schema.json`.
pub fn document(alert: &Alert) -> Value {
    document_within(alert, ROOMS[0])
}

fn document_within(alert: &Alert, room: Room) -> Value {
    let remedy = alert
        .remedy
        .as_ref()
        .filter(|remedy| serde_json::json!(remedy).to_string().len() <= room.remedy);
    let longest_list = alert
        .transitions
        .iter()
        .flat_map(|transition| {
            let result = &transition.result;
            [transition.added.len(), result.excess.len(), result.reasons.len()]
                .into_iter()
                .chain(result.excess.iter().map(|excess| excess.statements.len()))
                .chain(result.missing.iter().flat_map(|missing| &missing.causes).map(statements_of))
        })
        .chain([alert.uses.len(), alert.owners.len(), alert.changes.len()])
        .max();
    let is_shortened = longest_list.unwrap_or(0) > room.items
        || remedy.is_none() && alert.remedy.is_some()
        || alert.transitions.iter().any(|transition| {
            transition.result.reasons.iter().any(|reason| reason.len() > LONGEST_REASON)
        });
    let earlier_changes = alert.changes.len().saturating_sub(room.items);
    json!({
        "schema": SCHEMA,
        "id": alert.id,
        "time": alert.time,
        "account": alert.place.account,
        "region": alert.place.region,
        "standard": alert.standard,
        "severity": alert.severity(),
        "role": alert.role.arn,
        "uses": alert.uses.iter().take(room.items).collect::<Vec<_>>(),
        "use_count": alert.uses.len(),
        "owners": alert.owners.iter().take(room.items).collect::<Vec<_>>(),
        "transitions": alert
            .transitions
            .iter()
            .map(|one| transition(one, room))
            .collect::<Vec<_>>(),
        "changes": alert.changes[earlier_changes..].iter().map(|one| &one.event).collect::<Vec<_>>(),
        "is_found_by_sweep": alert.occasion.is_sweep,
        "is_date_passed": alert.occasion.date_passed,
        "exception_ended": alert.occasion.exception_ended,
        "remedy": remedy,
        "is_shortened": is_shortened,
    })
}

const LONGEST_REASON: usize = 2048;

fn transition(transition: &AlertedTransition, room: Room) -> Value {
    let result = &transition.result;
    let reasons = result.reasons.iter().take(room.items);
    json!({
        "check": transition.check,
        "kind": transition.kind,
        "status": result.status,
        "severity": result.severity,
        "severity_before": transition.severity_before,
        "added": transition.added.iter().take(room.items).collect::<Vec<_>>(),
        "excess": result.excess.iter().take(room.items).map(|one| excess(one, room)).collect::<Vec<_>>(),
        "excess_count": result.excess.len(),
        "missing": result.missing.iter().map(|one| missing(one, room)).collect::<Vec<_>>(),
        "was_suppressed": transition.was_suppressed,
        "reasons": reasons.map(|reason| shortened(reason, LONGEST_REASON)).collect::<Vec<_>>(),
    })
}

fn excess(excess: &Excess, room: Room) -> Value {
    json!({
        "action": excess.action,
        "access": excess.access,
        "scope": excess.scope,
        "is_upper_bound": excess.is_upper_bound,
        "severity": excess.severity,
        "witness": excess.witness,
        "statements": excess.statements.iter().take(room.items).collect::<Vec<_>>(),
    })
}

fn missing(missing: &MissingAction, room: Room) -> Value {
    let causes = missing.causes.iter().map(|cause| {
        let mut cause = json!(cause);
        if let Some(Value::Array(statements)) = cause.get_mut("statements") {
            statements.truncate(room.items);
        }
        cause
    });
    json!({"action": missing.action, "causes": causes.collect::<Vec<_>>()})
}

fn statements_of(cause: &MissingCause) -> usize {
    cause.statements().len()
}

/// At most ten: with raw delivery, SQS takes no more.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>
fn attributes(alert: &Alert) -> BTreeMap<String, Attribute> {
    let text = |text: &str| Attribute::Text(text.to_owned());
    let owners =
        if alert.owners.is_empty() { vec!["unowned".to_owned()] } else { alert.owners.clone() };
    let mut attributes = BTreeMap::from([
        ("owner".to_owned(), Attribute::List(fitting(owners))),
        ("severity".to_owned(), text(alert.severity().as_str())),
        ("status".to_owned(), text(if alert.is_failure() { "FAILED" } else { "RESOLVED" })),
        ("account".to_owned(), text(&alert.place.account)),
        ("role".to_owned(), text(alert.role.arn.as_str())),
    ]);
    if let Some(first) = alert.transitions.first() {
        attributes.insert("transition".to_owned(), text(first.kind.name()));
        attributes.insert("check".to_owned(), text(first.check.as_str()));
    }
    attributes.extend(lists(std::slice::from_ref(alert)));
    attributes
}

/// What a digest can be filtered by: what the worst alert says, and every place of all of them.
fn digest_attributes(owner: &str, alerts: &[Alert]) -> BTreeMap<String, Attribute> {
    let Some(worst) = worst_first(alerts).first().copied() else { return BTreeMap::new() };
    let mut attributes = attributes(worst);
    attributes.insert("owner".to_owned(), Attribute::List(vec![owner.to_owned()]));
    attributes.extend(lists(alerts));
    attributes
}

/// Where the nodes are: clusters, regions, environments. SNS refuses an empty list.
fn lists(alerts: &[Alert]) -> BTreeMap<String, Attribute> {
    let uses = || alerts.iter().flat_map(|alert| &alert.uses);
    let clusters: BTreeSet<String> = uses().filter_map(|seen| seen.cluster_name.clone()).collect();
    let mut regions: BTreeSet<String> =
        uses().filter_map(|seen| seen.source.region.clone()).collect();
    if regions.is_empty() {
        // A use that IAM alone knows has no region.
        regions = alerts.iter().map(|alert| alert.place.region.clone()).collect();
    }
    let environments: BTreeSet<String> = alerts.iter().flat_map(environments).collect();
    [("cluster", clusters), ("region", regions), ("environment", environments)]
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| (name.to_owned(), Attribute::List(fitting(values))))
        .collect()
}

/// The tags that name an environment, the first of them first.
pub const ENVIRONMENT_TAGS: [&str; 3] = ["environment", "Environment", "env"];

/// The nearest tag counts, as for owners: the role's, else those of its nodegroups, else those of
/// their clusters. SNS refuses an attribute without a value.
fn environments(alert: &Alert) -> BTreeSet<String> {
    let of = |tags: &BTreeMap<String, String>| {
        let mut values = ENVIRONMENT_TAGS.iter().filter_map(|key| tags.get(*key));
        values.find(|value| !value.is_empty()).cloned()
    };
    match of(&alert.role.tags) {
        Some(environment) => BTreeSet::from([environment]),
        None => alert
            .uses
            .iter()
            .filter_map(|seen| of(&seen.tags).or_else(|| of(&seen.cluster_tags)))
            .collect(),
    }
}

/// As many whole values as fit: a value that is cut would match no filter.
fn fitting(values: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut size = 0;
    values
        .into_iter()
        .take_while(|value| {
            size += value.len() + 4;
            size <= LARGEST_LIST
        })
        .collect()
}
