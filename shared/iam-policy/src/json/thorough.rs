//! JSON as serde_json reads it, or why it is none.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::Node;

/// Reads a whole text.
pub(super) fn read<'text>(
    text: &'text str,
    nodes: &mut Vec<Node<'text>>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Builder(nodes).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Reads what was read before.
pub(super) fn read_value<'text>(
    value: &'text serde_json::Value,
    nodes: &mut Vec<Node<'text>>,
) -> Result<(), serde_json::Error> {
    Builder(nodes).deserialize(value)
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
        self.push(Node::Text(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.push(Node::Unescaped(text.into()));
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
