//! Event text -> what it tells, in the three ways a message can end.

use change_events::Reading;
use ecr_audit::change::ReportedChange;

/// What became of reading an event.
pub enum Event {
    /// It tells of changes.
    Changes(Vec<ReportedChange>),
    /// It is let go, with the reason.
    LetGo(String),
    /// It would come again until it is dead-lettered, with the reason.
    Failed(String),
}

impl Event {
    /// Reads an EventBridge event of an account.
    pub fn read(text: &str, account: &str) -> Self {
        match change_events::read(text, account) {
            Ok(Reading::Changes(changes)) => Self::Changes(changes),
            Ok(Reading::Ignored { why, .. }) => Self::LetGo(why),
            Err(error) => Self::Failed(error.to_string()),
        }
    }
}
