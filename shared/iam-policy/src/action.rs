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
    /// The letters that a name has to have.
    letters: Letters,
}

/// The name of an action, such as `ecr:PutImage`, read once for many patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionName<'text> {
    /// None where there is no colon: no pattern means it.
    parts: Option<(&'text str, &'text str)>,
    /// The letters that the name has.
    letters: Letters,
}

/// Some of the letters from `a` to `z`, a bit each, whatever their case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Letters(u32);

impl Letters {
    fn of(text: &str) -> Self {
        let bits = text.bytes().map(|byte| match byte | 0x20 {
            lower @ b'a'..=b'z' => 1 << (lower - b'a'),
            _ => 0,
        });
        Self(bits.fold(0, std::ops::BitOr::bitor))
    }

    const fn are_among(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }
}

impl<'text> ActionName<'text> {
    /// Reads a name.
    pub fn new(action: &'text str) -> Self {
        let parts = action.split_once(':');
        Self { parts, letters: Letters::of(parts.map_or("", |(_, name)| name)) }
    }
}

impl<'text> ActionPattern<'text> {
    /// Reads a pattern. One without a colon that is not `*` matches nothing.
    pub fn parse(text: impl Into<Cow<'text, str>>) -> Self {
        let text = text.into();
        let is_plain = !text.bytes().any(|byte| matches!(byte, b'*' | b'?'));
        let colon = colon(&text);
        let letters = Letters::of(parts(&text, colon).1);
        Self { text, colon, is_plain, letters }
    }

    /// Whether an action such as `ecr:PutImage` is meant.
    pub fn matches(&self, action: &str) -> bool {
        self.means(&ActionName::new(action))
    }

    /// Whether the action of this name is meant.
    pub fn means(&self, action: &ActionName<'_>) -> bool {
        let Some((service, name)) = action.parts else { return false };
        // Most actions that policies list are plain names, and of most lists each is asked.
        if self.is_plain && self.text.len() != service.len() + 1 + name.len() {
            return false;
        }
        self.letters.are_among(action.letters)
            && parts_match(parts(&self.text, self.colon), service, name)
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
