//! The accounts that resources may be of: one for each way in which the policies can tell accounts
//! apart, so that a resource of any account is met as a resource of one of these.
//!
//! An account shows in a resource's ARN, which patterns match as a whole and part by part, and in
//! `aws:ResourceAccount`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount>

use foldhash::{HashMap, HashSet};

use crate::condition::Comparison;
use crate::context::Context;
use crate::decision::PolicySet;
use crate::effective::Knowledge;
use crate::effective::machines::{Machines, Move, Pattern, Places};
use crate::glob::{self, Piece};
use crate::template::Template;

/// The key that holds the account of a request's resource, in lower case.
const RESOURCE_ACCOUNT: &str = "aws:resourceaccount";

/// The digits of an account.
const DIGITS: usize = 12;

/// How many accounts are told apart before the others are left open.
const ACCOUNTS: usize = 16;

/// How much each account may cost a question before the others are left open: accounts times the
/// words of the patterns that it is held against.
const WORDS: usize = 8_192;

/// How much is looked at before accounts are left open: the words that are read, of all steps.
const WORK: usize = 200_000;

/// What stands around the account in the ARNs of resources.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What stands before it, such as `arn:aws:ecr:eu-west-1:`, one for each region.
    pub before: Vec<String>,
    /// What stands behind it, such as `:repository/`.
    pub behind: String,
}

/// Accounts that stand for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// The account that was preferred, then one for each way in which others differ from it.
    pub ids: Vec<String>,
    /// Whether there are more ways than were followed.
    pub is_cut: bool,
}

/// Finds accounts that stand for all. Those that are to be kept `apart` stand for themselves alone.
pub fn accounts(
    policies: &PolicySet,
    knowledge: &Knowledge,
    surroundings: &Surroundings,
    apart: &[&str],
    preferred: &str,
) -> Accounts {
    let telling = Telling::new(policies, knowledge, surroundings, apart);
    let is_number = telling.is_number;
    let readers = Readers::new(&telling, &surroundings.behind);
    match readers.all(&surroundings.before, preferred) {
        Some(ids) => Accounts { ids, is_cut: is_number },
        None => Accounts { ids: vec![preferred.to_owned()], is_cut: true },
    }
}

/// The patterns that tell accounts apart.
struct Telling {
    /// Patterns of whole ARNs.
    whole: Vec<Pattern>,
    /// Patterns of an account alone.
    part: Vec<Pattern>,
    /// Whether accounts are compared as numbers or dates too, which is not followed.
    is_number: bool,
}

impl Telling {
    fn new(
        policies: &PolicySet,
        knowledge: &Knowledge,
        surroundings: &Surroundings,
        apart: &[&str],
    ) -> Self {
        let mut telling = Self {
            whole: Vec::new(),
            part: apart.iter().map(|account| plain(glob::pieces(account))).collect(),
            is_number: false,
        };
        let is_of_them =
            |text: &str| surroundings.before.iter().any(|before| may_begin(text, before));
        for statement in policies.statements() {
            let patterns = statement.resource.iter().flat_map(|element| &element.patterns);
            for pattern in patterns.filter(|pattern| is_of_them(pattern.as_str())) {
                telling.arn(pattern.widened(&open_in(pattern, knowledge)));
            }
            for condition in &statement.conditions {
                if condition.key() != RESOURCE_ACCOUNT {
                    continue;
                }
                telling.is_number |=
                    matches!(condition.comparison(), Comparison::Numeric(_) | Comparison::Date(_));
                let values = condition.values();
                telling
                    .part
                    .extend(values.map(|value| plain(value.widened(&open_in(value, knowledge)))));
            }
        }
        for resource in &policies.resource {
            if !is_of(apart, &resource.stands_on) {
                telling.arn(resource.stands_on.clone());
            }
        }
        telling
    }

    fn arn(&mut self, pieces: Vec<Piece>) {
        if pieces == [Piece::Many] {
            return;
        }
        let mut parts = pieces.split(|piece| *piece == Piece::Plain(':'));
        self.part.extend(parts.nth(4).map(|account| plain(account.to_vec())));
        self.whole.push(plain(pieces));
    }
}

