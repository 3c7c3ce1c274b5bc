//! Why a sweep finds another verdict although no event told of a change. What nothing explains
//! shows that events are lost: a trail is off, or a region has no forwarder.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::change::ReportedChange;
use crate::ledger::{CheckRecord, Record};
use crate::node_role::UseKind;
use crate::role_policies::RolePolicies;
use crate::sweep_step::SweepRecord;

/// How long an event may be under way before its change counts as unexplained, and a change before
/// its effect shows.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>
pub const EVENT_UNDER_WAY: SignedDuration = SignedDuration::from_hours(1);

/// What is different about a sweep itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepKind {
    /// None came before: every verdict is new.
    First,
    /// The version or the settings of pullwatch are others than at the last one.
    Renewed,
    /// Neither.
    Usual,
}

impl SweepKind {
    /// What kind the sweep is that follows the last one.
    pub fn after(last: Option<&SweepRecord>, this: &SweepRecord) -> Self {
        match last {
            None => Self::First,
            Some(last) if last.version != this.version || last.settings != this.settings => {
                Self::Renewed
            }
            Some(_) => Self::Usual,
        }
    }

    /// Whether alerts wait for a digest: much can be found at once.
    pub const fn is_into_digest(self) -> bool {
        matches!(self, Self::First | Self::Renewed)
    }
}

/// Why a verdict is another one than at the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An event told of it.
    Event,
    /// Nothing was known before.
    FirstSweep,
    /// pullwatch or its settings became others.
    Renewed,
    /// The date of the role's exception has passed.
    ExceptionEnded,
    /// A date that a condition names has passed, or the sessions of before it have ended.
    DatePassed,
    /// AWS made a new version of one of its managed policies.
    AwsManagedPolicy,
    /// Instances alone show the role, and no event tells of them.
    FoundByEc2,
    /// Nothing explains it.
    Unexplained,
}

/// Why a sweep's next record has another verdict; none where it has the same.
pub fn cause(before: &Record, next: &Record, sweep: SweepKind, now: Timestamp) -> Option<Cause> {
    let changed: Vec<&CheckRecord> = next
        .checks
        .iter()
        .filter(|(check, after)| is_another(before.checks.get(check), after))
        .map(|(_, after)| after)
        .collect();
    if changed.is_empty() {
        return None;
    }
    let is_new = before.checks.is_empty();
    let mut uses = next.uses.iter();
    Some(match sweep {
        SweepKind::First => Cause::FirstSweep,
        SweepKind::Renewed => Cause::Renewed,
        SweepKind::Usual if changed.iter().any(|after| !after.finding.changes.is_empty()) => {
            Cause::Event
        }
        SweepKind::Usual
            if is_new && uses.all(|used| used.seen.source.kind == UseKind::Instance) =>
        {
            Cause::FoundByEc2
        }
        SweepKind::Usual if next.exception.is_none() && has_passed(before, now) => {
            Cause::ExceptionEnded
        }
        SweepKind::Usual if changed.iter().all(|after| after.finding.occasion.date_passed) => {
            Cause::DatePassed
        }
        SweepKind::Usual if !is_new && before.aws_managed_versions != next.aws_managed_versions => {
            Cause::AwsManagedPolicy
        }
        SweepKind::Usual => Cause::Unexplained,
    })
}

/// Whether a definite answer follows another one, or none at all. A use that ends is no drift: a
/// listing alone can show that.
fn is_another(before: Option<&CheckRecord>, after: &CheckRecord) -> bool {
    let Some(now) = after.verdict() else { return false };
    match before {
        None => true,
        Some(before) => before.verdict().is_some_and(|then| !then.is_same_verdict(now)),
    }
}

/// Whether the date of the exception that held is over.
fn has_passed(before: &Record, now: Timestamp) -> bool {
    let today = now.to_zoned(TimeZone::UTC).date();
    before.exception.as_ref().is_some_and(|exception| exception.until < today)
}

/// Since when a verdict is unexplained, after an event has told what led to it.
pub fn explained_by(
    unexplained_since: Option<Timestamp>,
    changes: &[ReportedChange],
) -> Option<Timestamp> {
    unexplained_since.filter(|since| !changes.iter().any(|change| change.event.time <= *since))
}

/// The versions of the policies that AWS itself changes, by their ARN.
pub fn aws_managed_versions(role: &RolePolicies) -> BTreeMap<String, String> {
    let boundary = role.boundary.iter();
    role.identity
        .iter()
        .chain(boundary)
        .filter(|policy| policy.policy.is_aws_managed())
        .filter_map(|policy| Some((policy.policy.as_str().to_owned(), policy.version.clone()?)))
        .collect()
}
