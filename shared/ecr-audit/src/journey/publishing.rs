//! Alerts to their topics. An owners' own topic that cannot be published to, such as one that is
//! gone, must neither silence an alert nor keep it in the outbox for ever: the stack's topic gets
//! it then, and the operators are told.

use crate::alert::Alert;
use crate::error::PortError;
use crate::mail::operators::topic_takes_nothing;
use crate::ports::Ports;

/// Publishes an alert.
pub async fn publish_alert(ports: &Ports<'_>, alert: &Alert) -> Result<(), PortError> {
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
