//! An exception: the tag `pullwatch:exception` = `YYYY-MM-DD reason` makes a warning of what was
//! known to be wrong before the tag was first seen, and still was then. It never covers what came
//! later or together with it, so that whoever can tag a role cannot go quiet about something new;
//! and it ends by itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::assessment::{Assessment, CheckResult, Fingerprint};
use crate::change::{Change, ReportedChange, RoleEffect};
use crate::standard::{Check, Severity, Status};

/// The tag's key.
pub const TAG: &str = "pullwatch:exception";

const MOST_DAYS: i64 = 180;

/// What is remembered of a role's exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Why, in the words of whoever set the tag.
    pub reason: String,
    /// When the tag was first seen.
    pub since: Timestamp,
    /// What was FAILED before and still was wrong then: all that is covered.
    pub covered: Fingerprint,
}

/// The exception that holds now, and what is to be told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExceptionStep {
    /// The exception; absent where none holds.
    pub exception: Option<Exception>,
    /// What became of it, for the operators.
    pub event: Option<ExceptionEvent>,
    /// The exception that held before and holds no longer.
    pub ended: Option<EndedException>,
    /// Why the tag does nothing, in a sentence for the finding.
    pub note: Option<String>,
}

/// An exception that is over: what it covered is a failure again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedException {
    /// The last day on which it was to hold.
    pub until: Date,
    /// Why it is over, as the rest of a sentence.
    pub why: String,
    /// Whether its date alone ended it, so that nobody did.
    pub is_by_date: bool,
}

impl EndedException {
    /// The same in a sentence.
    pub fn sentence(&self) -> String {
        let why = if self.is_by_date { "its date has passed" } else { &self.why };
        format!("The exception until {} has ended: {why}.", self.until)
    }
}

/// What became of an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionEvent {
    /// Its beginning, its change or its end.
    pub kind: ExceptionEventKind,
    /// The same in a sentence.
    pub sentence: String,
    /// Whether somebody changed the tag; an exception also ends by its date, or with its role.
    pub is_tag_changed: bool,
    /// The change of the tag, as far as an event told.
    pub change: Option<ReportedChange>,
    /// Whether a sweep found it, and not an event.
    pub is_sweep: bool,
}

/// What can become of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionEventKind {
    /// There was none before.
    Begun,
    /// It has another date or reason.
    Changed,
    /// There is none any more.
    Ended,
}

impl ExceptionEventKind {
    /// The word that a mail carries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Changed => "changed",
            Self::Ended => "ended",
        }
    }
}

impl ExceptionEvent {
    /// Somebody changed the tag.
    fn by_tag(kind: ExceptionEventKind, sentence: String) -> Self {
        Self { kind, sentence, is_tag_changed: true, change: None, is_sweep: false }
    }

    /// It is over.
    fn ended(ended: &EndedException) -> Self {
        let sentence = format!("The exception has ended: {}.", ended.why);
        let is_tag_changed = !ended.is_by_date;
        Self { is_tag_changed, ..Self::by_tag(ExceptionEventKind::Ended, sentence) }
    }

    /// It ended, and nobody changed the tag.
    pub fn ended_by_itself(why: &str) -> Self {
        let sentence = format!("The exception has ended: {why}.");
        Self { is_tag_changed: false, ..Self::by_tag(ExceptionEventKind::Ended, sentence) }
    }
}

/// Reads the tag. `failed` is the failure that was known before this look, if there was one. A new
/// date or reason keeps what is covered: to cover more, the tag has to be taken away and set anew,
/// and the operators hear of both.
pub fn step(
    before: Option<&Exception>,
    tags: &BTreeMap<String, String>,
    failed: Option<&Fingerprint>,
    result: &CheckResult,
    now: Timestamp,
) -> ExceptionStep {
    let Some(tag) = tags.get(TAG) else {
        let ended = before.map(|known| EndedException {
            until: known.until,
            why: "its tag was removed".to_owned(),
            is_by_date: false,
        });
        let event = ended.as_ref().map(ExceptionEvent::ended);
        return ExceptionStep { event, ended, ..ExceptionStep::default() };
    };
    let (until, reason) = match parse(tag, now) {
        Ok(parsed) => parsed,
        Err(why) => {
            let note = Some(format!("The tag {TAG} has no effect: {why}."));
            let ended = before.map(|known| EndedException {
                until: known.until,
                is_by_date: date(tag) == Some(known.until) && has_passed(known.until, now),
                why,
            });
            let event = ended.as_ref().map(ExceptionEvent::ended);
            return ExceptionStep { exception: None, event, ended, note };
        }
    };
    let Some(known) = before else {
        let covered = match failed {
            Some(failed) => result.fingerprint.within(failed),
            None => Fingerprint { elements: BTreeSet::new(), ..result.fingerprint.clone() },
        };
        let actions: Vec<&str> =
            covered.elements.iter().map(|element| element.action.as_str()).collect();
        let what = if actions.is_empty() {
            "nothing, for no failure was known before".to_owned()
        } else {
            actions.join(", ")
        };
        let sentence =
            format!("An exception has begun, until {until}: {reason}. It covers {what}.");
        let event = ExceptionEvent::by_tag(ExceptionEventKind::Begun, sentence);
        let exception = Some(Exception { until, reason, since: now, covered });
        return ExceptionStep { exception, event: Some(event), ..ExceptionStep::default() };
    };
    let changed = known.until != until || known.reason != reason;
    let event = changed.then(|| {
        let sentence = format!(
            "The exception was changed: until {until}, {reason}; before, until {}, {}. It covers \
             no more than before.",
            known.until, known.reason
        );
        ExceptionEvent::by_tag(ExceptionEventKind::Changed, sentence)
    });
    ExceptionStep {
        exception: Some(Exception { until, reason, ..known.clone() }),
        event,
        ..ExceptionStep::default()
    }
}

