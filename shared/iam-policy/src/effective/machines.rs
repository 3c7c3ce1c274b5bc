//! Patterns as machines that read a text letter by letter, all side by side.
//!
//! The places that a text read so far can stand at, in every pattern, are the bits of one set: a
//! letter moves all of them at once. A pattern of `n` pieces has `n + 1` places, the last of which
//! is its end.

use std::collections::HashMap;

use crate::glob::Piece;

/// One pattern to run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    /// What it is made of.
    pub pieces: Vec<Piece>,
    /// Whether `a` also reads `A`.
    pub ignores_case: bool,
    /// How many of the first pieces have wildcards that do not read a colon: those of the first
    /// five parts of an ARN.
    pub within_colons: usize,
}

impl Pattern {
    /// A pattern of which every wildcard reads every letter.
    pub fn plain(pieces: Vec<Piece>) -> Self {
        Self { pieces, ignores_case: false, within_colons: 0 }
    }

    /// Whether this piece reads this letter.
    fn reads(&self, index: usize, letter: char) -> bool {
        match &self.pieces[index] {
            Piece::Plain(plain) if self.ignores_case => {
                plain.to_lowercase().eq(letter.to_lowercase())
            }
            Piece::Plain(plain) => *plain == letter,
            Piece::One | Piece::Many => letter != ':' || index >= self.within_colons,
        }
    }
}

/// Places in patterns, one bit each.
pub type Places = Box<[u64]>;

/// Patterns run side by side.
#[derive(Clone, Debug)]
pub struct Machines {
    patterns: Vec<Pattern>,
    /// The first place of each pattern.
    starts: Vec<usize>,
    words: usize,
    /// Places before a `*`.
    stars: Places,
}

/// What one letter does: the places that it moves on from, and the stars that it stays at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    read: Places,
    stay: Places,
}

impl Machines {
    /// Puts patterns side by side. Equal ones run once.
    pub fn new(mut patterns: Vec<Pattern>) -> Self {
        for pattern in &mut patterns {
            // Two stars in a row read what one does.
            let mut at = 0;
            pattern.pieces.dedup_by(|two, one| {
                at += 1;
                *one == Piece::Many && *two == Piece::Many && at >= pattern.within_colons
            });
        }
        patterns.sort();
        patterns.dedup();
        let mut starts = Vec::new();
        let mut places = 0;
        for pattern in &patterns {
            starts.push(places);
            places += pattern.pieces.len() + 1;
        }
        let words = places.div_ceil(64);
        let mut machines =
            Self { patterns, starts, words, stars: vec![0; words].into_boxed_slice() };
        let mut before_stars = machines.stars.clone();
        machines.each_piece(|place, pattern, index| {
            if pattern.pieces[index] == Piece::Many {
                set(&mut before_stars, place);
            }
        });
        machines.stars = before_stars;
        machines
    }

    /// How many words one set of places takes: the work of one step.
    pub fn words(&self) -> usize {
        self.words.max(1)
    }

    /// Every letter that some pattern names, in either case where case is ignored.
    pub fn letters(&self) -> Vec<char> {
        let mut letters = Vec::new();
        self.each_piece(|_, pattern, index| {
            if let Piece::Plain(letter) = pattern.pieces[index] {
                letters.push(letter);
                if pattern.ignores_case {
                    letters.extend(letter.to_lowercase().chain(letter.to_uppercase()));
                }
            }
        });
        letters.sort_unstable();
        letters.dedup();
        letters
    }

    /// Where every pattern stands behind a text.
    pub fn read(&self, text: &str) -> Places {
        let mut moves: HashMap<char, Move> = HashMap::new();
        text.chars().fold(self.start(), |places, letter| {
            self.step(&places, moves.entry(letter).or_insert_with(|| self.letter(letter)))
        })
    }

    /// Where every pattern stands before the first letter.
    pub fn start(&self) -> Places {
        let mut places = vec![0; self.words].into_boxed_slice();
        for start in &self.starts {
            set(&mut places, *start);
        }
        self.close(places)
    }

    /// What a letter does.
    pub fn letter(&self, letter: char) -> Move {
        let mut read = vec![0; self.words].into_boxed_slice();
        let mut stay = read.clone();
        self.each_piece(|place, pattern, index| {
            if pattern.reads(index, letter) {
                let is_star = pattern.pieces[index] == Piece::Many;
                set(if is_star { &mut stay } else { &mut read }, place);
            }
        });
        Move { read, stay }
    }

    /// Where they stand after a letter.
    pub fn step(&self, places: &Places, letter: &Move) -> Places {
        let mut next = vec![0; self.words].into_boxed_slice();
        let mut carry = 0;
        for word in 0..self.words {
            let moving = places[word] & letter.read[word];
            next[word] = (moving << 1) | carry | (places[word] & letter.stay[word]);
            carry = moving >> 63;
        }
        self.close(next)
    }

    /// Which patterns the text read so far matches as a whole.
    pub fn matched(&self, places: &Places) -> Vec<bool> {
        let ends = self.starts.iter().zip(&self.patterns);
        ends.map(|(start, pattern)| is_set(places, start + pattern.pieces.len())).collect()
    }

    /// A `*` can be nothing: whoever stands before it also stands after it. And behind a `*` that
    /// reads everything, whoever stands earlier adds nothing.
    fn close(&self, mut places: Places) -> Places {
        loop {
            let mut changed = false;
            let mut carry = 0;
            for word in 0..self.words {
                let before_star = places[word] & self.stars[word];
                let more = (before_star << 1) | carry;
                carry = before_star >> 63;
                changed |= places[word] | more != places[word];
                places[word] |= more;
            }
            if !changed {
                break;
            }
        }
        for (start, pattern) in self.starts.iter().zip(&self.patterns) {
            let last_star = (pattern.within_colons..pattern.pieces.len()).rev().find(|index| {
                pattern.pieces[*index] == Piece::Many && is_set(&places, start + index)
            });
            if let Some(star) = last_star {
                for place in *start..start + star {
                    places[place / 64] &= !(1 << (place % 64));
                }
            }
        }
        places
    }

    fn each_piece(&self, mut see: impl FnMut(usize, &Pattern, usize)) {
        for (start, pattern) in self.starts.iter().zip(&self.patterns) {
            for index in 0..pattern.pieces.len() {
                see(start + index, pattern, index);
            }
        }
    }
}

fn set(places: &mut Places, place: usize) {
    places[place / 64] |= 1 << (place % 64);
}

fn is_set(places: &Places, place: usize) -> bool {
    places[place / 64] & (1 << (place % 64)) != 0
}
