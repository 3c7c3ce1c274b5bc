//! The outbox: a sender claims entries with a conditional write and a lease, sends, and takes
//! them out with another conditional write. An entry leaves the outbox only after it was sent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::arn::RoleName;
use crate::journey::role::RoleError;
use crate::journey::sending::send;
use crate::ledger::{Message, OutboxEntry, Record};
use crate::ports::{Ports, Versioned, WriteOutcome};

/// How long a sender may take before another may send as well. Longer than any call to Security
/// Hub or SNS with its retries, shorter than the queues' visibility timeout.
pub const LEASE: SignedDuration = SignedDuration::from_secs(120);

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

/// A role's record as it was just written, with what its sender has claimed of the outbox.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The record.
    pub record: Record,
    /// The version that it was written as.
    pub version: u64,
    /// What was claimed.
    pub claim: Claim,
}

impl Claimed {
    fn entries(&self) -> impl Iterator<Item = &OutboxEntry> {
        self.record.outbox.iter().filter(|entry| self.claim.holds(entry))
    }
}

/// Whether the outbox holds something for any sender.
pub fn has_to_be_sent(record: &Record) -> bool {
    record.outbox.iter().any(is_ours_to_send)
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
        if !has_to_be_sent(&known.record) {
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
                let claimed = Claimed { record: next, version: known.version + 1, claim };
                if let Some(error) = deliver_claimed(ports, vec![claimed]).await.remove(&key) {
                    return Err(error);
                }
            }
        }
    }
    Err(RoleError::Contended(role_name.clone()))
}

/// Sends what was claimed of some roles, then takes it out of their outboxes. What fails stays,
/// for the next sender; the answer has each role of which something stays, by its ledger key.
pub async fn deliver_claimed(
    ports: &Ports<'_>,
    claimed: Vec<Claimed>,
) -> BTreeMap<String, RoleError> {
    let entries: Vec<&OutboxEntry> = claimed.iter().flat_map(Claimed::entries).collect();
    let mut unsent = send(ports, &entries).await;
    let mut failures = BTreeMap::new();
    for Claimed { record, version, claim } in claimed {
        let role_name = record.role_arn.role_name();
        let failure = claim.entries.iter().find_map(|id| unsent.get(id).cloned());
        let sent = claim.entries.iter().filter(|id| unsent.remove(*id).is_none()).cloned();
        let sent = sent.collect();
        let taken_out = take_out(ports, &role_name, record, version, &claim, &sent).await;
        if let Err(error) = taken_out.and(failure.map_or(Ok(()), |error| Err(error.into()))) {
            failures.insert(role_name.key(), error);
        }
    }
    failures
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
