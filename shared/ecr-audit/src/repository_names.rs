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

/// What follows the region in a repository's ARN: its account and its name.
#[derive(Clone, Copy, Debug)]
pub struct AccountsAndNames;

/// How many digits an account has.
const DIGITS: u8 = 12;
/// What stands between account and name.
const BETWEEN: &[u8] = b":repository/";
/// The state in which a name begins.
const NAME: u8 = DIGITS + 12;
/// One letter of the name was read: it may not end yet.
const ONE_LETTER: u8 = NAME + 1;
/// Behind it, the states of a name.
const NAME_GOES_ON: u8 = NAME + 2;

impl NameRange for AccountsAndNames {
    fn letters(&self) -> &'static str {
        "abcdefghijklmnopqrstuvwxyz0123456789._-/:"
    }

    fn step(&self, state: u8, letter: char) -> Option<u8> {
        match state {
            0..DIGITS => letter.is_ascii_digit().then_some(state + 1),
            DIGITS..NAME => {
                let expected = char::from(BETWEEN[usize::from(state - DIGITS)]);
                (letter == expected).then_some(state + 1)
            }
            NAME => RepositoryNames.step(AFTER_SEPARATOR, letter).map(|_| ONE_LETTER),
            ONE_LETTER => {
                RepositoryNames.step(AFTER_LETTER, letter).map(|state| state + NAME_GOES_ON)
            }
            _ => {
                let state = RepositoryNames.step(state - NAME_GOES_ON, letter);
                state.map(|state| state + NAME_GOES_ON)
            }
        }
    }

    fn may_end(&self, state: u8) -> bool {
        state >= NAME_GOES_ON && RepositoryNames.may_end(state - NAME_GOES_ON)
    }

    /// The shortest is in the states: a search need not tell apart how long a text is.
    fn lengths(&self) -> (usize, usize) {
        let (_, longest) = RepositoryNames.lengths();
        (0, usize::from(NAME) + longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_of(range: &dyn NameRange, text: &str) -> bool {
        let end = text.chars().try_fold(0, |state, letter| range.step(state, letter));
        let (shortest, longest) = range.lengths();
        (shortest..=longest).contains(&text.len()) && end.is_some_and(|state| range.may_end(state))
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
            assert_eq!(is_of(&RepositoryNames, text), is, "{text}");
        }
    }

    #[test]
    fn a_text_follows_the_region_or_does_not() {
        for (text, is) in [
            ("111122223333:repository/app", true),
            ("111122223333:repository/team-a/web", true),
            ("111122223333:repository/ab", true),
            ("111122223333:repository/a", false),
            ("111122223333:repository/a-", false),
            ("111122223333:repository/App", false),
            ("11112222333:repository/app", false),
            ("1111222233334:repository/app", false),
            ("111122223333:registry/app", false),
            ("111122223333:repository/", false),
        ] {
            assert_eq!(is_of(&AccountsAndNames, text), is, "{text}");
        }
    }
}
