//! Every event name that the code reads: a row each. What grows is a row here, not a branch.

use ecr_audit::change::Change;

use crate::record::{Missing, Record};
use crate::{ecr, eks, iam, organizations};

/// One row: an event name and how its record is read.
#[derive(Clone, Copy)]
pub struct Row {
    /// The API call.
    pub name: &'static str,
    /// How it is read.
    pub read: Read,
}

/// How a record is read.
#[derive(Clone, Copy)]
pub enum Read {
    /// It can change what a node role may do, or which roles are node roles.
    Changes(fn(&Record<'_>) -> Result<Outcome, Missing>),
    /// It cannot, for this reason.
    NoEffect(&'static str),
}

/// What one record tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What happened.
    Changed(Change),
    /// Nothing that matters here, for this reason.
    Nothing(&'static str),
}

/// Every service with its rows.
pub const TABLES: [(&str, &[Row]); 4] = [
    ("aws.iam", iam::ROWS),
    ("aws.eks", eks::ROWS),
    ("aws.ecr", ecr::ROWS),
    ("aws.organizations", organizations::ROWS),
];

/// One event name that the code reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventName {
    /// EventBridge's source, such as `aws.iam`.
    pub source: &'static str,
    /// The API call.
    pub name: &'static str,
    /// Whether it can have an effect, so that a rule has to catch it. Those of
    /// `aws.organizations` reach the management account alone.
    pub has_effect: bool,
}

/// Every event name that the code reads: API calls, which is all but Security Hub's
/// [`CUSTOM_ACTION`](crate::CUSTOM_ACTION).
pub fn event_names() -> impl Iterator<Item = EventName> {
    TABLES.into_iter().flat_map(|(source, rows)| {
        rows.iter().map(move |row| EventName {
            source,
            name: row.name,
            has_effect: matches!(row.read, Read::Changes(_)),
        })
    })
}

/// The row of an event name.
pub fn row(source: &str, name: &str) -> Option<&'static Row> {
    let (_, rows) = TABLES.iter().find(|(known, _)| *known == source)?;
    rows.iter().find(|row| row.name == name)
}
