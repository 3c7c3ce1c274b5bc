//! Why an answer is no more than an upper bound, in words that fit behind "because".

use iam_policy::effective::Open;

/// How many keys are named.
const NAMED: usize = 3;

/// The policies tell more ways apart than are followed.
pub const CUT: &str = "the policies are too intricate to be followed to the end";

/// What no part of the account decides.
const UNDOCUMENTED: &str =
    "AWS's documentation, or what is not known of a registry, leaves the answer open";

/// What the engine left open on the way to a bound, a clause each, never none.
/// `spelled` gives a context key as the policies spell it.
pub fn left_open(open: &Open, spelled: impl Fn(&str) -> String) -> Vec<String> {
    let mut clauses = Vec::new();
    if !open.keys.is_empty() {
        let named: Vec<String> = open.keys.iter().take(NAMED).map(|key| spelled(key)).collect();
        let named = named.join(", ");
        clauses.push(match open.keys.len() {
            1 => format!("the value of {named} is not known"),
            count if count > NAMED => {
                format!("the values of {named} and {} more keys are not known", count - NAMED)
            }
            _ => format!("the values of {named} are not known"),
        });
    }
    if open.is_cut {
        clauses.push(CUT.to_owned());
    }
    if clauses.is_empty() {
        clauses.push(UNDOCUMENTED.to_owned());
    }
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_open_is_named() {
        for (keys, is_cut, expected) in [
            (&[][..], false, &[UNDOCUMENTED][..]),
            (&[], true, &[CUT]),
            (&["a:b"], false, &["the value of A:B is not known"]),
            (&["a", "b"], true, &["the values of A, B are not known", CUT]),
            (
                &["a", "b", "c", "d", "e"],
                false,
                &["the values of A, B, C and 2 more keys are not known"],
            ),
        ] {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            let clauses = left_open(&Open { keys, is_cut }, str::to_uppercase);
            assert_eq!(clauses, expected);
        }
    }
}
