//! The instants at which a condition on the time of a request can come to say something else.

use std::collections::BTreeMap;

use iam_policy::condition::{Condition, instant};
use iam_policy::decision::PolicySet;
use iam_policy::document::PolicyDocument;
use jiff::Timestamp;

use crate::basis::DATE_KEYS;
use crate::request_facts::LONGEST_SESSION;

/// What happens at an instant that a condition names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateEvent {
    /// It comes.
    Comes,
    /// The sessions of before it have all ended.
    SessionsEnd,
}

/// The instants after `now` that the policies name, the soonest first. Values with variables and
/// those that are no dates are left out.
pub fn dates_ahead_of(now: Timestamp, policies: &PolicySet) -> BTreeMap<Timestamp, DateEvent> {
    let named = documents(policies)
        .flat_map(|document| &document.statements)
        .flat_map(|statement| &statement.conditions)
        .flat_map(events);
    let mut ahead = BTreeMap::new();
    for (instant, event) in named.filter(|(instant, _)| *instant > now) {
        let known = ahead.entry(instant).or_insert(event);
        *known = event.min(*known);
    }
    ahead
}

fn documents(policies: &PolicySet) -> impl Iterator<Item = &PolicyDocument> {
    let by_level = policies.scps.iter().chain(&policies.rcps).flatten();
    let own = policies.identity.iter().chain(&policies.boundary).chain(by_level);
    own.chain(policies.resource.iter().map(|on| &on.policy)).map(|policy| &*policy.document)
}

/// What a condition on one of the keys names.
fn events(condition: &Condition<'_>) -> Vec<(Timestamp, DateEvent)> {
    if !DATE_KEYS.contains(&condition.key()) {
        return Vec::new();
    }
    let is_of_session = condition.key() == "aws:tokenissuetime";
    let dates = condition.values().filter_map(|value| instant(value.as_str()));
    dates
        .flat_map(|date| {
            let ended = date.checked_add(LONGEST_SESSION).ok().filter(|_| is_of_session);
            let ended = ended.map(|ended| (ended, DateEvent::SessionsEnd));
            std::iter::once((date, DateEvent::Comes)).chain(ended)
        })
        .collect()
}
