//! A request as far as AWS heeds it: method, host, path with its query, operation and body. What
//! the SDK adds of its own, such as its user agent, is left out.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    method: String,
    host: String,
    path: String,
    /// The header `x-amz-target`, by which the JSON RPC services name an operation.
    target: Option<String>,
    body: Body,
}

#[derive(Clone, Debug, PartialEq)]
enum Body {
    Empty,
    Form(BTreeMap<String, String>),
    Json(Value),
    Other(Vec<u8>),
}

impl Request {
    /// A call of a query service, with each of its parameters.
    pub fn query(host: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> Self {
        let operation = [("Action", action), ("Version", version)];
        let parameters = operation.iter().chain(parameters);
        let form = parameters.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Self {
            method: "POST".to_owned(),
            host: host.to_owned(),
            path: "/".to_owned(),
            target: None,
            body: Body::Form(form.collect()),
        }
    }

    /// A call of a JSON RPC service.
    pub fn rpc(host: &str, target: &str, body: Value) -> Self {
        Self {
            method: "POST".to_owned(),
            host: host.to_owned(),
            path: "/".to_owned(),
            target: Some(target.to_owned()),
            body: Body::Json(body),
        }
    }

    /// A call of a REST service without a body.
    pub fn get(host: &str, path: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            target: None,
            body: Body::Empty,
        }
    }

    /// A call of a REST service with a body.
    pub fn rest(method: &str, host: &str, path: &str, body: Value) -> Self {
        Self { method: method.to_owned(), body: Body::Json(body), ..Self::get(host, path) }
    }

    /// What was sent.
    pub fn of(request: &HttpRequest) -> Self {
        let uri = request.uri().strip_prefix("https://").expect("TLS");
        let (host, path) = uri.split_at(uri.find('/').unwrap_or(uri.len()));
        Self {
            method: request.method().to_owned(),
            host: host.to_owned(),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            target: request.headers().get("x-amz-target").map(str::to_owned),
            body: Body::of(
                request.headers().get("content-type").unwrap_or_default(),
                request.body().bytes().unwrap_or_default(),
            ),
        }
    }
}

impl Body {
    fn of(content_type: &str, bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        match (content_type, std::str::from_utf8(bytes), serde_json::from_slice(bytes)) {
            ("application/x-www-form-urlencoded", Ok(text), _) => Self::Form(form(text)),
            (json, _, Ok(value)) if json.starts_with("application/") && json.contains("json") => {
                Self::Json(value)
            }
            _ => Self::Other(bytes.to_owned()),
        }
    }
}

fn form(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().expect("UTF-8").into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    sorted(pairs.map(|(key, value)| (decoded(key), decoded(value))).collect())
}

/// The entries of a map, which the SDK numbers in no order, and the field that names each.
const MAPS: [(&str, &str); 2] =
    [("MessageAttributes.entry.", ".Name"), ("Attributes.entry.", ".key")];

/// The entries of a map are numbered by their names here.
fn sorted(form: BTreeMap<String, String>) -> BTreeMap<String, String> {
    MAPS.into_iter().fold(form, |form, (entry, name)| sorted_map(form, entry, name))
}

fn sorted_map(form: BTreeMap<String, String>, entry: &str, name: &str) -> BTreeMap<String, String> {
    let (entries, mut form): (BTreeMap<_, _>, BTreeMap<_, _>) =
        form.into_iter().partition(|(key, _)| key.starts_with(entry));
    let mut names: Vec<(&String, &str)> =
        entries.iter().filter_map(|(key, value)| Some((value, key.strip_suffix(name)?))).collect();
    names.sort_unstable();
    for ((_, prefix), number) in names.into_iter().zip(1..) {
        for (key, value) in &entries {
            if let Some(field) = key.strip_prefix(prefix).filter(|field| field.starts_with('.')) {
                form.insert(format!("{entry}{number}{field}"), value.clone());
            }
        }
    }
    form
}
