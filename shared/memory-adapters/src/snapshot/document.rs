//! Policy documents as they are found in files: a JSON object where the CLI decoded it, else a
//! text, raw or percent-encoded as IAM's API answers.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The policy document that a text holds: by itself, percent-encoded as IAM's API answers, or
/// within what `aws iam get-policy-version`, `get-role-policy`, `aws organizations describe-policy`
/// and `aws ecr get-repository-policy` print.
pub fn policy_document(text: &str) -> Result<String, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    let text = if text.starts_with('%') { decoded(text) } else { text.to_owned() };
    let value: Value =
        serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
    let within = [
        &value["PolicyVersion"]["Document"],
        &value["PolicyDocument"],
        &value["Policy"]["Content"],
        &value["policyText"],
        &value,
    ];
    match within.into_iter().find(|value| value.is_object() || value.is_string()) {
        Some(Value::String(text)) => policy_document(text),
        // As it is written: what it says twice has to be seen.
        Some(document) if document == &value => Ok(text),
        Some(document) => Ok(document.to_string()),
        None => Ok(text),
    }
}

/// The document as JSON text. A text that is no JSON stays as it is: whoever reads it as a policy
/// says what is wrong with it. `None`: there is no document.
pub fn document_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(decoded(text)),
        other => Some(other.to_string()),
    }
}

/// IAM encodes by RFC 3986, so `+` stands for itself.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html>
fn decoded(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        return text.to_owned();
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => decoded.trim().to_owned(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_gives_the_same_text() {
        let text = r#"{"Sid":"a+b%20c"}"#;
        for value in [
            serde_json::json!({"Sid": "a+b%20c"}),
            Value::from(text),
            Value::from(format!("\u{feff} \n{text}\n")),
            Value::from("%7B%22Sid%22%3A%22a+b%2520c%22%7D"),
        ] {
            assert_eq!(document_text(&value).as_deref(), Some(text), "{value}");
            for printed in [
                value.to_string(),
                serde_json::json!({ "PolicyVersion": { "Document": value } }).to_string(),
                serde_json::json!({ "RoleName": "a", "PolicyDocument": value }).to_string(),
                serde_json::json!({ "Policy": { "Content": value } }).to_string(),
                serde_json::json!({ "policyText": value }).to_string(),
            ] {
                assert_eq!(policy_document(&printed).as_deref(), Ok(text), "{printed}");
            }
        }
        let encoded = "%7B%22Sid%22%3A%22a+b%2520c%22%7D\n";
        assert_eq!(policy_document(encoded).as_deref(), Ok(text));
        assert_eq!(document_text(&Value::Null), None);
        assert_eq!(document_text(&Value::from("%FF")).as_deref(), Some("%FF"));
    }

    #[test]
    fn what_holds_no_document_is_told() {
        let twice = r#"{"Sid": 1, "Sid": 2}"#;
        assert_eq!(policy_document(twice).as_deref(), Ok(twice), "as it is written");
        for empty in ["", " \n", "\u{feff}", "\"\""] {
            assert_eq!(policy_document(empty), Err("is empty".to_owned()), "{empty:?}");
        }
        assert!(policy_document("{").unwrap_err().starts_with("is not JSON: "));
        assert!(policy_document("<p>").unwrap_err().starts_with("is not JSON: "));
    }
}
