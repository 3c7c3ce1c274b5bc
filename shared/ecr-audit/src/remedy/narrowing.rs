//! A document with only its excess ECR grants taken out: what is permitted stays, by name or by
//! the author's own pattern, and so does everything that is not about ECR.

use std::collections::BTreeSet;

use iam_policy::action::ActionPattern;
use serde_json::Value;

use crate::catalogue::{Catalogue, CataloguedAction, SERVICES};
use crate::standard::Standard;
use crate::unknown_actions::is_read;

/// The document without its excess. `None` where a statement among `granting`, which are counted
/// from 0, grants it by a pattern over all services: what else that has to grant is not known.
pub fn narrowed(document: &Value, granting: &BTreeSet<usize>, standard: Standard) -> Option<Value> {
    let mut kept = Vec::new();
    for (index, statement) in statements(document).into_iter().enumerate() {
        match patterns(&statement) {
            _ if !is_allow(&statement) => kept.push(statement),
            Some(patterns) if !patterns.iter().any(|pattern| is_over_services(pattern)) => {
                kept.extend(narrowed_statement(statement, standard));
            }
            _ if granting.contains(&index) => return None,
            _ => kept.push(statement),
        }
    }
    let mut document = document.clone();
    document["Statement"] = kept.into();
    Some(document)
}

/// A statement without its excess; `None` where nothing is left of it, or where it names no
/// actions.
pub fn narrowed_statement(mut statement: Value, standard: Standard) -> Option<Value> {
    let patterns = patterns(&statement)?;
    let is_whole = |pattern: &String| !is_ecr(pattern) || is_permitted_whole(pattern, standard);
    if patterns.iter().all(is_whole) {
        return Some(statement);
    }
    let whole: Vec<ActionPattern<'_>> = patterns
        .iter()
        .filter(|pattern| is_whole(pattern))
        .map(|pattern| ActionPattern::parse(pattern.as_str()))
        .collect();
    let mut left: Vec<String> = Vec::new();
    for pattern in &patterns {
        if is_whole(pattern) {
            left.push(pattern.clone());
            continue;
        }
        let named = permitted(pattern, standard)
            .filter(|entry| entry.takes_resource || !names_resources(&statement))
            .map(|entry| &entry.action)
            .filter(|action| !whole.iter().any(|whole| whole.matches(action)));
        left.extend(named.cloned());
    }
    let mut seen = BTreeSet::new();
    left.retain(|action| seen.insert(action.to_ascii_lowercase()));
    (!left.is_empty()).then(|| {
        statement["Action"] = left.into();
        statement
    })
}

/// The statements of a document, one or many.
pub fn statements(document: &Value) -> Vec<Value> {
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    };
    statements.iter().filter(|statement| statement.is_object()).cloned().collect()
}

/// Whether a statement grants.
pub fn is_allow(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

/// The patterns of an Action element; `None` where there is no such element.
pub fn patterns(statement: &Value) -> Option<Vec<String>> {
    match statement.get("Action")? {
        Value::String(action) => Some(vec![action.clone()]),
        Value::Array(actions) => {
            actions.iter().map(|action| action.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

/// Whether a document does nothing but grant actions of ECR.
pub fn only_grants_ecr(document: &Value) -> bool {
    statements(document).iter().all(|statement| {
        let is_about_ecr = |patterns: Vec<String>| patterns.iter().all(|pattern| is_ecr(pattern));
        is_allow(statement) && patterns(statement).is_some_and(is_about_ecr)
    })
}

/// The rights of a document beside ECR, as many as can be read.
pub fn beside_ecr(document: &Value) -> String {
    const MOST: usize = 5;
    let mut rights: Vec<String> = Vec::new();
    for statement in statements(document) {
        match (patterns(&statement), statement.get("NotAction")) {
            (Some(patterns), _) => rights.extend(patterns.into_iter().filter(|one| !is_ecr(one))),
            (None, Some(Value::Array(kept))) => {
                let kept: Vec<&str> = kept.iter().filter_map(Value::as_str).collect();
                rights.push(format!("everything but {}", kept.join(", ")));
            }
            (None, Some(Value::String(kept))) => rights.push(format!("everything but {kept}")),
            (None, _) => {}
        }
    }
    if rights.iter().any(|right| right == "*") {
        return "every other right".to_owned();
    }
    let left = rights.len().saturating_sub(MOST);
    rights.truncate(MOST);
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    format!("{}{more}", rights.join(", "))
}

/// Whether a pattern is about ECR and nothing else.
pub fn is_ecr(pattern: &str) -> bool {
    let service = pattern.split_once(':').map(|(service, _)| service);
    service.is_some_and(|service| SERVICES.iter().any(|ecr| ecr.eq_ignore_ascii_case(service)))
}

/// Whether a pattern is about ECR and about other services.
fn is_over_services(pattern: &str) -> bool {
    let parsed = ActionPattern::parse(pattern);
    !is_ecr(pattern) && SERVICES.iter().any(|service| parsed.is_of(service))
}

/// Whether the standard permits all that a pattern means, be it known to the catalogue or not.
fn is_permitted_whole(pattern: &str, standard: Standard) -> bool {
    let (_, name) = pattern.split_once(':').unwrap_or_default();
    let is_plain = !name.contains(['*', '?']);
    let parsed = ActionPattern::parse(pattern);
    let meant = || Catalogue::embedded().actions.iter().filter(|it| parsed.matches(&it.action));
    if !meant().all(|entry| entry.is_within(standard)) {
        return false;
    }
    let is_known = is_plain && meant().next().is_some();
    is_known
        || standard == Standard::ReadOnly
            && is_read(name.split(['*', '?']).next().unwrap_or_default())
}

/// What of a pattern the standard permits.
fn permitted(pattern: &str, standard: Standard) -> impl Iterator<Item = &'static CataloguedAction> {
    let pattern = ActionPattern::parse(pattern.to_owned());
    Catalogue::embedded()
        .actions
        .iter()
        .filter(move |entry| pattern.matches(&entry.action) && entry.is_within(standard))
}

/// Whether a statement names resources by their ARNs, or is about the one that its policy stands
/// on, so that it grants nothing on `*`.
fn names_resources(statement: &Value) -> bool {
    let is_arn = |resource: &Value| resource.as_str().is_some_and(|it| it.starts_with("arn:"));
    match statement.get("Resource") {
        Some(Value::Array(resources)) => resources.iter().all(is_arn),
        Some(resource) => is_arn(resource),
        None => statement.get("Principal").is_some(),
    }
}
