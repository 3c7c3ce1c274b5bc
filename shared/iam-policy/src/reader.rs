//! JSON -> policy document: every statement is checked, and built where it is asked for.

use std::borrow::Cow;

use crate::action::{self, ActionPattern};
use crate::condition::Condition;
use crate::document::{
    self, ActionElement, Effect, PrincipalElement, ResourceElement, Statement, Version,
};
use crate::error::DocumentError;
use crate::json::{Object, Value};
use crate::principal::PrincipalPattern;
use crate::template::Template;

/// Which statements of a document are built.
#[derive(Clone, Copy)]
pub(crate) enum About<'about> {
    /// All.
    Everything,
    /// Those that are about the action of this service and name.
    Action(&'about str, &'about str),
}

/// Reads a document; `keep` takes what is kept of its texts.
pub(crate) fn document<'json, 'text>(
    value: Value<'json>,
    about: About<'_>,
    keep: impl Fn(Cow<'json, str>) -> Cow<'text, str> + Copy,
) -> Result<Document<'text>, DocumentError> {
    let object = match value {
        Value::Object(object) => object,
        Value::Text(text) if text.trim_start().starts_with(['{', '%']) => {
            return document::read(text, about);
        }
        _ => return Err(DocumentError::NotAnObject),
    };
    each_once(object, str::to_owned)?;
    let mut document =
        Document { version: Version::V2008, statements: Vec::new(), notes: Vec::new() };
    let mut statements = None;
    for (name, value) in object {
        match (name, value) {
            ("Version", Value::Text("2012-10-17")) => document.version = Version::V2012,
            ("Version", Value::Text("2008-10-17")) => document.version = Version::V2008,
            ("Version", other) => {
                return Err(DocumentError::wrong("Version", other, "\"2012-10-17\""));
            }
            ("Statement", value) => statements = Some(value),
            ("Id", _) => {}
            (name, _) => document
                .notes
                .push(format!("unknown element `{name}` of the document is passed over")),
        }
    }
    let mut read = |index: usize, statement: Value<'json>| {
        let Value::Object(statement) = statement else {
            let place = format!("Statement[{index}]");
            return Err(DocumentError::wrong(&place, statement, "an object"));
        };
        let elements = Elements::of(index, statement)?;
        if elements.are_about(about) {
            if matches!(about, About::Everything) {
                elements.note(&mut document.notes);
            }
            document.statements.push(elements.statement(document.version, keep));
        }
        Ok(())
    };
    match statements {
        Some(Value::List(list)) => {
            for (index, statement) in list.enumerate() {
                read(index, statement)?;
            }
        }
        Some(statement @ Value::Object(_)) => read(0, statement)?,
        Some(other) => return Err(DocumentError::wrong("Statement", other, "a list of objects")),
        None => return Err(DocumentError::Missing("Statement".to_owned())),
    }
    Ok(document)
}

/// A document that was read, whose texts may be borrowed of its JSON.
pub(crate) struct Document<'text> {
    pub version: Version,
    pub statements: Vec<Statement<'text>>,
    pub notes: Vec<String>,
}

/// The elements of a statement, of which each can be read.
struct Elements<'json> {
    index: usize,
    sid: Option<&'json str>,
    effect: Effect,
    principal: Option<Listed<'json>>,
    action: Listed<'json>,
    resource: Option<Listed<'json>>,
    conditions: Option<Object<'json>>,
    /// The names of those that IAM does not know.
    unknown: Vec<&'json str>,
}

/// What an element lists, or what it lists of all else.
#[derive(Clone, Copy)]
struct Listed<'json> {
    is_not: bool,
    value: Value<'json>,
}

