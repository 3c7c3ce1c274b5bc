//! A policy document as IAM reads it: version, statements, and what it says wrongly.
//!
//! What IAM would refuse, but what still tells something, is kept within bounds: an Allow with an
//! unknown part is kept, a Deny with one is dropped, and a note says so.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use serde_json::{Map, Value};

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
        let value: Value = serde_json::from_str(text)
            .map_err(|error| DocumentError::NotJson(error.to_string()))?;
        Self::from_value(&value)
    }

    /// Reads a document from JSON.
    pub fn from_value(value: &Value) -> Result<Self, DocumentError> {
        let object = match value {
            Value::Object(object) => object,
            Value::String(text) if text.trim_start().starts_with(['{', '%']) => {
                return Self::parse(text);
            }
            _ => return Err(DocumentError::NotAnObject),
        };
        let mut notes = Vec::new();
        let version = match object.get("Version") {
            None => Version::V2008,
            Some(Value::String(version)) if version == "2012-10-17" => Version::V2012,
            Some(Value::String(version)) if version == "2008-10-17" => Version::V2008,
            Some(other) => {
                return Err(DocumentError::wrong("Version", other, "\"2012-10-17\""));
            }
        };
        for key in object.keys() {
            if !["Version", "Id", "Statement"].contains(&key.as_str()) {
                notes.push(format!("unknown element `{key}` of the document is passed over"));
            }
        }
        let statements = match object.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            Some(other) => {
                return Err(DocumentError::wrong("Statement", other, "a list of objects"));
            }
            None => return Err(DocumentError::Missing("Statement".to_owned())),
        };
        let statements = statements
            .into_iter()
            .enumerate()
            .map(|(index, statement)| {
                let Value::Object(statement) = statement else {
                    return Err(DocumentError::wrong(
                        &format!("Statement[{index}]"),
                        statement,
                        "an object",
                    ));
                };
                StatementReader { index, statement, version, notes: &mut notes }.read()
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { version, statements, notes })
    }
}

struct StatementReader<'reader> {
    index: usize,
    statement: &'reader Map<String, Value>,
    version: Version,
    notes: &'reader mut Vec<String>,
}

impl StatementReader<'_> {
    fn read(mut self) -> Result<Statement, DocumentError> {
        let effect = match self.statement.get("Effect") {
            Some(Value::String(effect)) if effect == "Allow" => Effect::Allow,
            Some(Value::String(effect)) if effect == "Deny" => Effect::Deny,
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
            Some(Value::String(sid)) => Some(sid.clone()),
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
        format!("Statement[{}].{element}", self.index)
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
        for key in self.statement.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
            self.notes.push(format!("unknown element `{}`: {taken}", self.place(key)));
            found = true;
        }
        found
    }

    /// One of two elements of which at most one may stand.
    fn either(&self, plain: &str, negated: &str) -> Result<Option<(bool, &Value)>, DocumentError> {
        match (self.statement.get(plain), self.statement.get(negated)) {
            (Some(_), Some(_)) => Err(DocumentError::Both(self.place(plain), negated.to_owned())),
            (Some(value), None) => Ok(Some((false, value))),
            (None, Some(value)) => Ok(Some((true, value))),
            (None, None) => Ok(None),
        }
    }

    fn strings(&self, element: &str, value: &Value) -> Result<Vec<String>, DocumentError> {
        strings(value).ok_or_else(|| {
            DocumentError::wrong(&self.place(element), value, "a string or a list of strings")
        })
    }

    fn action(&mut self) -> Result<ActionElement, DocumentError> {
        let Some((is_not, value)) = self.either("Action", "NotAction")? else {
            return Err(DocumentError::Missing(self.place("Action")));
        };
        let texts = self.strings(if is_not { "NotAction" } else { "Action" }, value)?;
        let mut patterns = Vec::new();
        for text in texts {
            let pattern = ActionPattern::parse(&text);
            if let Some(note) = pattern.note() {
                self.notes.push(format!("{}: {note}", self.place("Action")));
            }
            patterns.push(pattern);
        }
        Ok(ActionElement { is_not, patterns })
    }

    fn resource(&mut self) -> Result<Option<ResourceElement>, DocumentError> {
        let Some((is_not, value)) = self.either("Resource", "NotResource")? else {
            return Ok(None);
        };
        let texts = self.strings(if is_not { "NotResource" } else { "Resource" }, value)?;
        let patterns = texts.iter().map(|text| Template::parse(text, self.version)).collect();
        Ok(Some(ResourceElement { is_not, patterns }))
    }

    fn principal(&mut self) -> Result<Option<PrincipalElement>, DocumentError> {
        let Some((is_not, value)) = self.either("Principal", "NotPrincipal")? else {
            return Ok(None);
        };
        let mut patterns = Vec::new();
        match value {
            Value::String(text) if text == "*" => patterns.push(PrincipalPattern::Anyone),
            Value::Object(kinds) => {
                for (kind, names) in kinds {
                    for name in self.strings("Principal", names)? {
                        patterns.push(PrincipalPattern::parse(kind, &name));
                    }
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
        let mut conditions = Vec::new();
        for (operator, keys) in blocks {
            let place = self.place(&format!("Condition.{operator}"));
            let Value::Object(keys) = keys else {
                return Err(DocumentError::wrong(&place, keys, "an object of context keys"));
            };
            for (key, values) in keys {
                let Some(values) = strings(values) else {
                    return Err(DocumentError::wrong(&format!("{place}.{key}"), values, "values"));
                };
                let condition = Condition::new(operator, key, &values, self.version);
                if let Some(note) = condition.note() {
                    self.notes.push(format!("{place}: {note}"));
                }
                conditions.push(condition);
            }
        }
        Ok(conditions)
    }
}

/// A string, a list of strings, or the booleans and numbers that IAM takes for strings.
fn strings(value: &Value) -> Option<Vec<String>> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(scalar).collect(),
        value => scalar(value).map(|text| vec![text]),
    }
}
