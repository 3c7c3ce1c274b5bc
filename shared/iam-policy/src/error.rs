//! Why a text is not a policy document.

use crate::json::Value;

/// Why a text is not a policy document. Each names the place in the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text is not JSON.
    #[error("the policy is not JSON: {0}")]
    NotJson(String),
    /// The JSON is not an object.
    #[error("the policy is not a JSON object; expected {{\"Version\": …, \"Statement\": […]}}")]
    NotAnObject,
    /// A required element is absent.
    #[error("`{0}` is missing")]
    Missing(String),
    /// An element and its negation stand side by side.
    #[error("`{0}` stands beside `{1}`; keep one of them")]
    Both(String, String),
    /// An object names an element twice.
    #[error("`{0}` appears twice; keep one of them")]
    Twice(String),
    /// An element has a value that it cannot have.
    #[error("`{place}` is `{found}`; expected {expected}")]
    Wrong {
        /// Where it stands.
        place: String,
        /// What stands there, shortened.
        found: String,
        /// What could stand there.
        expected: String,
    },
}

impl DocumentError {
    pub(crate) fn wrong(place: &str, found: Value<'_>, expected: &str) -> Self {
        let found = serde_json::Value::from(found).to_string();
        let found = match found.char_indices().nth(60) {
            Some((cut, _)) => format!("{}…", &found[..cut]),
            None => found,
        };
        Self::Wrong { place: place.to_owned(), found, expected: expected.to_owned() }
    }
}
