//! Alerts to their topics. An owners' own topic that cannot be published to, such as one that is
//! gone, must neither silence an alert nor keep it in the outbox for ever: the stack's topic gets
//! it then, and the operators are told.

use std::collections::BTreeMap;

use crate::alert::Alert;
use crate::error::PortError;
use crate::ledger::OutboxEntry;
use crate::mail::operators::topic_takes_nothing;
use crate::ports::Ports;

/// How many alerts an owner gets one by one. More at once, as after a change of a policy that many
/// roles have, come in one digest.
const ONE_BY_ONE: usize = 3;

/// Whom an alert without owners is for.
pub const UNOWNED: &str = "unowned";

/// Alerts that are told together, with the outbox entries that they stand in: in a digest those of
/// one owner and topic that are many, each other by itself.
pub fn told_together<'outbox>(
    alerts: Vec<(&'outbox OutboxEntry, &'outbox Alert)>,
) -> Vec<Vec<(&'outbox OutboxEntry, &'outbox Alert)>> {
    let mut of_addressees: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (entry, alert) in alerts {
        let addressee = (alert.topic.as_ref(), &alert.owners[..]);
        of_addressees.entry(addressee).or_default().push((entry, alert));
    }
    let mut together = Vec::new();
    for ((_, owners), alerts) in of_addressees {
        if alerts.len() > ONE_BY_ONE && owners.len() <= 1 {
            together.push(alerts);
        } else {
            together.extend(alerts.into_iter().map(|alert| vec![alert]));
        }
    }
    together
}

/// Publishes one alert, or a digest of many.
pub async fn publish_together(ports: &Ports<'_>, alerts: &[&Alert]) -> Result<(), PortError> {
    if let [alert] = alerts {
        return publish_alert(ports, alert).await;
    }
    let owner = alerts.iter().find_map(|alert| alert.owners.first());
    let owner = owner.map_or(UNOWNED, String::as_str);
    let alerts: Vec<Alert> = alerts.iter().map(|alert| (*alert).clone()).collect();
    publish_digest(ports, owner, &alerts).await
}

/// Publishes an alert.
async fn publish_alert(ports: &Ports<'_>, alert: &Alert) -> Result<(), PortError> {
    match ports.topics.alert(alert).await {
        Err(error) if is_about_own_topic(std::slice::from_ref(alert), &error) => {
            tell_operators(ports, std::slice::from_ref(alert), &error).await?;
            ports.topics.alert(&Alert { topic: None, ..alert.clone() }).await
        }
        outcome => outcome,
    }
}

/// Publishes a digest of alerts that all go to the same topic.
pub async fn publish_digest(
    ports: &Ports<'_>,
    owner: &str,
    alerts: &[Alert],
) -> Result<(), PortError> {
    match ports.topics.digest(owner, alerts).await {
        Err(error) if is_about_own_topic(alerts, &error) => {
            tell_operators(ports, alerts, &error).await?;
            let alerts = alerts.iter().map(|alert| Alert { topic: None, ..alert.clone() });
            ports.topics.digest(owner, &alerts.collect::<Vec<_>>()).await
        }
        outcome => outcome,
    }
}

fn is_about_own_topic(alerts: &[Alert], error: &PortError) -> bool {
    !error.is_transient() && alerts.iter().any(|alert| alert.topic.is_some())
}

async fn tell_operators(
    ports: &Ports<'_>,
    alerts: &[Alert],
    error: &PortError,
) -> Result<(), PortError> {
    let Some(topic) = alerts.iter().find_map(|alert| alert.topic.as_ref()) else { return Ok(()) };
    let mail = topic_takes_nothing(topic, alerts, error);
    ports.topics.operators(&mail.subject, &mail.text).await
}
