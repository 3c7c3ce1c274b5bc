//! What is to be told, on its way into the outbox.

use std::collections::BTreeSet;

use super::{Observed, Step, Turn, place, uses_of};
use crate::alert::{Alert, AlertedTransition};
use crate::alert_choice::is_sent;
use crate::finding::Finding;
use crate::ledger::{Extent, Message, OutboxEntry, Record};
use crate::mail::Mail;
use crate::mail::operators::{About, cannot_tell, of_exception, topic_refused};
use crate::node_role::Use;
use crate::owner_topics::{OwnerTopics, owner_topics};
use crate::remedy_fields::kept_in_alert;
use crate::standard::Check;

/// Puts what is to be told into the outbox. A finding that was not delivered yet gives way to
/// the newer one of its check; an alert never gives way.
pub(super) fn deliver_later(turn: Turn<'_>) -> Record {
    let Turn { step, mut next, mut told } = turn;
    let superseded: BTreeSet<Check> = told.findings.iter().map(|finding| finding.check).collect();
    next.outbox.retain(|entry| match &entry.message {
        Message::SecurityHub { finding, reopens } if superseded.contains(&finding.check) => {
            // The newer finding still has to be opened again.
            if *reopens {
                told.reopened.insert(finding.check);
            }
            false
        }
        _ => true,
    });
    told.transitions.sort_by_key(|transition| {
        (
            std::cmp::Reverse(transition.kind.is_failure()),
            std::cmp::Reverse(transition.result.severity),
        )
    });
    // An alert speaks of its worst transition: what led to that one is what its owners are told.
    let worst = told.transitions.first().map(|transition| transition.check);
    let worst = told.findings.iter().find(|finding| Some(finding.check) == worst).cloned();
    for finding in told.findings {
        let entry = format!("{}/{}", step.id, finding.check);
        let reopens = told.reopened.contains(&finding.check);
        let message = Message::SecurityHub { finding: Box::new(finding), reopens };
        next.outbox.push(undelivered(entry, message));
    }
    let is_sent = is_sent(&told.transitions, step.settings);
    for transition in told.transitions.iter().filter(|it| is_sent && it.kind.is_failure()) {
        if let Some(known) = next.checks.get_mut(&transition.check) {
            known.told = Some(Extent::of(&transition.result));
        }
    }
    if let Some(worst) = worst.filter(|_| is_sent) {
        alert_later(step, &mut next, worst, told.transitions);
    }
    let (uses, place) = (uses_told(step), place(step));
    let (role_arn, owners) = (next.role_arn.clone(), next.owners.clone());
    let about =
        About { role_arn: &role_arn, uses: &uses, owners: &owners, place: &place, id: &step.id };
    if !told.unanswered.is_empty() {
        let mail = cannot_tell(about, &told.unanswered);
        next.outbox.push(for_operators(format!("{}/operators", step.id), mail));
    }
    if let Some(event) = &told.exception {
        let mail = of_exception(about, event);
        next.outbox.push(for_operators(format!("{}/exception", step.id), mail));
    }
    next
}

/// Puts an alert into the outbox, once for each topic that it goes to. `worst` is the finding that
/// it speaks of.
fn alert_later(
    step: &Step<'_>,
    next: &mut Record,
    worst: Finding,
    transitions: Vec<AlertedTransition>,
) {
    let uses = uses_told(step);
    let OwnerTopics { topics, refused } = owner_topics(&worst.role.tags, &uses, step.settings);
    let alert = Alert {
        id: step.id.clone(),
        time: step.now,
        place: place(step),
        standard: step.settings.standard,
        role: worst.role,
        uses,
        owners: next.owners.clone(),
        topic: None,
        transitions,
        changes: worst.changes,
        occasion: worst.occasion,
        remedy: match &step.observed {
            Observed::Assessed { remedy, .. } => remedy.as_ref().map(kept_in_alert),
            Observed::Unreadable(_) | Observed::Gone => None,
        },
    };
    for topic in topics {
        let entry = match &topic {
            None => format!("{}/alert", step.id),
            Some(topic) => format!("{}/alert/{topic}", step.id),
        };
        let alert = Box::new(Alert { topic, ..alert.clone() });
        let message = if step.into_digest {
            Message::Digest { alert, told: BTreeSet::new() }
        } else {
            Message::Owners { alert }
        };
        next.outbox.push(undelivered(entry, message));
    }
    if !refused.is_empty() {
        let about = About {
            role_arn: &alert.role.arn,
            uses: &alert.uses,
            owners: &alert.owners,
            place: &alert.place,
            id: &step.id,
        };
        let mail = topic_refused(about, &refused);
        next.outbox.push(for_operators(format!("{}/topics", step.id), mail));
    }
}

/// The uses that are told: where none is left, the last.
fn uses_told(step: &Step<'_>) -> Vec<Use> {
    if step.uses.is_empty() {
        step.before.uses.iter().map(|recorded| recorded.seen.clone()).collect()
    } else {
        uses_of(step)
    }
}

fn for_operators(id: String, mail: Mail) -> OutboxEntry {
    undelivered(id, Message::Operators { subject: mail.subject, text: mail.text })
}

fn undelivered(id: String, message: Message) -> OutboxEntry {
    OutboxEntry { id, message, leased_until: None, sender: None }
}
