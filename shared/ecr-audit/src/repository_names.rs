//! What a repository may be called: ECR's own pattern, as a machine that reads letters.
//!
//! `(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*`, 2 to 256 characters.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>

use iam_policy::effective::resources::NameRange;

/// The names of repositories.
#[derive(Clone, Copy, Debug)]
pub struct RepositoryNames;

/// A name has begun, or a separator was just read: a letter or digit has to follow.
const AFTER_SEPARATOR: u8 = 0;
/// A letter or digit was just read: the name may end.
const AFTER_LETTER: u8 = 1;

impl NameRange for RepositoryNames {
    fn letters(&self) -> &'static str {
        "abcdefghijklmnopqrstuvwxyz0123456789._-/"
    }

    fn step(&self, state: u8, letter: char) -> Option<u8> {
        match (state, letter) {
            (_, 'a'..='z' | '0'..='9') => Some(AFTER_LETTER),
            (AFTER_LETTER, '.' | '_' | '-' | '/') => Some(AFTER_SEPARATOR),
            _ => None,
        }
    }

    fn may_end(&self, state: u8) -> bool {
        state == AFTER_LETTER
    }

    fn lengths(&self) -> (usize, usize) {
        (2, 256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_name(text: &str) -> bool {
        let end = text.chars().try_fold(0, |state, letter| RepositoryNames.step(state, letter));
        (2..=256).contains(&text.len()) && end.is_some_and(|state| RepositoryNames.may_end(state))
    }

    #[test]
    fn a_text_is_a_name_or_is_not() {
        for (text, is) in [
            ("app", true),
            ("team-a/web.api_1", true),
            ("a", false),
            ("App", false),
            ("app/", false),
            ("/app", false),
            ("a--b", false),
            ("a..b", false),
            ("a//b", false),
        ] {
            assert_eq!(is_name(text), is, "{text}");
        }
    }
}
