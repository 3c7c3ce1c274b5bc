//! Dates on all sides of every line that the conditions on a key draw.

use jiff::{SignedDuration, Timestamp};

use crate::condition::{Comparison, instant};

/// The dates that a key may hold, where every request carries one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRange {
    /// The first of them.
    pub earliest: Timestamp,
    /// The last of them, which is no earlier.
    pub latest: Timestamp,
    /// Whether it is sent as whole seconds since 1970, which compare as a number too; else it is
    /// sent in ISO 8601.
    pub is_number: bool,
}

impl DateRange {
    /// Whether AWS documents what such a comparison says of the key. Of a text it does not.
    pub(crate) fn is_compared_by(&self, comparison: Comparison) -> bool {
        match comparison {
            Comparison::Date(_) | Comparison::Null | Comparison::Unknown => true,
            Comparison::Numeric(_) => self.is_number,
            _ => false,
        }
    }

    /// Values of the range on all sides of these dates, as the key is sent. The ends of the range
    /// come last, so that what the dates themselves can show does not hang on them.
    pub(crate) fn values(&self, dates: Vec<Timestamp>) -> Vec<String> {
        let dates = sorted(dates);
        let second = SignedDuration::from_secs(1);
        let next = dates.iter().filter_map(|date| date.checked_add(second).ok());
        let last = dates.iter().filter_map(|date| date.checked_sub(second).ok());
        let mut all: Vec<Timestamp> = dates.iter().copied().chain(next).chain(last).collect();
        all.extend(between(&dates));
        all.extend([self.earliest, self.latest]);
        let is_in_range = |date: &&Timestamp| (self.earliest..=self.latest).contains(date);
        all.iter().filter(is_in_range).map(|date| self.sent(*date)).collect()
    }

    fn sent(&self, date: Timestamp) -> String {
        if self.is_number { date.as_second().to_string() } else { date.to_string() }
    }
}

/// The date that a condition compares with, or the last whole second before it.
pub(crate) fn compared_date(comparison: Comparison, text: &str) -> Option<Timestamp> {
    if !matches!(comparison, Comparison::Numeric(_)) {
        return instant(text);
    }
    let seconds: f64 = text.trim().parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "what is too large is no date either way")]
    Timestamp::from_second(seconds.floor() as i64).ok()
}

/// Each instant, and one in every gap between them.
pub(crate) fn around_dates(dates: &[String]) -> Vec<String> {
    let instants = sorted(dates.iter().filter_map(|date| instant(date)).collect());
    let mut around = instants.clone();
    around.extend(between(&instants));
    let day = SignedDuration::from_hours(24);
    around.extend(instants.first().and_then(|first| first.checked_sub(day).ok()));
    around.extend(instants.last().and_then(|last| last.checked_add(day).ok()));
    around.into_iter().map(|instant| instant.to_string()).collect()
}

fn sorted(mut instants: Vec<Timestamp>) -> Vec<Timestamp> {
    instants.sort_unstable();
    instants.dedup();
    instants
}

/// The middle of every gap.
fn between(instants: &[Timestamp]) -> impl Iterator<Item = Timestamp> {
    instants.windows(2).filter_map(|pair| {
        let half = (pair[1].as_nanosecond() - pair[0].as_nanosecond()) / 2;
        Timestamp::from_nanosecond(pair[0].as_nanosecond() + half).ok()
    })
}
