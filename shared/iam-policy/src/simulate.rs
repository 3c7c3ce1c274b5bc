//! Authorization requests as lines of JSON, answered a line each.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::{Context, ContextValue};
use crate::decision::{Decision, NamedPolicy, PolicySet, Request, ResourcePolicy, decide};
use crate::document::PolicyDocument;
use crate::glob;
use crate::principal::Principal;

/// One request line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestLine {
    #[serde(default)]
    id: Value,
    principal: String,
    action: String,
    resource: String,
    #[serde(default)]
    context: BTreeMap<String, Value>,
    #[serde(default)]
    identity: Vec<Value>,
    #[serde(default)]
    boundary: Option<Value>,
    #[serde(default)]
    scps: Option<Vec<Vec<Value>>>,
    #[serde(default)]
    rcps: Option<Vec<Vec<Value>>>,
    #[serde(default)]
    resource_policy: Option<Value>,
}

/// The answer to one line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum AnswerLine {
    /// The line could be read.
    Decided {
        /// The request's id.
        id: Value,
        /// The answer.
        decision: &'static str,
        /// The statements that decide.
        statements: Vec<CitedStatement>,
        /// What AWS's documentation leaves open, where the answer hangs on it.
        #[serde(skip_serializing_if = "Option::is_none")]
        open: Option<String>,
    },
    /// The line could not be read.
    Bad {
        /// The request's id, null where there is none.
        id: Value,
        /// What is wrong, and where.
        error: String,
    },
}

/// A statement, cited.
#[derive(Debug, Serialize)]
pub struct CitedStatement {
    policy: String,
    sid: Option<String>,
    index: usize,
    effect: &'static str,
}

impl AnswerLine {
    /// Whether the line could not be read.
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Bad { .. })
    }
}

/// Answers one line.
pub fn answer(line: &str) -> AnswerLine {
    let request: RequestLine = match serde_json::from_str(line) {
        Ok(request) => request,
        Err(error) => {
            let value: Option<Value> = serde_json::from_str(line).ok();
            let id = value.and_then(|value| value.get("id").cloned()).unwrap_or(Value::Null);
            return AnswerLine::Bad { id, error: format!("the request cannot be read: {error}") };
        }
    };
    match decide_line(&request) {
        Ok(decision) => AnswerLine::Decided {
            id: request.id,
            decision: decision.outcome.as_str(),
            open: (decision.upper != decision.lower).then(|| {
                format!(
                    "AWS's documentation leaves open whether it is {} or {}",
                    decision.lower.as_str(),
                    decision.upper.as_str()
                )
            }),
            statements: decision
                .statements
                .into_iter()
                .map(|cited| CitedStatement {
                    policy: cited.policy,
                    sid: cited.sid,
                    index: cited.index,
                    effect: match cited.effect {
                        crate::document::Effect::Allow => "Allow",
                        crate::document::Effect::Deny => "Deny",
                    },
                })
                .collect(),
        },
        Err(error) => AnswerLine::Bad { id: request.id, error },
    }
}

/// Decides one request line; the error names the element that cannot be read.
pub fn decide_line(line: &RequestLine) -> Result<Decision, String> {
    if !line.action.contains(':') {
        return Err(format!("action: `{}` names no service; expected service:Name", line.action));
    }
    if !line.principal.starts_with("arn:") {
        return Err(format!("principal: `{}` is not an ARN", line.principal));
    }
    let context = context(&line.context)?;
    let named = |kind: &str, index: usize, value: &Value| {
        let document = PolicyDocument::from_value(value)
            .map_err(|error| format!("{kind}[{index}]: {error}"))?;
        Ok::<_, String>(NamedPolicy {
            name: format!("{kind}[{index}]"),
            document: Arc::new(document),
        })
    };
    let list = |kind: &str, values: &[Value]| {
        values
            .iter()
            .enumerate()
            .map(|(index, value)| named(kind, index, value))
            .collect::<Result<Vec<_>, _>>()
    };
    let levels = |kind: &str, levels: &Option<Vec<Vec<Value>>>| {
        levels
            .iter()
            .flatten()
            .enumerate()
            .map(|(level, values)| list(&format!("{kind}[{level}]"), values))
            .collect::<Result<Vec<_>, _>>()
    };
    let mut policies = PolicySet {
        identity: list("identity", &line.identity)?,
        boundary: None,
        scps: levels("scps", &line.scps)?,
        rcps: levels("rcps", &line.rcps)?,
        resource: Vec::new(),
    };
    if let Some(boundary) = line.boundary.as_ref().filter(|value| !value.is_null()) {
        let document =
            PolicyDocument::from_value(boundary).map_err(|error| format!("boundary: {error}"))?;
        policies.boundary =
            Some(NamedPolicy { name: "boundary".to_owned(), document: Arc::new(document) });
    }
    if let Some(resource) = line.resource_policy.as_ref().filter(|value| !value.is_null()) {
        let document = PolicyDocument::from_value(resource)
            .map_err(|error| format!("resourcePolicy: {error}"))?;
        policies.resource.push(ResourcePolicy {
            policy: NamedPolicy { name: line.resource.clone(), document: Arc::new(document) },
            stands_on: glob::pieces("*"),
            covers: Vec::new(),
        });
    }
    let principal = Principal::new(&line.principal, context.single("aws:principalarn"));
    Ok(decide(
        &policies,
        &Request {
            principal: &principal,
            action: &line.action,
            resource: &line.resource,
            context: &context,
        },
    ))
}

fn context(values: &BTreeMap<String, Value>) -> Result<Context, String> {
    let mut context = Context::new();
    for (key, value) in values {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let value = match value {
            Value::Array(values) => {
                values.iter().map(text).collect::<Option<_>>().map(ContextValue::Multiple)
            }
            single => text(single).map(ContextValue::Single),
        };
        let value = value
            .ok_or_else(|| format!("context.{key}: expected a string or a list of strings"))?;
        context.set(key, value);
    }
    Ok(context)
}
