//! The changes that were heard of: which are kept, which are told, and when they have had their
//! effect.

use super::{Step, Turn};
use crate::change::ReportedChange;
use crate::finding::Finding;
use crate::kept_change::kept_change;
use crate::ledger::Record;
use crate::standard::Status;

/// How many changes a record keeps, and each of its findings.
const CHANGES_KEPT: usize = 9;

/// The changes between the last definite answer and this look: those kept and those just heard,
/// each once, the latest last.
pub(super) fn heard(step: &Step<'_>) -> Vec<ReportedChange> {
    let mut changes = step.before.changes.clone();
    if step.is_definite() {
        // What the read should show by now, and does not, was undone or overtaken.
        changes.retain(|change| !step.is_unseen(change) || step.may_be_under_way(change));
    }
    for change in step.changes.iter().map(kept_change) {
        if !is_told(step.before, &change)
            && !changes.iter().any(|known| known.event.id == change.event.id)
        {
            changes.push(change);
        }
    }
    sort_by_time(&mut changes);
    let surplus = changes.len().saturating_sub(CHANGES_KEPT);
    changes.drain(..surplus);
    changes
}

/// Forgets the changes that have had their effect: a definite answer has seen it. What is told of
/// is told; what came to the same is no cause of what comes later.
pub(super) fn use_up_changes(turn: &mut Turn<'_>) {
    let Turn { step, next, .. } = turn;
    let mut changes = std::mem::take(&mut next.changes);
    changes.retain(|change| {
        step.is_unseen(change) && step.may_be_under_way(change) && !is_told(next, change)
    });
    next.changes = changes;
}

/// Changes of a failure that were heard of only after it was told, such as the event that comes
/// after the sweep. What happened later and led to no other answer is not among them, nor is what
/// cannot be seen.
pub(super) fn heard_late(
    step: &Step<'_>,
    known: &Finding,
    changes: &[ReportedChange],
) -> Vec<ReportedChange> {
    let is_failed = known.result.status == Status::Failed;
    let is_late =
        |change: &&ReportedChange| change.event.time <= known.updated_at && !step.is_unseen(change);
    let room = CHANGES_KEPT.saturating_sub(known.changes.len());
    changes.iter().filter(|_| is_failed).filter(is_late).take(room).cloned().collect()
}

/// Whether a finding names a change.
fn is_told(record: &Record, change: &ReportedChange) -> bool {
    let mut told = record.checks.values().flat_map(|known| &known.finding.changes);
    told.any(|known| known.event.id == change.event.id)
}

pub(super) fn sort_by_time(changes: &mut [ReportedChange]) {
    changes
        .sort_by(|one, two| (one.event.time, &one.event.id).cmp(&(two.event.time, &two.event.id)));
}
