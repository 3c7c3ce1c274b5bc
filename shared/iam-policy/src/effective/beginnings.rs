//! What patterns make of the beginnings of ARNs, of which there is one for each region and account.
//! Most of what patterns make of them is the same, so what a letter does is worked out once
//! wherever they stand, and what a part agrees with once for each text.

use foldhash::HashMap;

use crate::bits::Bits;
use crate::effective::Budget;
use crate::effective::machines::{Machines, Move, Pattern, Places, Word};
use crate::glob::{self, Piece};

/// The parts of an ARN before the name: partition, service, region and account among them.
const PARTS: usize = 5;

/// What patterns make of a beginning: equal where they make the same of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Beginning {
    /// Where they stand behind it, by number.
    pub stand: usize,
    /// Of which the parts agree with those of the beginning, each by itself; by number.
    aligned: usize,
}

/// The beginnings that were read.
pub struct Beginnings {
    /// Where the patterns can stand. The first is before the first letter.
    stands: Vec<Stand>,
    numbers: HashMap<Places, usize>,
    /// What a letter does, of those that were read.
    moves: HashMap<char, Move>,
    /// The parts that the patterns begin with, by their place in an ARN.
    parts: Vec<Parts>,
    /// How many ways to begin there are among the patterns.
    heads: usize,
    alignments: HashMap<Bits, usize>,
}

/// Where the patterns stand, and the numbers of where they come to by the letters that were read.
struct Stand {
    places: Places,
    behind: HashMap<char, usize>,
}

/// What stands at one place of an ARN in the patterns' beginnings.
#[derive(Default)]
struct Parts {
    /// Each once.
    patterns: Vec<Vec<Piece>>,
    /// By beginning, which of them it has; none where it ends before.
    of_heads: Vec<Option<usize>>,
    /// The beginnings that agree with a text, of those that were read.
    agreeing: HashMap<String, Bits>,
}

impl Beginnings {
    /// Before anything was read.
    pub fn new(machines: &Machines, patterns: &[Pattern]) -> Self {
        let mut heads: Vec<&[Piece]> =
            patterns.iter().map(|pattern| head(&pattern.pieces)).collect();
        heads.sort_unstable();
        heads.dedup();
        let start = machines.start();
        Self {
            stands: vec![Stand { places: start.clone(), behind: HashMap::default() }],
            numbers: [(start, 0)].into_iter().collect(),
            moves: HashMap::default(),
            parts: (0..PARTS).map(|place| Parts::at(place, &heads)).collect(),
            heads: heads.len(),
            alignments: HashMap::default(),
        }
    }

    /// Reads a beginning, from an ARN's first letter on. `None`: the budget is spent.
    pub fn read(
        &mut self,
        machines: &Machines,
        beginning: &str,
        budget: &Budget,
    ) -> Option<Beginning> {
        let mut stand = 0;
        for letter in beginning.chars() {
            stand = match self.stands[stand].behind.get(&letter) {
                Some(behind) => *behind,
                None => self.behind(machines, stand, letter, budget)?,
            };
        }
        Some(Beginning { stand, aligned: self.aligned(beginning, budget)? })
    }

    /// Where the patterns stand, of that number.
    pub fn places(&self, stand: usize) -> &[Word] {
        &self.stands[stand].places
    }

    fn behind(
        &mut self,
        machines: &Machines,
        stand: usize,
        letter: char,
        budget: &Budget,
    ) -> Option<usize> {
        let places = &self.stands[stand].places;
        if !budget.take(1 + places.len()) {
            return None;
        }
        let moves = self.moves.entry(letter).or_insert_with(|| machines.letter(letter));
        let mut next = Places::new();
        machines.step(places, moves, &mut next);
        let number = *self.numbers.entry(next).or_insert_with_key(|places| {
            self.stands.push(Stand { places: places.clone(), behind: HashMap::default() });
            self.stands.len() - 1
        });
        self.stands[stand].behind.insert(letter, number);
        Some(number)
    }

    fn aligned(&mut self, beginning: &str, budget: &Budget) -> Option<usize> {
        if !budget.take(1 + self.heads / 64) {
            return None;
        }
        let mut aligned = Bits::all(self.heads);
        for (parts, text) in self.parts.iter_mut().zip(beginning.splitn(PARTS + 1, ':')) {
            aligned.keep(parts.agreeing(text, budget)?);
        }
        let number = self.alignments.len();
        Some(*self.alignments.entry(aligned).or_insert(number))
    }
}

impl Parts {
    fn at(place: usize, heads: &[&[Piece]]) -> Self {
        let mut parts = Self::default();
        let mut numbers: HashMap<&[Piece], usize> = HashMap::default();
        for head in heads {
            let part = head.split(|piece| *piece == Piece::Plain(':')).nth(place);
            parts.of_heads.push(part.map(|part| {
                *numbers.entry(part).or_insert_with(|| {
                    parts.patterns.push(part.to_vec());
                    parts.patterns.len() - 1
                })
            }));
        }
        parts
    }

    /// The beginnings that agree with a text at this place; those that end before it do.
    fn agreeing(&mut self, text: &str, budget: &Budget) -> Option<&Bits> {
        if !self.agreeing.contains_key(text) {
            if !budget.take(self.patterns.len() + self.of_heads.len() / 16) {
                return None;
            }
            let matches: Vec<bool> =
                self.patterns.iter().map(|pattern| glob::matches(pattern, text)).collect();
            let mut agreeing = Bits::none(self.of_heads.len());
            for (head, part) in self.of_heads.iter().enumerate() {
                if part.is_none_or(|part| matches[part]) {
                    agreeing.insert(head);
                }
            }
            self.agreeing.insert(text.to_owned(), agreeing);
        }
        self.agreeing.get(text)
    }
}

/// The parts of a pattern before the name: all that stands before the fifth colon.
pub fn head(pattern: &[Piece]) -> &[Piece] {
    let mut colons = pattern.iter().enumerate().filter(|(_, piece)| **piece == Piece::Plain(':'));
    &pattern[..colons.nth(PARTS - 1).map_or(pattern.len(), |(index, _)| index)]
}
