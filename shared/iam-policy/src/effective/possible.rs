//! Which patterns can match any resource at all: for each one text is looked for.
//!
//! It needs no budget. The beginnings of ARNs are texts, read once by all patterns together; behind
//! them each pattern is tried once for each of its places and each state of the names.

use std::collections::{BTreeSet, VecDeque};

use foldhash::HashSet;

use crate::context::Context;
use crate::effective::Budget;
use crate::effective::beginnings::Beginnings;
use crate::effective::machines::{Machines, Pattern, numbers};
use crate::effective::resources::{NameRange, Place};
use crate::glob::Piece;
use crate::template::Template;

/// The resources of some places, held ready for many patterns.
#[derive(Debug)]
pub struct Possible<'range> {
    places: &'range [Place],
    names: &'range dyn NameRange,
    /// What a name that stands in a state can come to by any one letter, by state.
    next: Vec<Vec<u8>>,
}

/// A text as far as it was read: the place in the pattern, the state of the range, its length.
type Reading = (usize, u8, usize);

impl<'range> Possible<'range> {
    /// Resources of these places, called so. Names that the range leaves out count as names.
    pub fn new(places: &'range [Place], names: &'range dyn NameRange) -> Self {
        let mut next: Vec<Vec<u8>> = Vec::new();
        let mut known = 1;
        while next.len() < known {
            let state = u8::try_from(next.len()).unwrap_or(u8::MAX);
            let letters = names.letters().chars();
            let mut reached: Vec<u8> =
                letters.filter_map(|letter| names.step(state, letter)).collect();
            reached.sort_unstable();
            reached.dedup();
            known = reached.last().map_or(known, |last| known.max(usize::from(*last) + 1));
            next.push(reached);
        }
        Self { places, names, next }
    }

