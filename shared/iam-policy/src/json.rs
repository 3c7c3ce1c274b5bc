//! A JSON text as one list of its values, each followed by what it holds, so that reading a text
//! takes memory once. Texts are borrowed where nothing in them is escaped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON text that was read.
pub(crate) struct Json<'text>(Vec<Node<'text>>);

/// A value, or the name of an object's member. Lists and objects know how many nodes they hold.
enum Node<'text> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'text, str>),
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
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Builder(&mut nodes).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(Self(nodes))
    }

    pub(crate) fn of(value: &'text serde_json::Value) -> Result<Self, serde_json::Error> {
        let mut nodes = Vec::new();
        Builder(&mut nodes).deserialize(value)?;
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
            Node::List(_) => Value::List(List(held)),
            Node::Object(_) => Value::Object(Object(held)),
        })
    }
}

#[expect(clippy::copy_iterator, reason = "it is a slice that is read again from its begin")]
impl<'json> Iterator for Object<'json> {
    type Item = (&'json str, Value<'json>);

    fn next(&mut self) -> Option<Self::Item> {
        let (Node::Text(name), rest) = self.0.split_first()? else {
            return None;
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
        let count = self.count();
        // Nearly every object is small, and sorting takes memory.
        if count <= 12 {
            let is_before =
                |(index, name): &(usize, &str)| self.take(*index).any(|before| before.0 == *name);
            let mut names = self.map(|(name, _)| name).enumerate();
            return names.find(is_before).map(|(_, name)| name);
        }
        let mut names: Vec<&str> = self.map(|(name, _)| name).collect();
        names.sort_unstable();
        (1..count).find(|at| names[at - 1] == names[*at]).map(|at| names[at])
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
        let (single, list) = match self {
            Value::List(list) => (None, list),
            single => (Some(single), List(&[])),
        };
        single.into_iter().chain(list).map(Value::scalar)
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

/// Puts what it is told behind what was read before.
struct Builder<'nodes, 'text>(&'nodes mut Vec<Node<'text>>);

impl<'text> Builder<'_, 'text> {
    fn push(self, node: Node<'text>) {
        self.0.push(node);
    }
}

impl<'text> DeserializeSeed<'text> for Builder<'_, 'text> {
    type Value = ();

    fn deserialize<D: Deserializer<'text>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'text> Visitor<'text> for Builder<'_, 'text> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.push(Node::Null);
        Ok(())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.push(Node::Bool(truth));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.push(Node::Number(number.into()));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.push(Node::Number(number.into()));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.push(Number::from_f64(number).map_or(Node::Null, Node::Number));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'text str) -> Result<(), E> {
        self.push(Node::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.push(Node::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'text>>(self, mut values: A) -> Result<(), A::Error> {
        let at = self.0.len();
        self.0.push(Node::List(0));
        while values.next_element_seed(Builder(self.0))?.is_some() {}
        self.0[at] = Node::List(self.0.len() - at - 1);
        Ok(())
    }

    fn visit_map<A: MapAccess<'text>>(self, mut members: A) -> Result<(), A::Error> {
        let at = self.0.len();
        self.0.push(Node::Object(0));
        while members.next_key_seed(Builder(self.0))?.is_some() {
            members.next_value_seed(Builder(self.0))?;
        }
        self.0[at] = Node::Object(self.0.len() - at - 1);
        Ok(())
    }
}
