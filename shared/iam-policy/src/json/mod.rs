//! A JSON text as one list of its values, each followed by what it holds, so that reading a text
//! takes memory once. Texts are borrowed where nothing in them is escaped.
//!
//! `quick` reads what is JSON beyond doubt; whatever it leaves, right or wrong, `thorough` reads by
//! serde_json, which says what is wrong with it.

mod quick;
mod thorough;

use std::borrow::Cow;

use serde_json::Number;

/// A JSON text that was read.
pub(crate) struct Json<'text>(Vec<Node<'text>>);

/// A value, or the name of an object's member. Lists and objects know how many nodes they hold.
#[derive(Debug, PartialEq)]
enum Node<'text> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'text str),
    /// A text in which something was escaped.
    Unescaped(Box<str>),
    List(usize),
    Object(usize),
}

/// One value.
#[derive(Clone, Copy)]
pub(crate) enum Value<'json> {
    Null,
    Bool(bool),
    Number(&'json Number),
    Text(&'json str),
    List(List<'json>),
    Object(Object<'json>),
}

/// The values of a list, one after the other.
#[derive(Clone, Copy, Default)]
pub(crate) struct List<'json>(&'json [Node<'json>]);

/// The members of an object, one after the other, in their order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Object<'json>(&'json [Node<'json>]);

impl<'text> Json<'text> {
    pub(crate) fn parse(text: &'text str) -> Result<Self, serde_json::Error> {
        let mut nodes = Vec::with_capacity(text.len() / 8 + 1);
        if quick::read(text, &mut nodes).is_none() {
            nodes.clear();
            thorough::read(text, &mut nodes)?;
        }
        Ok(Self(nodes))
    }

    pub(crate) fn of(value: &'text serde_json::Value) -> Result<Self, serde_json::Error> {
        let mut nodes = Vec::new();
        thorough::read_value(value, &mut nodes)?;
        Ok(Self(nodes))
    }

    pub(crate) fn value(&self) -> Value<'_> {
        List(&self.0).next().unwrap_or(Value::Null)
    }
}

#[expect(clippy::copy_iterator, reason = "it is a slice that is read again from its begin")]
impl<'json> Iterator for List<'json> {
    type Item = Value<'json>;

    fn next(&mut self) -> Option<Value<'json>> {
        let (node, rest) = self.0.split_first()?;
        let size = match node {
            Node::List(size) | Node::Object(size) => *size,
            _ => 0,
        };
        let (held, rest) = rest.split_at(size);
        self.0 = rest;
        Some(match node {
            Node::Null => Value::Null,
            Node::Bool(truth) => Value::Bool(*truth),
            Node::Number(number) => Value::Number(number),
            Node::Text(text) => Value::Text(text),
            Node::Unescaped(text) => Value::Text(text),
            Node::List(_) => Value::List(List(held)),
            Node::Object(_) => Value::Object(Object(held)),
        })
    }
}

#[expect(clippy::copy_iterator, reason = "it is a slice that is read again from its begin")]
impl<'json> Iterator for Object<'json> {
    type Item = (&'json str, Value<'json>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = self.0.split_first()?;
        let name = match name {
            Node::Text(name) => *name,
            Node::Unescaped(name) => name,
            _ => return None,
        };
        let mut values = List(rest);
        let value = values.next()?;
        self.0 = values.0;
        Some((name, value))
    }
}

impl<'json> Object<'json> {
    /// The first name that stands twice.
    pub(crate) fn twice(self) -> Option<&'json str> {
        let mut rest = self;
        rest.next();
        if rest.0.is_empty() {
            return None;
        }
        // Nearly every object is small, and sorting takes memory.
        let mut before = [""; 12];
        for (count, (name, _)) in self.enumerate() {
            if count == before.len() {
                return self.twice_of_many();
            }
            if before[..count].contains(&name) {
                return Some(name);
            }
            before[count] = name;
        }
        None
    }

    fn twice_of_many(self) -> Option<&'json str> {
        let mut names: Vec<&str> = self.map(|(name, _)| name).collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }
}

impl<'json> Value<'json> {
    /// A string, or a boolean or number that IAM takes for one.
    pub(crate) fn scalar(self) -> Option<Cow<'json, str>> {
        match self {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Bool(truth) => Some(Cow::Borrowed(if truth { "true" } else { "false" })),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::Null | Value::List(_) | Value::Object(_) => None,
        }
    }

    /// The texts of a string or of a list of strings; `None` for each value that is no string.
    pub(crate) fn scalars(self) -> impl Iterator<Item = Option<Cow<'json, str>>> {
        let (mut single, mut list) = match self {
            Value::List(list) => (None, list),
            single => (Some(single), List(&[])),
        };
        std::iter::from_fn(move || single.take().or_else(|| list.next()).map(Value::scalar))
    }

    /// Whether it is a string, or a list of strings.
    pub(crate) fn is_strings(self) -> bool {
        let is_scalar =
            |value: Value<'_>| matches!(value, Value::Text(_) | Value::Bool(_) | Value::Number(_));
        match self {
            Value::List(mut list) => list.all(is_scalar),
            single => is_scalar(single),
        }
    }
}

impl From<Value<'_>> for serde_json::Value {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(truth),
            Value::Number(number) => Self::Number(number.clone()),
            Value::Text(text) => Self::String(text.to_owned()),
            Value::List(list) => Self::Array(list.map(Self::from).collect()),
            Value::Object(object) => Self::Object(
                object.map(|(name, value)| (name.to_owned(), Self::from(value))).collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_found_among_few_and_many() {
        for count in [0, 1, 2, 11, 12, 13, 40] {
            let members: Vec<String> =
                (0..count).map(|name| format!("\"{name}\":[1,{{}}]")).collect();
            let twice = |text: &str| {
                let json = Json::parse(text).unwrap();
                let Value::Object(object) = json.value() else { unreachable!("it is an object") };
                object.twice().map(str::to_owned)
            };
            assert_eq!(twice(&format!("{{{}}}", members.join(","))), None, "{count}");
            if count > 0 {
                let text = format!("{{{},\"0\":2}}", members.join(","));
                assert_eq!(twice(&text).as_deref(), Some("0"), "{count}");
            }
        }
    }
}
