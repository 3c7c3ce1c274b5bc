//! A message -> the changes it tells of. What is not ours or is broken is an error; what is ours
//! and cut is a change that only the sweep can follow; what has no effect is let go by name.

use ecr_audit::change::{Change, Event, ReportedChange};
use jiff::Timestamp;
use serde_json::Value;

use crate::actor::actor;
use crate::error::ReadError;
use crate::record::{Missing, Record, text};
use crate::security_hub;
use crate::table::{Outcome, Read, row};

/// What a message tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What happened.
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
    let time = text(&detail["eventTime"]).map_or_else(|| field("time"), Ok)?;
    let time: Timestamp = time.parse().map_err(|_| ReadError::NoTime(time.to_owned()))?;
    let name = text(&detail["eventName"]).unwrap_or(detail_type);
    let id = match text(&detail["eventID"]) {
        Some(id) => id,
        None => field("id")?,
    };
    let region = text(&detail["awsRegion"]).map_or_else(|| field("region"), Ok)?;
    let event = Event {
        id: id.to_owned(),
        name: name.to_owned(),
        time,
        account: found.to_owned(),
        region: region.to_owned(),
        actor: actor(detail),
    };
    let changes = if (source, detail_type) == (security_hub::SOURCE, security_hub::DETAIL_TYPE) {
        Ok(security_hub::rechecks(detail))
    } else {
        changes(source, name, &Record { detail, region, account: found })
    };
    Ok(match changes {
        Ok(changes) => Reading::Changes(
            changes
                .into_iter()
                .map(|change| ReportedChange { change, event: event.clone() })
                .collect(),
        ),
        Err(why) => Reading::Ignored { event: name.to_owned(), why },
    })
}

/// What a record tells; the error says why it is let go.
fn changes(source: &str, name: &str, record: &Record<'_>) -> Result<Vec<Change>, String> {
    if source == "aws.organizations" {
        let reason = format!("{name} may change the organization's policies");
        return Ok(vec![Change::Unclear { reason }]);
    }
    let Some(row) = row(source, name) else {
        return Err(format!("{name} of {source} is no event that this version knows"));
    };
    if let Some(code) = text(&record.detail["errorCode"]) {
        return Err(format!("the call failed with {code}"));
    }
    if record.detail["readOnly"] == true {
        return Err("the call only reads".to_owned());
    }
    match row.read {
        Read::NoEffect(why) => Err(why.to_owned()),
        Read::Changes(read) => match read(record) {
            Ok(Outcome::Changed(change)) => Ok(vec![change]),
            Ok(Outcome::Nothing(why)) => Err(why.to_owned()),
            Err(Missing(what)) => {
                Ok(vec![Change::Unclear { reason: format!("{what} is missing or cut") }])
            }
        },
    }
}
