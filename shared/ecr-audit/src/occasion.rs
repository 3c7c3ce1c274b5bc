//! On what occasion an answer became another one: what the changes that were heard of do not tell.

use serde::{Deserialize, Serialize};

use crate::exception::EndedException;

/// The occasion of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occasion {
    /// Whether a sweep found it, and not an event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sweep: bool,
    /// The exception that covered it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception_ended: Option<EndedException>,
    /// Whether a date that a condition names has passed since the last answer, or the sessions of
    /// before it have ended, and the policies are those of the last look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub date_passed: bool,
}

impl Occasion {
    /// What is said where no event told of a change; nothing where nobody made one.
    pub fn without_event(&self) -> Option<&'static str> {
        match (&self.exception_ended, self.is_sweep) {
            (Some(ended), _) if ended.is_by_date => None,
            _ if self.date_passed => Some(
                "No policy was changed since the last look: a date that a condition of one names \
                 has passed, or the sessions of before it have ended.",
            ),
            (_, true) => {
                Some("No event reported a change, so nobody can be named. A sweep found it.")
            }
            (_, false) => Some("No event reported a change, so nobody can be named."),
        }
    }
}
