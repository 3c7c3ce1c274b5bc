//! A message -> the changes it tells of. What is not ours or is broken is an error; what is ours
//! and cut is a change that only the sweep can follow; what has no effect is let go by name.

use ecr_audit::change::{Change, Event, ReportedChange};
use jiff::Timestamp;
use serde_json::Value;

use crate::actor::actor;
use crate::error::ReadError;
use crate::record::{Missing, Record, text};
use crate::security_hub::{self, CUSTOM_ACTION, SECURITY_HUB};
use crate::table::{Outcome, Read, row};

/// What a message tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What happened: one change or more.
    Changes(Vec<ReportedChange>),
    /// Nothing that matters here.
    Ignored {
        /// The event's name.
        event: String,
        /// Why it is let go.
        why: String,
    },
}

/// Reads one message: an event as EventBridge delivers it. `account` is the watched account.
///
/// ```
/// use change_events::{Reading, read};
///
/// let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/iam/AttachRolePolicy.json");
/// let message = std::fs::read_to_string(file)?;
/// let Reading::Changes(changes) = read(&message, "111122223333")? else {
///     panic!("attaching a policy has an effect");
/// };
/// assert_eq!(changes[0].event.name, "AttachRolePolicy");
/// assert_eq!(changes[0].event.actor.tool.as_deref(), Some("Terraform"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(message: &str, account: &str) -> Result<Reading, ReadError> {
    let envelope: Value =
        serde_json::from_str(message).map_err(|error| ReadError::NotJson(error.to_string()))?;
    let field = |name: &'static str| text(&envelope[name]).ok_or(ReadError::NoEnvelope(name));
    let source = field("source")?;
    let detail_type = field("detail-type")?;
    let found = field("account")?;
    if found != account {
        return Err(ReadError::ForeignAccount {
            found: found.to_owned(),
            expected: account.to_owned(),
        });
    }
    let detail = &envelope["detail"];
    if !detail.is_object() {
        return Err(ReadError::NoEnvelope("detail"));
    }
    let is_custom_action = (source, detail_type) == (SECURITY_HUB, CUSTOM_ACTION);
    let name = match text(&detail["eventName"]) {
        Some(name) => name,
        None if detail_type.ends_with("via CloudTrail") => {
            return Err(ReadError::NoEnvelope("detail.eventName"));
        }
        None => detail_type,
    };
    let id = text(&detail["eventID"]).map_or_else(|| field("id"), Ok)?;
    let region = text(&detail["awsRegion"]).map_or_else(|| field("region"), Ok)?;
    let event = Event {
        id: id.to_owned(),
        name: name.to_owned(),
        time: time(&detail["eventTime"], &envelope["time"])?,
        account: found.to_owned(),
        region: region.to_owned(),
        actor: if is_custom_action { security_hub::actor() } else { actor(detail) },
    };
    let told = if is_custom_action {
        rechecks(detail, account)
    } else {
        changes(source, name, &Record { detail, region, account })
    };
    Ok(match told {
        Told::Changes(changes) => Reading::Changes(
            changes
                .into_iter()
                .map(|change| ReportedChange { change, event: event.clone() })
                .collect(),
        ),
        Told::Nothing(why) => Reading::Ignored { event: event.name, why },
    })
}

/// The record's time, or else the envelope's: some tools rewrite the first.
fn time(event_time: &Value, envelope_time: &Value) -> Result<Timestamp, ReadError> {
    let times = [text(event_time), text(envelope_time)];
    let mut parsed = times.iter().flatten().filter_map(|time| time.parse().ok());
    parsed.next().ok_or_else(|| match times.into_iter().flatten().next() {
        Some(time) => ReadError::NoTime(time.to_owned()),
        None => ReadError::NoEnvelope("time"),
    })
}

/// What the inside of an event tells.
enum Told {
    /// What happened.
    Changes(Vec<Change>),
    /// Nothing that matters here, for this reason.
    Nothing(String),
}

impl From<Missing> for Told {
    /// What the event does not name, the sweep has to find.
    fn from(Missing(what): Missing) -> Self {
        Self::Changes(vec![Change::Unclear { reason: format!("{what} is missing or cut") }])
    }
}

fn rechecks(detail: &Value, account: &str) -> Told {
    match security_hub::rechecks(detail, account) {
        Ok(rechecks) if rechecks.is_empty() => {
            Told::Nothing("none of the chosen findings is about a role of this account".to_owned())
        }
        Ok(rechecks) => Told::Changes(rechecks),
        Err(missing) => missing.into(),
    }
}

fn changes(source: &str, name: &str, record: &Record<'_>) -> Told {
    if let Some(code) = text(&record.detail["errorCode"]) {
        return Told::Nothing(format!("the call failed with {code}"));
    }
    if record.detail["readOnly"] == true {
        return Told::Nothing("the call only reads".to_owned());
    }
    let Some(row) = row(source, name) else {
        return Told::Nothing(format!("{name} of {source} is no event that this version knows"));
    };
    match row.read {
        Read::NoEffect(why) => Told::Nothing(why.to_owned()),
        Read::Changes(read) => match read(record) {
            Ok(Outcome::Changed(change)) => Told::Changes(vec![change]),
            Ok(Outcome::Nothing(why)) => Told::Nothing(why.to_owned()),
            Err(missing) => missing.into(),
        },
    }
}
