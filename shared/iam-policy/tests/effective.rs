//! Effective permissions of small policies whose answers are worked out by hand.

use std::cell::Cell;
use std::sync::Arc;

use iam_policy::context::Context;
use iam_policy::decision::{NamedPolicy, PolicySet};
use iam_policy::document::PolicyDocument;
use iam_policy::effective::resources::{NameRange, Place};
use iam_policy::effective::{
    Access, AskedAction, Budget, Consent, Knowledge, Level, Question, effective,
};
use iam_policy::principal::Principal;

/// Names of one to three letters, each an `a` or a `b`.
#[derive(Debug)]
struct Names;

impl NameRange for Names {
    fn letters(&self) -> &'static str {
        "ab"
    }

    fn step(&self, _state: u8, _letter: char) -> Option<u8> {
        Some(1)
    }

    fn may_end(&self, state: u8) -> bool {
        state == 1
    }

    fn lengths(&self) -> (usize, usize) {
        (1, 3)
    }
}

fn policy(statements: &str) -> NamedPolicy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let document = Arc::new(PolicyDocument::parse(&text).unwrap());
    NamedPolicy { name: "inline:Test".to_owned(), document }
}

fn ask(statements: &str, boundary: Option<&str>, takes_resource: bool) -> Access {
    let policies = PolicySet {
        identity: vec![policy(statements)],
        boundary: boundary.map(policy),
        ..PolicySet::default()
    };
    let place = |account: &str, consent| Place {
        prefix: format!("arn:aws:store:eu-west-1:{account}:box/"),
        known: Context::new(),
        consent,
    };
    effective(
        &policies,
        &Question {
            principal: &Principal::new("arn:aws:iam::111122223333:role/r", None),
            actions: &[AskedAction { name: "store:Put", takes_resource }],
            places: &[place("111122223333", Consent::Own), place("444455556666", Consent::Unknown)],
            has_more_places: false,
            names: &Names,
            knowledge: &Knowledge { absent: vec!["never:sent".to_owned()], ..Knowledge::default() },
            budget: &Budget::new(),
        },
    )
}

const BOXES: &str = "arn:aws:store:eu-west-1:111122223333:box/";

fn statement(effect: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Action":"store:*","Resource":"{resource}","Condition":{{{condition}}}}}"#
    )
}

#[test]
fn the_witness_is_the_shortest_and_alphabetically_first() {
    let access = ask(&statement("Allow", &format!("{BOXES}*b*"), ""), None, true);
    assert_eq!(access.level, Level::Allowed);
    assert_eq!(access.witness.unwrap().resource, format!("{BOXES}b"));
    assert!(!access.covers_a_place);
}

#[test]
fn denies_that_cover_an_allow_together_are_seen() {
    let all = [
        statement("Allow", &format!("{BOXES}*"), ""),
        statement("Deny", &format!("{BOXES}a*"), ""),
        statement("Deny", &format!("{BOXES}b*"), ""),
    ];
    assert_eq!(ask(&all.join(","), None, true).level, Level::Denied);
    assert_eq!(ask(&all[..2].join(","), None, true).level, Level::Allowed);
}

#[test]
fn conditions_are_reasoned_about_key_by_key() {
    let when = |operator: &str, key: &str, value: &str| {
        statement("Allow", "*", &format!(r#""{operator}":{{"{key}":"{value}"}}"#))
    };
    let contradiction =
        statement("Allow", "*", r#""StringEquals":{"k":"x"},"StringNotEquals":{"k":"x"}"#);
    let both = [when("StringEquals", "k", "x"), when("StringNotEquals", "k", "x")].join(",");
    for (statements, level) in [
        (when("StringEquals", "k", "x"), Level::Conditional),
        (when("StringEquals", "never:sent", "x"), Level::Denied),
        (when("StringNotEquals", "never:sent", "x"), Level::Allowed),
        (contradiction, Level::Denied),
        (both, Level::Allowed),
    ] {
        assert_eq!(ask(&statements, None, true).level, level, "{statements}");
    }
}

#[test]
fn a_boundary_grants_nothing() {
    let elsewhere = statement("Allow", "arn:aws:other:::thing", "");
    let everything = statement("Allow", "*", "");
    assert_eq!(ask(&elsewhere, Some(&everything), true).level, Level::Denied);
    assert_eq!(ask(&everything, Some(&elsewhere), true).level, Level::Denied);
}

/// A request without a resource needs no other account's consent, and so none can grant it.
#[test]
fn a_grant_on_named_resources_does_not_reach_an_action_without_one() {
    let named = statement("Allow", &format!("{BOXES}*"), "");
    assert_eq!(ask(&named, None, false).level, Level::Denied);
    assert_eq!(ask(&statement("Allow", "*", ""), None, false).level, Level::Allowed);
}

#[test]
fn another_accounts_consent_is_not_known() {
    let theirs = statement("Allow", "arn:aws:store:eu-west-1:444455556666:box/*", "");
    assert_eq!(ask(&theirs, None, true).level, Level::Conditional);
}

/// Names of any length, which count how often they are read on.
#[derive(Debug, Default)]
struct Counted(Cell<usize>);

impl NameRange for Counted {
    fn letters(&self) -> &'static str {
        "abcdefghijklmnopqrstuvwxyz"
    }

    fn step(&self, _state: u8, _letter: char) -> Option<u8> {
        self.0.set(self.0.get() + 1);
        Some(1)
    }

    fn may_end(&self, state: u8) -> bool {
        state == 1
    }

    fn lengths(&self) -> (usize, usize) {
        (1, 256)
    }
}

/// Each question has limits of its own, but a principal is asked about in many: what bounds the
/// principal is the budget that they share.
#[test]
fn what_all_questions_about_a_principal_take_is_bounded() {
    let starred = |letters: &str| {
        let pattern: String = letters.chars().flat_map(|letter| ['*', letter]).collect();
        statement("Allow", &format!("{BOXES}{pattern}*"), "")
    };
    let words =
        ["a", "axbycz", "dxeyfz", "gxhyiz", "jxkylz", "mxnyoz", "pxqyrz", "sxtyuz", "vxwyaz"];
    let statements: Vec<String> = words.into_iter().map(starred).collect();
    let policies =
        PolicySet { identity: vec![policy(&statements.join(","))], ..PolicySet::default() };
    let (names, budget) = (Counted::default(), Budget::new());
    let place = Place { prefix: BOXES.to_owned(), known: Context::new(), consent: Consent::Own };
    let ask = |number: usize| {
        let name = format!("store:Put{number}");
        let question = Question {
            principal: &Principal::new("arn:aws:iam::111122223333:role/r", None),
            actions: &[AskedAction { name: &name, takes_resource: true }],
            places: std::slice::from_ref(&place),
            has_more_places: false,
            names: &names,
            knowledge: &Knowledge::default(),
            budget: &budget,
        };
        effective(&policies, &question)
    };
    let answers: Vec<Access> = (0..100).map(ask).collect();
    assert!(names.0.get() <= Budget::ALL, "{} letters were read", names.0.get());
    assert_eq!(budget.taken(), Budget::ALL);
    // The first question is answered by a witness; the last no longer, but nothing is taken away.
    assert_eq!(answers[0].at_least, Level::Allowed);
    assert!(answers[0].witness.is_some());
    assert_eq!((answers[99].at_least, answers[99].level), (Level::Denied, Level::Allowed));
    assert!(answers[99].is_bound);
}