impl<'json> Elements<'json> {
    fn of(index: usize, statement: Object<'json>) -> Result<Self, DocumentError> {
        let place = |element: &str| place(index, element);
        let (mut sid, mut effect, mut condition) = (None, None, None);
        let (mut principals, mut actions, mut resources) = ([None; 2], [None; 2], [None; 2]);
        let mut unknown = Vec::new();
        let mut is_any_twice = false;
        for (name, value) in statement {
            let element = match name {
                "Sid" => &mut sid,
                "Effect" => &mut effect,
                "Principal" => &mut principals[0],
                "NotPrincipal" => &mut principals[1],
                "Action" => &mut actions[0],
                "NotAction" => &mut actions[1],
                "Resource" => &mut resources[0],
                "NotResource" => &mut resources[1],
                "Condition" => &mut condition,
                name => {
                    unknown.push(name);
                    continue;
                }
            };
            is_any_twice |= element.replace(value).is_some();
        }
        if is_any_twice || !unknown.is_empty() {
            each_once(statement, place)?;
        }
        let effect = match effect {
            Some(Value::Text("Allow")) => Effect::Allow,
            Some(Value::Text("Deny")) => Effect::Deny,
            Some(other) => {
                let expected = "\"Allow\" or \"Deny\"";
                return Err(DocumentError::wrong(&place("Effect"), other, expected));
            }
            None => return Err(DocumentError::Missing(place("Effect"))),
        };
        let sid = match sid {
            None | Some(Value::Null) => None,
            Some(Value::Text(sid)) => Some(sid),
            Some(other) => return Err(DocumentError::wrong(&place("Sid"), other, "a string")),
        };
        let principal = either(principals, ["Principal", "NotPrincipal"], index)?;
        if let Some(listed) = principal {
            check_principal(index, listed.value)?;
        }
        let names = ["Action", "NotAction"];
        let Some(action) = either(actions, names, index)? else {
            return Err(DocumentError::Missing(place("Action")));
        };
        check_strings(index, names[usize::from(action.is_not)], action.value)?;
        let names = ["Resource", "NotResource"];
        let resource = either(resources, names, index)?;
        if let Some(listed) = resource {
            check_strings(index, names[usize::from(listed.is_not)], listed.value)?;
        }
        let conditions = match condition {
            None | Some(Value::Null) => None,
            Some(Value::Object(blocks)) => Some(blocks),
            Some(other) => {
                return Err(DocumentError::wrong(&place("Condition"), other, "an object"));
            }
        };
        if let Some(blocks) = conditions {
            check_conditions(index, blocks)?;
        }
        Ok(Self { index, sid, effect, principal, action, resource, conditions, unknown })
    }

    fn are_about(&self, about: About<'_>) -> bool {
        let About::Action(service, name) = about else {
            return true;
        };
        let is_meant = |pattern: Option<Cow<'_, str>>| {
            pattern.is_some_and(|text| action::is_meant(&text, service, name))
        };
        self.action.value.scalars().any(is_meant) != self.action.is_not
    }

    /// Notes what the statement says wrongly.
    fn note(&self, notes: &mut Vec<String>) {
        let place = |element: &str| place(self.index, element);
        let taken = match self.effect {
            Effect::Allow => "the element is ignored and the Allow kept",
            Effect::Deny => "the Deny is dropped, for the element may narrow it",
        };
        for name in &self.unknown {
            notes.push(format!("unknown element `{}`: {taken}", place(name)));
        }
        for action in texts(self.action.value) {
            if let Some(note) = ActionPattern::parse(action).note() {
                notes.push(format!("{}: {note}", place("Action")));
            }
        }
        for (operator, keys) in self.conditions.into_iter().flatten() {
            for (key, _) in members(keys) {
                if let Some(note) = Condition::new(operator, key, Vec::new()).note() {
                    notes.push(format!("{}: {note}", place(&format!("Condition.{operator}"))));
                }
            }
        }
    }

    fn statement<'text>(
        self,
        version: Version,
        keep: impl Fn(Cow<'json, str>) -> Cow<'text, str> + Copy,
    ) -> Statement<'text> {
        let template = |text: Cow<'json, str>| Template::parse(keep(text), version);
        let actions = texts(self.action.value).map(|text| ActionPattern::parse(keep(text)));
        let mut conditions = Vec::new();
        for (operator, keys) in self.conditions.into_iter().flatten() {
            for (key, values) in members(keys) {
                let values = texts(values).map(template).collect();
                conditions.push(Condition::new(keep(Cow::Borrowed(operator)), key, values));
            }
        }
        Statement {
            index: self.index,
            sid: self.sid.map(|sid| keep(Cow::Borrowed(sid))),
            effect: self.effect,
            principal: self.principal.map(|listed| principal(listed, keep)),
            action: ActionElement { is_not: self.action.is_not, patterns: actions.collect() },
            resource: self.resource.map(|listed| ResourceElement {
                is_not: listed.is_not,
                patterns: texts(listed.value).map(template).collect(),
            }),
            conditions,
            has_unknown_element: !self.unknown.is_empty(),
        }
    }
}

