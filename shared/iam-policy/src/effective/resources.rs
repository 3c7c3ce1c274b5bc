//! One resource for each way in which the patterns of the policies can match a resource.
//!
//! Every pattern is a small machine that reads a name letter by letter. All of them run side by
//! side, breadth first and letters in their order, so that the first name that reaches a
//! combination of machines is the shortest, and of those the alphabetically first.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use std::sync::Arc;

use crate::context::Context;
use crate::decision::{NamedPolicy, PolicySet, ResourcePolicy};
use crate::document::{
    ActionElement, Effect, PolicyDocument, PrincipalElement, Statement, Version,
};
use crate::effective::{Consent, Question};
use crate::glob::{self, Piece};
use crate::principal::PrincipalPattern;

/// How many combinations of machines are followed in one place before what is left is open.
const STATES: usize = 20_000;

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
}

/// Resources that stand for all.
#[derive(Clone, Debug)]
pub struct Representatives {
    /// One resource for each combination of matching patterns.
    pub resources: Vec<String>,
    /// What the patterns make of the place: equal in places where the same names match.
    pub signature: Vec<Vec<usize>>,
    /// Whether the budget ran out before every combination was found.
    pub is_bound: bool,
}

impl Representatives {
    /// For a request that names no resource.
    pub fn without_resource() -> Self {
        Self { resources: vec!["*".to_owned()], signature: Vec::new(), is_bound: false }
    }
}

/// A pattern with the places in it that a text read so far can stand at.
struct Machine {
    pieces: Vec<Piece>,
}

impl Machine {
    fn start(&self) -> Vec<usize> {
        self.close(vec![0])
    }

    /// A `*` can be nothing: whoever stands before it also stands after it.
    fn close(&self, mut at: Vec<usize>) -> Vec<usize> {
        let mut index = 0;
        while index < at.len() {
            if self.pieces.get(at[index]) == Some(&Piece::Many) && !at.contains(&(at[index] + 1)) {
                at.push(at[index] + 1);
            }
            index += 1;
        }
        at.sort_unstable();
        // Behind a `*`, whoever stands earlier adds nothing.
        if let Some(star) =
            at.iter().rev().find(|at| self.pieces.get(**at) == Some(&Piece::Many)).copied()
        {
            at.retain(|at| *at >= star);
        }
        at
    }

    fn step(&self, at: &[usize], letter: char) -> Vec<usize> {
        let mut next = Vec::new();
        for &place in at {
            let after = match self.pieces.get(place) {
                Some(Piece::Many) => place,
                Some(Piece::One) => place + 1,
                Some(Piece::Plain(plain)) if *plain == letter => place + 1,
                _ => continue,
            };
            if !next.contains(&after) {
                next.push(after);
            }
        }
        self.close(next)
    }

    fn ends(&self, at: &[usize]) -> bool {
        at.contains(&self.pieces.len())
    }
}

/// Finds the representatives of one place.
pub fn representatives(
    statements: &[&Statement],
    policies: &PolicySet,
    place: &Place,
    question: &Question<'_>,
) -> Representatives {
    let machines = machines(statements, policies, question, place);
    let begun: Vec<Vec<usize>> = machines
        .iter()
        .map(|machine| {
            place.prefix.chars().fold(machine.start(), |at, letter| machine.step(&at, letter))
        })
        .collect();
    let letters = letters(&machines, question.names);
    let (shortest, longest) = question.names.lengths();
    let mut found: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut order = Vec::new();
    let mut seen: BTreeSet<(u8, bool, Vec<Vec<usize>>)> = BTreeSet::new();
    let mut queue = VecDeque::from([(0_u8, begun.clone(), String::new())]);
    let mut is_bound = false;
    while let Some((state, at, name)) = queue.pop_front() {
        let is_long_enough = name.len() >= shortest;
        if is_long_enough && question.names.may_end(state) {
            let matched: Vec<bool> =
                machines.iter().zip(&at).map(|(machine, at)| machine.ends(at)).collect();
            if found.insert(matched) {
                order.push(name.clone());
            }
        }
        if name.len() >= longest {
            continue;
        }
        for &letter in &letters {
            let Some(state) = question.names.step(state, letter) else {
                continue;
            };
            let next: Vec<Vec<usize>> =
                machines.iter().zip(&at).map(|(machine, at)| machine.step(at, letter)).collect();
            if seen.len() >= STATES {
                is_bound = true;
                queue.clear();
                break;
            }
            let is_long_enough = name.len() + 1 >= shortest;
            if seen.insert((state, is_long_enough, next.clone())) {
                queue.push_back((state, next, format!("{name}{letter}")));
            }
        }
    }
    let resources = order.into_iter().map(|name| format!("{}{name}", place.prefix)).collect();
    Representatives { resources, signature: begun, is_bound }
}

/// Every pattern that bears on the question, with variables that are not known taken wide.
fn machines(
    statements: &[&Statement],
    policies: &PolicySet,
    question: &Question<'_>,
    place: &Place,
) -> Vec<Machine> {
    let mut context = question.knowledge.known.clone();
    for (key, value) in place.known.keys() {
        context.set(key, value.clone());
    }
    let mut patterns: Vec<Vec<Piece>> = statements
        .iter()
        .filter_map(|statement| statement.resource.as_ref())
        .flat_map(|element| &element.patterns)
        .map(|template| template.widened(&context))
        .chain(policies.resource.iter().map(|resource| resource.stands_on.clone()))
        .collect();
    patterns.sort_by_key(|pieces| crate::template::text_of(pieces));
    patterns.dedup();
    patterns.into_iter().map(|pieces| Machine { pieces }).collect()
}

/// The letters that some pattern knows, and the first that none does: it stands for all others.
fn letters(machines: &[Machine], names: &dyn NameRange) -> Vec<char> {
    let known = |letter: &char| {
        machines.iter().any(|machine| machine.pieces.contains(&Piece::Plain(*letter)))
    };
    let mut letters: Vec<char> = names.letters().chars().filter(known).collect();
    // Letters that the range itself treats alike, such as two digits, need one to stand for them.
    let mut kinds: Vec<Vec<Option<u8>>> = Vec::new();
    for letter in names.letters().chars().filter(|letter| !known(letter)) {
        let kind: Vec<Option<u8>> = (0..16).map(|state| names.step(state, letter)).collect();
        if !kinds.contains(&kind) {
            kinds.push(kind);
            letters.push(letter);
        }
    }
    letters.sort_unstable();
    letters
}

/// The policies as they would be if the resource's account admitted everyone. The statement that
/// stands for its consent has no name, so that it is not cited.
pub fn with_consent(policies: &PolicySet) -> PolicySet {
    let consent = Statement {
        sid: None,
        effect: Effect::Allow,
        principal: Some(PrincipalElement {
            is_not: false,
            patterns: vec![PrincipalPattern::Anyone],
        }),
        action: ActionElement {
            is_not: false,
            patterns: vec![crate::action::ActionPattern::parse("*")],
        },
        resource: None,
        conditions: Vec::new(),
        has_unknown_element: false,
    };
    let document =
        PolicyDocument { version: Version::V2012, statements: vec![consent], notes: Vec::new() };
    let mut policies = policies.clone();
    policies.resource.push(ResourcePolicy {
        policy: NamedPolicy { name: String::new(), document: Arc::new(document) },
        stands_on: glob::pieces("*"),
        covers: Vec::new(),
    });
    policies
}
