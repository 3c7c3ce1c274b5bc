//! The journey: the one place where ports are called. Changes become the roles they touch, each
//! role is read and assessed once, its record written, its outbox delivered.

pub mod affected;
mod attempt;
mod cluster_tags;
pub mod delivery;
mod namesakes;
pub mod publishing;
mod reading_ahead;
pub mod recheck;
mod registry_changes;
pub mod role;
mod sending;
pub mod sweep;
mod together;

use std::collections::{BTreeMap, BTreeSet};

pub use sweep::{MOST_RECEIPTS, SweepError, SweepMessage, SweepSummary, handle_step, sweep};

use crate::arn::{RoleArn, RoleName};
use crate::change::ReportedChange;
use crate::journey::affected::{Affected, affected};
use crate::journey::recheck::{answer_recheck, asks_again};
use crate::journey::role::RoleTask;
use crate::journey::together::assess_roles;
use crate::ports::Ports;
use crate::settings::Settings;

/// One message of a batch, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The queue's id of the message.
    pub message_id: String,
    /// Whether the queue gives it out for the first time.
    pub is_first_receipt: bool,
    /// What it tells; nothing for an event that has no effect.
    pub changes: Vec<ReportedChange>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// The messages that have to come again, each with the reason.
    pub failed: BTreeMap<String, String>,
    /// The roles that the changes led to, whatever came of them.
    pub assessed: BTreeSet<RoleArn>,
    /// The messages that were followed and led to no node role.
    pub led_nowhere: BTreeSet<String>,
}

/// Handles a batch: a message is done only when every role it touches is recorded and every
/// outbox entry of those roles is delivered.
pub async fn handle(ports: &Ports<'_>, settings: &Settings, arrivals: &[Arrival]) -> Handled {
    let mut handled = Handled::default();
    let Affected { tasks, replaced, failed } = affected(ports, settings, arrivals).await;
    handled.failed = failed;
    let message_ids = arrivals.iter().map(|arrival| arrival.message_id.clone());
    handled.led_nowhere = message_ids.filter(|id| !handled.failed.contains_key(id)).collect();
    let mut unrecorded = BTreeSet::new();
    let tasks = of_node_roles(ports, tasks).await;
    for (task, outcome) in assess_roles(ports, settings, tasks).await {
        let outcome = match outcome {
            Ok(role_arns) => answer_recheck(ports, &task).await.map(|()| role_arns),
            failed => failed,
        };
        if !matches!(&outcome, Ok(role_arns) if role_arns.is_empty()) {
            for message_id in &task.message_ids {
                handled.led_nowhere.remove(message_id);
            }
        }
        match outcome {
            Ok(role_arns) => handled.assessed.extend(role_arns),
            Err(error) => {
                handled.fail(&task.message_ids, &error);
                unrecorded.insert(task.role_name.key());
            }
        }
    }
    for replaced in replaced.iter().filter(|one| one.role_keys.is_disjoint(&unrecorded)) {
        if let Err(error) = replaced.settle(ports).await {
            handled.fail(&replaced.message_ids, &error);
        }
    }
    for (message_id, reason) in &handled.failed {
        tracing::warn!(message_id, reason, "the message has to come again");
    }
    handled
}

impl Handled {
    /// The messages have to come again.
    fn fail(&mut self, message_ids: &BTreeSet<String>, error: &impl ToString) {
        for message_id in message_ids {
            self.failed.entry(message_id.clone()).or_insert_with(|| error.to_string());
        }
    }
}

/// Lets go of the roles that no node wears: one read of the ledger for all of them. A role that
/// nodes wore once, and of which everything is told, is let go as well, but where somebody waits
/// for an answer. Where the ledger does not answer, each role is read by itself, so that a damaged
/// record holds up no other.
async fn of_node_roles(ports: &Ports<'_>, tasks: Vec<RoleTask>) -> Vec<RoleTask> {
    let is_open = |task: &&RoleTask| task.sightings.is_empty();
    let role_names: Vec<RoleName> =
        tasks.iter().filter(is_open).map(|task| task.role_name.clone()).collect();
    if role_names.is_empty() {
        return tasks;
    }
    match ports.ledger.records(&role_names).await {
        Ok(known) => {
            let is_worn = |task: &RoleTask| {
                let known = known.get(&task.role_name.key());
                known.is_some_and(|known| !known.record.is_at_rest() || asks_again(task))
            };
            tasks.into_iter().filter(|task| !is_open(&task) || is_worn(task)).collect()
        }
        Err(error) => {
            tracing::warn!(%error, "the records of a batch could not be read at once");
            tasks
        }
    }
}
