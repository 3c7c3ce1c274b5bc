//! Fields of a JSON object, each with an error that names the field.

use serde_json::Value;

use crate::account::Tags;

/// A text that must be there.
pub fn text<'value>(value: &'value Value, field: &str) -> Result<&'value str, String> {
    match &value[field] {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::Null => Err(format!("has no {field}")),
        _ => Err(format!("{field} is not a text")),
    }
}

/// A text that may be absent.
pub fn optional_text<'value>(
    value: &'value Value,
    field: &str,
) -> Result<Option<&'value str>, String> {
    match &value[field] {
        Value::Null => Ok(None),
        _ => text(value, field).map(Some),
    }
}

/// A list; an absent one is empty.
pub fn list<'value>(value: &'value Value, field: &str) -> Result<&'value [Value], String> {
    match &value[field] {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(format!("{field} is not a list")),
    }
}

/// Tags as a map of keys to values (EKS) or as a list of pairs (IAM, EC2, ECR).
pub fn tags(value: &Value, field: &str) -> Result<Tags, String> {
    let wrong = || format!("{field} is no set of tags");
    let as_text = |value: &Value| value.as_str().map(str::to_owned);
    match &value[field] {
        Value::Null => Ok(Tags::new()),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| Some((key.clone(), as_text(value)?)))
            .collect::<Option<Tags>>()
            .ok_or_else(wrong),
        Value::Array(pairs) => pairs
            .iter()
            .map(|pair| Some((as_text(&pair["Key"])?, as_text(&pair["Value"])?)))
            .collect::<Option<Tags>>()
            .ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

/// Whether a page says that another one should follow.
pub fn is_truncated(page: &Value) -> bool {
    page["IsTruncated"] == Value::Bool(true)
        || ["NextToken", "nextToken"].iter().any(|token| page[*token].is_string())
}

/// The region in an ARN.
pub fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}
