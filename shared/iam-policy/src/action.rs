//! Actions: `service:Name`, matched without regard to case in both parts.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>

use crate::glob::{self, Piece};

/// One pattern of an Action element.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionPattern {
    text: String,
    /// The service: `None` for every one.
    service: Option<Vec<Piece>>,
    name: Vec<Piece>,
    well_formed: bool,
}

impl ActionPattern {
    /// Reads a pattern. One without a colon that is not `*` matches nothing.
    pub fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (service, name, well_formed) = match lower.split_once(':') {
            None if lower == "*" => (None, glob::pieces("*"), true),
            None => (Some(Vec::new()), glob::pieces(&lower), false),
            Some(("*", name)) => (None, glob::pieces(name), true),
            Some((service, name)) => (Some(glob::pieces(service)), glob::pieces(name), true),
        };
        Self { text: text.to_owned(), service, name, well_formed }
    }

    /// Whether an action such as `ecr:PutImage` is meant.
    pub fn matches(&self, action: &str) -> bool {
        let Some((service, name)) = action.split_once(':') else {
            return false;
        };
        let is_service = |pattern: &Vec<Piece>| glob::matches_in_any_case(pattern, service);
        self.well_formed
            && self.service.as_ref().is_none_or(is_service)
            && glob::matches_in_any_case(&self.name, name)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pattern of the name alone, in lower case, where the service is meant.
    pub fn pieces_for(&self, service: &str) -> Option<&[Piece]> {
        let is_meant = self.well_formed
            && self.service.as_ref().is_none_or(|pattern| glob::matches(pattern, service));
        is_meant.then_some(self.name.as_slice())
    }

    pub(crate) fn note(&self) -> Option<String> {
        if !self.well_formed {
            return Some(format!("`{}` names no service and matches nothing", self.text));
        }
        let wild =
            |pieces: &Vec<Piece>| pieces.iter().any(|piece| !matches!(piece, Piece::Plain(_)));
        self.service.as_ref().is_some_and(wild).then(|| {
            format!(
                "`{}` has a wildcard in its service, which IAM refuses; it is taken as written",
                self.text
            )
        })
    }
}
