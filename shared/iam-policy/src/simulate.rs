//! Authorization requests as lines of JSON, answered a line each.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json_borrow::Value;

use crate::context::{Context, ContextValue};
use crate::decision::{
    Decision, NamedPolicy, PolicySet, Request, ResourcePolicy, StatementRef, decide,
};
use crate::document::{Effect, PolicyDocument, each_once, scalar};
use crate::glob;
use crate::principal::Principal;

/// The answer to one line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum AnswerLine {
    /// The line could be read.
    Decided {
        /// The request's id.
        id: serde_json::Value,
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
        id: serde_json::Value,
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

/// Answers one line: an object with `principal`, `action`, `resource`, `context`, and the policies
/// `identity`, `boundary`, `scps`, `rcps` and `resourcePolicy`.
pub fn answer(line: &str) -> AnswerLine {
    let line: Value<'_> = match serde_json::from_str(line) {
        Ok(line) => line,
        Err(error) => {
            let error = format!("the request is not JSON: {error}");
            return AnswerLine::Bad { id: serde_json::Value::Null, error };
        }
    };
    let id = line.get("id").into();
    match decide_line(&line) {
        Ok(decision) => AnswerLine::decided(id, decision),
        Err(error) => AnswerLine::Bad { id, error },
    }
}

impl AnswerLine {
    fn decided(id: serde_json::Value, decision: Decision) -> Self {
        let open = (decision.upper != decision.lower).then(|| {
            format!(
                "AWS's documentation leaves open whether it is {} or {}",
                decision.lower.as_str(),
                decision.upper.as_str()
            )
        });
        let cited = |cited: StatementRef| CitedStatement {
            policy: cited.policy,
            sid: cited.sid,
            index: cited.index,
            effect: match cited.effect {
                Effect::Allow => "Allow",
                Effect::Deny => "Deny",
            },
        };
        let statements = decision.statements.into_iter().map(cited).collect();
        Self::Decided { id, decision: decision.outcome.as_str(), statements, open }
    }
}

/// Decides one request line; the error names the element that cannot be read.
fn decide_line(line: &Value<'_>) -> Result<Decision, String> {
    let line = line.as_object().ok_or("the request is not an object")?;
    each_once(line, str::to_owned).map_err(|error| error.to_string())?;
    let element = |name: &str| line.get(name).unwrap_or(&Value::Null);
    let text = |name: &str| match element(name) {
        Value::Str(text) => Ok(text.as_ref()),
        Value::Null => Err(format!("{name}: is missing")),
        _ => Err(format!("{name}: expected a string")),
    };
    let action = text("action")?;
    if !action.contains(':') {
        return Err(format!("action: `{action}` names no service; expected service:Name"));
    }
    let principal = text("principal")?;
    if !principal.starts_with("arn:") {
        return Err(format!("principal: `{principal}` is not an ARN"));
    }
    let resource = text("resource")?;
    let context = context(element("context"))?;
    let mut policies = PolicySet {
        identity: documents("identity", element("identity"))?,
        boundary: None,
        scps: levels("scps", element("scps"))?,
        rcps: levels("rcps", element("rcps"))?,
        resource: Vec::new(),
    };
    let boundary = element("boundary");
    if !boundary.is_null() {
        policies.boundary = Some(document("boundary".to_owned(), boundary)?);
    }
    let on_resource = element("resourcePolicy");
    if !on_resource.is_null() {
        let policy = NamedPolicy {
            name: resource.to_owned(),
            ..document("resourcePolicy".to_owned(), on_resource)?
        };
        let (stands_on, covers) = (glob::pieces("*"), Vec::new());
        policies.resource.push(ResourcePolicy { policy, stands_on, covers });
    }
    let principal = &Principal::new(principal, context.single("aws:principalarn"));
    Ok(decide(&policies, &Request { principal, action, resource, context: &context }))
}

fn document(name: String, value: &Value<'_>) -> Result<NamedPolicy, String> {
    match PolicyDocument::read(value) {
        Ok(document) => Ok(NamedPolicy { name, document: Arc::new(document) }),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// A list, empty where there is none.
fn list<'line>(name: &str, value: &'line Value<'line>) -> Result<&'line [Value<'line>], String> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(values) => Ok(values),
        _ => Err(format!("{name}: expected a list")),
    }
}

fn documents(name: &str, value: &Value<'_>) -> Result<Vec<NamedPolicy>, String> {
    let numbered = list(name, value)?.iter().enumerate();
    numbered.map(|(index, value)| document(format!("{name}[{index}]"), value)).collect()
}

fn levels(name: &str, value: &Value<'_>) -> Result<Vec<Vec<NamedPolicy>>, String> {
    let numbered = list(name, value)?.iter().enumerate();
    numbered.map(|(level, value)| documents(&format!("{name}[{level}]"), value)).collect()
}

fn context(values: &Value<'_>) -> Result<Context, String> {
    let mut context = Context::new();
    let values = match values {
        Value::Null => return Ok(context),
        Value::Object(values) => values,
        _ => return Err("context: expected an object".to_owned()),
    };
    each_once(values, |key| format!("context.{key}")).map_err(|error| error.to_string())?;
    for (key, value) in values.iter() {
        let text = |value| scalar(value).map(Cow::into_owned);
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
