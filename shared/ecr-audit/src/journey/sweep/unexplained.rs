//! The verdicts that became others although no event told of a change.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::arn::RoleArn;
use crate::drift::EVENT_UNDER_WAY;
use crate::error::PortError;
use crate::ledger::Record;
use crate::ports::{Ports, WriteOutcome};

/// Tells, once, of each verdict that no event explained in all the time that one needs. The alarm
/// SweepOnlyDrift of `template.yaml` looks for the word in the log.
pub async fn unexplained(ports: &Ports<'_>) -> Result<BTreeSet<RoleArn>, PortError> {
    let now = ports.clock.now();
    let mut unexplained = BTreeSet::new();
    for known in ports.ledger.all_records().await?.records {
        let is_due = |since: Timestamp| now.duration_since(since) >= EVENT_UNDER_WAY;
        if !known.record.unexplained_since.is_some_and(is_due) {
            continue;
        }
        let next = Record { unexplained_since: None, ..known.record };
        let write_id = ports.clock.unique_id();
        // Whoever came first has perhaps heard the event; the next sweep looks again.
        if ports.ledger.write(&next, known.version, &write_id).await? == WriteOutcome::Written {
            tracing::error!(
                role = %next.role_arn,
                "SweepOnlyDrift: no event told why the verdict became another one; is there a trail \
                 of management events, and a forwarder in each region?"
            );
            unexplained.insert(next.role_arn);
        }
    }
    Ok(unexplained)
}
