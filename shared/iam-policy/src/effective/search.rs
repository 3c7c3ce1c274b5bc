//! The shortest text for each combination of patterns that some text can match: breadth first,
//! letters in their order, so that of the shortest the alphabetically first is found.

use std::collections::{BTreeSet, HashSet, VecDeque};

use crate::effective::machines::{Machines, Move, Places};
use crate::effective::resources::NameRange;

/// How much is looked at before what is left is open, in steps times the words of a step. It is
/// counted, never timed, so that every machine gives the same answer.
const WORK: usize = 200_000;

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// One text for each combination.
    pub texts: Vec<String>,
    /// Whether the budget ran out before every combination was found.
    pub is_bound: bool,
}

/// Runs the machines from `begun` over the names of a range.
pub fn search(machines: &Machines, begun: &Places, names: &dyn NameRange) -> Found {
    let letters = letters(machines, names);
    let (shortest, longest) = names.lengths();
    let mut combinations: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut found = Found { texts: Vec::new(), is_bound: false };
    // An exception stands in the way of longer names that the patterns do not tell from it.
    let is_exception = |texts: &[(usize, char)], text: usize| {
        !names.exceptions().is_empty()
            && names.exceptions().binary_search(&spelled(texts, text)).is_ok()
    };
    let mut seen: HashSet<(u8, bool, bool, Places)> = HashSet::new();
    // A text is its last letter and the text before it, by their places in this list.
    let mut texts: Vec<(usize, char)> = vec![(0, ' ')];
    let mut queue = VecDeque::from([(0_u8, begun.clone(), 0_usize, 0_usize, false)]);
    let mut work = 0;
    while let Some((state, places, text, length, is_left_out)) = queue.pop_front() {
        if length >= shortest
            && !is_left_out
            && names.may_end(state)
            && combinations.insert(machines.matched(&places))
        {
            found.texts.push(spelled(&texts, text));
        }
        if length >= longest {
            continue;
        }
        for (letter, moves) in &letters {
            let Some(state) = names.step(state, *letter) else {
                continue;
            };
            work += machines.words();
            if work > WORK {
                found.is_bound = true;
                return found;
            }
            let next = machines.step(&places, moves);
            texts.push((text, *letter));
            let is_left_out = is_exception(&texts, texts.len() - 1);
            if seen.insert((state, length + 1 >= shortest, is_left_out, next.clone())) {
                queue.push_back((state, next, texts.len() - 1, length + 1, is_left_out));
            } else {
                texts.pop();
            }
        }
    }
    found
}

fn spelled(texts: &[(usize, char)], mut text: usize) -> String {
    let mut letters = Vec::new();
    while text != 0 {
        letters.push(texts[text].1);
        text = texts[text].0;
    }
    letters.into_iter().rev().collect()
}

/// The letters of the range, of those that range and patterns treat alike the first.
fn letters(machines: &Machines, names: &dyn NameRange) -> Vec<(char, Move)> {
    let mut kinds: BTreeSet<(Move, Vec<Option<u8>>)> = BTreeSet::new();
    let mut letters: Vec<char> = names.letters().chars().collect();
    letters.sort_unstable();
    letters
        .into_iter()
        .filter_map(|letter| {
            let moves = machines.letter(letter);
            let steps = (0..=u8::MAX).map(|state| names.step(state, letter)).collect();
            kinds.insert((moves.clone(), steps)).then_some((letter, moves))
        })
        .collect()
}
