//! Effective permissions of small policies whose answers are worked out by hand.

use std::cell::Cell;
use std::sync::Arc;

use iam_policy::context::{Context, ContextValue};
use iam_policy::decision::{NamedPolicy, PolicySet, ResourcePolicy};
use iam_policy::document::PolicyDocument;
use iam_policy::effective::dates::DateRange;
use iam_policy::effective::resources::{NameRange, Place};
use iam_policy::effective::{
    Access, AskedAction, Budget, Consent, Knowledge, Level, Open, Question, effective,
};
use iam_policy::glob::pieces;
use iam_policy::principal::Principal;
use iam_policy::truth::Truth;

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

const ROLE: &str = "arn:aws:iam::111122223333:role/path/r";

fn ask(statements: &str, boundary: Option<&str>, takes_resource: bool) -> Access {
    let policies = PolicySet {
        identity: vec![policy(statements)],
        boundary: boundary.map(policy),
        ..PolicySet::default()
    };
    ask_of(&policies, &Principal::new(ROLE, None), takes_resource)
}

fn ask_of(policies: &PolicySet, principal: &Principal, takes_resource: bool) -> Access {
    let place = |account: &str, consent| Place {
        prefix: format!("arn:aws:store:eu-west-1:{account}:box/"),
        known: Context::new(),
        consent,
    };
    effective(
        policies,
        &Question {
            principal,
            actions: &[AskedAction { name: "store:Put", takes_resource }],
            places: &[place("111122223333", Consent::Own), place("444455556666", Consent::Unknown)],
            has_more_places: false,
            names: &Names,
            knowledge: &knowledge(),
            budget: &Budget::new(),
        },
    )
}

/// A session begun within the hour before, by a clock that every request carries too.
fn knowledge() -> Knowledge {
    let now: jiff::Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
    let hour = jiff::SignedDuration::from_hours(1);
    let dates = [
        ("my:begun", DateRange { earliest: now - hour, latest: now, is_number: false }),
        ("my:clock", DateRange { earliest: now, latest: now, is_number: false }),
        ("my:epoch", DateRange { earliest: now, latest: now, is_number: true }),
    ];
    Knowledge {
        absent: ["never:sent", "seldom:"].map(str::to_owned).to_vec(),
        but_for: ["seldom:sent", "seldom:tag/"].map(str::to_owned).to_vec(),
        dates: dates.map(|(key, range)| (key.to_owned(), range)).into(),
        ..Knowledge::default()
    }
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
        (when("StringEquals", "seldom:heard", "x"), Level::Denied),
        (when("StringEquals", "seldom:sent", "x"), Level::Conditional),
        (when("StringEquals", "seldom:tag/any", "x"), Level::Conditional),
        (contradiction, Level::Denied),
        (both, Level::Allowed),
        // From 2^53 on, not every whole number is one that IAM's comparison can tell apart.
        (when("NumericGreaterThan", "k", "9007199254740992"), Level::Conditional),
        (when("NumericLessThan", "k", "-9007199254740992"), Level::Conditional),
        (when("NumericGreaterThan", "k", "1e300"), Level::Conditional),
    ] {
        assert_eq!(ask(&statements, None, true).level, level, "{statements}");
    }
}

