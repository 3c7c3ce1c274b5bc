//! `*` for any text and `?` for any one character. Everything else is plain.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    let mut pieces = Vec::with_capacity(text.len());
    pieces.extend(text.chars().map(|letter| match letter {
        '*' => Piece::Many,
        '?' => Piece::One,
        plain => Piece::Plain(plain),
    }));
    pieces
}

/// Whether a whole text matches a pattern. Takes time in the product of both lengths at worst.
pub fn matches(pattern: &[Piece], text: &str) -> bool {
    matches_by(pattern, text, |letter| letter)
}

/// Whether a whole text matches a pattern as it is written.
pub(crate) fn matches_text(pattern: &str, text: &str) -> bool {
    let find = |text: &[u8], letter: u8| text.iter().position(|byte| *byte == letter);
    matches_bytes(pattern, text, |one, other| one == other, find)
}

/// Whether a whole text matches a pattern as it is written, without regard to the case of either.
pub fn matches_in_any_case(pattern: &str, text: &str) -> bool {
    let find = |text: &[u8], letter: u8| {
        let (upper, lower) = (letter.to_ascii_uppercase(), letter.to_ascii_lowercase());
        text.iter().position(|byte| *byte == upper || *byte == lower)
    };
    matches_bytes(pattern, text, |one, other| one.eq_ignore_ascii_case(&other), find)
}

/// It goes by bytes: only `?` has to know where a character ends. A `*` that took a part of one
/// leaves the rest to a `?`, which is as if the `?` had taken it whole. `find` gives where the first
/// byte is that is the same as another.
fn matches_bytes(
    pattern: &str,
    text: &str,
    is_same: impl Fn(u8, u8) -> bool,
    find: impl Fn(&[u8], u8) -> Option<usize>,
) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                if let Some(letter) = pattern.get(at).filter(|letter| !b"*?".contains(letter)) {
                    // Nothing matches before the letter behind the star comes.
                    let Some(skipped) = find(&text[read..], *letter) else {
                        return false;
                    };
                    read += skipped;
                }
                retry = Some((at, read));
            }
            Some(b'?') => {
                let rest = text[read + 1..].iter();
                // 0b10…: not the first byte of its character.
                let more = rest.take_while(|byte| **byte & 0b1100_0000 == 0b1000_0000).count();
                (at, read) = (at + 1, read + 1 + more);
            }
            Some(letter) if is_same(*letter, text[read]) => {
                (at, read) = (at + 1, read + 1);
            }
            _ => {
                let Some((behind_star, from)) = retry else {
                    return false;
                };
                (at, read) = (behind_star, from + 1);
                retry = Some((behind_star, read));
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

fn matches_by(pattern: &[Piece], text: &str, read: impl Fn(char) -> char) -> bool {
    let (mut at, mut rest) = (0, text.chars());
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let mut after = rest.clone();
        let Some(letter) = after.next() else {
            return pattern[at..].iter().all(|piece| *piece == Piece::Many);
        };
        match pattern.get(at) {
            Some(Piece::Many) => {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            Some(Piece::One) => {
                at += 1;
                rest = after;
                continue;
            }
            Some(Piece::Plain(plain)) if *plain == read(letter) => {
                at += 1;
                rest = after;
                continue;
            }
            _ => {}
        }
        let Some((behind_star, mut from)) = retry else {
            return false;
        };
        from.next();
        (at, rest) = (behind_star, from.clone());
        retry = Some((behind_star, from));
    }
}

/// Whether the parts of a pattern, six at most and parted by colons, match those of a text, each
/// by itself.
pub fn matches_by_part(pattern: &[Piece], text: &str) -> bool {
    let parts = pattern.splitn(6, |piece| *piece == Piece::Plain(':'));
    all_match(parts, text, |part, text| matches(part, text))
}

/// The same of a pattern as it is written.
pub(crate) fn matches_text_by_part(pattern: &str, text: &str) -> bool {
    all_match(pattern.splitn(6, ':'), text, |part, text| matches_text(part, text))
}

fn all_match<Part>(
    mut parts: impl Iterator<Item = Part>,
    text: &str,
    matches: impl Fn(&Part, &str) -> bool,
) -> bool {
    let mut texts = text.splitn(6, ':');
    loop {
        match (parts.next(), texts.next()) {
            (Some(part), Some(text)) if matches(&part, text) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_matched_each_by_itself() {
        for (pattern, text, matched) in [
            ("arn:aws:s3:::*", "arn:aws:s3:::a:b", true),
            ("arn:*:a", "arn:aws:s3:::a", false),
            ("*", "arn:aws:s3:::a", false),
            ("*:*:*:*:*:*", "arn:aws:s3:::a", true),
            ("arn:aws:s3:::a:*", "arn:aws:s3:::a", false),
        ] {
            assert_eq!(matches_by_part(&pieces(pattern), text), matched, "{pattern} on {text}");
            assert_eq!(matches_text_by_part(pattern, text), matched, "{pattern} on {text}");
        }
        let literal: Vec<Piece> = "arn:aws:s3:::*".chars().map(Piece::Plain).collect();
        assert!(matches_by_part(&literal, "arn:aws:s3:::*"));
        assert!(!matches_by_part(&literal, "arn:aws:s3:::a"));
    }

    #[test]
    fn case_makes_no_difference() {
        for (pattern, text, matched) in [
            ("Put*", "PUTimage", true),
            ("put?mage", "PutImage", true),
            ("PutImage", "putimage", true),
            ("PutImage*", "Put", false),
            ("Put*x", "PutImage", false),
            ("Get*", "PutImage", false),
            ("*Image*Scan", "startimagexscanscan", true),
            ("*Image*Scan", "startimagescans", false),
            ("*é?", "ÉéÜ", true),
            ("*??", "é", false),
            ("?*?", "é", false),
            ("?*?", "éé", true),
            ("é", "É", false),
        ] {
            assert_eq!(matches_in_any_case(pattern, text), matched, "{pattern} on {text}");
        }
    }

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
            assert_eq!(matches_text(pattern, text), matched, "{pattern} on {text}");
        }
    }
}
