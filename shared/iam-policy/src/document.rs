//! A policy document as IAM reads it: version, statements, and what it says wrongly.
//!
//! What IAM would refuse, but what still tells something, is kept within bounds: an Allow with an
//! unknown part is kept, a Deny with one is dropped, and a note says so.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::borrow::Cow;

use serde_json_borrow::{ObjectAsVec, Value};

use crate::action::ActionPattern;
use crate::condition::Condition;
use crate::error::DocumentError;
use crate::principal::PrincipalPattern;
use crate::template::Template;

/// A policy document.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    /// The version of the language.
    pub version: Version,
    /// The statements, in their order.
    pub statements: Vec<Statement>,
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
pub struct Statement {
    /// The Sid, where there is one.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Principal or NotPrincipal; absent in identity policies.
    pub principal: Option<PrincipalElement>,
    /// Action or NotAction.
    pub action: ActionElement,
    /// Resource or NotResource; absent in repository policies, where it is the repository.
    pub resource: Option<ResourceElement>,
    /// All of them have to hold.
    pub conditions: Vec<Condition>,
    /// Whether an element is unknown, so that the statement's reach is not known.
    pub has_unknown_element: bool,
}

/// Principal or NotPrincipal.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalElement {
    /// NotPrincipal: all but these.
    pub is_not: bool,
    /// Who.
    pub patterns: Vec<PrincipalPattern>,
}

/// Action or NotAction.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionElement {
    /// NotAction: all but these.
    pub is_not: bool,
    /// Which.
    pub patterns: Vec<ActionPattern>,
}

/// Resource or NotResource.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceElement {
    /// NotResource: all but these.
    pub is_not: bool,
    /// Which.
    pub patterns: Vec<Template>,
}

impl PolicyDocument {
    /// Reads a document from JSON text, plain or percent-encoded after RFC 3986, as IAM's API
    /// returns it. A `+` is a plus sign, not a space.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('%') {
            let decoded = percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .map_err(|error| DocumentError::NotJson(error.to_string()))?;
            return Self::parse_json(decoded.trim_start_matches('\u{feff}').trim());
        }
        Self::parse_json(text)
    }

    fn parse_json(text: &str) -> Result<Self, DocumentError> {
        let value: Value<'_> = serde_json::from_str(text)
            .map_err(|error| DocumentError::NotJson(error.to_string()))?;
        Self::read(&value)
    }

    /// Reads a document from JSON.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, DocumentError> {
        Self::read(&value.into())
    }

    /// Reads a document from JSON whose texts are borrowed.
    pub(crate) fn read(value: &Value<'_>) -> Result<Self, DocumentError> {
        let object = match value {
            Value::Object(object) => object,
            Value::Str(text) if text.trim_start().starts_with(['{', '%']) => {
                return Self::parse(text);
            }
            _ => return Err(DocumentError::NotAnObject),
        };
        each_once(object, str::to_owned)?;
        let mut notes = Vec::new();
        let version = match object.get("Version") {
            None => Version::V2008,
            Some(Value::Str(version)) if version == "2012-10-17" => Version::V2012,
            Some(Value::Str(version)) if version == "2008-10-17" => Version::V2008,
            Some(other) => {
                return Err(DocumentError::wrong("Version", other, "\"2012-10-17\""));
            }
        };
        for key in object.keys() {
            if !["Version", "Id", "Statement"].contains(&key) {
                notes.push(format!("unknown element `{key}` of the document is passed over"));
            }
        }
        let statements = match object.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
            Some(other) => {
                return Err(DocumentError::wrong("Statement", other, "a list of objects"));
            }
            None => return Err(DocumentError::Missing("Statement".to_owned())),
        };
        let mut document =
            Self { version, statements: Vec::with_capacity(statements.len()), notes };
        for (index, statement) in statements.iter().enumerate() {
            let Value::Object(statement) = statement else {
                let place = format!("Statement[{index}]");
                return Err(DocumentError::wrong(&place, statement, "an object"));
            };
            let notes = &mut document.notes;
            let statement = StatementReader { index, statement, version, notes }.read()?;
            document.statements.push(statement);
        }
        Ok(document)
    }
}

