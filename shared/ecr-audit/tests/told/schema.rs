//! `docs/alert-v1.schema.json` against what programs get: every golden document fits, and each
//! thing the schema promises is refused where it is broken.

use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::golden::folder;

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/alert-v1.schema.json");
    let text = std::fs::read_to_string(path).expect("the schema is in the repository");
    serde_json::from_str(&text).expect("the schema is JSON")
}

fn validator() -> Validator {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema), "the schema is no JSON Schema");
    jsonschema::validator_for(&schema).expect("the schema compiles")
}

/// The goldens of one kind with their names.
fn goldens(prefix: &str) -> Vec<(String, Value)> {
    let files = std::fs::read_dir(folder()).expect("the folder of the goldens is there");
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut goldens: Vec<(String, Value)> = names
        .filter(|name| name.starts_with(prefix))
        .map(|name| {
            let text = std::fs::read_to_string(folder().join(&name)).unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect();
    goldens.sort_by(|one, two| one.0.cmp(&two.0));
    goldens
}

#[test]
fn every_golden_document_fits_the_schema() {
    let validator = validator();
    let goldens = goldens("document-");
    assert!(goldens.len() >= 6, "{goldens:?}");
    for (name, document) in goldens {
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_document_inside_a_chat_message_fits_too() {
    let validator = validator();
    let goldens = goldens("chat-");
    assert!(goldens.len() >= 2, "{goldens:?}");
    for (name, message) in goldens {
        let document = &message["metadata"]["additionalContext"]["document"];
        let document: Value = serde_json::from_str(document.as_str().unwrap()).unwrap();
        assert!(validator.is_valid(&document), "{name}");
    }
}

/// A member that the schema does not know would be a promise that nobody wrote down.
#[test]
fn every_member_of_a_document_stands_in_the_schema() {
    let schema = schema();
    let known = |name: &str| -> Vec<String> {
        schema["$defs"][name]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let members =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    for (name, document) in goldens("document-") {
        let alerts = match document["alerts"].as_array() {
            Some(alerts) => {
                assert_eq!(members(&document), known("digest"), "{name}");
                alerts.clone()
            }
            None => vec![document],
        };
        for alert in alerts {
            assert_eq!(members(&alert), known("alert"), "{name}");
            for transition in alert["transitions"].as_array().unwrap() {
                assert_eq!(members(transition), known("transition"), "{name}");
                for excess in transition["excess"].as_array().unwrap() {
                    assert_eq!(members(excess), known("excess"), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_document_that_breaks_a_promise_does_not_fit() {
    let validator = validator();
    let (_, document) = goldens("document-new").remove(0);
    for (path, value) in [
        ("/schema", json!("pullwatch.alert/2")),
        ("/id", json!("")),
        ("/time", json!("2026-01-15 10:01:12")),
        ("/account", json!("1111")),
        ("/severity", json!("GRAVE")),
        ("/role", json!("prod-workers")),
        ("/transitions", json!([])),
        ("/transitions/0/kind", json!("changed")),
        ("/transitions/0/status", json!("OK")),
        ("/transitions/0/excess/0/action", json!("s3:GetObject")),
        ("/transitions/0/excess/0/access", json!("denied")),
        ("/transitions/0/excess/0/is_upper_bound", Value::Null),
        ("/transitions/0/excess/0/statements/0/index", json!(-1)),
        ("/transitions/0/excess_count", json!("4")),
        ("/uses/0/source/kind", json!("pod")),
        ("/changes/0/actor/principal", Value::Null),
        ("/remedy/commands", json!("aws iam …")),
        ("/is_shortened", Value::Null),
    ] {
        let mut broken = document.clone();
        *broken.pointer_mut(path).expect(path) = value;
        assert!(!validator.is_valid(&broken), "{path}");
    }
}

/// The page for triagers names every product field that a finding carries.
#[test]
fn the_triage_page_names_every_field_of_a_finding() {
    let page = include_str!("../../../../docs/triage.md");
    let is_named = |word: &str| page.contains(&format!("`{word}`"));
    for (name, findings) in goldens("findings-") {
        for finding in findings.as_array().unwrap() {
            for field in finding.as_object().unwrap().keys().filter(|key| *key != "ProductFields") {
                assert!(is_named(field), "{name}: {field}");
            }
            for field in finding["ProductFields"].as_object().unwrap().keys() {
                let is_statement = field.starts_with("pullwatch/Statement/");
                assert!(
                    is_named(if is_statement { "pullwatch/Statement/00" } else { field }),
                    "{name}: {field}"
                );
            }
            for reason in finding["Compliance"]["StatusReasons"].as_array().into_iter().flatten() {
                let code = reason["ReasonCode"].as_str().unwrap();
                assert!(is_named(code), "{name}: {code}");
            }
        }
    }
}
