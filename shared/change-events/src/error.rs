//! Why a message cannot be read. Such a message is returned to its queue until it is dead-lettered,
//! because an auditor must not go blind in silence.

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The message is not JSON.
    #[error("the message is not JSON: {0}; expected an event as EventBridge delivers it")]
    NotJson(String),
    /// The JSON is not an event that EventBridge delivers.
    #[error(
        "the message is no event of EventBridge: `{0}` is missing or has another type; \
         send the whole event, without an input transformer"
    )]
    NoEnvelope(&'static str),
    /// The event is of another account.
    #[error(
        "the event is of account `{found}`, this stack watches {expected}; \
         deploy a stack in that account, or take its events off the bus"
    )]
    ForeignAccount {
        /// The event's account.
        found: String,
        /// The watched account.
        expected: String,
    },
    /// The event's time is no time.
    #[error("the event's time is `{0}`; expected a time such as 2026-01-15T10:00:00Z")]
    NoTime(String),
}
