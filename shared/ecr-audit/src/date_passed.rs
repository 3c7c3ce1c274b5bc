//! Whether another verdict is the work of a date that a condition names: then nobody changed
//! anything, and no event tells of it.

use jiff::Timestamp;

use crate::assessment::{Assessment, CheckResult};
use crate::ledger::Record;

/// Whether the verdicts that became others are the last ones, had the role been asked about when
/// they were found: then nothing but the time has become another one since. `as_of` assesses the
/// role as it now is, for an instant.
///
/// The ledger remembers when it told a verdict, not when it looked last. So a change that no event
/// told of counts as a date's work where its effect begins with a date between the two.
pub fn date_passed(
    before: &Record,
    after: &Assessment,
    as_of: impl Fn(Timestamp) -> Assessment,
) -> bool {
    let mut changed = before
        .checks
        .iter()
        .filter_map(|(check, known)| {
            let (then, now) = (known.verdict()?, after.checks.get(check)?);
            (!then.is_same_verdict(now)).then_some((check, then, known.finding.updated_at))
        })
        .peekable();
    let was = |check, then: &CheckResult, told_at| {
        let as_of_then = as_of(told_at);
        as_of_then.checks.get(check).is_some_and(|result| then.is_same_verdict(result))
    };
    changed.peek().is_some() && changed.all(|(check, then, told_at)| was(check, then, told_at))
}
