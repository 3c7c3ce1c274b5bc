//! Patterns as machines that read a text letter by letter, all side by side.
//!
//! The places that a text read so far can stand at, in every pattern, are the bits of one set: a
//! letter moves all of them at once. A pattern has a place before each piece that reads a letter,
//! and a last one that is its end; a `*` is a place that a letter may also stay at.

use foldhash::HashMap;

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

/// Sixty-four neighbouring places, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    number: usize,
    bits: u64,
}

/// Places in patterns: the words of which any bit is set, in their order. Most patterns are soon
/// left by a text, so it takes less than all words.
pub type Places = Vec<Word>;

/// Patterns run side by side.
#[derive(Clone, Debug)]
pub struct Machines {
    /// The first place of each pattern, and behind the last the number of all places.
    starts: Vec<usize>,
    words: usize,
    /// Places before a `?`.
    ones: Vec<u64>,
    /// Those of them that do not read a colon.
    narrow_ones: Vec<u64>,
    /// Places behind a `*`, which a letter may stay at.
    stars: Vec<u64>,
    /// Those of them that stay at every letter, a colon too.
    wide_stars: Vec<u64>,
    /// The last place of each pattern.
    ends: Vec<u64>,
    /// Places before each letter.
    plain: HashMap<char, Vec<usize>>,
    /// Places before each letter that is read in either case.
    in_any_case: HashMap<char, Vec<usize>>,
}

/// What one letter does: the places that it moves on from, and whether it is a colon, at which not
/// every star stays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    read: Vec<u64>,
    is_colon: bool,
}

impl Machines {
    /// Puts patterns side by side, in their order. Equal ones run once.
    pub fn new(patterns: &[Pattern]) -> Self {
        let mut patterns: Vec<&Pattern> = patterns.iter().collect();
        patterns.sort_unstable();
        patterns.dedup();
        let places: usize = patterns.iter().map(|pattern| pattern.pieces.len() + 1).sum();
        let none = vec![0; places.div_ceil(64)];
        let mut machines = Self {
            starts: vec![0],
            words: 0,
            ones: none.clone(),
            narrow_ones: none.clone(),
            stars: none.clone(),
            wide_stars: none.clone(),
            ends: none,
            plain: HashMap::default(),
            in_any_case: HashMap::default(),
        };
        for pattern in &patterns {
            machines.put(pattern);
        }
        machines.words = machines.starts[patterns.len()].div_ceil(64);
        machines
    }

    /// Puts a pattern behind the others.
    fn put(&mut self, pattern: &Pattern) {
        let mut place = self.starts[self.starts.len() - 1];
        for (index, piece) in pattern.pieces.iter().enumerate() {
            let is_narrow = index < pattern.within_colons;
            match piece {
                // Two stars in a row read what one does.
                Piece::Many => {
                    set(&mut self.stars, place);
                    if !is_narrow {
                        set(&mut self.wide_stars, place);
                    }
                    continue;
                }
                Piece::One if is_narrow => set(&mut self.narrow_ones, place),
                Piece::One => {}
                Piece::Plain(letter) if pattern.ignores_case => {
                    self.in_any_case.entry(*letter).or_default().push(place);
                }
                Piece::Plain(letter) => self.plain.entry(*letter).or_default().push(place),
            }
            if *piece == Piece::One {
                set(&mut self.ones, place);
            }
            place += 1;
        }
        set(&mut self.ends, place);
        self.starts.push(place + 1);
    }

    /// How many words hold all places.
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

    /// Where every pattern stands behind a text. What a letter does is kept in `moves`.
    pub fn read(&self, text: &str, moves: &mut HashMap<char, Move>) -> Places {
        let mut places = self.start();
        let mut next = Places::new();
        for letter in text.chars() {
            let letter = moves.entry(letter).or_insert_with(|| self.letter(letter));
            self.step(&places, letter, &mut next);
            std::mem::swap(&mut places, &mut next);
        }
        places
    }

    /// Where every pattern stands before the first letter.
    pub fn start(&self) -> Places {
        let mut places = vec![0; self.words];
        for start in &self.starts[..self.starts.len() - 1] {
            set(&mut places, *start);
        }
        let numbered = places.into_iter().enumerate();
        numbered.map(|(number, bits)| Word { number, bits }).filter(|word| word.bits != 0).collect()
    }

