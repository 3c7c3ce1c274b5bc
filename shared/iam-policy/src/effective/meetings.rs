//! What applies as far as a resource decides: Resource and NotResource. A pattern that many
//! statements list is matched once.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>

use foldhash::HashMap;

use crate::context::Context;
use crate::effective::AskedAction;
use crate::effective::contexts::Applying;
use crate::evaluation::{Evaluation, Part};
use crate::statement::{meets_element, template_matches};
use crate::template::Template;
use crate::truth::Truth;

/// The statements of each action, with the patterns that they list.
pub struct Meetings<'question> {
    /// Each pattern once, and whether it is one of a NotResource.
    patterns: Vec<(&'question Template<'question>, bool)>,
    actions: Vec<Action<'question>>,
}

struct Action<'question> {
    takes_resource: bool,
    /// The statements, with the numbers of their patterns.
    parts: Vec<(Part<'question>, Vec<usize>)>,
}

impl<'question> Meetings<'question> {
    /// Gathers the patterns of all statements.
    pub fn new(actions: &[AskedAction<'_>], evaluations: &[Evaluation<'question>]) -> Self {
        let mut meetings = Self { patterns: Vec::new(), actions: Vec::new() };
        let mut numbers: HashMap<(&str, bool, bool), usize> = HashMap::default();
        for (action, about) in actions.iter().zip(evaluations) {
            let mut parts = Vec::with_capacity(about.parts.len());
            for part in &about.parts {
                let mut listed = Vec::new();
                if let Some(element) = &part.statement.resource {
                    for pattern in &element.patterns {
                        let key = (pattern.as_str(), pattern.is_plain(), element.is_not);
                        listed.push(*numbers.entry(key).or_insert_with(|| {
                            meetings.patterns.push((pattern, element.is_not));
                            meetings.patterns.len() - 1
                        }));
                    }
                }
                parts.push((*part, listed));
            }
            meetings.actions.push(Action { takes_resource: action.takes_resource, parts });
        }
        meetings
    }

    /// How much it is to hold a resource against all: the patterns, and where they are listed.
    pub fn cost(&self) -> usize {
        let parts = self.actions.iter().flat_map(|action| &action.parts);
        self.patterns.len() + parts.map(|(_, listed)| 1 + listed.len()).sum::<usize>()
    }

    /// What of each action applies to a resource; to `*` of one that takes none, of whose requests
    /// something else may be known.
    pub fn of(&self, resource: &str, known: &Context, without_resource: &Context) -> Vec<Applying> {
        let mut on_resource = self.unknown();
        let mut on_all = self.unknown();
        let actions = self.actions.iter().map(|action| {
            if action.takes_resource {
                self.applying(action, resource, known, &mut on_resource)
            } else {
                self.applying(action, "*", without_resource, &mut on_all)
            }
        });
        actions.collect()
    }

    /// What each pattern says: nothing yet.
    fn unknown(&self) -> Vec<Option<Truth>> {
        vec![None; self.patterns.len()]
    }

    fn applying(
        &self,
        action: &Action<'_>,
        resource: &str,
        known: &Context,
        said: &mut [Option<Truth>],
    ) -> Applying {
        let mut applying = Applying::all(action.parts.len());
        for (number, (part, listed)) in action.parts.iter().enumerate() {
            let stands = part.stands_on.is_none_or(|policy| policy.is_on(resource));
            let truths = listed.iter().map(|pattern| {
                *said[*pattern].get_or_insert_with(|| {
                    let (template, is_not) = self.patterns[*pattern];
                    template_matches(template, is_not, resource, known)
                })
            });
            let truth = if stands { meets_element(part.statement, truths) } else { Truth::False };
            applying.limit(number, truth);
        }
        applying
    }
}
