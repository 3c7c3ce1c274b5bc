//! Actions: `service:Name`, matched without regard to case in both parts.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>

use crate::glob::{self, Piece};

/// One pattern of an Action element.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionPattern {
    text: String,
    service: ServicePattern,
    name: Vec<Piece>,
}

/// Which services are meant, in lower case.
#[derive(Clone, Debug, PartialEq)]
enum ServicePattern {
    Every,
    One(String),
    /// With wildcards, which IAM refuses.
    Wild(Vec<Piece>),
    /// The pattern is not well formed.
    None,
}

impl ActionPattern {
    /// Reads a pattern. One without a colon that is not `*` matches nothing.
    pub fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (service, name) = match lower.split_once(':') {
            None if lower == "*" => (ServicePattern::Every, "*"),
            None => (ServicePattern::None, lower.as_str()),
            Some(("*", name)) => (ServicePattern::Every, name),
            Some((service, name)) if service.contains(['*', '?']) => {
                (ServicePattern::Wild(glob::pieces(service)), name)
            }
            Some((service, name)) => (ServicePattern::One(service.to_owned()), name),
        };
        Self { text: text.to_owned(), service, name: glob::pieces(name) }
    }

    /// Whether an action such as `ecr:PutImage` is meant.
    pub fn matches(&self, action: &str) -> bool {
        action.split_once(':').is_some_and(|(service, name)| self.matches_parts(service, name))
    }

    /// Whether the action of this service and name is meant.
    pub(crate) fn matches_parts(&self, service: &str, name: &str) -> bool {
        self.is_of(service) && glob::matches_in_any_case(&self.name, name)
    }

    /// Whether actions of this service are meant.
    pub fn is_of(&self, service: &str) -> bool {
        match &self.service {
            ServicePattern::Every => true,
            ServicePattern::One(one) => one.eq_ignore_ascii_case(service),
            ServicePattern::Wild(pattern) => glob::matches_in_any_case(pattern, service),
            ServicePattern::None => false,
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pattern of the name alone, in lower case, where the service is meant.
    pub fn pieces_for(&self, service: &str) -> Option<&[Piece]> {
        self.is_of(service).then_some(self.name.as_slice())
    }

    pub(crate) fn note(&self) -> Option<String> {
        match self.service {
            ServicePattern::None => {
                Some(format!("`{}` names no service and matches nothing", self.text))
            }
            ServicePattern::Wild(_) => Some(format!(
                "`{}` has a wildcard in its service, which IAM refuses; it is taken as written",
                self.text
            )),
            ServicePattern::Every | ServicePattern::One(_) => None,
        }
    }
}
