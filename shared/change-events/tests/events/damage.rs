//! However an event is damaged, it gets an answer; and damage never silences one: an event with an
//! effect ends in a change or in an error, never among the ignored.

use std::sync::LazyLock;

use change_events::{Reading, read};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::files::{ACCOUNT, WITH_EFFECT, files};

/// Every event, whatever its folder.
static EVERY_TEXT: LazyLock<Vec<String>> = LazyLock::new(|| {
    ["iam", "eks", "ecr", "organizations", "security-hub", "ignored", "broken"]
        .into_iter()
        .flat_map(|folder| files(folder).into_values())
        .collect()
});

/// The JSON pointers of all values below a value.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(array) => {
            array.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect()
        }
        _ => Vec::new(),
    };
    for (key, child) in children {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers(child, &pointer, found);
        found.push(pointer);
    }
}

/// A value that AWS would not put there.
fn replacements() -> Vec<Value> {
    vec![
        json!(null),
        json!(""),
        json!(0),
        json!(-1.5e300),
        json!([]),
        json!([null, [[]], {"key": null}]),
        json!({}),
        json!({"omitted": true}),
        json!({"": {"": {}}}),
    ]
}

fn removed(event: &Value, pointer: &str) -> Value {
    let mut event = event.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.remove(&key.replace("~1", "/").replace("~0", "~"))),
        Value::Array(array) => drop(array.remove(key.parse().unwrap())),
        _ => {}
    }
    event
}

/// Every value of every event with an effect, taken away and replaced by each of nine others.
#[test]
fn no_single_damage_silences_an_event() {
    let mut count = 0;
    for (folder, _) in WITH_EFFECT {
        for (name, text) in files(folder) {
            let event: Value = serde_json::from_str(&text).unwrap();
            let mut found = Vec::new();
            pointers(&event, "", &mut found);
            for pointer in found {
                let mut damaged = vec![removed(&event, &pointer)];
                damaged.extend(replacements().into_iter().map(|replacement| {
                    let mut event = event.clone();
                    *event.pointer_mut(&pointer).unwrap() = replacement;
                    event
                }));
                for damaged in damaged {
                    count += 1;
                    match read(&damaged.to_string(), ACCOUNT) {
                        Ok(Reading::Changes(changes)) => assert!(!changes.is_empty()),
                        Ok(Reading::Ignored { why, .. }) => {
                            panic!("{folder}/{name} without {pointer} is let go: {why}")
                        }
                        Err(_) => {}
                    }
                }
            }
        }
    }
    assert!(count > 10_000, "{count} are too few: something was passed over");
}

/// Any JSON, with the texts among it that come near to what the code looks for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("arn:aws:iam::111122223333:role/")),
        Just(json!("arn%3Aaws%3Aeks%3A%3A%3Anodegroup%2F%2F%2F")),
        Just(json!("%ff%fe%")),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[a-zA-Z]{0,12}", inner, 0..6)
                .prop_map(|object| Value::Object(object.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text in place of any piece of an event.
    #[test]
    fn a_torn_text_is_answered(
        pick in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        length in 0_usize..60,
        put in ".{0,12}",
    ) {
        let mut characters: Vec<char> = EVERY_TEXT[pick.index(EVERY_TEXT.len())].chars().collect();
        let from = from.index(characters.len() + 1);
        let to = (from + length).min(characters.len());
        characters.splice(from..to, put.chars());
        let torn: String = characters.into_iter().collect();
        let _ = read(&torn, ACCOUNT);
    }

    /// Any JSON in place of any values of an event.
    #[test]
    fn a_distorted_event_is_answered(
        pick in any::<prop::sample::Index>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 1..5),
    ) {
        let Ok(mut event) = serde_json::from_str::<Value>(&EVERY_TEXT[pick.index(EVERY_TEXT.len())]) else {
            return Ok(());
        };
        for (place, replacement) in places {
            let mut found = Vec::new();
            pointers(&event, "", &mut found);
            if !found.is_empty() {
                *event.pointer_mut(&found[place.index(found.len())]).unwrap() = replacement;
            }
        }
        let _ = read(&event.to_string(), ACCOUNT);
    }

    /// Any JSON at all, and any text.
    #[test]
    fn anything_is_answered(json in any_json(), text in ".{0,200}") {
        let _ = read(&json.to_string(), ACCOUNT);
        let _ = read(&text, &text);
    }
}
