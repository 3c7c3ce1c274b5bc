//! Policy documents as they are found in files: a JSON object where the CLI decoded it, else a
//! text, raw or percent-encoded as IAM's API answers.

use percent_encoding::percent_decode_str;
use serde_json::Value;

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
        }
        assert_eq!(document_text(&Value::Null), None);
        assert_eq!(document_text(&Value::from("%FF")).as_deref(), Some("%FF"));
    }
}
