//! The shortest text for each combination of patterns that some text can match: breadth first,
//! letters in their order, so that of the shortest the alphabetically first is found.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use foldhash::{HashMap, HashSet};

use crate::effective::Budget;
use crate::effective::machines::{Machines, Move, Places, Word};
use crate::effective::resources::NameRange;

/// How much is looked at before what is left is open: the words that are read, of all steps. It is
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

/// A text that was read, and how far it has come.
struct Reading {
    /// The state of the range's own machine.
    state: u8,
    /// Where the patterns stand, by number.
    places: usize,
    /// Its last letter and the text before it, by number.
    text: usize,
    length: usize,
    /// The exceptions that begin so.
    exceptions: Range<usize>,
    is_left_out: bool,
}

/// How a text stands besides what the machines hold of it: the state of its range, whether it is
/// long enough to be a name, and whether it is an exception.
type Standing = (u8, bool, bool);

/// The places that texts can stand at, each once, by number.
#[derive(Default)]
struct Stands {
    numbers: HashMap<Rc<[Word]>, usize>,
    places: Vec<Rc<[Word]>>,
}

impl Stands {
    fn number(&mut self, places: &[Word]) -> usize {
        if let Some(number) = self.numbers.get(places) {
            return *number;
        }
        let places: Rc<[Word]> = Rc::from(places);
        self.places.push(Rc::clone(&places));
        self.numbers.insert(places, self.places.len() - 1);
        self.places.len() - 1
    }
}

/// Runs the machines from `begun` over the names of a range.
pub fn search(
    machines: &Machines,
    begun: &[Word],
    names: &dyn NameRange,
    budget: &Budget,
) -> Found {
    let mut found = Found { texts: Vec::new(), is_bound: false };
    let Some(letters) = letters(machines, names, budget) else {
        found.is_bound = true;
        return found;
    };
    let (shortest, longest) = names.lengths();
    let mut combinations: HashSet<Places> = HashSet::default();
    let mut stands = Stands::default();
    // How the texts can stand that the patterns do not tell apart. An exception stands in the way
    // of longer names that the patterns do not tell from it, so it is kept apart.
    let mut seen: HashSet<(usize, Standing)> = HashSet::default();
    // A text is its last letter and the text before it, by their places in this list.
    let mut texts: Vec<(usize, char)> = vec![(0, ' ')];
    let begun = machines.promising(begun, letters.iter().map(|(_, moves)| moves));
    let mut queue = VecDeque::from([Reading {
        state: 0,
        places: stands.number(&begun),
        text: 0,
        length: 0,
        exceptions: 0..names.exceptions().len(),
        is_left_out: false,
    }]);
    let mut next = Places::new();
    let mut work = 0;
    while let Some(reading) = queue.pop_front() {
        let Reading { state, places, text, length, exceptions, is_left_out } = reading;
        let places = Rc::clone(&stands.places[places]);
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
        let length = length + 1;
        // Letters that no pattern waits for are alike.
        let mut alike: Vec<Standing> = Vec::new();
        for (letter, moves) in &letters {
            let Some(state) = names.step(state, *letter) else {
                continue;
            };
            let exceptions = beginning(names.exceptions(), exceptions.clone(), length, *letter);
            let is_left_out = !exceptions.is_empty()
                && names.exceptions()[exceptions.start].chars().count() == length;
            let standing: Standing = (state, length >= shortest, is_left_out);
            work += 1;
            if !moves.tells(&places) {
                if alike.contains(&standing) {
                    continue;
                }
                alike.push(standing);
            }
            work += places.len();
            if work > WORK || !budget.take(1 + places.len()) {
                found.is_bound = true;
                return found;
            }
            machines.step(&places, moves, &mut next);
            let places = stands.number(&next);
            if !seen.insert((places, standing)) {
                continue;
            }
            texts.push((text, *letter));
            let text = texts.len() - 1;
            queue.push_back(Reading { state, places, text, length, exceptions, is_left_out });
        }
    }
    found
}

/// Of sorted names that begin alike, those whose letter number `length` is this one.
fn beginning(names: &[String], alike: Range<usize>, length: usize, letter: char) -> Range<usize> {
    let is_so = |name: &&String| name.chars().nth(length - 1) == Some(letter);
    let begin = alike.clone().find(|index| is_so(&&names[*index]));
    let Some(begin) = begin else { return 0..0 };
    begin..begin + names[begin..alike.end].iter().take_while(is_so).count()
}

fn spelled(texts: &[(usize, char)], mut text: usize) -> String {
    let mut letters = Vec::new();
    while text != 0 {
        letters.push(texts[text].1);
        text = texts[text].0;
    }
    letters.into_iter().rev().collect()
}

/// The letters of the range, of those that range and patterns treat alike the first. `None`: to
/// try each once is more than the budget.
fn letters(
    machines: &Machines,
    names: &dyn NameRange,
    budget: &Budget,
) -> Option<Vec<(char, Move)>> {
    let mut letters: Vec<char> = names.letters().chars().collect();
    let work = letters.len() * machines.words();
    if work > WORK || !budget.take(work) {
        return None;
    }
    letters.sort_unstable();
    let states = states(&letters, names);
    let mut kinds: HashSet<(Move, Vec<Option<u8>>)> = HashSet::default();
    let telling = letters.into_iter().filter_map(|letter| {
        let moves = machines.letter(letter);
        let steps = states.iter().map(|state| names.step(*state, letter)).collect();
        kinds.insert((moves.clone(), steps)).then_some((letter, moves))
    });
    Some(telling.collect())
}

/// Every state that a name can come to.
fn states(letters: &[char], names: &dyn NameRange) -> Vec<u8> {
    let mut states = vec![0];
    let mut next = 0;
    while next < states.len() {
        for letter in letters {
            if let Some(state) = names.step(states[next], *letter)
                && !states.contains(&state)
            {
                states.push(state);
            }
        }
        next += 1;
    }
    states
}
