//! What becomes of an answer when the dates come that conditions name: told beside it, and never
//! part of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::assessment::CheckResult;
use crate::dates_named::DateEvent;
use crate::standard::{Check, Status};

/// On how many dates an answer is tried at most: each costs an assessment.
const MOST: usize = 4;

/// A condition on a date says after it what it does not say at it.
const JUST_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// Tells it of each check, a sentence for each date that makes another verdict of it. `as_of` gives
/// the answers of an instant, and is not asked where no date is named.
pub fn dates_ahead(
    dates: &BTreeMap<Timestamp, DateEvent>,
    answers: &BTreeMap<Check, CheckResult>,
    as_of: impl Fn(Timestamp) -> BTreeMap<Check, CheckResult>,
) -> BTreeMap<Check, Vec<String>> {
    let mut told: BTreeMap<Check, Vec<String>> = BTreeMap::new();
    let mut held = answers.clone();
    for (date, event) in dates.iter().take(MOST) {
        let next = as_of(date.checked_add(JUST_AFTER).unwrap_or(*date));
        for (check, then) in &next {
            let sentence = held.get(check).and_then(|now| becomes(now, then));
            if let Some(sentence) = sentence {
                let why = why(*event);
                told.entry(*check).or_default().push(format!("From {date} on {sentence}: {why}."));
            }
        }
        held = next;
    }
    if let Some(untried) = dates.keys().nth(MOST) {
        let sentence =
            format!("What later dates in conditions bring, from {untried} on, is not known.");
        for check in answers.keys() {
            told.entry(*check).or_default().push(sentence.clone());
        }
    }
    told
}

/// What becomes of an answer, if its verdict becomes another one.
fn becomes(now: &CheckResult, then: &CheckResult) -> Option<String> {
    if now.is_same_verdict(then) {
        return None;
    }
    Some(if then.status == Status::NotAvailable {
        "this cannot be told".to_owned()
    } else if now.status != then.status {
        format!("this becomes {}", then.status)
    } else if then.fingerprint.is_worse_than(&now.fingerprint) {
        "this becomes worse".to_owned()
    } else {
        "less of this is wrong".to_owned()
    })
}

const fn why(event: DateEvent) -> &'static str {
    match event {
        DateEvent::Comes => "a condition names that date",
        DateEvent::SessionsEnd => {
            "the sessions of before a date that a condition names have then ended"
        }
    }
}
