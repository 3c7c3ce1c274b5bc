//! A CloudTrail record with the lenient look-ups that its many shapes need.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'record> {
    /// The envelope's `detail`.
    pub detail: &'record Value,
    /// The region it was recorded in.
    pub region: &'record str,
    /// The account it was recorded in.
    pub account: &'record str,
}

/// A parameter that the row needs and the record does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

impl<'record> Record<'record> {
    /// A text among the request's parameters.
    pub fn parameter(&self, name: &str) -> Result<&'record str, Missing> {
        self.optional(name).ok_or_else(|| Missing(format!("requestParameters.{name}")))
    }

    /// A text among the request's parameters, if there is one.
    pub fn optional(&self, name: &str) -> Option<&'record str> {
        text(&self.detail["requestParameters"][name])
    }

    /// A value at a path below the request's parameters, such as `/computeConfig/nodeRoleArn`.
    pub fn parameter_at(&self, path: &str) -> Option<&'record str> {
        self.detail.get("requestParameters")?.pointer(path).and_then(text)
    }

    /// A text that the request or else the response names. `missing` is what to call it where
    /// neither does.
    pub fn named(
        &self,
        parameters: &[&str],
        response_paths: &[&str],
        missing: &str,
    ) -> Result<&'record str, Missing> {
        parameters
            .iter()
            .find_map(|name| self.optional(name))
            .or_else(|| response_paths.iter().find_map(|path| self.response_at(path)))
            .ok_or_else(|| Missing(format!("requestParameters.{missing}")))
    }

    /// A value at a path below the response, such as `/role/arn`.
    pub fn response_at(&self, path: &str) -> Option<&'record str> {
        self.detail.get("responseElements")?.pointer(path).and_then(text)
    }

    /// A truth at a path below the request's parameters or the response.
    pub fn truth_at(&self, element: &str, path: &str) -> Option<bool> {
        match self.detail.get(element)?.pointer(path)? {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The tags that were set: `[{"key": …, "value": …}]` in IAM, an object in EKS.
    pub fn tags(&self) -> Option<BTreeMap<String, String>> {
        match &self.detail["requestParameters"]["tags"] {
            Value::Array(tags) => tags
                .iter()
                .map(|tag| {
                    let part = |lower: &str, upper: &str| {
                        text(&tag[lower]).or_else(|| text(&tag[upper])).map(str::to_owned)
                    };
                    Some((part("key", "Key")?, part("value", "Value").unwrap_or_default()))
                })
                .collect(),
            Value::Object(tags) => tags
                .iter()
                .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect(),
            _ => None,
        }
    }

    /// A list of texts among the request's parameters.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        let Value::Array(values) = &self.detail["requestParameters"][name] else {
            return None;
        };
        values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
    }
}

/// A text that is there and is not empty.
pub fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// A list's elements; none where the value is no list.
pub fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// An ARN that EKS may have percent-encoded, because it stood in the request's path. A role's own
/// path may hold a percent sign, so an ARN that is already plain stays as it is.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub fn plain_arn(text: &str) -> String {
    let is_plain = text.splitn(6, ':').nth(5).is_some_and(|resource| resource.contains('/'));
    let decoded = percent_decode_str(text).decode_utf8();
    match decoded {
        Ok(decoded) if !is_plain => decoded.into_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_decoded_once_and_only_if_it_is_encoded() {
        for (text, plain) in [
            (
                "arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Feks%2Fprod-workers",
                "arn:aws:iam::111122223333:role/eks/prod-workers",
            ),
            (
                "arn:aws:iam::111122223333:role%2Feks%2Fprod-workers",
                "arn:aws:iam::111122223333:role/eks/prod-workers",
            ),
            (
                "arn:aws:iam::111122223333:role/50%25/prod-workers",
                "arn:aws:iam::111122223333:role/50%25/prod-workers",
            ),
            (
                "arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2F50%2525%2Fprod-workers",
                "arn:aws:iam::111122223333:role/50%25/prod-workers",
            ),
            ("%ff", "%ff"),
        ] {
            assert_eq!(plain_arn(text), plain);
        }
    }
}
