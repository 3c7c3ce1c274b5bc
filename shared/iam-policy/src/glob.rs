//! `*` for any text and `?` for any one character. Everything else is plain.

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Exactly this character.
    Plain(char),
    /// Any one character.
    One,
    /// Any text, even none.
    Many,
}

/// Reads `*` and `?` in a text.
pub fn pieces(text: &str) -> Vec<Piece> {
    text.chars()
        .map(|letter| match letter {
            '*' => Piece::Many,
            '?' => Piece::One,
            plain => Piece::Plain(plain),
        })
        .collect()
}

/// Whether a whole text matches a pattern. Takes time in the product of both lengths at worst.
pub fn matches(pattern: &[Piece], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut place) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while place < text.len() {
        match pattern.get(at) {
            Some(Piece::Many) => {
                retry = Some((at, place));
                at += 1;
                continue;
            }
            Some(Piece::One) => {
                at += 1;
                place += 1;
                continue;
            }
            Some(Piece::Plain(letter)) if *letter == text[place] => {
                at += 1;
                place += 1;
                continue;
            }
            _ => {}
        }
        let Some((star, from)) = retry else {
            return false;
        };
        at = star + 1;
        place = from + 1;
        retry = Some((star, place));
    }
    pattern[at..].iter().all(|piece| *piece == Piece::Many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_matches_a_pattern_or_does_not() {
        for (pattern, text, matched) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xaxxbx", false),
            ("a*", "b", false),
            ("**", "ab", true),
            ("*ab*ab", "abab", true),
            ("é?", "éü", true),
        ] {
            assert_eq!(matches(&pieces(pattern), text), matched, "{pattern} on {text}");
        }
    }
}
