//! Whether one statement applies to one request.

use crate::context::Context;
use crate::decision::Request;
use crate::document::{Effect, ResourceElement, Statement};
use crate::glob;
use crate::principal::{Named, Principal};
use crate::template::{Template, text_of};
use crate::truth::Truth;

/// Whether action, resource and conditions of a statement meet the request.
pub fn applies(statement: &Statement, request: &Request<'_>, stands_on_resource: bool) -> Truth {
    if !meets_action(statement, request.action) {
        return Truth::False;
    }
    let resource = match &statement.resource {
        // A repository policy has no Resource: it is the repository.
        None => Truth::from(stands_on_resource),
        Some(element) => {
            meets_resource(element, statement.effect, request.resource, request.context)
        }
    };
    if resource == Truth::False {
        return Truth::False;
    }
    let mut truth = resource;
    for condition in &statement.conditions {
        truth = truth.and(condition.holds(request.context));
        if truth == Truth::False {
            return truth;
        }
    }
    if statement.has_unknown_element { truth.and(Truth::Unknown) } else { truth }
}

/// Whether the statement is about the action.
pub fn meets_action(statement: &Statement, action: &str) -> bool {
    let element = &statement.action;
    element.patterns.iter().any(|pattern| pattern.matches(action)) != element.is_not
}

fn meets_resource(
    element: &ResourceElement,
    effect: Effect,
    resource: &str,
    context: &Context,
) -> Truth {
    let mut truth = Truth::False;
    for template in &element.patterns {
        truth = truth.or(template_matches(template, effect, element.is_not, resource, context));
    }
    if element.is_not { truth.negated() } else { truth }
}

/// A variable without value matches nothing. In NotResource the documentation leaves open what
/// follows from that.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn template_matches(
    template: &Template,
    effect: Effect,
    is_not: bool,
    resource: &str,
    context: &Context,
) -> Truth {
    if template.variables().any(|key| context.is_open(key)) {
        let could = glob::matches(&template.widened(context), resource);
        return if could { Truth::Unknown } else { Truth::False };
    }
    match template.resolve(context) {
        Some(pattern) => resource_matches(&pattern, effect, is_not, resource),
        // A request without a resource carries `*`, which no ARN with a variable can be.
        None if is_not && resource != "*" => Truth::Unknown,
        None => Truth::False,
    }
}

/// The parts of an ARN are compared each by itself; but a `*` at the end of a part can reach
/// over the colons that follow, so both readings are made, and where they differ it is open.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(crate) fn resource_matches(
    pattern: &[glob::Piece],
    _effect: Effect,
    _is_not: bool,
    resource: &str,
) -> Truth {
    if !glob::matches(pattern, resource) {
        return Truth::False;
    }
    if resource == "*" || by_segment(pattern, resource) { Truth::True } else { Truth::Unknown }
}

fn by_segment(pattern: &[glob::Piece], resource: &str) -> bool {
    let pattern = text_of(pattern);
    if pattern.chars().all(|letter| letter == '*') {
        return true;
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let values: Vec<&str> = resource.splitn(6, ':').collect();
    parts.len() == values.len()
        && parts.iter().zip(values).all(|(part, value)| glob::matches(&glob::pieces(part), value))
}

/// How a statement of a resource's policy names the principal.
pub fn names(statement: &Statement, principal: &Principal) -> Named {
    let Some(element) = &statement.principal else {
        return Named::Not;
    };
    let named =
        element.patterns.iter().map(|pattern| pattern.names(principal)).max().unwrap_or(Named::Not);
    match (element.is_not, named) {
        (false, named) => named,
        (true, Named::Not) => Named::Session,
        (true, _) => Named::Not,
    }
}