/// One of two elements of which at most one may stand.
fn either<'json>(
    [plain, negated]: [Option<Value<'json>>; 2],
    names: [&str; 2],
    index: usize,
) -> Result<Option<Listed<'json>>, DocumentError> {
    match (plain, negated) {
        (Some(_), Some(_)) => Err(DocumentError::Both(place(index, names[0]), names[1].to_owned())),
        (Some(value), None) => Ok(Some(Listed { is_not: false, value })),
        (None, Some(value)) => Ok(Some(Listed { is_not: true, value })),
        (None, None) => Ok(None),
    }
}

fn check_strings(index: usize, element: &str, value: Value<'_>) -> Result<(), DocumentError> {
    if value.is_strings() {
        return Ok(());
    }
    Err(DocumentError::wrong(&place(index, element), value, "a string or a list of strings"))
}

fn check_principal(index: usize, value: Value<'_>) -> Result<(), DocumentError> {
    match value {
        Value::Text("*") => Ok(()),
        Value::Object(kinds) => {
            each_once(kinds, |kind| place(index, &format!("Principal.{kind}")))?;
            let mut names = kinds.map(|(_, names)| names);
            names.try_for_each(|names| check_strings(index, "Principal", names))
        }
        other => Err(DocumentError::wrong(&place(index, "Principal"), other, "\"*\" or an object")),
    }
}

fn check_conditions(index: usize, blocks: Object<'_>) -> Result<(), DocumentError> {
    each_once(blocks, |operator| place(index, &format!("Condition.{operator}")))?;
    for (operator, keys) in blocks {
        let of_operator = || place(index, &format!("Condition.{operator}"));
        let Value::Object(keys) = keys else {
            return Err(DocumentError::wrong(&of_operator(), keys, "an object of context keys"));
        };
        each_once(keys, |key| format!("{}.{key}", of_operator()))?;
        for (key, values) in keys {
            if !values.is_strings() {
                let place = format!("{}.{key}", of_operator());
                return Err(DocumentError::wrong(&place, values, "values"));
            }
        }
    }
    Ok(())
}

fn principal<'json, 'text>(
    listed: Listed<'json>,
    keep: impl Fn(Cow<'json, str>) -> Cow<'text, str>,
) -> PrincipalElement<'text> {
    let mut patterns = Vec::new();
    if let Value::Text(_) = listed.value {
        patterns.push(PrincipalPattern::Anyone);
    }
    for (kind, names) in members(listed.value) {
        patterns.extend(texts(names).map(|name| PrincipalPattern::parse(kind, keep(name))));
    }
    PrincipalElement { is_not: listed.is_not, patterns }
}

/// The members of an object, none of anything else.
fn members(value: Value<'_>) -> impl Iterator<Item = (&str, Value<'_>)> {
    let object = if let Value::Object(object) = value { Some(object) } else { None };
    object.into_iter().flatten()
}

/// The texts of what was found to be a string or a list of strings.
fn texts(value: Value<'_>) -> impl Iterator<Item = Cow<'_, str>> {
    value.scalars().map_while(|text| text)
}

fn place(index: usize, element: &str) -> String {
    format!("Statement[{index}].{element}")
}

/// An object that names an element twice says two things, and AWS does not say which of them counts.
pub(crate) fn each_once(
    object: Object<'_>,
    place: impl FnOnce(&str) -> String,
) -> Result<(), DocumentError> {
    object.twice().map_or(Ok(()), |name| Err(DocumentError::Twice(place(name))))
}