/// AWS does not document what matches a value that its operator cannot read.
#[test]
fn a_value_that_cannot_be_read_leaves_open_whether_a_key_matches_it() {
    for (operator, value) in [
        ("NumericEquals", "some"),
        ("DateGreaterThan", "Saturday"),
        ("DateLessThan", "2027"),
        ("IpAddress", "10.0.0.0/33"),
        ("Bool", "yes"),
    ] {
        let access = ask(&allow_when(operator, "my:key", value), None, true);
        let bounds = (access.at_least, access.level);
        assert_eq!(bounds, (Level::Denied, Level::Conditional), "{operator} {value}");
        let denied = statement("Deny", "*", &format!(r#""{operator}":{{"my:key":"{value}"}}"#));
        let allowed = statement("Allow", "*", "");
        let access = ask(&format!("{allowed},{denied}"), None, true);
        let bounds = (access.at_least, access.level);
        assert_eq!(bounds, (Level::Conditional, Level::Allowed), "{operator} {value}");
    }
}

fn allow_when(operator: &str, key: &str, value: &str) -> String {
    statement("Allow", "*", &format!(r#""{operator}":{{"{key}":"{value}"}}"#))
}

/// The three keys hold what is known of them, in whatever form a policy gives a date.
#[test]
fn a_date_within_a_range_is_compared_as_such() {
    for (operator, key, value, level, at_least) in [
        // Before the range, in it, at its ends, behind it.
        ("DateGreaterThan", "my:begun", "2026-11-28T10:59:59Z", Level::Allowed, Level::Allowed),
        (
            "DateGreaterThanEquals",
            "my:begun",
            "2026-11-28T11:00:00Z",
            Level::Allowed,
            Level::Allowed,
        ),
        (
            "DateGreaterThan",
            "my:begun",
            "2026-11-28T11:00:00Z",
            Level::Conditional,
            Level::Conditional,
        ),
        ("DateEquals", "my:begun", "2026-11-28T11:30:00Z", Level::Conditional, Level::Conditional),
        ("DateEquals", "my:begun", "2026-11-28T12:00:00Z", Level::Conditional, Level::Conditional),
        ("DateGreaterThan", "my:begun", "2026-11-28T12:00:00Z", Level::Denied, Level::Denied),
        ("DateNotEquals", "my:begun", "2026-11-27", Level::Allowed, Level::Allowed),
        ("DateLessThan", "my:begun", "1795867200", Level::Conditional, Level::Conditional),
        ("DateLessThan", "my:begun", "1795867201", Level::Allowed, Level::Allowed),
        ("Null", "my:begun", "true", Level::Denied, Level::Denied),
        ("DateEquals", "my:clock", "2026-11-28T12:00:00Z", Level::Allowed, Level::Allowed),
        ("DateEquals", "my:clock", "1795867200", Level::Allowed, Level::Allowed),
        ("DateLessThan", "my:clock", "2026-11-28T13:00:00+01:00", Level::Denied, Level::Denied),
        ("DateEquals", "my:epoch", "2026-11-28T12:00:00Z", Level::Allowed, Level::Allowed),
        ("NumericEquals", "my:epoch", "1795867200", Level::Allowed, Level::Allowed),
        ("NumericLessThan", "my:epoch", "1795867199.5", Level::Denied, Level::Denied),
        ("NumericLessThan", "my:epoch", "1795867200.5", Level::Allowed, Level::Allowed),
        // What AWS does not document.
        ("NumericLessThan", "my:clock", "1795867201", Level::Allowed, Level::Denied),
        ("StringLike", "my:clock", "2026-*", Level::Allowed, Level::Denied),
        ("StringLike", "my:begun", "2025-*", Level::Allowed, Level::Denied),
    ] {
        let access = ask(&allow_when(operator, key, value), None, true);
        assert_eq!((access.level, access.at_least), (level, at_least), "{operator} {key} {value}");
    }
}

/// The range moves with the clock; what is said of it must not.
#[test]
fn a_witness_names_a_date_of_the_policies_and_none_of_the_range() {
    let begun = |access: Access| {
        let witness = access.witness.unwrap();
        let value = witness.context.into_iter().find(|(key, _)| key == "my:begun");
        value.map(|(_, value)| match value {
            Some(ContextValue::Single(date)) => date,
            other => panic!("{other:?} is no date"),
        })
    };
    let until =
        |value: &str| begun(ask(&allow_when("DateLessThan", "my:begun", value), None, true));
    assert_eq!(until("2026-11-28T11:30:00Z").unwrap(), "2026-11-28T11:29:59Z");
    assert_eq!(until("2026-11-29T00:00:00Z"), None);
    // Another condition has to be met, but of the date there is nothing to say.
    let both = r#""DateLessThan":{"my:begun":"2026-11-29"},"Bool":{"k":"true"}"#;
    let access = ask(&statement("Allow", "*", both), None, true);
    assert_eq!(access.level, Level::Conditional);
    assert_eq!(begun(access), None);
}

#[test]
fn a_variable_never_holds_what_moves_with_the_clock() {
    let named = |key: &str| statement("Allow", &format!("{BOXES}${{{key}}}"), "");
    for key in ["my:clock", "my:epoch", "my:begun"] {
        let access = ask(&named(key), None, true);
        assert_eq!((access.level, access.at_least), (Level::Allowed, Level::Denied), "{key}");
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

/// Of which accounts its resources are in an organization, a role does not know.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
#[test]
fn a_resource_control_policy_may_not_reach_another_account() {
    let mut policies = PolicySet {
        identity: vec![policy(&statement("Allow", "*", ""))],
        rcps: vec![vec![policy(&statement("Deny", "*", ""))]],
        ..PolicySet::default()
    };
    let principal = Principal::new(ROLE, None);
    let access = ask_of(&policies, &principal, true);
    assert_eq!((access.level, access.at_least), (Level::Conditional, Level::Denied));
    assert!(access.witness.unwrap().resource.contains(":444455556666:"));
    let theirs = statement("Deny", "arn:aws:store:eu-west-1:444455556666:box/*", "");
    policies.identity.push(policy(&theirs));
    assert_eq!(ask_of(&policies, &principal, true).level, Level::Denied);
}

/// Every node of a role is another session of it. A statement for one of them grants nothing for
/// certain, takes nothing away for certain, and is not limited by the boundary.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[test]
fn a_policy_that_names_one_session_may_name_the_one_that_asks() {
    let session = "arn:aws:sts::111122223333:assumed-role/r/i-0abc";
    let on_boxes = |effect: &str, principal: &str| ResourcePolicy {
        policy: policy(&format!(
            r#"{{"Effect":"{effect}","Principal":{{"AWS":{principal}}},"Action":"*"}}"#
        )),
        stands_on: pieces(&format!("{BOXES}*")),
        covers: Vec::new(),
        within: Context::new(),
        bears: Truth::True,
    };
    let one = format!(r#""{session}""#);
    let other_role = r#""arn:aws:sts::111122223333:assumed-role/other/i-0abc""#.to_owned();
    let both = format!(r#"["{session}","{ROLE}"]"#);
    let nothing = statement("Allow", "arn:aws:other:::thing", "");
    let everything = statement("Allow", &format!("{BOXES}*"), "");
    for (identity, boundary, effect, principal, level, at_least) in [
        (&nothing, Some(&nothing), "Allow", &one, Level::Allowed, Level::Denied),
        (&nothing, None, "Allow", &other_role, Level::Denied, Level::Denied),
        (&everything, None, "Deny", &one, Level::Allowed, Level::Denied),
        (&everything, None, "Deny", &other_role, Level::Allowed, Level::Allowed),
        (&everything, None, "Deny", &both, Level::Denied, Level::Denied),
    ] {
        let policies = PolicySet {
            identity: vec![policy(identity)],
            boundary: boundary.map(|boundary| policy(boundary)),
            resource: vec![on_boxes(effect, principal)],
            ..PolicySet::default()
        };
        let access = ask_of(&policies, &Principal::any_session_of(ROLE), true);
        assert_eq!((access.level, access.at_least), (level, at_least), "{effect} {principal}");
    }
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
    assert!(answers[99].is_bound && answers[99].open.is_cut);
}

/// A bound names the keys whose values it hangs on, and says whether something was not followed.
#[test]
fn a_bound_says_what_was_left_open() {
    let open = |access: Access| {
        let Open { keys, is_cut } = access.open;
        (access.is_bound, keys.into_iter().collect::<Vec<_>>(), is_cut)
    };
    let exact = ask(&statement("Allow", &format!("{BOXES}a"), ""), None, true);
    assert_eq!(open(exact), (false, vec![], false));

    let of_variable = ask(&statement("Allow", &format!("{BOXES}${{some:Key}}"), ""), None, true);
    assert_eq!(open(of_variable), (true, vec!["some:key".to_owned()], false));

    // A variable that decides nothing makes no bound.
    let beside =
        [statement("Allow", "*", ""), statement("Allow", &format!("{BOXES}${{some:Key}}"), "")];
    assert_eq!(open(ask(&beside.join(","), None, true)), (false, vec![], false));

    // Twelve keys, each of which may forbid it or not, are more ways than are followed.
    let mut conditions = vec![statement("Allow", "*", "")];
    conditions.extend(
        (0..12).map(|number| {
            statement("Deny", "*", &format!(r#""StringEquals":{{"k{number}":"x"}}"#))
        }),
    );
    let (is_bound, keys, is_cut) = open(ask(&conditions.join(","), None, true));
    assert_eq!((is_bound, keys, is_cut), (true, vec![], true));
}

#[test]
fn a_witness_says_whether_its_account_admits_the_principal() {
    let consent = |account: &str| {
        let resource = format!("arn:aws:store:eu-west-1:{account}:box/a");
        ask(&statement("Allow", &resource, ""), None, true).witness.unwrap().consent
    };
    assert_eq!(consent("111122223333"), Consent::Own);
    assert_eq!(consent("444455556666"), Consent::Unknown);
}