/// Whether a pattern is of one of these accounts, without a wildcard up to there.
fn is_of(accounts: &[&str], pattern: &[Piece]) -> bool {
    let parts: Vec<&[Piece]> = pattern.splitn(6, |piece| *piece == Piece::Plain(':')).collect();
    let is_plain = |part: &&[Piece]| part.iter().all(|piece| matches!(piece, Piece::Plain(_)));
    parts.len() == 6
        && parts[..5].iter().all(is_plain)
        && accounts.iter().any(|account| glob::matches(parts[4], account))
}

fn plain(pieces: Vec<Piece>) -> Pattern {
    Pattern::plain(pieces)
}

/// Whether a pattern can match a text that begins so, as far as its first wildcard or variable.
fn may_begin(pattern: &str, begin: &str) -> bool {
    let plain = pattern.bytes().take_while(|byte| !b"*?$".contains(byte));
    plain.zip(begin.bytes()).all(|(one, other)| one == other)
}

/// What is known of a pattern's variables.
fn open_in(pattern: &Template<'_>, knowledge: &Knowledge) -> Context {
    let mut known = Context::new();
    for key in pattern.variables() {
        match knowledge.known.get(key) {
            Some(value) => known.set(key, value.clone()),
            None if knowledge.is_absent(key) => {}
            None => known.set_open(key),
        }
    }
    known
}

/// Where the patterns stand: those of whole ARNs, and those of an account alone.
type Reading = (Places, Places);

/// The patterns as machines.
struct Readers {
    whole: Machines,
    part: Machines,
    /// What each digit does, and each letter of what stands behind the account.
    digits: Vec<(char, Move, Move)>,
    behind: Vec<Move>,
}

impl Readers {
    fn new(telling: &Telling, behind: &str) -> Self {
        let (whole, part) = (Machines::new(&telling.whole), Machines::new(&telling.part));
        let digit = |digit: char| (digit, whole.letter(digit), part.letter(digit));
        let digits = ('0'..='9').map(digit).collect();
        let behind = behind.chars().map(|letter| whole.letter(letter)).collect();
        Self { whole, part, digits, behind }
    }

    /// The preferred account, and one for each way in which others differ from it, whatever stands
    /// before them. `None`: there are more ways than are followed.
    fn all(&self, before: &[String], preferred: &str) -> Option<Vec<String>> {
        let mut ids = vec![preferred.to_owned()];
        let mut tried: HashSet<Places> = HashSet::default();
        let (mut moves, mut work) = (HashMap::default(), 0);
        for before in before {
            let begun = self.whole.read(before, &mut moves);
            if !tried.insert(begun.clone()) {
                continue;
            }
            let known = ids.iter().map(|account| self.read(&begun, account));
            let mut known: HashSet<Reading> = known.collect();
            for (account, reading) in self.found(&begun, &mut work)? {
                if known.insert(reading) {
                    ids.push(account);
                }
            }
            if ids.len() > ACCOUNTS || ids.len() * self.whole.words() > WORDS {
                return None;
            }
        }
        Some(ids)
    }

    /// How the patterns meet one account.
    fn read(&self, begun: &Places, account: &str) -> Reading {
        let mut reading = (begun.clone(), self.part.start());
        for letter in account.chars() {
            if let Some((_, in_whole, in_part)) =
                self.digits.iter().find(|(digit, ..)| *digit == letter)
            {
                reading = self.after(&reading, in_whole, in_part);
            }
        }
        self.done(&reading)
    }

    /// An account for each way in which the patterns can meet one, the lowest. `None`: there are
    /// more ways than are followed.
    fn found(&self, begun: &Places, work: &mut usize) -> Option<Vec<(String, Reading)>> {
        let mut open = vec![(String::new(), (begun.clone(), self.part.start()))];
        for _ in 0..DIGITS {
            let mut seen: HashSet<Reading> = HashSet::default();
            let mut next = Vec::new();
            for (text, reading) in &open {
                *work += self.digits.len() * (reading.0.len() + reading.1.len());
                for (digit, in_whole, in_part) in &self.digits {
                    let reading = self.after(reading, in_whole, in_part);
                    if seen.insert(reading.clone()) {
                        next.push((format!("{text}{digit}"), reading));
                    }
                }
                if next.len() > 2 * ACCOUNTS || *work > WORK {
                    return None;
                }
            }
            open = next;
        }
        let mut seen = HashSet::default();
        open.retain_mut(|(_, reading)| {
            *reading = self.done(reading);
            seen.insert(reading.clone())
        });
        Some(open)
    }

