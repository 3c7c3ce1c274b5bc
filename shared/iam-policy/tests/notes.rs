//! What a document says wrongly is told, in a sentence that names the place.

use iam_policy::action::ActionName;
use iam_policy::context::Context;
use iam_policy::document::PolicyDocument;
use iam_policy::effective::resources::{NameRange, Place};
use iam_policy::effective::{Consent, Possible};
use iam_policy::notes::{Service, notes};
use serde_json::{Value, json};

/// Lower-case names of one to three letters.
#[derive(Debug)]
struct Names;

impl NameRange for Names {
    fn letters(&self) -> &'static str {
        "abcdefghijklmnopqrstuvwxyz"
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

fn document(statement: &Value) -> PolicyDocument {
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    PolicyDocument::from_value(&document).unwrap()
}

/// Statements, and what of the first place in each note says what it is about; none: no note.
#[test]
fn what_is_wrong_whatever_the_service_is_told_by_the_document() {
    for (statement, told) in [
        (json!({ "Effect": "Allow", "Action": "store:Put", "Resource": "*" }), None),
        (
            json!({ "Effect": "Allow", "Action": "store:Put", "Resource": "*",
                    "Condition": { "StringMatches": { "k": "v" } } }),
            Some("Statement[0].Condition.StringMatches: unknown operator `StringMatches`"),
        ),
        (
            json!({ "Effect": "Deny", "Action": "store:Put", "Resource": "*", "Ressource": "*" }),
            Some(
                "unknown element `Statement[0].Ressource`: the Deny is dropped, for the element may narrow it",
            ),
        ),
        (
            json!({ "Effect": "Allow", "Action": "Put", "Resource": "*" }),
            Some("Statement[0].Action: `Put` names no service and matches nothing"),
        ),
        (
            json!({ "Effect": "Allow", "Action": "st*:Put", "Resource": "*" }),
            Some("Statement[0].Action: `st*:Put` has a wildcard in its service"),
        ),
    ] {
        let notes = document(&statement).notes;
        match told {
            None => assert!(notes.is_empty(), "{statement}: {notes:?}"),
            Some(told) => {
                assert_eq!(notes.len(), 1, "{statement}: {notes:?}");
                assert!(notes[0].starts_with(told), "{statement}: {notes:?}");
            }
        }
    }
}

/// What stands in no policy of an identity, and the notes on it.
#[test]
fn what_an_identity_policy_cannot_say_is_kept_within_bounds_and_told() {
    let anyone = json!({ "AWS": "arn:aws:iam::111122223333:root" });
    for (statement, told) in [
        (json!({ "Effect": "Allow", "Action": "store:Put", "Resource": "*" }), &[][..]),
        (
            json!({ "Effect": "Deny", "Principal": anyone, "Action": "store:Put", "Resource": "*" }),
            &["Statement[0].Principal: stands in no policy of an identity: the statement is not \
               relied on"],
        ),
        (
            json!({ "Effect": "Allow", "NotPrincipal": anyone, "Action": "store:Put",
                    "Resource": "*" }),
            &["Statement[0].NotPrincipal: stands in no policy of an identity: the statement is \
               kept as if it were not there"],
        ),
        (
            json!({ "Effect": "Allow", "Action": "store:Put" }),
            &["Statement[0].Resource: is missing: the statement is kept as if it were `*`"],
        ),
        (
            json!({ "Effect": "Deny", "Principal": "*", "Action": "store:Put" }),
            &[
                "Statement[0].Principal: stands in no policy of an identity: the statement is not \
                 relied on",
                "Statement[0].Resource: is missing: the statement is not relied on",
            ],
        ),
    ] {
        let document = document(&statement).of_identity();
        assert_eq!(document.notes, told, "{statement}");
        let [taken] = &document.statements[..] else { panic!("{statement}") };
        assert!(taken.principal.is_none() && taken.resource.is_some(), "{statement}");
        assert_eq!(taken.has_unknown_element, !told.is_empty(), "{statement}");
    }
}

#[test]
fn what_can_have_no_effect_on_a_service_is_told_of_it() {
    let actions =
        [(ActionName::new("store:Put"), true), (ActionName::new("store:GetToken"), false)];
    let place = |region: &str| Place {
        prefix: format!("arn:aws:store:{region}:111122223333:box/"),
        known: Context::new(),
        consent: Consent::Own,
    };
    let places = [place("r1"), place("r2")];
    let boxes = Possible::new(&places, &Names);
    let store = Service { prefix: "store", actions: &actions, resources: &boxes };
    let on_box = |name: &str| format!("arn:aws:store:r2:111122223333:box/{name}");
    for (action, resource, told) in [
        ("store:Put", on_box("a*"), None),
        ("store:*", on_box("${aws:PrincipalTag/team}"), None),
        ("store:P?t", "*".to_owned(), None),
        ("s3:Nothing", "arn:aws:s3:::Bucket".to_owned(), None),
        (
            "store:Putt",
            "*".to_owned(),
            Some("Statement[0].Action: `store:Putt` matches no known action of store"),
        ),
        (
            "store:Put",
            on_box("Big"),
            Some(
                "Statement[0].Resource: `arn:aws:store:r2:111122223333:box/Big` matches no resource that store can have",
            ),
        ),
        ("store:Put", on_box("????*"), Some("Statement[0].Resource: ")),
        ("store:Put", "arn:aws:store:r3:*:box/a".to_owned(), Some("Statement[0].Resource: ")),
        (
            "store:GetToken",
            on_box("*"),
            Some("Statement[0].Action: `store:GetToken` takes no resource"),
        ),
        ("STORE:get*", on_box("*"), Some("Statement[0].Action: `STORE:get*` takes no resource")),
        ("store:GetToken", "*".to_owned(), None),
    ] {
        let document =
            document(&json!({ "Effect": "Allow", "Action": action, "Resource": resource }));
        let notes = notes(&document, &store);
        match told {
            None => assert!(notes.is_empty(), "{action} on {resource}: {notes:?}"),
            Some(told) => {
                assert_eq!(notes.len(), 1, "{action} on {resource}: {notes:?}");
                assert!(notes[0].starts_with(told), "{action} on {resource}: {notes:?}");
            }
        }
    }
}
