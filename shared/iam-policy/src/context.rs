//! The context of a request: keys with their values, found without regard to case.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::{BTreeMap, BTreeSet};

/// Keys in lower case, with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Context {
    values: BTreeMap<String, ContextValue>,
    /// Keys of which it is not known whether they are there, and what they hold.
    open: BTreeSet<String>,
}

/// The value of a context key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextValue {
    /// A key that has one value.
    Single(String),
    /// A multivalued key, with any number of values.
    Multiple(Vec<String>),
}

impl Context {
    /// A context without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key.
    pub fn set(&mut self, key: &str, value: ContextValue) {
        let key = key.to_ascii_lowercase();
        self.open.remove(&key);
        self.values.insert(key, value);
    }

    /// Sets a key to one value.
    pub fn set_single(&mut self, key: &str, value: &str) {
        self.set(key, ContextValue::Single(value.to_owned()));
    }

    /// Takes a key away: it is known not to be there.
    pub fn remove(&mut self, key: &str) {
        let key = key.to_ascii_lowercase();
        self.open.remove(&key);
        self.values.remove(&key);
    }

    /// Says that nothing is known of a key: what hangs on it is open.
    pub fn set_open(&mut self, key: &str) {
        self.open.insert(key.to_ascii_lowercase());
    }

    /// Whether nothing is known of a key, in lower case.
    pub fn is_open(&self, key: &str) -> bool {
        self.open.contains(key)
    }

    /// Every key that has a value.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&ContextValue> {
        match self.values.get(key) {
            None if key.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                self.values.get(&key.to_ascii_lowercase())
            }
            found => found,
        }
    }

    /// The value of a single-valued key.
    pub fn single(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            ContextValue::Single(value) => Some(value),
            ContextValue::Multiple(_) => None,
        }
    }
}
