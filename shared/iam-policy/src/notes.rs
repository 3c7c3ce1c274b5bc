//! What a document says of a service that can have no effect: an action that is none, a resource
//! that cannot be, a resource for an action that takes none.
//!
//! IAM takes such a statement without an error:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_policy-validator.html>
//!
//! What is wrong whatever the service, the document's own notes tell. The service is handed in.

use foldhash::HashSet;

use crate::action::{ActionName, ActionPattern};
use crate::context::Context;
use crate::document::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement};
use crate::effective::Possible;
use crate::glob::Piece;
use crate::template::Template;

/// What is known of a service.
#[derive(Clone, Copy, Debug)]
pub struct Service<'service> {
    /// The prefix of its actions, such as `ecr`.
    pub prefix: &'service str,
    /// Its actions, and whether each takes a resource.
    pub actions: &'service [(ActionName<'service>, bool)],
    /// Its resources.
    pub resources: &'service Possible<'service>,
}

/// Tells what of a document can have no effect on a service, a sentence each.
pub fn notes(document: &PolicyDocument, service: &Service<'_>) -> Vec<String> {
    let statements = document.statements.iter();
    let resources = statements.clone().filter_map(|statement| statement.resource.as_ref());
    let patterns = resources.flat_map(|element| &element.patterns);
    let impossible =
        service.resources.impossible(patterns.filter(|pattern| service.is_arn_of(pattern)));
    let numbered = statements.enumerate();
    numbered.flat_map(|(index, said)| service.notes_on(index, said, &impossible)).collect()
}

impl Service<'_> {
    fn notes_on(
        &self,
        index: usize,
        statement: &Statement,
        impossible: &HashSet<&str>,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        self.actions_that_are_none(&statement.action, &mut notes);
        if let Some(resource) = &statement.resource {
            self.resources_that_cannot_be(resource, impossible, &mut notes);
            self.resources_for_actions_without(statement, resource, &mut notes);
        }
        notes.into_iter().map(|note| format!("Statement[{index}].{note}")).collect()
    }

    /// AWS may add an action tomorrow, so this is told and nothing else follows from it.
    fn actions_that_are_none(&self, element: &ActionElement, notes: &mut Vec<String>) {
        let name = if element.is_not { "NotAction" } else { "Action" };
        for pattern in &element.patterns {
            let is_ours = pattern
                .as_str()
                .split_once(':')
                .is_some_and(|(service, _)| service.eq_ignore_ascii_case(self.prefix));
            if is_ours && self.meant(pattern).next().is_none() {
                notes.push(format!(
                    "{name}: `{}` matches no known action of {}",
                    pattern.as_str(),
                    self.prefix
                ));
            }
        }
    }

    fn resources_that_cannot_be(
        &self,
        element: &ResourceElement,
        impossible: &HashSet<&str>,
        notes: &mut Vec<String>,
    ) {
        let name = if element.is_not { "NotResource" } else { "Resource" };
        for pattern in &element.patterns {
            if impossible.contains(pattern.as_str()) {
                notes.push(format!(
                    "{name}: `{}` matches no resource that {} can have",
                    pattern.as_str(),
                    self.prefix
                ));
            }
        }
    }

    /// An action without a resource is asked for on `*`, which no ARN matches.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    fn resources_for_actions_without(
        &self,
        statement: &Statement,
        element: &ResourceElement,
        notes: &mut Vec<String>,
    ) {
        if element.is_not || statement.action.is_not || element.patterns.iter().any(is_everything) {
            return;
        }
        let verb = match statement.effect {
            Effect::Allow => "granted",
            Effect::Deny => "denied",
        };
        for pattern in &statement.action.patterns {
            let mut meant = self.meant(pattern).peekable();
            if meant.peek().is_some() && meant.all(|takes_resource| !takes_resource) {
                notes.push(format!(
                    "Action: `{}` takes no resource, so it is {verb} on `*` alone and not by this \
                     statement",
                    pattern.as_str()
                ));
            }
        }
    }

    /// Of each action that a pattern means, whether it takes a resource.
    fn meant(&self, pattern: &ActionPattern<'_>) -> impl Iterator<Item = bool> {
        let meant = self.actions.iter().filter(|(name, _)| pattern.means(name));
        meant.map(|(_, takes_resource)| *takes_resource)
    }

    fn is_arn_of(&self, pattern: &Template) -> bool {
        pattern.as_str().split(':').nth(2) == Some(self.prefix)
    }
}

fn is_everything(pattern: &Template) -> bool {
    if !pattern.as_str().starts_with(['*', '$']) {
        return false;
    }
    let pieces = pattern.widened(&Context::new());
    !pieces.is_empty() && pieces.iter().all(|piece| *piece == Piece::Many)
}
