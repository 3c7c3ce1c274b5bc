//! Authorization requests as lines of JSON, answered a line each.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use crate::context::{Context, ContextValue};
use crate::decision::{
    Decision, NamedPolicy, PolicySet, Request, ResourcePolicy, StatementRef, decide,
};
use crate::document::Effect;
use crate::glob;
use crate::json::{Json, List, Object, Value};
use crate::principal::Principal;
use crate::reader::{self, About, each_once};

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
    let json = match Json::parse(line) {
        Ok(json) => json,
        Err(error) => {
            let error = format!("the request is not JSON: {error}");
            return AnswerLine::Bad { id: serde_json::Value::Null, error };
        }
    };
    let Value::Object(line) = json.value() else {
        let error = "the request is not an object".to_owned();
        return AnswerLine::Bad { id: serde_json::Value::Null, error };
    };
    let id = line.get("id").into();
    match decide_line(line) {
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
fn decide_line(line: Object<'_>) -> Result<Decision, String> {
    each_once(line, str::to_owned).map_err(|error| error.to_string())?;
    let text = |name: &str| match line.get(name) {
        Value::Text(text) => Ok(text),
        Value::Null => Err(format!("{name}: is missing")),
        _ => Err(format!("{name}: expected a string")),
    };
    let action = text("action")?;
    let Some((service, name)) = action.split_once(':') else {
        return Err(format!("action: `{action}` names no service; expected service:Name"));
    };
    let about = About::Action(service, name);
    let principal = text("principal")?;
    if !principal.starts_with("arn:") {
        return Err(format!("principal: `{principal}` is not an ARN"));
    }
    let resource = text("resource")?;
    let context = context(line.get("context"))?;
    let mut policies = PolicySet {
        identity: documents("identity", line.get("identity"), about)?,
        boundary: None,
        scps: levels("scps", line.get("scps"), about)?,
        rcps: levels("rcps", line.get("rcps"), about)?,
        resource: Vec::new(),
    };
    let boundary = line.get("boundary");
    if !matches!(boundary, Value::Null) {
        policies.boundary = Some(document(|| "boundary".to_owned(), boundary, about)?);
    }
    let on_resource = line.get("resourcePolicy");
    if !matches!(on_resource, Value::Null) {
        let policy = NamedPolicy {
            name: resource.to_owned(),
            ..document(|| "resourcePolicy".to_owned(), on_resource, about)?
        };
        let (stands_on, covers) = (glob::pieces("*"), Vec::new());
        policies.resource.push(ResourcePolicy { policy, stands_on, covers });
    }
    let principal = &Principal::new(principal, context.single("aws:principalarn"));
    Ok(decide(&policies, &Request { principal, action, resource, context: &context }))
}

/// A document. One that says nothing about the action is cited nowhere and needs no name.
fn document(
    name: impl Fn() -> String,
    value: Value<'_>,
    about: About<'_>,
) -> Result<NamedPolicy, String> {
    let document =
        reader::document(value, about).map_err(|error| format!("{}: {error}", name()))?;
    let name = if document.statements.is_empty() { String::new() } else { name() };
    Ok(NamedPolicy { name, document: Arc::new(document) })
}

/// A list, empty where there is none.
fn list<'json>(name: &str, value: Value<'json>) -> Result<List<'json>, String> {
    match value {
        Value::Null => Ok(List::default()),
        Value::List(values) => Ok(values),
        _ => Err(format!("{name}: expected a list")),
    }
}

fn documents(name: &str, value: Value<'_>, about: About<'_>) -> Result<Vec<NamedPolicy>, String> {
    let numbered = list(name, value)?.enumerate();
    numbered.map(|(index, value)| document(|| format!("{name}[{index}]"), value, about)).collect()
}

fn levels(name: &str, value: Value<'_>, about: About<'_>) -> Result<Vec<Vec<NamedPolicy>>, String> {
    let numbered = list(name, value)?.enumerate();
    numbered.map(|(level, value)| documents(&format!("{name}[{level}]"), value, about)).collect()
}

fn context(values: Value<'_>) -> Result<Context, String> {
    let mut context = Context::new();
    let values = match values {
        Value::Null => return Ok(context),
        Value::Object(values) => values,
        _ => return Err("context: expected an object".to_owned()),
    };
    each_once(values, |key| format!("context.{key}")).map_err(|error| error.to_string())?;
    for (key, value) in values {
        let value = match value {
            Value::List(_) => {
                let texts = value.scalars().map(|text| text.map(Cow::into_owned));
                texts.collect::<Option<_>>().map(ContextValue::Multiple)
            }
            single => single.scalar().map(Cow::into_owned).map(ContextValue::Single),
        };
        let value = value
            .ok_or_else(|| format!("context.{key}: expected a string or a list of strings"))?;
        context.set(key, value);
    }
    Ok(context)
}
