//! One resource for each way in which the patterns of the policies can match a resource. A resource
//! is named by its ARN, and a pattern matches it by wildcards and variables:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use std::fmt::Debug;

use foldhash::HashMap;

use crate::context::{Context, ContextValue};
use crate::effective::beginnings::{Beginning, Beginnings, head};
use crate::effective::machines::{Machines, Pattern};
use crate::effective::search::{Found, search};
use crate::effective::{Budget, Consent};
use crate::evaluation::Evaluation;
use crate::glob::{self, Piece};
use crate::template::Template;

/// Where resources may lie: everything of an ARN before the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Such as `arn:aws:ecr:eu-west-1:111122223333:repository/`.
    pub prefix: String,
    /// The keys that a request to this place carries, such as the region called.
    pub known: Context,
    /// Whether the place's account admits the principal.
    pub consent: Consent,
}

/// The names that resources may have within a place: a machine that reads letters.
pub trait NameRange: Debug {
    /// The letters a name may hold.
    fn letters(&self) -> &str;
    /// The state after `letter`, from state 0 on; `None` if no name begins so.
    fn step(&self, state: u8, letter: char) -> Option<u8>;
    /// Whether a name may end in this state.
    fn may_end(&self, state: u8) -> bool;
    /// The shortest and longest name.
    fn lengths(&self) -> (usize, usize);
    /// Names that are left out, although the machine reads them; sorted.
    fn exceptions(&self) -> &[String] {
        &[]
    }
}

/// Resources that stand for all.
#[derive(Clone, Debug)]
pub struct Representatives {
    /// One resource for each combination of matching patterns.
    pub resources: Vec<String>,
    /// Whether the budget ran out before every combination was found.
    pub is_bound: bool,
}

impl Representatives {
    /// For a request that names no resource.
    pub fn none() -> Self {
        Self { resources: vec!["*".to_owned()], is_bound: false }
    }

    /// None was looked for.
    pub fn unknown() -> Self {
        Self { resources: Vec::new(), is_bound: true }
    }
}

/// What the patterns make of a place: equal where the same names match in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// Which of the sets of patterns.
    set: usize,
    /// What they make of the place's prefix.
    begun: Beginning,
}

/// Finds resources, the same search once.
pub struct Resources<'question> {
    templates: Vec<&'question Template<'question>>,
    /// The keys that the templates take their variables from.
    variables: Vec<&'question str>,
    stands_on: Vec<&'question [Piece]>,
    names: &'question dyn NameRange,
    /// What the templates are, one for each way in which their variables are known.
    sets: Vec<PatternSet>,
}

/// The patterns that the templates make where their variables hold these values.
struct PatternSet {
    values: Vec<Option<ContextValue>>,
    machines: Machines,
    beginnings: Beginnings,
    /// The patterns that name one resource, by what they call it: what stands behind the fifth
    /// colon.
    naming: HashMap<String, Vec<Vec<Piece>>>,
    /// By where the patterns stand when a name begins.
    found: HashMap<usize, Found>,
}

impl<'question> Resources<'question> {
    /// Gathers every pattern that bears on the question.
    pub fn new(evaluations: &[Evaluation<'question>], names: &'question dyn NameRange) -> Self {
        let parts = || evaluations.iter().flat_map(|about| &about.parts);
        let mut templates: Vec<&Template> = parts()
            .filter_map(|part| part.statement.resource.as_ref())
            .flat_map(|element| &element.patterns)
            .collect();
        templates.sort_by_key(|template| template.as_str());
        templates.dedup();
        let mut variables: Vec<&str> =
            templates.iter().flat_map(|template| template.variables()).collect();
        variables.sort_unstable();
        variables.dedup();
        let mut stands_on: Vec<&[Piece]> = parts()
            .filter_map(|part| part.stands_on)
            .map(|policy| policy.stands_on.as_slice())
            .collect();
        stands_on.sort();
        stands_on.dedup();
        Self { templates, variables, stands_on, names, sets: Vec::new() }
    }

    /// What the patterns make of a place of which `known` is known. Variables without a value are
    /// taken wide. `None`: the budget is spent.
    pub fn signature(
        &mut self,
        place: &Place,
        known: &Context,
        budget: &Budget,
    ) -> Option<Signature> {
        let values: Vec<Option<ContextValue>> =
            self.variables.iter().map(|key| known.get(key).cloned()).collect();
        let set = self.sets.iter().position(|set| set.values == values);
        let set = if let Some(set) = set {
            set
        } else {
            let set = self.set(values, known);
            if !budget.take(set.machines.words()) {
                return None;
            }
            self.sets.push(set);
            self.sets.len() - 1
        };
        let PatternSet { machines, beginnings, .. } = &mut self.sets[set];
        Some(Signature { set, begun: beginnings.read(machines, &place.prefix, budget)? })
    }

    fn set(&self, values: Vec<Option<ContextValue>>, known: &Context) -> PatternSet {
        let templates = self.templates.iter().map(|template| template.widened(known));
        let stands_on = self.stands_on.iter().map(|pieces| pieces.to_vec());
        // What matches everything tells nothing apart.
        let telling = templates.chain(stands_on).filter(|pieces| pieces[..] != [Piece::Many]);
        let patterns: Vec<Pattern> = telling.map(Pattern::plain).collect();
        let mut naming: HashMap<String, Vec<Vec<Piece>>> = HashMap::default();
        for Pattern { pieces, .. } in &patterns {
            if let Some(name) = named(pieces) {
                naming.entry(name).or_default().push(pieces.clone());
            }
        }
        let found = HashMap::default();
        let machines = Machines::new(&patterns);
        let beginnings = Beginnings::new(&machines, &patterns);
        PatternSet { values, machines, beginnings, naming, found }
    }

    /// Whether a pattern names just this resource.
    pub fn is_named(&self, signature: &Signature, resource: &str) -> bool {
        let naming = &self.sets[signature.set].naming;
        let name = resource.splitn(6, ':').nth(5).unwrap_or_default();
        let patterns = naming.get(name).into_iter().flatten();
        patterns.into_iter().any(|pattern| glob::matches(pattern, resource))
    }

    /// One resource of the place for each combination of patterns.
    pub fn found(
        &mut self,
        place: &Place,
        signature: &Signature,
        budget: &Budget,
    ) -> Representatives {
        let PatternSet { machines, beginnings, found, .. } = &mut self.sets[signature.set];
        let stand = signature.begun.stand;
        let found = found
            .entry(stand)
            .or_insert_with(|| search(machines, beginnings.places(stand), self.names, budget));
        let named = |name: &String| format!("{}{name}", place.prefix);
        Representatives {
            resources: found.texts.iter().map(named).collect(),
            is_bound: found.is_bound,
        }
    }
}

/// What a pattern calls a resource, where it has no wildcard behind the fifth colon.
fn named(pattern: &[Piece]) -> Option<String> {
    let behind = pattern.get(head(pattern).len() + 1..)?;
    let letters = behind.iter().map(|piece| match piece {
        Piece::Plain(letter) => Some(*letter),
        Piece::One | Piece::Many => None,
    });
    letters.collect()
}
