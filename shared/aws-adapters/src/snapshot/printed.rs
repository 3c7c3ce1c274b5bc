//! How the AWS CLI prints what the SDK answers: documents as JSON, dates by ISO 8601, and no
//! field for what is absent.

use std::collections::HashMap;

use aws_smithy_types::date_time::{DateTime, Format};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// An object of those fields that are there.
pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let there = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(there.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A list, of anything that is printed.
pub fn list<T>(items: Option<Vec<T>>, print: impl Fn(T) -> Value) -> Value {
    items.unwrap_or_default().into_iter().map(print).collect()
}

/// A date.
pub fn date(date: Option<DateTime>) -> Value {
    date.and_then(|date| date.fmt(Format::DateTime).ok()).map_or(Value::Null, Value::from)
}

/// A document of IAM, which comes percent-encoded. One that is no JSON stays a text: whoever
/// reads it as a policy says what is wrong with it.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html>
pub fn document(text: Option<String>) -> Value {
    let Some(text) = text else { return Value::Null };
    let decoded = match percent_decode_str(&text).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => text,
    };
    serde_json::from_str(&decoded).unwrap_or_else(|_| Value::from(decoded))
}

/// Tags as EKS has them.
pub fn tag_map(tags: Option<HashMap<String, String>>) -> Value {
    let pairs = tags.unwrap_or_default().into_iter();
    Value::Object(pairs.map(|(key, value)| (key, Value::from(value))).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_an_object_where_it_is_json() {
        for (text, printed) in [
            ("%7B%22Sid%22%3A%22a+b%2520c%22%7D", json!({"Sid": "a+b%20c"})),
            (r#"{"Sid":"a"}"#, json!({"Sid": "a"})),
            ("%7B%22Sid", json!("{\"Sid")),
            ("%FF", json!("%FF")),
        ] {
            assert_eq!(document(Some(text.to_owned())), printed, "{text}");
        }
        assert_eq!(document(None), Value::Null);
    }

    #[test]
    fn what_is_absent_has_no_field() {
        let printed = object([("a", Value::Null), ("b", json!(false)), ("c", date(None))]);
        assert_eq!(printed, json!({"b": false}));
        assert_eq!(date(Some(DateTime::from_secs(1_762_157_700))), "2025-11-03T08:15:00Z");
    }
}