    fn after(&self, reading: &Reading, in_whole: &Move, in_part: &Move) -> Reading {
        let mut after = Reading::default();
        self.whole.step(&reading.0, in_whole, &mut after.0);
        self.part.step(&reading.1, in_part, &mut after.1);
        after
    }

    /// What is left to tell behind the account.
    fn done(&self, (whole, part): &Reading) -> Reading {
        let mut whole = whole.clone();
        let mut next = Places::new();
        for letter in &self.behind {
            self.whole.step(&whole, letter, &mut next);
            std::mem::swap(&mut whole, &mut next);
        }
        (whole, self.part.matched(part))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::decision::NamedPolicy;
    use crate::document::PolicyDocument;

    const OWN: &str = "111122223333";
    const PREFERRED: &str = "210987654321";

    fn found(resources: &[&str], condition: &serde_json::Value) -> Accounts {
        let document = json!({
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow", "Action": "*", "Resource": resources, "Condition": condition,
            },
        });
        let document = Arc::new(PolicyDocument::from_value(&document).unwrap());
        let policy = NamedPolicy { name: "inline:test".to_owned(), document };
        let policies = PolicySet { identity: vec![policy], ..PolicySet::default() };
        let mut knowledge = Knowledge::default();
        knowledge.known.set_single("aws:PrincipalTag/acct", "444455556666");
        let surroundings = Surroundings {
            before: ["eu-west-1", "us-east-1"].map(|at| format!("arn:aws:store:{at}:")).to_vec(),
            behind: ":box/".to_owned(),
        };
        accounts(&policies, &knowledge, &surroundings, &[OWN], PREFERRED)
    }

    #[test]
    fn each_way_to_tell_accounts_apart_has_one() {
        for (pattern, expected) in [
            ("*", &[][..]),
            ("arn:aws:store:*:*:box/*", &[]),
            ("arn:aws:other:*:444455556666:box/*", &[]),
            ("arn:aws:store:*:444455556666:box/*", &["444455556666"]),
            ("arn:aws:store:us-east-1:444455556666:box/*", &["444455556666"]),
            ("arn:aws:store:*:${aws:PrincipalTag/acct}:box/*", &["444455556666"]),
            ("arn:aws:store:*:44445555????:box/*", &["444455550000"]),
            ("arn:aws:store:*:2*:box/*", &["000000000000"]),
            // A star that reaches over a colon.
            ("arn:aws:store:*6666:box/*", &["000000006666"]),
            ("arn:aws:store:us-east-1:4*", &["400000000000"]),
            ("arn:aws:store:*:44445555666:box/*", &[]),
        ] {
            let ids = found(&[pattern], &json!({})).ids;
            let others: Vec<&str> = ids
                .iter()
                .map(String::as_str)
                .filter(|id| ![OWN, PREFERRED].contains(id))
                .collect();
            assert_eq!(others, expected, "{pattern}");
        }
    }

    #[test]
    fn a_condition_tells_accounts_apart() {
        for (condition, expected) in [
            (json!({ "StringEquals": { "aws:ResourceAccount": "444455556666" } }), "444455556666"),
            (json!({ "StringLike": { "aws:resourceaccount": "44*" } }), "440000000000"),
            (
                json!({ "StringEquals": { "aws:ResourceAccount": "${aws:PrincipalTag/acct}" } }),
                "444455556666",
            ),
        ] {
            let accounts = found(&["*"], &condition);
            assert!(accounts.ids.iter().any(|id| id == expected), "{condition}: {accounts:?}");
            assert!(!accounts.is_cut);
        }
        let number = json!({ "NumericLessThan": { "aws:ResourceAccount": "5" } });
        assert!(found(&["*"], &number).is_cut);
    }
}
