//! Whether a pattern can match any resource at all: one text is looked for, piece by piece.

use std::collections::VecDeque;

use foldhash::HashSet;

use crate::context::Context;
use crate::effective::resources::{NameRange, Place};
use crate::glob::Piece;
use crate::template::Template;

/// Whether a pattern matches any resource of these places, whatever its variables hold. Names that
/// a range leaves out count as names.
pub fn can_match(pattern: &Template, places: &[Place], names: &dyn NameRange) -> bool {
    let pieces = pattern.widened(&Context::new());
    let mut tried = HashSet::default();
    places.iter().any(|place| {
        let begun = behind(&pieces, &place.prefix);
        !tried.contains(&begun) && {
            let matches = matches_a_name(&pieces, &begun, names);
            tried.insert(begun);
            matches
        }
    })
}

/// The numbers of the pieces that may come next behind a text.
fn behind(pieces: &[Piece], text: &str) -> Vec<usize> {
    let mut next = vec![0];
    for letter in text.chars() {
        let mut after = Vec::new();
        for mut at in next {
            // A star stays, and whatever is behind it may come.
            while pieces.get(at) == Some(&Piece::Many) {
                after.push(at);
                at += 1;
            }
            match pieces.get(at) {
                Some(Piece::Plain(plain)) if *plain == letter => after.push(at + 1),
                Some(Piece::One) => after.push(at + 1),
                _ => {}
            }
        }
        after.sort_unstable();
        after.dedup();
        next = after;
    }
    next
}

/// Whether the pieces from one of these on match some name, the shortest first.
fn matches_a_name(pieces: &[Piece], begun: &[usize], names: &dyn NameRange) -> bool {
    let (shortest, longest) = names.lengths();
    let mut seen: HashSet<(usize, u8, usize)> = HashSet::default();
    let mut queue: VecDeque<(usize, u8, usize)> = begun.iter().map(|at| (*at, 0, 0)).collect();
    while let Some((at, state, length)) = queue.pop_front() {
        if !seen.insert((at, state, length.min(shortest))) {
            continue;
        }
        if at == pieces.len() && length >= shortest && names.may_end(state) {
            return true;
        }
        let Some(piece) = pieces.get(at) else { continue };
        if *piece == Piece::Many {
            queue.push_front((at + 1, state, length));
        }
        if length == longest {
            continue;
        }
        let next = if *piece == Piece::Many { at } else { at + 1 };
        let is_read = |letter: &char| match piece {
            Piece::Plain(plain) => plain == letter,
            Piece::One | Piece::Many => true,
        };
        let read = names.letters().chars().filter(is_read);
        let mut states: Vec<u8> = read.filter_map(|letter| names.step(state, letter)).collect();
        states.sort_unstable();
        states.dedup();
        queue.extend(states.into_iter().map(|state| (next, state, length + 1)));
    }
    false
}
