//! Whether another verdict is the work of a date that a condition names: then nobody changed
//! anything, and no event tells of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::assessment::Assessment;
use crate::ledger::{CheckRecord, Record};
use crate::standard::Check;

/// The checks of which only the time has made another verdict: what is judged is what the last
/// verdict was made of, by its `digest`, and the verdict of when that one was found is still that
/// one. `as_of` assesses the role as it now is, for an instant; it is asked once for each.
///
/// A verdict without a digest, as of a record from before there was one, is no date's work: that
/// nobody changed anything is not known of it.
pub fn date_passed(
    before: &Record,
    after: &Assessment,
    digest: Option<&str>,
    as_of: impl Fn(Timestamp) -> Assessment,
) -> BTreeSet<Check> {
    let mut assessed: BTreeMap<Timestamp, Assessment> = BTreeMap::new();
    let mut is_by_date = |check: Check, known: &CheckRecord| {
        let (then, now) = (known.verdict()?, after.checks.get(&check)?);
        let basis = known.basis.as_ref().filter(|basis| Some(&*basis.digest) == digest)?;
        if then.is_same_verdict(now) {
            return None;
        }
        let found_at = basis.found_at;
        let as_of_then = assessed.entry(found_at).or_insert_with(|| as_of(found_at));
        as_of_then.checks.get(&check).filter(|result| then.is_same_verdict(result))?;
        Some(check)
    };
    before.checks.iter().filter_map(|(check, known)| is_by_date(*check, known)).collect()
}
