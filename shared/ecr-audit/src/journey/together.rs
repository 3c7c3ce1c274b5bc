//! Many roles in one go: some are read at a time, and what came of them is delivered together, so
//! that one import takes the findings of many.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::arn::RoleArn;
use crate::journey::delivery::{Claimed, deliver_claimed};
use crate::journey::reading_ahead::read_ahead;
use crate::journey::role::{RoleError, RoleTask, record_role};
use crate::ports::Ports;
use crate::settings::Settings;

/// How many roles are read at once. IAM throttles by account, so more would not be faster.
const ROLES_AT_ONCE: usize = 4;

/// How many roles are read and recorded before what came of them is delivered: an import takes 100
/// findings, and a role has two.
const ROLES_TOGETHER: usize = 50;

/// For how long roles are recorded before what came of the first of them is delivered. It has to
/// be sent within its lease.
const TIME_TOGETHER: SignedDuration = SignedDuration::from_secs(30);

/// What came of one role's name: the ARNs that it led to, none for what is no node role.
pub type Outcome = Result<BTreeSet<RoleArn>, RoleError>;

/// Assesses roles and delivers what came of them.
pub async fn assess_roles(
    ports: &Ports<'_>,
    settings: &Settings,
    tasks: Vec<RoleTask>,
) -> Vec<(RoleTask, Outcome)> {
    let mut outcomes = Vec::with_capacity(tasks.len());
    let mut tasks = tasks.into_iter();
    loop {
        let mut some: Vec<RoleTask> = tasks.by_ref().take(ROLES_TOGETHER).collect();
        if some.is_empty() {
            return outcomes;
        }
        read_ahead(ports, &mut some).await;
        let mut some = some.into_iter().peekable();
        while some.peek().is_some() {
            let (together, claimed) = record_some(ports, settings, &mut some).await;
            let mut failures = deliver_claimed(ports, claimed).await;
            outcomes.extend(together.into_iter().map(|(task, outcome)| {
                let failure = failures.remove(&task.role_name.key());
                // What was read of it is of no more use, and much to hold.
                (RoleTask { ahead: None, ..task }, failure.map_or(outcome, Err))
            }));
        }
    }
}

/// Records the next roles, until there are enough of them or the first ones have waited enough.
async fn record_some(
    ports: &Ports<'_>,
    settings: &Settings,
    tasks: &mut (impl Iterator<Item = RoleTask> + Send),
) -> (Vec<(RoleTask, Outcome)>, Vec<Claimed>) {
    let is_enough = AtomicBool::new(false);
    let mut together: Vec<(RoleTask, Outcome)> = Vec::new();
    let mut claimed: Vec<Claimed> = Vec::new();
    let mut claimed_since: Option<Timestamp> = None;
    let next = std::iter::from_fn(|| (!is_enough.load(Ordering::Relaxed)).then(|| tasks.next())?);
    let mut recorded = stream::iter(next)
        .map(|task| async move {
            let recorded = record_role(ports, settings, &task).await;
            (task, recorded)
        })
        .buffer_unordered(ROLES_AT_ONCE);
    while let Some((task, recorded)) = recorded.next().await {
        let now = ports.clock.now();
        let outcome = recorded.map(|recorded| {
            recorded.map_or_else(BTreeSet::new, |recorded| {
                claimed.extend(recorded.claimed);
                recorded.role_arns
            })
        });
        together.push((task, outcome));
        if !claimed.is_empty() {
            let waited = now.duration_since(*claimed_since.get_or_insert(now));
            is_enough.fetch_or(waited >= TIME_TOGETHER, Ordering::Relaxed);
        }
    }
    (together, claimed)
}
