//! Actions: `service:Name`, matched without regard to case in both parts.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>

use std::borrow::Cow;

use crate::glob::{self, Piece};

/// One pattern of an Action element.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionPattern<'text> {
    text: Cow<'text, str>,
    /// Where the colon between service and name stands.
    colon: Option<usize>,
    /// Whether it has no wildcard, so that it is one action's name.
    is_plain: bool,
}

impl<'text> ActionPattern<'text> {
    /// Reads a pattern. One without a colon that is not `*` matches nothing.
    pub fn parse(text: impl Into<Cow<'text, str>>) -> Self {
        let text = text.into();
        let is_plain = !text.bytes().any(|byte| matches!(byte, b'*' | b'?'));
        Self { colon: colon(&text), is_plain, text }
    }

    /// Whether an action such as `ecr:PutImage` is meant.
    pub fn matches(&self, action: &str) -> bool {
        action.split_once(':').is_some_and(|(service, name)| self.matches_parts(service, name))
    }

    /// Whether the action of this service and name is meant.
    pub(crate) fn matches_parts(&self, service: &str, name: &str) -> bool {
        // Most actions that policies list are plain names, and of most lists each is asked.
        if self.is_plain && self.text.len() != service.len() + 1 + name.len() {
            return false;
        }
        parts_match(parts(&self.text, self.colon), service, name)
    }

    /// Whether actions of this service are meant.
    pub fn is_of(&self, service: &str) -> bool {
        service_matches(parts(&self.text, self.colon), service)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pattern of the name alone, in lower case, where the service is meant.
    pub fn pieces_for(&self, service: &str) -> Option<Vec<Piece>> {
        let (_, name) = parts(&self.text, self.colon);
        self.is_of(service).then(|| glob::pieces(&name.to_ascii_lowercase()))
    }

    pub(crate) fn note(&self) -> Option<String> {
        match parts(&self.text, self.colon).0 {
            None if self.text != "*" => {
                Some(format!("`{}` names no service and matches nothing", self.text))
            }
            Some(service) if service != "*" && service.contains(['*', '?']) => Some(format!(
                "`{}` has a wildcard in its service, which IAM refuses; it is taken as written",
                self.text
            )),
            _ => None,
        }
    }
}

/// Whether the action of this service and name is meant by a pattern as it is written.
pub(crate) fn is_meant(pattern: &str, service: &str, name: &str) -> bool {
    parts_match(parts(pattern, colon(pattern)), service, name)
}

fn parts_match(pattern: (Option<&str>, &str), service: &str, name: &str) -> bool {
    service_matches(pattern, service) && glob::matches_in_any_case(pattern.1, name)
}

/// Where the colon stands: by bytes, for every action of every document is asked.
fn colon(pattern: &str) -> Option<usize> {
    pattern.bytes().position(|byte| byte == b':')
}

/// Service and name of a pattern. Without a colon there is `*` alone, which is every name.
fn parts(pattern: &str, colon: Option<usize>) -> (Option<&str>, &str) {
    match colon {
        Some(colon) => (Some(&pattern[..colon]), &pattern[colon + 1..]),
        None => (None, pattern),
    }
}

fn service_matches(pattern: (Option<&str>, &str), service: &str) -> bool {
    match pattern.0 {
        Some(pattern) => {
            pattern.eq_ignore_ascii_case(service) || glob::matches_in_any_case(pattern, service)
        }
        None => pattern.1 == "*",
    }
}
