//! A policy document as IAM reads it: version, statements, and what it says wrongly.
//!
//! What IAM would refuse, but what still tells something, is kept within bounds: an Allow with an
//! unknown part is kept, a Deny with one is dropped, and a note says so.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::borrow::Cow;

use crate::action::ActionPattern;
use crate::condition::Condition;
use crate::error::DocumentError;
use crate::json::Json;
use crate::principal::PrincipalPattern;
use crate::reader::{self, About};
use crate::template::Template;

/// A policy document.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    /// The version of the language.
    pub version: Version,
    /// The statements, in their order.
    pub statements: Vec<Statement<'static>>,
    /// What the document says wrongly, and how it was taken.
    pub notes: Vec<String>,
}

/// The version of the policy language. A document that names none is of the older one, in which
/// variables are plain text.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, or none.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// Allow or Deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The statement grants.
    Allow,
    /// The statement denies, whatever else grants.
    Deny,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement<'text> {
    /// Its place in the document, from 0.
    pub index: usize,
    /// The Sid, where there is one.
    pub sid: Option<Cow<'text, str>>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Principal or NotPrincipal; absent in identity policies.
    pub principal: Option<PrincipalElement<'text>>,
    /// Action or NotAction.
    pub action: ActionElement<'text>,
    /// Resource or NotResource; absent in repository policies, where it is the repository.
    pub resource: Option<ResourceElement<'text>>,
    /// All of them have to hold.
    pub conditions: Vec<Condition<'text>>,
    /// Whether an element is unknown or stands where it may not, so that the statement's reach is
    /// not known.
    pub has_unknown_element: bool,
}

/// Principal or NotPrincipal.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalElement<'text> {
    /// NotPrincipal: all but these.
    pub is_not: bool,
    /// Who.
    pub patterns: Vec<PrincipalPattern<'text>>,
}

/// Action or NotAction.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionElement<'text> {
    /// NotAction: all but these.
    pub is_not: bool,
    /// Which.
    pub patterns: Vec<ActionPattern<'text>>,
}

/// Resource or NotResource.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceElement<'text> {
    /// NotResource: all but these.
    pub is_not: bool,
    /// Which.
    pub patterns: Vec<Template<'text>>,
}

impl PolicyDocument {
    /// Reads a document from JSON text, plain or percent-encoded after RFC 3986, as IAM's API
    /// returns it. A `+` is a plus sign, not a space.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        read(text, About::Everything).map(Self::from)
    }

    /// Reads a document from JSON.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, DocumentError> {
        let json = Json::of(value).map_err(|error| DocumentError::NotJson(error.to_string()))?;
        reader::document(json.value(), About::Everything, owned).map(Self::from)
    }

    /// The document as the policy of an identity, a boundary or a service control policy. IAM
    /// refuses one whose statements name principals or no resource; it is kept within bounds: what
    /// such a statement allows is kept, on every resource where it names none, and what it denies
    /// is not relied on.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    #[must_use]
    pub fn of_identity(mut self) -> Self {
        let version = self.version;
        for statement in &mut self.statements {
            let Statement { index, effect, .. } = *statement;
            let taken = match effect {
                Effect::Allow => "the statement is kept as if it were not there",
                Effect::Deny => "the statement is not relied on",
            };
            if let Some(element) = statement.principal.take() {
                let name = if element.is_not { "NotPrincipal" } else { "Principal" };
                self.notes.push(format!(
                    "Statement[{index}].{name}: stands in no policy of an identity: {taken}"
                ));
                statement.has_unknown_element = true;
            }
            if statement.resource.is_none() {
                let taken = match effect {
                    Effect::Allow => "the statement is kept as if it were `*`",
                    Effect::Deny => "the statement is not relied on",
                };
                self.notes.push(format!("Statement[{index}].Resource: is missing: {taken}"));
                let everything = Template::parse(Cow::Borrowed("*"), version);
                statement.resource =
                    Some(ResourceElement { is_not: false, patterns: vec![everything] });
                statement.has_unknown_element = true;
            }
        }
        self
    }
}

impl From<reader::Document<'static>> for PolicyDocument {
    fn from(document: reader::Document<'static>) -> Self {
        let reader::Document { version, statements, notes } = document;
        Self { version, statements, notes }
    }
}

/// Reads a text, of which only those statements are asked for.
pub(crate) fn read(
    text: &str,
    about: About<'_>,
) -> Result<reader::Document<'static>, DocumentError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('%') {
        let decoded = percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map_err(|error| DocumentError::NotJson(error.to_string()))?;
        return read_json(decoded.trim_start_matches('\u{feff}').trim(), about);
    }
    read_json(text, about)
}

fn read_json(text: &str, about: About<'_>) -> Result<reader::Document<'static>, DocumentError> {
    let json = Json::parse(text).map_err(|error| DocumentError::NotJson(error.to_string()))?;
    reader::document(json.value(), about, owned)
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