/// What is said of an exception that can never make a warning.
const COVERS_NOTHING: &str = "Its tag was set before any failure was known. To except what is known \
                              now, take the tag away and set it anew.";

/// The answer under an exception: a failure that it covers is a warning.
pub fn excepted(result: &CheckResult, exception: &Exception) -> CheckResult {
    let mut result = result.clone();
    let Exception { until, reason, covered, since } = exception;
    if result.status != Status::Failed {
        return result;
    }
    if result.fingerprint.is_worse_than(covered) {
        let beyond = result.fingerprint.beyond(covered).join(", ");
        result.reasons.push(format!("The exception until {until} does not cover {beyond}."));
        if covered.elements.is_empty() {
            result.reasons.push(COVERS_NOTHING.to_owned());
        }
        return result;
    }
    result.status = Status::Warning;
    result.severity = Severity::Low;
    result.reasons.push(format!(
        "Excepted until {until}: {reason}. It covers what was known to be wrong on {}.",
        since.strftime("%Y-%m-%d")
    ));
    result
}

/// The assessment with what the exception makes of it. `before` and `failed` are as for `step`.
pub fn under_exception(
    before: Option<&Exception>,
    failed: Option<&Fingerprint>,
    assessment: &Assessment,
    now: Timestamp,
) -> Assessment {
    let mut assessment = assessment.clone();
    let tags = &assessment.role.tags;
    if let Some(result) = assessment.checks.get_mut(&CHECK)
        && let Some(exception) = step(before, tags, failed, result, now).exception
    {
        *result = excepted(result, &exception);
    }
    assessment
}

/// The latest change of the tag, as far as an event told.
pub fn change_of_tag(changes: &[ReportedChange]) -> Option<&ReportedChange> {
    let touches_tag = |reported: &&ReportedChange| match &reported.change {
        Change::Role { effect: RoleEffect::Tagged { tags }, .. } => tags.contains_key(TAG),
        Change::Role {
            effect: RoleEffect::TaggedWith { tag_keys } | RoleEffect::Untagged { tag_keys },
            ..
        } => tag_keys.iter().any(|key| key == TAG),
        _ => false,
    };
    changes.iter().rev().find(touches_tag)
}

/// The check that an exception is for. There is none for nodes that cannot pull.
pub const CHECK: Check = Check::ReadOnly;

/// The last day and the reason; else why the tag does nothing.
fn parse(tag: &str, now: Timestamp) -> Result<(Date, String), String> {
    let (_, reason) = tag.trim().split_once(' ').unwrap_or((tag.trim(), ""));
    let Some(until) = date(tag) else {
        return Err("it does not begin with a date, as in `2026-06-30 reason`".to_owned());
    };
    if reason.trim().is_empty() {
        return Err("it names no reason".to_owned());
    }
    if has_passed(until, now) {
        return Err(format!("its date, {until}, has passed"));
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    if until > today.saturating_add(MOST_DAYS.days()) {
        return Err(format!("its date, {until}, is more than {MOST_DAYS} days ahead"));
    }
    Ok((until, reason.trim().to_owned()))
}

/// The date that a tag begins with.
fn date(tag: &str) -> Option<Date> {
    let date = tag.split_whitespace().next()?;
    date.parse().ok().filter(|_| date.len() == "YYYY-MM-DD".len())
}

fn has_passed(until: Date, now: Timestamp) -> bool {
    until < now.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_needs_a_date_within_180_days_and_a_reason() {
        let now: Timestamp = "2026-01-15T23:59:59Z".parse().unwrap();
        for (tag, expected) in [
            ("2026-03-31 migration, see JIRA-7", Ok("2026-03-31: migration, see JIRA-7")),
            ("  2026-03-31   late  ", Ok("2026-03-31: late")),
            ("2026-01-15 today", Ok("2026-01-15: today")),
            ("2026-07-14 180 days", Ok("2026-07-14: 180 days")),
            ("2026-07-15 181 days", Err("its date, 2026-07-15, is more than 180 days ahead")),
            ("2026-01-14 yesterday", Err("its date, 2026-01-14, has passed")),
            ("2026-03-31", Err("it names no reason")),
            ("2026-03-31 ", Err("it names no reason")),
            ("migration", Err("it does not begin with a date, as in `2026-06-30 reason`")),
            ("2026-02-30 no day", Err("it does not begin with a date, as in `2026-06-30 reason`")),
            ("20260331 short", Err("it does not begin with a date, as in `2026-06-30 reason`")),
            ("9999-12-31 forever", Err("its date, 9999-12-31, is more than 180 days ahead")),
            ("", Err("it does not begin with a date, as in `2026-06-30 reason`")),
        ] {
            let found = parse(tag, now).map(|(until, reason)| format!("{until}: {reason}"));
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{tag}");
        }
    }
}
