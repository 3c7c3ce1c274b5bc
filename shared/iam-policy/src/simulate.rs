//! Authorization requests as lines of JSON, answered a line each: the policies stand in the line, as
//! they do in a call of IAM's own simulator.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>

use std::borrow::Cow;

use serde::Serialize;

use crate::context::{Context, ContextValue};
use crate::decision::{Decision, Request, StatementRef, judge};
use crate::document::{Effect, Statement};
use crate::evaluation::{Evaluation, Kind, Part, PolicyName};
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
    let (request, is_any_twice) = Line::of(line);
    let decision = if is_any_twice {
        each_once(line, str::to_owned).map_err(|error| error.to_string())
    } else {
        Ok(())
    };
    let id = request.id.into();
    match decision.and_then(|()| request.decide()) {
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

/// The members of a request line, each null where there is none.
struct Line<'json> {
    id: Value<'json>,
    principal: Value<'json>,
    action: Value<'json>,
    resource: Value<'json>,
    context: Value<'json>,
    identity: Value<'json>,
    boundary: Value<'json>,
    scps: Value<'json>,
    rcps: Value<'json>,
    resource_policy: Value<'json>,
}

impl<'json> Line<'json> {
    /// Reads the members, and tells whether one stands twice; of its values the first is taken.
    fn of(line: Object<'json>) -> (Self, bool) {
        let [mut id, mut principal, mut action, mut resource, mut context] = [None; 5];
        let [mut identity, mut boundary, mut scps, mut rcps, mut resource_policy] = [None; 5];
        let mut is_any_twice = false;
        for (at, (name, value)) in line.enumerate() {
            let member = match name {
                "id" => &mut id,
                "principal" => &mut principal,
                "action" => &mut action,
                "resource" => &mut resource,
                "context" => &mut context,
                "identity" => &mut identity,
                "boundary" => &mut boundary,
                "scps" => &mut scps,
                "rcps" => &mut rcps,
                "resourcePolicy" => &mut resource_policy,
                _ => {
                    is_any_twice |= line.take(at).any(|(before, _)| before == name);
                    continue;
                }
            };
            is_any_twice |= member.is_some();
            member.get_or_insert(value);
        }
        let of = |member: Option<Value<'json>>| member.unwrap_or(Value::Null);
        let line = Self {
            id: of(id),
            principal: of(principal),
            action: of(action),
            resource: of(resource),
            context: of(context),
            identity: of(identity),
            boundary: of(boundary),
            scps: of(scps),
            rcps: of(rcps),
            resource_policy: of(resource_policy),
        };
        (line, is_any_twice)
    }

    /// Decides the request; the error names the member that cannot be read.
    fn decide(&self) -> Result<Decision, String> {
        let action = text("action", self.action)?;
        let Some((service, name)) = action.split_once(':') else {
            return Err(format!("action: `{action}` names no service; expected service:Name"));
        };
        let about = About::Action(service, name);
        let principal = text("principal", self.principal)?;
        if !principal.starts_with("arn:") {
            return Err(format!("principal: `{principal}` is not an ARN"));
        }
        let resource = text("resource", self.resource)?;
        let values = context_values(self.context)?;
        let mut policies = Policies { about, read: Vec::new() };
        policies.list("identity", Kind::Identity, self.identity)?;
        policies.levels("scps", Kind::Scp, self.scps)?;
        policies.levels("rcps", |_| Kind::Rcp, self.rcps)?;
        let has_boundary = !matches!(self.boundary, Value::Null);
        if has_boundary {
            policies.read(PolicyName::Given("boundary"), Kind::Boundary, self.boundary)?;
        }
        if !matches!(self.resource_policy, Value::Null) {
            let name = PolicyName::Given("resourcePolicy");
            if let Some(policy) = policies.read(name, Kind::Resource, self.resource_policy)? {
                policy.name = PolicyName::Given(resource);
            }
        }
        let parts = policies.parts();
        let context = context(values, &parts);
        let principal = &Principal::new(principal, role_arn(values).as_deref());
        let levels = if let Value::List(levels) = self.scps { levels.count() } else { 0 };
        let evaluation = Evaluation::of(parts, has_boundary, levels, principal);
        Ok(judge(&evaluation, &Request { principal, action, resource, context: &context }))
    }
}