struct StatementReader<'reader> {
    index: usize,
    statement: &'reader ObjectAsVec<'reader>,
    version: Version,
    notes: &'reader mut Vec<String>,
}

impl<'reader> StatementReader<'reader> {
    fn read(mut self) -> Result<Statement, DocumentError> {
        each_once(self.statement, |name| self.place(name))?;
        let effect = match self.statement.get("Effect") {
            Some(Value::Str(effect)) if effect == "Allow" => Effect::Allow,
            Some(Value::Str(effect)) if effect == "Deny" => Effect::Deny,
            Some(other) => {
                return Err(DocumentError::wrong(
                    &self.place("Effect"),
                    other,
                    "\"Allow\" or \"Deny\"",
                ));
            }
            None => return Err(DocumentError::Missing(self.place("Effect"))),
        };
        let sid = match self.statement.get("Sid") {
            None | Some(Value::Null) => None,
            Some(Value::Str(sid)) => Some(sid.to_string()),
            Some(other) => return Err(DocumentError::wrong(&self.place("Sid"), other, "a string")),
        };
        let has_unknown_element = self.unknown_elements(effect);
        let principal = self.principal()?;
        let action = self.action()?;
        let resource = self.resource()?;
        let conditions = self.conditions()?;
        Ok(Statement { sid, effect, principal, action, resource, conditions, has_unknown_element })
    }

    fn place(&self, element: &str) -> String {
        place(self.index, element)
    }

    fn unknown_elements(&mut self, effect: Effect) -> bool {
        const KNOWN: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        let taken = match effect {
            Effect::Allow => "the statement is kept as if it were not there",
            Effect::Deny => "the statement is not relied on",
        };
        let mut found = false;
        for key in self.statement.keys().filter(|key| !KNOWN.contains(key)) {
            self.notes.push(format!("unknown element `{}`: {taken}", self.place(key)));
            found = true;
        }
        found
    }

    /// One of two elements of which at most one may stand.
    fn either(
        &self,
        plain: &str,
        negated: &str,
    ) -> Result<Option<(bool, &'reader Value<'reader>)>, DocumentError> {
        match (self.statement.get(plain), self.statement.get(negated)) {
            (Some(_), Some(_)) => Err(DocumentError::Both(self.place(plain), negated.to_owned())),
            (Some(value), None) => Ok(Some((false, value))),
            (None, Some(value)) => Ok(Some((true, value))),
            (None, None) => Ok(None),
        }
    }

    /// The texts of an element: a string, or a list of strings.
    fn strings<'text, Read>(
        &self,
        element: &str,
        value: &'text Value<'text>,
        read: impl FnMut(Cow<'text, str>) -> Read,
    ) -> Result<Vec<Read>, DocumentError> {
        strings(value, read).ok_or_else(|| {
            DocumentError::wrong(&self.place(element), value, "a string or a list of strings")
        })
    }

    fn action(&mut self) -> Result<ActionElement, DocumentError> {
        let Some((is_not, value)) = self.either("Action", "NotAction")? else {
            return Err(DocumentError::Missing(self.place("Action")));
        };
        let element = if is_not { "NotAction" } else { "Action" };
        let patterns = self.strings(element, value, |text| ActionPattern::parse(&text))?;
        for note in patterns.iter().filter_map(ActionPattern::note) {
            self.notes.push(format!("{}: {note}", self.place("Action")));
        }
        Ok(ActionElement { is_not, patterns })
    }

    fn resource(&mut self) -> Result<Option<ResourceElement>, DocumentError> {
        let Some((is_not, value)) = self.either("Resource", "NotResource")? else {
            return Ok(None);
        };
        let element = if is_not { "NotResource" } else { "Resource" };
        let patterns = self.strings(element, value, |text| Template::parse(&text, self.version))?;
        Ok(Some(ResourceElement { is_not, patterns }))
    }