    /// Of some patterns, those that match none of them, whatever their variables hold.
    pub fn impossible<'pattern>(
        &self,
        patterns: impl Iterator<Item = &'pattern Template<'pattern>>,
    ) -> HashSet<&'pattern str> {
        let mut texts: Vec<(Pattern, &str)> = patterns
            .map(|pattern| (Pattern::plain(pattern.widened(&Context::new())), pattern.as_str()))
            .collect();
        texts.sort_unstable();
        let mut patterns: Vec<Pattern> = texts.iter().map(|(pattern, _)| pattern.clone()).collect();
        patterns.dedup();
        let begun = self.begun(&patterns);
        let can_match: Vec<bool> = patterns
            .iter()
            .zip(&begun)
            .map(|(pattern, begun)| self.has_a_name(&pattern.pieces, begun))
            .collect();
        let is_impossible = |(pattern, _): &(Pattern, &str)| {
            patterns.binary_search(pattern).is_ok_and(|number| !can_match[number])
        };
        texts.into_iter().filter(is_impossible).map(|(_, text)| text).collect()
    }

    /// Where each of the sorted patterns can stand when a name begins.
    fn begun(&self, patterns: &[Pattern]) -> Vec<Vec<usize>> {
        let machines = Machines::new(patterns);
        let mut beginnings = Beginnings::new(&machines, &[]);
        let budget = Budget::of(usize::MAX);
        let mut begun = vec![Vec::new(); patterns.len()];
        let read = self.places.iter().filter_map(|place| {
            beginnings.read(&machines, &place.prefix, &budget).map(|beginning| beginning.stand)
        });
        let stands: BTreeSet<usize> = read.collect();
        for place in stands.into_iter().flat_map(|stand| numbers(beginnings.places(stand))) {
            let (pattern, place) = machines.within(place);
            begun[pattern].push(place);
        }
        begun
    }

    /// Whether a pattern matches some name from one of these places in it on.
    fn has_a_name(&self, pieces: &[Piece], begun: &[usize]) -> bool {
        let (_, longest) = self.names.lengths();
        // The first that comes is seldom too long; only then is the shortest looked for.
        match self.length_of_a_name(pieces, begun, VecDeque::pop_back) {
            Some(length) if length > longest => self
                .length_of_a_name(pieces, begun, VecDeque::pop_front)
                .is_some_and(|shortest| shortest <= longest),
            found => found.is_some(),
        }
    }

    /// How long a name is that the pattern matches: the shortest, where readings are taken in the
    /// order in which they came.
    fn length_of_a_name(
        &self,
        pieces: &[Piece],
        begun: &[usize],
        take: impl Fn(&mut VecDeque<Reading>) -> Option<Reading>,
    ) -> Option<usize> {
        let (shortest, _) = self.names.lengths();
        let (states, lengths) = (self.next.len(), shortest + 1);
        // What is read at each place of the pattern, and whether a star stands before it.
        let mut read: Vec<&Piece> = Vec::with_capacity(pieces.len());
        let mut stars = vec![false; pieces.len() + 1];
        for piece in pieces {
            match piece {
                Piece::Many => stars[read.len()] = true,
                Piece::One | Piece::Plain(_) => read.push(piece),
            }
        }
        let mut seen = vec![false; (read.len() + 1) * states * lengths];
        let mut queue: VecDeque<Reading> = begun.iter().map(|at| (*at, 0, 0)).collect();
        while let Some((at, state, length)) = take(&mut queue) {
            let number = (at * states + usize::from(state)) * lengths + length.min(shortest);
            if std::mem::replace(&mut seen[number], true) {
                continue;
            }
            if at == read.len() && length >= shortest && self.names.may_end(state) {
                return Some(length);
            }
            let any = &self.next[usize::from(state)];
            if stars[at] {
                queue.extend(any.iter().map(|state| (at, *state, length + 1)));
            }
            match read.get(at) {
                Some(Piece::Plain(letter)) if self.names.letters().contains(*letter) => {
                    let state = self.names.step(state, *letter);
                    queue.extend(state.map(|state| (at + 1, state, length + 1)));
                }
                Some(Piece::One) => {
                    queue.extend(any.iter().map(|state| (at + 1, *state, length + 1)));
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Version;
    use crate::effective::Consent;

    /// Two to four letters, no two bars side by side or at an end.
    #[derive(Debug)]
    struct Names;

    impl NameRange for Names {
        fn letters(&self) -> &'static str {
            "ab-"
        }

        fn step(&self, state: u8, letter: char) -> Option<u8> {
            match (state, letter) {
                (_, 'a' | 'b') => Some(1),
                (1, '-') => Some(0),
                _ => None,
            }
        }

        fn may_end(&self, state: u8) -> bool {
            state == 1
        }

        fn lengths(&self) -> (usize, usize) {
            (2, 4)
        }
    }

    /// Every text of so many of these letters at most.
    fn texts(letters: &str, longest: usize) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut next = 0;
        while next < texts.len() {
            if texts[next].len() < longest {
                let longer = letters.chars().map(|letter| format!("{}{letter}", texts[next]));
                let longer: Vec<String> = longer.collect();
                texts.extend(longer);
            }
            next += 1;
        }
        texts
    }

    #[test]
    fn every_short_pattern_is_judged_as_trying_each_name_does() {
        let is_name = |text: &String| {
            let is_long_enough = (2..=4).contains(&text.len());
            let has_bars = text.starts_with('-') || text.ends_with('-') || text.contains("--");
            is_long_enough && !has_bars
        };
        let names: Vec<String> = texts("ab-", 4).into_iter().filter(is_name).collect();
        let place = |prefix: &str| Place {
            prefix: prefix.to_owned(),
            known: Context::new(),
            consent: Consent::Own,
        };
        let places = [place("r:a"), place("s:b")];
        let possible = Possible::new(&places, &Names);
        let patterns: Vec<Template> = ["", "*", "r:", "s:?", "?:*"]
            .iter()
            .flat_map(|begun| {
                texts("a-*?", 5).into_iter().map(move |rest| format!("{begun}{rest}"))
            })
            .map(|text| Template::parse(text, Version::V2012))
            .collect();
        let impossible = possible.impossible(patterns.iter());
        let mut counts = [0, 0];
        for pattern in &patterns {
            let pattern = pattern.as_str();
            let mut resources = places
                .iter()
                .flat_map(|place| names.iter().map(|name| place.prefix.clone() + name));
            let can = resources.any(|resource| crate::glob::matches_text(pattern, &resource));
            assert_eq!(!impossible.contains(pattern), can, "{pattern}");
            counts[usize::from(can)] += 1;
        }
        assert!(counts.iter().all(|count| *count > 1000), "{counts:?}");
    }
}