    /// What a letter does.
    pub fn letter(&self, letter: char) -> Move {
        let is_colon = letter == ':';
        let mut read = self.ones.clone();
        if is_colon {
            for (read, narrow) in read.iter_mut().zip(&self.narrow_ones) {
                *read &= !narrow;
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
        Move { read, is_colon }
    }

    /// Of the places, those from which a text of these letters can reach the pattern's end.
    pub fn promising<'moves>(
        &self,
        places: &[Word],
        letters: impl Iterator<Item = &'moves Move>,
    ) -> Places {
        let mut readable = vec![0; self.ends.len()];
        for letter in letters {
            for (all, read) in readable.iter_mut().zip(&letter.read) {
                *all |= read;
            }
        }
        let is_promising = |place: &usize| {
            let end = self.starts[self.starts.partition_point(|start| start <= place)] - 1;
            (*place..end).all(|place| readable[place / 64] & (1 << (place % 64)) != 0)
        };
        let mut promising = Places::new();
        for word in places {
            let bits = ones(word.bits)
                .filter(|bit| is_promising(&(word.number * 64 + bit)))
                .fold(0, |bits, bit| bits | 1 << bit);
            promising.extend((bits != 0).then_some(Word { bits, ..*word }));
        }
        promising
    }

    /// The number of the pattern that a place is in, and the place's number within it.
    pub fn within(&self, place: usize) -> (usize, usize) {
        let pattern = self.starts.partition_point(|start| *start <= place) - 1;
        (pattern, place - self.starts[pattern])
    }

    /// Where they stand after a letter.
    pub fn step(&self, places: &[Word], letter: &Move, next: &mut Places) {
        let stars = if letter.is_colon { &self.wide_stars } else { &self.stars };
        next.clear();
        // The place that the last one of a word moved on to.
        let mut carried = None;
        for Word { number, bits } in places.iter().copied() {
            let mut carry = 0;
            if let Some(into) = carried.take() {
                if into == number {
                    carry = 1;
                } else {
                    self.arrive(next, Word { number: into, bits: 1 }, 1);
                }
            }
            let moving = bits & letter.read[number];
            let moved = moving << 1 | carry;
            self.arrive(next, Word { number, bits: moved | bits & stars[number] }, moved & !bits);
            carried = (moving >> 63 != 0).then_some(number + 1);
        }
        if let Some(number) = carried {
            self.arrive(next, Word { number, bits: 1 }, 1);
        }
    }

    /// Adds a word of which some places are new. At a star that reads everything, whoever stands
    /// earlier in the pattern adds nothing.
    fn arrive(&self, next: &mut Places, word: Word, new: u64) {
        if word.bits == 0 {
            return;
        }
        next.push(word);
        for bit in ones(new & self.wide_stars[word.number]) {
            let star = word.number * 64 + bit;
            let pattern = self.starts.partition_point(|start| *start <= star) - 1;
            clear(next, self.starts[pattern], star);
        }
    }

    /// Of the places, those that are an end: the patterns that the text read so far matches as a
    /// whole.
    pub fn matched(&self, places: &[Word]) -> Places {
        let ends =
            places.iter().map(|word| Word { bits: word.bits & self.ends[word.number], ..*word });
        ends.filter(|word| word.bits != 0).collect()
    }
}

impl Move {
    /// Whether the letter moves any of the places on, or is one at which not every star stays.
    pub fn tells(&self, places: &[Word]) -> bool {
        self.is_colon || places.iter().any(|word| word.bits & self.read[word.number] != 0)
    }
}

fn set(places: &mut [u64], place: usize) {
    places[place / 64] |= 1 << (place % 64);
}

/// The numbers of places.
pub fn numbers(places: &[Word]) -> impl Iterator<Item = usize> {
    places.iter().flat_map(|word| ones(word.bits).map(|bit| word.number * 64 + bit))
}

/// The numbers of the bits that are set.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// Takes out every place from `start` up to, but without, `end`, which is in the last word.
fn clear(places: &mut Places, start: usize, end: usize) {
    let before = |place: usize| (1_u64 << (place % 64)) - 1;
    let mut at = places.len();
    let mut is_any_empty = false;
    while at > 0 && places[at - 1].number >= start / 64 {
        at -= 1;
        let Word { number, bits } = &mut places[at];
        let mut kept = 0;
        if *number == start / 64 {
            kept |= before(start);
        }
        if *number == end / 64 {
            kept |= !before(end);
        }
        *bits &= kept;
        is_any_empty |= *bits == 0;
    }
    if is_any_empty {
        places.retain(|word| word.bits != 0);
    }
}
