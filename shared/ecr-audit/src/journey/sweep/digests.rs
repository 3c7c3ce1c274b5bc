//! The digests: each owner is told in one message what a first sweep found.

use std::collections::BTreeMap;

use crate::alert::Alert;
use crate::journey::publishing::publish_digest;
use crate::journey::role::RoleError;
use crate::ledger::Message;
use crate::ports::Ports;
use crate::topic_arn::TopicArn;

/// Tells each owner in one message what the first sweep found, and takes the entries out.
pub async fn send_digests(ports: &Ports<'_>) -> Result<(), RoleError> {
    let records = ports.ledger.all_records().await?;
    let mut by_owner: BTreeMap<(Option<TopicArn>, String), Vec<Alert>> = BTreeMap::new();
    for known in &records {
        for entry in &known.record.outbox {
            if let Message::Digest { alert } = &entry.message {
                let owners = if alert.owners.is_empty() {
                    vec!["unowned".to_owned()]
                } else {
                    alert.owners.clone()
                };
                for owner in owners {
                    let addressee = (alert.topic.clone(), owner);
                    by_owner.entry(addressee).or_default().push((**alert).clone());
                }
            }
        }
    }
    for ((_, owner), alerts) in &by_owner {
        publish_digest(ports, owner, alerts).await?;
    }
    for known in records {
        let mut next = known.record.clone();
        next.outbox.retain(|entry| !matches!(entry.message, Message::Digest { .. }));
        if next != known.record {
            // On a conflict the entries stay and are told once more, which is the lesser evil.
            let write_id = ports.clock.unique_id();
            ports.ledger.write(&next, known.version, &write_id).await?;
        }
    }
    Ok(())
}
