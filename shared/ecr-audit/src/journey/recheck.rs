//! The answer to somebody who asked in Security Hub that a role be looked at again. Most often
//! nothing is different, and then no import tells that somebody has looked: a note on the role's
//! findings does.

use crate::change::Change;
use crate::error::PortError;
use crate::finding::{Finding, RecordState};
use crate::journey::role::{RoleError, RoleTask};
use crate::ports::Ports;
use crate::words::shortened;
use crate::words::utc;
use jiff::Timestamp;

/// What Security Hub takes at most.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_NoteUpdate.html>
const LONGEST_NOTE: usize = 512;

/// Whether somebody waits for the answer.
pub fn asks_again(task: &RoleTask) -> bool {
    let is_recheck = |change: &Change| matches!(change, Change::Recheck { .. });
    task.changes.iter().any(|reported| is_recheck(&reported.change))
}

/// Notes the answer on the findings of a role that was to be looked at again, after it was.
pub async fn answer_recheck(ports: &Ports<'_>, task: &RoleTask) -> Result<(), RoleError> {
    if !asks_again(task) {
        return Ok(());
    }
    let mut records = ports.ledger.records(std::slice::from_ref(&task.role_name)).await?;
    let Some(known) = records.remove(&task.role_name.key()) else { return Ok(()) };
    for remembered in known.record.checks.values() {
        let finding = &remembered.finding;
        let text = note(finding, ports.clock.now());
        match ports.security_hub.note(std::slice::from_ref(finding), &text).await {
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(PortError::NotEnabled { .. }) | Ok(()) => {}
            Err(error) => tracing::warn!(%error, "a finding's note was not written"),
        }
    }
    Ok(())
}

/// `Looked at again, 2026-01-15 10:20:00 UTC: FAILED, HIGH.`
fn note(finding: &Finding, now: Timestamp) -> String {
    let time = utc(now);
    let (status, severity) = (finding.result.status, finding.result.severity);
    let answer = match (&finding.not_available, finding.record_state) {
        (_, RecordState::Archived) => "the role is gone, or is no longer a node role".to_owned(),
        (Some(reason), _) => format!("it cannot be told, and {status} stands: {reason}"),
        (None, _) if finding.result.reasons.is_empty() => format!("{status}, {severity}"),
        (None, _) => format!("{status}, {severity}: {}", finding.result.reasons.join(" ")),
    };
    let text = format!("Looked at again, {time}: {}.", answer.trim_end_matches('.'));
    shortened(&text, LONGEST_NOTE)
}
