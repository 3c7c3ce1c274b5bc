//! Which alerts are sent at all: what the operators chose that owners hear of. Findings and ledger
//! go on whatever is chosen. For owners a failure is what they were told of it: one that they were
//! spared never was, so that its end is not told either, and what they were spared of a failure is
//! told when the choice becomes another one.

use crate::alert::AlertedTransition;
use crate::settings::Settings;
use crate::standard::Severity;

/// Whether owners are told of a failure so bad.
pub fn is_failure_told(severity: Severity, settings: &Settings) -> bool {
    !settings.observe && severity >= settings.minimum_severity
}

/// Whether one alert is sent: with anything worth telling, all of it is.
pub fn is_sent(transitions: &[AlertedTransition], settings: &Settings) -> bool {
    transitions.iter().any(|transition| {
        if transition.kind.is_failure() {
            is_failure_told(transition.result.severity, settings)
        } else {
            !settings.observe && settings.alert_resolved
        }
    })
}
