//! The digests: each owner is told in one message what a first sweep found.

use std::collections::BTreeSet;

use crate::alert::Alert;
use crate::error::PortError;
use crate::journey::publishing::{UNOWNED, publish_digest};
use crate::ledger::{Message, Record};
use crate::ports::{Ports, Versioned, WriteOutcome};
use crate::topic_arn::TopicArn;

/// By which topic who is told.
type Addressee = (Option<TopicArn>, String);

/// Tells each owner in one message what the first sweep found, and returns what failed. What an
/// owner was told is noted before the next one is told, so that whoever fails holds up nobody, and
/// has nobody told twice.
pub async fn send_digests(ports: &Ports<'_>) -> Result<Vec<String>, PortError> {
    let mut records = ports.ledger.all_records().await?.records;
    let addressees: BTreeSet<Addressee> =
        records.iter().flat_map(|known| waiting(&known.record)).map(|(to, _)| to).collect();
    let mut failures = Vec::new();
    for addressee in addressees {
        let waiting = records.iter().flat_map(|known| waiting(&known.record));
        let alerts: Vec<Alert> =
            waiting.filter(|(to, _)| *to == addressee).map(|(_, alert)| alert.clone()).collect();
        match publish_digest(ports, &addressee.1, &alerts).await {
            Ok(()) => note_told(ports, &mut records, &addressee).await?,
            Err(error) => failures.push(format!("the digest for {}: {error}", addressee.1)),
        }
    }
    Ok(failures)
}

/// What is still to be told, each alert once for each who is told of it.
fn waiting(record: &Record) -> impl Iterator<Item = (Addressee, &Alert)> {
    record
        .outbox
        .iter()
        .filter_map(|entry| match &entry.message {
            Message::Digest { alert, told } => Some((alert, told)),
            _ => None,
        })
        .flat_map(|(alert, told)| {
            let owners = owners(alert).into_iter().filter(|owner| !told.contains(owner));
            owners.map(|owner| ((alert.topic.clone(), owner), &**alert))
        })
}

fn owners(alert: &Alert) -> BTreeSet<String> {
    if alert.owners.is_empty() {
        return BTreeSet::from([UNOWNED.to_owned()]);
    }
    alert.owners.iter().cloned().collect()
}

/// Takes out what everybody has been told.
async fn note_told(
    ports: &Ports<'_>,
    records: &mut [Versioned],
    (topic, owner): &Addressee,
) -> Result<(), PortError> {
    for known in records {
        let mut next = known.record.clone();
        next.outbox.retain_mut(|entry| match &mut entry.message {
            Message::Digest { alert, told } if alert.topic == *topic => {
                let owners = owners(alert);
                if owners.contains(owner) {
                    told.insert(owner.clone());
                }
                *told != owners
            }
            _ => true,
        });
        if next == known.record {
            continue;
        }
        let write_id = ports.clock.unique_id();
        // On a conflict the entries stay and are told once more, which is the lesser evil.
        let outcome = ports.ledger.write(&next, known.version, &write_id).await?;
        if outcome == WriteOutcome::Written {
            known.version += 1;
        }
        known.record = next;
    }
    Ok(())
}
