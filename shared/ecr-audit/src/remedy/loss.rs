//! What steps take away of what a standard permits, by the engine.
//!
//! A request was permitted before and is not afterwards where something that vanished granted it
//! and nothing that is left does. So the engine is asked about a role of which each policy grants
//! what vanished of it, denies what it denied before, and denies whatever the policies left grant:
//! what such a role may do is lost, on whichever repository and under whichever condition.

use iam_policy::action::ActionPattern;
use serde_json::{Value, json};

use super::narrowing::{is_allow, patterns, statements};
use super::trial::Trial;
use crate::assess::RoleState;
use crate::catalogue::{Catalogue, CataloguedAction};
use crate::effective::effective;
use crate::permissions::Access;
use crate::role_policies::{PolicyName, RegistryDocument, RolePolicy};
use crate::settings::Settings;

/// Of the actions that `counts`, those of which some request was permitted and is no more.
/// What cannot be told counts as lost. A repository's policy counts for nothing that it did not
/// grant by the same statement before.
pub fn lost(
    before: &RoleState<'_>,
    after: &Trial,
    settings: &Settings,
    counts: impl Fn(&CataloguedAction) -> bool,
) -> Vec<String> {
    let names: Vec<&str> = Catalogue::embedded()
        .actions
        .iter()
        .filter(|entry| counts(entry))
        .map(|entry| entry.action.as_str())
        .collect();
    let all = || names.iter().map(|name| (*name).to_owned()).collect();
    let Some(difference) = Difference::between(before, after, &names) else { return all() };
    if !difference.has_vanished {
        return Vec::new();
    }
    match effective(&difference.trial.state(before), settings) {
        Err(_) => all(),
        Ok(permissions) => permissions
            .actions
            .into_iter()
            .filter(|permission| {
                permission.access > Access::Denied && names.contains(&permission.action.as_str())
            })
            .map(|permission| permission.action)
            .collect(),
    }
}

/// A role that may do what was lost, and nothing else.
struct Difference {
    trial: Trial,
    has_vanished: bool,
}

impl Difference {
    /// `None` where a document cannot be read.
    fn between(before: &RoleState<'_>, after: &Trial, names: &[&str]) -> Option<Self> {
        let role_arn = before.role.role_arn.as_str();
        let mut has_vanished = false;
        let mut identity = Vec::new();
        for known in &before.role.identity {
            let mut left = after.role.identity.iter();
            let left = left.find(|left| left.policy == known.policy);
            let left = left.map_or(Some(Value::Null), |left| read(left.document.as_deref()))?;
            let document = read(known.document.as_deref())?;
            let (vanished, is_any) = vanished(&document, &left, names, role_arn);
            has_vanished |= is_any;
            identity.extend(vanished.map(|document| RolePolicy {
                document: Some(document.to_string()),
                ..known.clone()
            }));
        }
        for left in &after.role.identity {
            let document = read(left.document.as_deref())?;
            identity.extend(denying(&document).map(|document| RolePolicy {
                policy: PolicyName::inline(&format!("left of {}", left.policy.as_str())),
                version: None,
                document: Some(document.to_string()),
            }));
        }
        let mut registry = Vec::new();
        for known in before.registry {
            let is_it = |left: &&RegistryDocument| {
                left.region == known.region && left.repository_name == known.repository_name
            };
            let left = after.registry.iter().find(is_it);
            let left = left.map_or(Some(Value::Null), |left| read(Some(&left.document)))?;
            let document = read(Some(&known.document))?;
            let (vanished, is_any) = vanished(&document, &left, names, role_arn);
            has_vanished |= is_any;
            registry.extend(vanished.map(|document| RegistryDocument {
                document: document.to_string(),
                ..known.clone()
            }));
        }
        let mut role = before.role.clone();
        role.identity = identity;
        Some(Self { trial: Trial { role, registry }, has_vanished })
    }
}

fn read(document: Option<&str>) -> Option<Value> {
    serde_json::from_str(document?).ok().filter(Value::is_object)
}

/// What a document granted of these actions and grants no more by a statement that is the same but
/// for its actions; with all that it denies. True: something vanished.
fn vanished(
    before: &Value,
    after: &Value,
    names: &[&str],
    role_arn: &str,
) -> (Option<Value>, bool) {
    let left: Vec<Value> = statements(after).into_iter().filter(is_allow).collect();
    let mut has_vanished = false;
    let mut kept = Vec::new();
    for mut statement in statements(before) {
        if !is_allow(&statement) {
            kept.push(statement);
            continue;
        }
        let same: Vec<&Value> = left
            .iter()
            .filter(|left| but_for_actions(left, role_arn) == but_for_actions(&statement, role_arn))
            .collect();
        let gone: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| means(&statement, name) && !same.iter().any(|left| means(left, name)))
            .collect();
        if gone.is_empty() {
            continue;
        }
        has_vanished = true;
        if let Some(fields) = statement.as_object_mut() {
            fields.remove("NotAction");
        }
        statement["Action"] = gone.into();
        kept.push(statement);
    }
    (with_statements(before, kept), has_vanished)
}

/// A document with other statements; `None` without any, for that is no document.
fn with_statements(document: &Value, statements: Vec<Value>) -> Option<Value> {
    let mut document = document.clone();
    (!statements.is_empty()).then(|| {
        document["Statement"] = statements.into();
        document
    })
}

/// A statement without its actions and its Sid. One that names the role among others grants it
/// what one that names it alone does.
fn but_for_actions(statement: &Value, role_arn: &str) -> Value {
    let mut statement = statement.clone();
    if let Some(fields) = statement.as_object_mut() {
        for field in ["Sid", "Action", "NotAction"] {
            fields.remove(field);
        }
        let names_role = match fields.get("Principal").and_then(|named| named.get("AWS")) {
            Some(Value::Array(names)) => names.iter().any(|name| name == role_arn),
            Some(name) => name == role_arn,
            None => false,
        };
        if names_role {
            fields.insert("Principal".to_owned(), json!({"AWS": role_arn}));
        }
    }
    statement
}

/// Whether a statement is about an action.
fn means(statement: &Value, action: &str) -> bool {
    let matches = |patterns: Vec<String>| {
        patterns.iter().any(|it| ActionPattern::parse(it.as_str()).matches(action))
    };
    match (patterns(statement), statement.get("NotAction")) {
        (Some(patterns), _) => matches(patterns),
        (None, Some(Value::String(excluded))) => !matches(vec![excluded.clone()]),
        (None, Some(Value::Array(excluded))) => {
            !matches(excluded.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        (None, _) => false,
    }
}

/// The document with a Deny in the place of every Allow.
fn denying(document: &Value) -> Option<Value> {
    let denying = statements(document).into_iter().map(|mut statement| {
        statement["Effect"] = "Deny".into();
        statement
    });
    with_statements(document, denying.collect())
}
