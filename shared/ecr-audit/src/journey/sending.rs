//! What stands in outboxes on its way to where it belongs: the findings of all roles together, many
//! alerts of one owner in a digest, everything else one by one.

use std::collections::BTreeMap;

use crate::alert::Alert;
use crate::error::PortError;
use crate::finding::{Finding, Place, RecordState};
use crate::journey::delivery::LEASE;
use crate::journey::publishing::{publish_together, told_together};
use crate::ledger::{Message, OutboxEntry};
use crate::mail::operators::security_hub_off;
use crate::ports::{ImportOutcome, Ports};
use crate::standard::Status;
use crate::words::WORSE_THAN_SUPPRESSED;

/// Entries that could not be sent, by their ids.
type Unsent = BTreeMap<String, PortError>;

/// Sends entries, findings first. Returns those that could not be sent.
pub async fn send(ports: &Ports<'_>, entries: &[&OutboxEntry]) -> Unsent {
    let (held, late): (Vec<&OutboxEntry>, Vec<&OutboxEntry>) =
        entries.iter().partition(|entry| is_long_held(ports, entry));
    let mut unsent = import(ports, &held).await;
    unsent.extend(late.into_iter().map(too_late));
    let mut alerts = Vec::new();
    for entry in held {
        let sent = match &entry.message {
            Message::Owners { alert } => {
                alerts.push((entry, &**alert));
                continue;
            }
            _ if !is_long_held(ports, entry) => {
                unsent.extend((!unsent.contains_key(&entry.id)).then(|| too_late(entry)));
                continue;
            }
            Message::SecurityHub { .. } | Message::Digest { .. } => Ok(()),
            Message::Operators { subject, text } => ports.topics.operators(subject, text).await,
        };
        if let Err(error) = sent {
            unsent.insert(entry.id.clone(), error);
        }
    }
    for together in told_together(alerts) {
        let (entries, alerts): (Vec<&OutboxEntry>, Vec<&Alert>) = together.into_iter().unzip();
        if !entries.iter().all(|entry| is_long_held(ports, entry)) {
            unsent.extend(entries.into_iter().map(too_late));
        } else if let Err(error) = publish_together(ports, &alerts).await {
            unsent.extend(entries.into_iter().map(|entry| (entry.id.clone(), error.clone())));
        }
    }
    unsent
}

/// Whether the call that sends it ends within its lease, with all its tries: else another sender
/// may send it as well.
fn is_long_held(ports: &Ports<'_>, entry: &OutboxEntry) -> bool {
    let now = ports.clock.now();
    entry.leased_until.is_some_and(|until| until.duration_since(now) >= LEASE / 2)
}

fn too_late(entry: &OutboxEntry) -> (String, PortError) {
    let reason = "its turn did not come within the time that it is held for one sender";
    (entry.id.clone(), PortError::transient("the delivery", reason))
}

/// Imports the findings among the entries. Where Security Hub is switched off, that is told to the
/// operators and counts as delivered: the e-mails go on, and the sweep imports what is missing
/// once it is on.
async fn import(ports: &Ports<'_>, entries: &[&OutboxEntry]) -> Unsent {
    let mut unsent = Unsent::new();
    let mut ids = Vec::new();
    let mut findings = Vec::new();
    for entry in entries {
        let Message::SecurityHub { finding, reopens } = &entry.message else { continue };
        if *reopens && let Err(error) = reopen(ports, finding).await {
            unsent.insert(entry.id.clone(), error);
            continue;
        }
        ids.push(&entry.id);
        findings.push((**finding).clone());
    }
    if findings.is_empty() {
        return unsent;
    }
    let all_fail = |error: PortError| ids.iter().map(move |id| ((*id).clone(), error.clone()));
    let outcomes = match ports.security_hub.import(&findings).await {
        Ok(outcomes) => outcomes,
        Err(PortError::NotEnabled { reason, .. }) => {
            if let Err(error) = tell_of_outage(ports, &findings[0].place, &reason).await {
                unsent.extend(all_fail(error));
            }
            return unsent;
        }
        Err(error) => {
            unsent.extend(all_fail(error));
            return unsent;
        }
    };
    let mut passed = Vec::new();
    for ((id, finding), outcome) in ids.iter().zip(&findings).zip(outcomes) {
        match outcome {
            ImportOutcome::Refused(reason) => {
                let error = PortError::lasting("securityhub:BatchImportFindings", reason);
                unsent.insert((*id).clone(), error);
            }
            ImportOutcome::Imported if is_to_be_resolved(finding) => {
                passed.push((*id, finding.clone()));
            }
            ImportOutcome::Imported => {}
        }
    }
    let (passed_ids, passed): (Vec<&String>, Vec<Finding>) = passed.into_iter().unzip();
    if !passed.is_empty()
        && let Err(error) = ports.security_hub.resolve(&passed).await
    {
        unsent.extend(passed_ids.into_iter().map(|id| (id.clone(), error.clone())));
    }
    unsent
}

/// Tells the operators once that Security Hub is off, until it answers to a sweep again.
async fn tell_of_outage(ports: &Ports<'_>, place: &Place, reason: &str) -> Result<(), PortError> {
    tracing::error!(reason, "Security Hub is not enabled");
    if ports.ledger.is_outage_told().await? {
        return Ok(());
    }
    let mail = security_hub_off(place, reason);
    ports.topics.operators(&mail.subject, &mail.text).await?;
    ports.ledger.note_outage(true).await
}

/// Before the import, for Security Hub says that a suppressed finding is no longer updated.
async fn reopen(ports: &Ports<'_>, finding: &Finding) -> Result<(), PortError> {
    let findings = std::slice::from_ref(finding);
    match ports.security_hub.reopen(findings, WORSE_THAN_SUPPRESSED).await {
        Err(PortError::NotEnabled { .. }) => Ok(()),
        outcome => outcome,
    }
}

fn is_to_be_resolved(finding: &Finding) -> bool {
    finding.result.status == Status::Passed && finding.record_state == RecordState::Active
}
