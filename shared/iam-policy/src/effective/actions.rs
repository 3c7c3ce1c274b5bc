//! One action name for each way in which the policies can tell names apart: what is granted beyond
//! the names that anybody knows. A wildcard also grants what AWS adds later.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>

use crate::decision::PolicySet;
use crate::effective::Budget;
use crate::effective::machines::{Machines, Pattern};
use crate::effective::resources::NameRange;
use crate::effective::search::search;
use crate::glob::{self, Piece};
use crate::template::text_of;

/// Names that stand for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionNames {
    /// One name for each combination of patterns, without its service.
    pub names: Vec<String>,
    /// Whether the budget ran out before every combination was found.
    pub is_bound: bool,
}

/// Finds names of a service's actions that the policies, and these further patterns, tell apart;
/// none of them one of those that are known.
pub fn action_names<'known>(
    policies: &PolicySet,
    service: &str,
    apart: &[&str],
    known: impl IntoIterator<Item = &'known str>,
    budget: &Budget,
) -> ActionNames {
    let mut known: Vec<String> = known.into_iter().map(str::to_ascii_uppercase).collect();
    known.sort();
    // A pattern that is a known name alone tells none of the others apart.
    let is_known = |pieces: &Vec<Piece>| {
        let is_plain = pieces.iter().all(|piece| matches!(piece, Piece::Plain(_)));
        is_plain && known.binary_search(&text_of(pieces).to_ascii_uppercase()).is_ok()
    };
    let statements = policies.statements();
    let of_policies = statements
        .flat_map(|statement| &statement.action.patterns)
        .filter_map(|pattern| pattern.pieces_for(service))
        .filter(|pieces| !is_known(pieces));
    let patterns = of_policies.chain(apart.iter().map(|pattern| glob::pieces(pattern)));
    let patterns = patterns.map(|pieces| Pattern { ignores_case: true, ..Pattern::plain(pieces) });
    let patterns: Vec<Pattern> = patterns.collect();
    let count = patterns.len();
    let machines = Machines::new(&patterns);
    let found = search(&machines, &machines.start(), &Names { known }, budget);
    // Each name will be held against every pattern.
    let is_bound = found.is_bound || !budget.take(found.texts.len() * count);
    ActionNames { names: found.texts, is_bound }
}

/// Letters and digits, of which the case makes no difference, but for what is known.
#[derive(Debug)]
struct Names {
    known: Vec<String>,
}

impl NameRange for Names {
    fn letters(&self) -> &'static str {
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    }

    fn step(&self, _state: u8, _letter: char) -> Option<u8> {
        Some(1)
    }

    fn may_end(&self, state: u8) -> bool {
        state == 1
    }

    fn lengths(&self) -> (usize, usize) {
        (1, 128)
    }

    fn exceptions(&self) -> &[String] {
        &self.known
    }
}
