//! The outbox: a sender claims entries with a conditional write and a lease, sends, and takes
//! them out with another conditional write. An entry leaves the outbox only after it was sent.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::arn::RoleName;
use crate::error::PortError;
use crate::finding::{Finding, RecordState};
use crate::journey::publishing::publish_alert;
use crate::journey::role::RoleError;
use crate::ledger::{Message, OutboxEntry, Record};
use crate::mail::operators::security_hub_off;
use crate::ports::{ImportOutcome, Ports, Versioned, WriteOutcome};
use crate::standard::Status;

/// How long a sender may take before another may send as well. Longer than any call to Security
/// Hub or SNS with its retries, shorter than the queues' visibility timeout.
pub const LEASE: SignedDuration = SignedDuration::from_secs(120);

/// What a finding says that a person had suppressed.
const WORSE_THAN_SUPPRESSED: &str =
    "The nodes can do more, or worse, than when this finding was suppressed, so it is NEW again.";

/// How often a conflict is met with another try.
const ATTEMPTS: usize = 16;

/// What one sender holds.
#[derive(Clone, Debug)]
pub struct Claim {
    sender: String,
    entries: BTreeSet<String>,
}

impl Claim {
    /// Claims every entry that nobody holds and that does not wait for a digest.
    pub fn of_all(record: &mut Record, sender: &str, now: Timestamp) -> Self {
        let mut claim = Self { sender: sender.to_owned(), entries: BTreeSet::new() };
        for entry in record.outbox.iter_mut().filter(|entry| is_ours_to_send(entry)) {
            if entry.leased_until.is_none_or(|until| until <= now) {
                entry.leased_until = Some(now + LEASE);
                entry.sender = Some(sender.to_owned());
                claim.entries.insert(entry.id.clone());
            }
        }
        claim
    }

    fn holds(&self, entry: &OutboxEntry) -> bool {
        self.entries.contains(&entry.id) && entry.sender.as_ref() == Some(&self.sender)
    }
}

/// A digest's entries are sent by the sweep that waits for them.
fn is_ours_to_send(entry: &OutboxEntry) -> bool {
    !matches!(entry.message, Message::Digest { .. })
}

/// Delivers what a role's outbox holds, and returns its record, with nothing left to send.
pub async fn deliver(
    ports: &Ports<'_>,
    role_name: &RoleName,
) -> Result<Option<Versioned>, RoleError> {
    for _ in 0..ATTEMPTS {
        let key = role_name.key();
        let mut records = ports.ledger.records(std::slice::from_ref(role_name)).await?;
        let Some(known) = records.remove(&key) else {
            return Ok(None);
        };
        if !known.record.outbox.iter().any(is_ours_to_send) {
            return Ok(Some(known));
        }
        let sender = ports.clock.unique_id();
        let mut next = known.record.clone();
        let claim = Claim::of_all(&mut next, &sender, ports.clock.now());
        if claim.entries.is_empty() {
            return Err(RoleError::Held(role_name.clone()));
        }
        match ports.ledger.write(&next, known.version, &sender).await? {
            WriteOutcome::Conflict => {}
            WriteOutcome::Written => {
                deliver_claimed(ports, role_name, next, known.version + 1, &claim).await?;
            }
        }
    }
    Err(RoleError::Contended(role_name.clone()))
}

/// Sends what was claimed, then takes it out of the outbox. What fails stays, for the next
/// sender, and is the answer.
pub async fn deliver_claimed(
    ports: &Ports<'_>,
    role_name: &RoleName,
    record: Record,
    version: u64,
    claim: &Claim,
) -> Result<(), RoleError> {
    if claim.entries.is_empty() {
        return Ok(());
    }
    let mut sent = BTreeSet::new();
    let mut failure = None;
    for entry in record.outbox.iter().filter(|entry| claim.holds(entry)) {
        match send(ports, &entry.message).await {
            Ok(()) => {
                sent.insert(entry.id.clone());
            }
            Err(error) => failure = Some(error),
        }
    }
    take_out(ports, role_name, record, version, claim, &sent).await?;
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// Takes out what was sent and gives up the lease on what was not.
async fn take_out(
    ports: &Ports<'_>,
    role_name: &RoleName,
    record: Record,
    version: u64,
    claim: &Claim,
    sent: &BTreeSet<String>,
) -> Result<(), RoleError> {
    let mut known = Versioned { record, version, write_id: String::new() };
    for _ in 0..ATTEMPTS {
        let mut next = known.record.clone();
        next.outbox.retain(|entry| !(claim.holds(entry) && sent.contains(&entry.id)));
        for entry in &mut next.outbox {
            if claim.holds(entry) {
                entry.leased_until = None;
                entry.sender = None;
            }
        }
        if next == known.record {
            return Ok(());
        }
        let write_id = ports.clock.unique_id();
        if ports.ledger.write(&next, known.version, &write_id).await? == WriteOutcome::Written {
            return Ok(());
        }
        let mut records = ports.ledger.records(std::slice::from_ref(role_name)).await?;
        match records.remove(&role_name.key()) {
            Some(fresh) => known = fresh,
            None => return Ok(()),
        }
    }
    Err(RoleError::Contended(role_name.clone()))
}

async fn send(ports: &Ports<'_>, message: &Message) -> Result<(), PortError> {
    match message {
        Message::SecurityHub { finding, reopens } => import(ports, finding, *reopens).await,
        Message::Owners { alert } => publish_alert(ports, alert).await,
        Message::Digest { .. } => Ok(()),
        Message::Operators { subject, text } => ports.topics.operators(subject, text).await,
    }
}

/// Imports one finding. Where Security Hub is switched off, that is told to the operators and
/// counts as delivered: the e-mails go on, and the sweep imports what is missing once it is on.
async fn import(ports: &Ports<'_>, finding: &Finding, reopens: bool) -> Result<(), PortError> {
    let findings = std::slice::from_ref(finding);
    if reopens {
        // First, for Security Hub says that a suppressed finding is no longer updated.
        match ports.security_hub.reopen(findings, WORSE_THAN_SUPPRESSED).await {
            Err(PortError::NotEnabled { .. }) => {}
            outcome => outcome?,
        }
    }
    let outcome = match ports.security_hub.import(findings).await {
        Err(PortError::NotEnabled { reason, .. }) => {
            tracing::error!(reason, "Security Hub is not enabled");
            let mail = security_hub_off(&finding.place, &reason);
            return ports.topics.operators(&mail.subject, &mail.text).await;
        }
        outcome => outcome?,
    };
    if let Some(ImportOutcome::Refused(reason)) = outcome.into_iter().next() {
        return Err(PortError::lasting("securityhub:BatchImportFindings", reason));
    }
    if finding.result.status == Status::Passed && finding.record_state == RecordState::Active {
        ports.security_hub.resolve(findings).await?;
    }
    Ok(())
}
