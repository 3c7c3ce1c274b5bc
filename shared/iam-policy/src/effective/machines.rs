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
}

/// Places in patterns, one bit each.
pub type Places = Box<[u64]>;

/// Patterns run side by side.
#[derive(Clone, Debug)]
pub struct Machines {
    /// The first place of each pattern, and behind the last the number of all places.
    starts: Vec<usize>,
    /// For each word of places, the number of the pattern that its last place is of.
    last_patterns: Vec<usize>,
    words: usize,
    /// Places before a `*`.
    stars: Places,
    /// Places before a `?`.
    ones: Places,
    /// Places before a `*` that reads every letter.
    wide_stars: Places,
    /// Places before a wildcard that reads every letter but a colon.
    narrow: Places,
    /// The last place of each pattern.
    ends: Places,
    /// Places before each letter.
    plain: HashMap<char, Vec<usize>>,
    /// Places before each letter that is read in either case.
    in_any_case: HashMap<char, Vec<usize>>,
}

/// What one letter does: the places that it moves on from, and the stars that it stays at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
        let places: usize = patterns.iter().map(|pattern| pattern.pieces.len() + 1).sum();
        let words = places.div_ceil(64);
        let none = vec![0; words].into_boxed_slice();
        let mut machines = Self {
            starts: vec![0],
            last_patterns: Vec::with_capacity(words),
            words,
            stars: none.clone(),
            ones: none.clone(),
            wide_stars: none.clone(),
            narrow: none.clone(),
            ends: none,
            plain: HashMap::new(),
            in_any_case: HashMap::new(),
        };
        for pattern in &patterns {
            machines.put(pattern);
        }
        for word in 1..=words {
            let begun = machines.starts.partition_point(|start| *start < word * 64);
            machines.last_patterns.push(begun - 1);
        }
        machines
    }

    /// Puts a pattern behind the others.
    fn put(&mut self, pattern: &Pattern) {
        let start = self.starts[self.starts.len() - 1];
        for (index, piece) in pattern.pieces.iter().enumerate() {
            let place = start + index;
            let is_narrow = index < pattern.within_colons;
            match piece {
                Piece::Plain(letter) if pattern.ignores_case => {
                    self.in_any_case.entry(*letter).or_default().push(place);
                }
                Piece::Plain(letter) => self.plain.entry(*letter).or_default().push(place),
                Piece::One => set(&mut self.ones, place),
                Piece::Many => set(&mut self.stars, place),
            }
            match piece {
                Piece::One | Piece::Many if is_narrow => set(&mut self.narrow, place),
                Piece::Many => set(&mut self.wide_stars, place),
                Piece::One | Piece::Plain(_) => {}
            }
        }
        let end = start + pattern.pieces.len();
        set(&mut self.ends, end);
        self.starts.push(end + 1);
    }

    /// How many words one set of places takes: the work of one step.
    pub fn words(&self) -> usize {
        self.words.max(1)
    }

    /// Every letter that some pattern names, in either case where case is ignored.
    pub fn letters(&self) -> Vec<char> {
        let mut letters: Vec<char> = self.plain.keys().copied().collect();
        for letter in self.in_any_case.keys() {
            letters.push(*letter);
            letters.extend(letter.to_lowercase().chain(letter.to_uppercase()));
        }
        letters.sort_unstable();
        letters.dedup();
        letters
    }

    /// Where every pattern stands behind a text.
    pub fn read(&self, text: &str) -> Places {
        let mut moves: HashMap<char, Move> = HashMap::new();
        let mut places = self.start();
        let mut next = places.clone();
        for letter in text.chars() {
            let letter = moves.entry(letter).or_insert_with(|| self.letter(letter));
            self.step(&places, letter, &mut next);
            std::mem::swap(&mut places, &mut next);
        }
        places
    }

    /// Where every pattern stands before the first letter.
    pub fn start(&self) -> Places {
        let mut places = vec![0; self.words].into_boxed_slice();
        for start in &self.starts[..self.starts.len() - 1] {
            set(&mut places, *start);
        }
        self.close(&mut places);
        places
    }

    /// What a letter does.
    pub fn letter(&self, letter: char) -> Move {
        let (mut read, mut stay) = (self.ones.clone(), self.stars.clone());
        if letter == ':' {
            for (word, narrow) in self.narrow.iter().enumerate() {
                read[word] &= !narrow;
                stay[word] &= !narrow;
            }
        }
        let in_any_case = self
            .in_any_case
            .iter()
            .filter(|(plain, _)| plain.to_lowercase().eq(letter.to_lowercase()))
            .map(|(_, places)| places);
        for place in self.plain.get(&letter).into_iter().chain(in_any_case).flatten() {
            set(&mut read, *place);
        }
        Move { read, stay }
    }

    /// Where they stand after a letter.
    pub fn step(&self, places: &[u64], letter: &Move, next: &mut [u64]) {
        let mut carry = 0;
        for (((next, places), read), stay) in
            next.iter_mut().zip(places).zip(&letter.read).zip(&letter.stay)
        {
            let moving = places & read;
            *next = (moving << 1) | carry | (places & stay);
            carry = moving >> 63;
        }
        self.close(next);
    }

    /// Of the places, those that are an end: the patterns that the text read so far matches as a
    /// whole.
    pub fn matched(&self, places: &[u64]) -> Places {
        places.iter().zip(&self.ends).map(|(places, ends)| places & ends).collect()
    }

    /// A `*` can be nothing: whoever stands before it also stands after it. And behind a `*` that
    /// reads everything, whoever stands earlier adds nothing.
    fn close(&self, places: &mut [u64]) {
        let mut is_open = true;
        while is_open {
            is_open = false;
            let mut carry = 0;
            for (places, stars) in places.iter_mut().zip(&self.stars) {
                let before_star = *places & stars;
                let more = (before_star << 1) | carry;
                carry = before_star >> 63;
                // Another star can follow only within the parts of an ARN.
                is_open |= more & !*places & stars != 0;
                *places |= more;
            }
        }
        for word in (0..places.len()).rev() {
            let mut wide = places[word] & self.wide_stars[word];
            let mut pattern = self.last_patterns[word];
            while wide != 0 {
                let star = word * 64 + 63 - wide.leading_zeros() as usize;
                while self.starts[pattern] > star {
                    pattern -= 1;
                }
                let first = self.starts[pattern];
                clear(places, first, star);
                wide &= !(u64::MAX << (first.saturating_sub(word * 64)));
            }
        }
    }
}

fn set(places: &mut [u64], place: usize) {
    places[place / 64] |= 1 << (place % 64);
}

/// Takes out every place from `start` up to, but without, `end`.
fn clear(places: &mut [u64], start: usize, end: usize) {
    let before = |place: usize| (1_u64 << (place % 64)) - 1;
    let (first, last) = (start / 64, end / 64);
    if first == last {
        places[first] &= before(start) | !before(end);
        return;
    }
    places[first] &= before(start);
    places[first + 1..last].fill(0);
    places[last] &= !before(end);
}