    fn principal(&mut self) -> Result<Option<PrincipalElement>, DocumentError> {
        let Some((is_not, value)) = self.either("Principal", "NotPrincipal")? else {
            return Ok(None);
        };
        let mut patterns = Vec::new();
        match value {
            Value::Str(text) if text == "*" => patterns.push(PrincipalPattern::Anyone),
            Value::Object(kinds) => {
                each_once(kinds, |kind| self.place(&format!("Principal.{kind}")))?;
                for (kind, names) in kinds.iter() {
                    let parse = |name: Cow<'_, str>| PrincipalPattern::parse(kind, &name);
                    patterns.extend(self.strings("Principal", names, parse)?);
                }
            }
            other => {
                return Err(DocumentError::wrong(
                    &self.place("Principal"),
                    other,
                    "\"*\" or an object",
                ));
            }
        }
        Ok(Some(PrincipalElement { is_not, patterns }))
    }

    fn conditions(&mut self) -> Result<Vec<Condition>, DocumentError> {
        let blocks = match self.statement.get("Condition") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Object(blocks)) => blocks,
            Some(other) => {
                return Err(DocumentError::wrong(&self.place("Condition"), other, "an object"));
            }
        };
        each_once(blocks, |operator| self.place(&format!("Condition.{operator}")))?;
        let mut conditions = Vec::new();
        for (operator, keys) in blocks.iter() {
            let index = self.index;
            let of_operator = || place(index, &format!("Condition.{operator}"));
            let Value::Object(keys) = keys else {
                return Err(DocumentError::wrong(
                    &of_operator(),
                    keys,
                    "an object of context keys",
                ));
            };
            each_once(keys, |key| format!("{}.{key}", of_operator()))?;
            for (key, values) in keys.iter() {
                let parse = |text: Cow<'_, str>| Template::parse(&text, self.version);
                let Some(templates) = strings(values, parse) else {
                    let place = format!("{}.{key}", of_operator());
                    return Err(DocumentError::wrong(&place, values, "values"));
                };
                let condition = Condition::new(operator, key, templates);
                if let Some(note) = condition.note() {
                    self.notes.push(format!("{}: {note}", of_operator()));
                }
                conditions.push(condition);
            }
        }
        Ok(conditions)
    }
}

fn place(index: usize, element: &str) -> String {
    format!("Statement[{index}].{element}")
}

/// An object that names an element twice says two things, and AWS does not say which of them counts.
pub(crate) fn each_once(
    object: &ObjectAsVec<'_>,
    place: impl FnOnce(&str) -> String,
) -> Result<(), DocumentError> {
    // Nearly every object is small, and sorting takes memory.
    let twice = if object.len() <= 8 {
        let mut names = object.keys().enumerate();
        names.find(|(index, name)| object.keys().take(*index).any(|before| before == *name))
    } else {
        let mut names: Vec<&str> = object.keys().collect();
        names.sort_unstable();
        (1..names.len()).find(|at| names[at - 1] == names[*at]).map(|at| (at, names[at]))
    };
    twice.map_or(Ok(()), |(_, name)| Err(DocumentError::Twice(place(name))))
}

/// A string, a list of strings, or the booleans and numbers that IAM takes for strings.
fn strings<'text, Read>(
    value: &'text Value<'text>,
    mut read: impl FnMut(Cow<'text, str>) -> Read,
) -> Option<Vec<Read>> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    let mut texts = Vec::with_capacity(values.len());
    for value in values {
        texts.push(read(scalar(value)?));
    }
    Some(texts)
}

/// A string, or a boolean or number that IAM takes for one.
pub(crate) fn scalar<'text>(value: &'text Value<'text>) -> Option<Cow<'text, str>> {
    match value {
        Value::Str(text) => Some(Cow::Borrowed(text)),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Number(_) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}
