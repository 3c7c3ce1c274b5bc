//! Which alerts are sent at all: what the operators chose that owners hear of. Findings and ledger
//! go on whatever is chosen. A failure that owners were not told of counts for them as one that
//! never was: its end is not told either, and it is new when the choice becomes another one.

use crate::alert::{AlertedTransition, TransitionKind};
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

/// Whether owners know nothing of a failure after an alert of this kind was sent, or was not.
pub const fn is_untold(kind: TransitionKind, is_sent: bool) -> bool {
    match kind {
        TransitionKind::New | TransitionKind::Reopened => !is_sent,
        // They know of what was there before it became worse, or of all that has ended.
        TransitionKind::Worse | TransitionKind::Resolved | TransitionKind::Gone => false,
    }
}