fn text<'json>(name: &str, value: Value<'json>) -> Result<&'json str, String> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Null => Err(format!("{name}: is missing")),
        _ => Err(format!("{name}: expected a string")),
    }
}

/// A policy of a line, with its statements about the action.
struct Policy<'json> {
    name: PolicyName<'json>,
    kind: Kind,
    statements: Vec<Statement<'json>>,
}

/// The policies that say something about the action.
struct Policies<'json> {
    about: About<'json>,
    read: Vec<Policy<'json>>,
}

impl<'json> Policies<'json> {
    /// Reads a policy; one that says nothing about the action is left out.
    fn read(
        &mut self,
        name: PolicyName<'json>,
        kind: Kind,
        value: Value<'json>,
    ) -> Result<Option<&mut Policy<'json>>, String> {
        let document = reader::document(value, self.about, |text| text)
            .map_err(|error| format!("{name}: {error}"))?;
        let statements = document.statements;
        if statements.is_empty() {
            return Ok(None);
        }
        self.read.push(Policy { name, kind, statements });
        Ok(self.read.last_mut())
    }

    fn list(&mut self, name: &'json str, kind: Kind, value: Value<'json>) -> Result<(), String> {
        for (index, value) in list(PolicyName::Given(name), value)?.enumerate() {
            self.read(PolicyName::At(name, index), kind, value)?;
        }
        Ok(())
    }

    fn levels(
        &mut self,
        name: &'json str,
        kind: impl Fn(usize) -> Kind,
        value: Value<'json>,
    ) -> Result<(), String> {
        for (level, value) in list(PolicyName::Given(name), value)?.enumerate() {
            for (index, value) in list(PolicyName::At(name, level), value)?.enumerate() {
                self.read(PolicyName::AtLevel(name, level, index), kind(level), value)?;
            }
        }
        Ok(())
    }

    /// The statements, in the order in which they are cited.
    fn parts(&mut self) -> Vec<Part<'_>> {
        self.read.sort_by_key(|policy| policy.kind);
        let parts = self.read.iter().flat_map(|policy| {
            let part = |statement| Part::new(policy.name, policy.kind, statement);
            policy.statements.iter().map(part)
        });
        parts.collect()
    }
}

/// A list, empty where there is none.
fn list<'json>(name: PolicyName<'_>, value: Value<'json>) -> Result<List<'json>, String> {
    match value {
        Value::Null => Ok(List::default()),
        Value::List(values) => Ok(values),
        _ => Err(format!("{name}: expected a list")),
    }
}

/// The keys of the context with their values, each of which is a string or a list of strings.
fn context_values(context: Value<'_>) -> Result<Object<'_>, String> {
    let values = match context {
        Value::Null => return Ok(Object::default()),
        Value::Object(values) => values,
        _ => return Err("context: expected an object".to_owned()),
    };
    each_once(values, |key| format!("context.{key}")).map_err(|error| error.to_string())?;
    for (key, value) in values {
        if !value.is_strings() {
            return Err(format!("context.{key}: expected a string or a list of strings"));
        }
    }
    Ok(values)
}

/// The role's ARN, where the context tells one.
fn role_arn(values: Object<'_>) -> Option<Cow<'_, str>> {
    let is_named = |(key, _): &(&str, Value<'_>)| key.eq_ignore_ascii_case("aws:PrincipalArn");
    values.filter(is_named).last().and_then(|(_, value)| value.scalar())
}

/// The context, of the keys that decide.
fn context(values: Object<'_>, parts: &[Part<'_>]) -> Context {
    let mut context = Context::new();
    let asked: Vec<&str> = parts.iter().flat_map(|part| part.statement.keys()).collect();
    for (key, value) in values {
        let is_asked = |asked: &&str| asked.eq_ignore_ascii_case(key);
        if !asked.iter().any(is_asked) {
            continue;
        }
        let mut texts = value.scalars().flatten().map(Cow::into_owned);
        let value = match value {
            Value::List(_) => ContextValue::Multiple(texts.collect()),
            _ => ContextValue::Single(texts.next().unwrap_or_default()),
        };
        context.set(key, value);
    }
    context
}
