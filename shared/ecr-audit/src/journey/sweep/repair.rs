//! pullwatch's own findings, read back: what Security Hub lost or holds otherwise is imported again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::asff::finding_id;
use crate::finding::{Finding, Held, RecordState, WorkflowStatus};
use crate::journey::delivery::{deliver, has_to_be_sent};
use crate::journey::role::RoleError;
use crate::ledger::{Message, OutboxEntry, Record};
use crate::ports::{Ports, StoredFinding, Versioned, WriteOutcome};
use crate::standard::Status;
use crate::transition::{SETTLED, later};

/// How many findings are read back in one call.
const READ_AT_ONCE: usize = 20;

/// Imports again what Security Hub lost or holds otherwise.
pub async fn repair(ports: &Ports<'_>) -> Result<usize, RoleError> {
    let records = ports.ledger.all_records().await?.records;
    let now = ports.clock.now();
    let mut wanted: Vec<String> = Vec::new();
    for record in records.iter().flat_map(|known| known.record.with_namesakes()) {
        for (check, remembered) in &record.checks {
            if now.duration_since(remembered.finding.updated_at) >= SETTLED {
                wanted.push(finding_id(&record.role_arn, *check));
            }
        }
    }
    let mut stored = BTreeMap::new();
    for some in wanted.chunks(READ_AT_ONCE) {
        for finding in ports.security_hub.read_back(some).await? {
            stored.insert(finding.id.clone(), finding);
        }
    }
    let unresolved: Vec<Finding> = records
        .iter()
        .flat_map(|known| known.record.with_namesakes())
        .flat_map(|record| record.checks.values())
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
    let wanted: BTreeSet<&String> = wanted.iter().collect();
    let mut repaired = 0;
    for known in records {
        repaired += import_again(ports, known, &wanted, &stored).await?;
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
    let mut imports = to_import_again(&mut next, wanted, stored, now);
    for namesake in &mut next.namesakes {
        imports.extend(to_import_again(namesake, wanted, stored, now));
    }
    let repaired = imports.len();
    let entry = |(number, finding): (usize, Finding)| OutboxEntry {
        id: format!("{id}/{number}"),
        message: Message::SecurityHub { finding: Box::new(finding), reopens: false },
        leased_until: None,
        sender: None,
    };
    next.outbox.extend(imports.into_iter().enumerate().map(entry));
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

/// The findings of a record that Security Hub lost or holds otherwise, each updated now.
fn to_import_again(
    record: &mut Record,
    wanted: &BTreeSet<&String>,
    stored: &BTreeMap<String, StoredFinding>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut imports = Vec::new();
    for (check, remembered) in &mut record.checks {
        let id = finding_id(&record.role_arn, *check);
        if !wanted.contains(&id) {
            continue;
        }
        let stored = stored.get(&id);
        remembered.note_workflow(stored);
        // An archived finding that Security Hub has deleted needs no return.
        let is_settled = remembered.is_archived() && stored.is_none();
        if is_settled || stored.is_some_and(|stored| remembered.is_held_as(stored)) {
            continue;
        }
        remembered.finding.updated_at = later(now, Some(remembered));
        imports.push(remembered.finding.clone());
    }
    imports
}
