//! How the policies spell what an answer is told with: the engine knows keys in lower case, and
//! makes up accounts that stand for many.

use crate::assess::RoleState;

/// How the policies spell what an answer is told with.
pub trait Spelling {
    /// A context key as the policies spell it.
    fn spelled(&self, key: &str) -> String;
    /// Whether an account stands in the policies, or in what is known of the role. One that does
    /// not was made up to stand for many.
    fn is_named(&self, account: &str) -> bool;
}

impl Spelling for RoleState<'_> {
    fn spelled(&self, key: &str) -> String {
        let mut documents = self.documents();
        documents.find_map(|document| spelled_in(document, key)).unwrap_or_else(|| key.to_owned())
    }

    fn is_named(&self, account: &str) -> bool {
        let tags = self.role.tags.values().map(String::as_str);
        self.documents().chain(tags).any(|text| text.contains(account))
    }
}

/// A key as a document spells it, as a condition's or as a variable.
fn spelled_in(document: &str, key: &str) -> Option<String> {
    let lower = document.to_ascii_lowercase();
    let is_end = |at: usize| lower[at..].trim_start().starts_with(['"', '}', ',']);
    let written = ["\"", "${"]
        .into_iter()
        .flat_map(|begin| lower.match_indices(begin).map(move |(at, begin)| at + begin.len()));
    let mut of_key = written.filter(|at| lower[*at..].starts_with(key) && is_end(at + key.len()));
    let start = of_key.next()?;
    Some(document[start..start + key.len()].to_owned())
}
