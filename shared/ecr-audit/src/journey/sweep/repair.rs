//! pullwatch's own findings, read back: what Security Hub lost or holds otherwise is imported again.

use std::collections::{BTreeMap, BTreeSet};

use crate::asff::finding_id;
use crate::finding::{Finding, Held, RecordState, WorkflowStatus};
use crate::journey::delivery::{deliver, has_to_be_sent};
use crate::journey::role::RoleError;
use crate::ledger::{Message, OutboxEntry};
use crate::ports::{Ports, StoredFinding, Versioned, WriteOutcome};
use crate::standard::Status;
use crate::transition::{SETTLED, later};

/// How many findings are read back in one call.
const READ_AT_ONCE: usize = 20;

/// Imports again what Security Hub lost or holds otherwise.
pub async fn repair(ports: &Ports<'_>) -> Result<usize, RoleError> {
    let records = ports.ledger.all_records().await?.records;
    let now = ports.clock.now();
    let mut wanted: Vec<(String, String)> = Vec::new();
    for known in &records {
        for (check, remembered) in &known.record.checks {
            if now.duration_since(remembered.finding.updated_at) >= SETTLED {
                let id = finding_id(&known.record.role_arn, *check);
                wanted.push((id, known.record.role_arn.role_name().key()));
            }
        }
    }
    let mut stored = BTreeMap::new();
    for some in wanted.chunks(READ_AT_ONCE) {
        let ids: Vec<String> = some.iter().map(|(id, _)| id.clone()).collect();
        for finding in ports.security_hub.read_back(&ids).await? {
            stored.insert(finding.id.clone(), finding);
        }
    }
    let unresolved: Vec<Finding> = records
        .iter()
        .flat_map(|known| known.record.checks.values())
        .map(|remembered| &remembered.finding)
        .filter(|finding| {
            stored
                .get(&finding_id(&finding.role.arn, finding.check))
                .is_some_and(|stored| is_unresolved(finding, stored))
        })
        .cloned()
        .collect();
    if !unresolved.is_empty() {
        ports.security_hub.resolve(&unresolved).await?;
    }
    let ids: BTreeSet<&String> = wanted.iter().map(|(id, _)| id).collect();
    let mut repaired = 0;
    for known in records {
        repaired += import_again(ports, known, &ids, &stored).await?;
    }
    Ok(repaired)
}

/// Whether a finding that passes still waits for somebody: Security Hub may not have known it yet
/// when it was to be resolved.
fn is_unresolved(finding: &Finding, stored: &StoredFinding) -> bool {
    finding.result.status == Status::Passed
        && finding.record_state == RecordState::Active
        && stored.compliance.is(Status::Passed)
        && matches!(stored.workflow, Held::Known(WorkflowStatus::New | WorkflowStatus::Notified))
}

async fn import_again(
    ports: &Ports<'_>,
    known: Versioned,
    wanted: &BTreeSet<&String>,
    stored: &BTreeMap<String, StoredFinding>,
) -> Result<usize, RoleError> {
    let id = ports.clock.unique_id();
    let now = ports.clock.now();
    let mut next = known.record.clone();
    let mut repaired = 0;
    for (check, remembered) in &mut next.checks {
        let finding_id = finding_id(&known.record.role_arn, *check);
        if wanted.contains(&finding_id) {
            remembered.note_workflow(stored.get(&finding_id));
        }
        let is_there = stored.get(&finding_id).is_some_and(|stored| remembered.is_held_as(stored));
        // An archived finding that Security Hub has deleted needs no return.
        let is_settled = remembered.is_archived() && !stored.contains_key(&finding_id);
        if is_there || is_settled || !wanted.contains(&finding_id) {
            continue;
        }
        remembered.finding.updated_at = later(now, Some(remembered));
        next.outbox.push(OutboxEntry {
            id: format!("{id}/{check}"),
            message: Message::SecurityHub {
                finding: Box::new(remembered.finding.clone()),
                reopens: false,
            },
            leased_until: None,
            sender: None,
        });
        repaired += 1;
    }
    let role_name = known.record.role_arn.role_name();
    if next == known.record {
        // Whoever recorded it died before it was sent.
        if has_to_be_sent(&next) {
            deliver(ports, &role_name).await?;
        }
        return Ok(0);
    }
    match ports.ledger.write(&next, known.version, &id).await? {
        // Whoever came first has read the role afresh.
        WriteOutcome::Conflict => Ok(0),
        WriteOutcome::Written => {
            deliver(ports, &role_name).await?;
            Ok(repaired)
        }
    }
}
