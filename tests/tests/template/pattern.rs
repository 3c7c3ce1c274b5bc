//! EventBridge's event patterns, as far as the rules use them. What is not known here fails.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

/// Whether a rule's pattern matches an event.
pub fn matches(pattern: &Yaml, event: &Json) -> bool {
    let fields = pattern.as_mapping().expect("a pattern is a mapping");
    fields.iter().all(|(name, wanted)| {
        let name = name.as_str().expect("a field's name is a text");
        assert!(!name.starts_with('$'), "{name} is an operator that is not known here");
        let found = event.get(name);
        match wanted {
            Yaml::Mapping(_) => matches(wanted, found.unwrap_or(&Json::Null)),
            Yaml::Sequence(any_of) => any_of.iter().any(|wanted| holds(wanted, found)),
            other => panic!("{other:?} is no pattern"),
        }
    })
}

fn holds(wanted: &Yaml, found: Option<&Json>) -> bool {
    match wanted {
        Yaml::String(text) => some_text(found, |found| found == text),
        Yaml::Mapping(operator) => {
            assert_eq!(operator.len(), 1, "{operator:?} is more than one operator");
            let (name, operand) = operator.iter().next().expect("an operator");
            match (name.as_str(), operand) {
                (Some("exists"), Yaml::Bool(exists)) => found.is_some() == *exists,
                (Some("suffix"), Yaml::String(end)) => {
                    some_text(found, |found| found.ends_with(end.as_str()))
                }
                other => panic!("{other:?} is an operator that is not known here"),
            }
        }
        other => panic!("{other:?} is no pattern"),
    }
}

/// A list matches where one of its elements does.
fn some_text(found: Option<&Json>, is_wanted: impl Fn(&str) -> bool) -> bool {
    match found {
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).any(is_wanted),
        found => found.and_then(Json::as_str).is_some_and(is_wanted),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pattern(text: &str) -> Yaml {
        serde_yaml_ng::from_str(text).unwrap()
    }

    #[test]
    fn a_pattern_asks_for_every_field() {
        let pattern = pattern(
            "source: [aws.iam, aws.eks]\n\
             detail: { errorCode: [{ exists: false }], eventName: [A] }",
        );
        let event = |source: &str, detail: Json| json!({"source": source, "detail": detail});
        assert!(matches(&pattern, &event("aws.iam", json!({"eventName": "A"}))));
        assert!(!matches(&pattern, &event("aws.s3", json!({"eventName": "A"}))));
        assert!(!matches(&pattern, &event("aws.iam", json!({}))));
        let failed = json!({"eventName": "A", "errorCode": "AccessDenied"});
        assert!(!matches(&pattern, &event("aws.iam", failed)));
        assert!(!matches(&pattern, &json!({"source": "aws.iam"})));
    }

    #[test]
    fn one_element_of_a_list_is_enough() {
        let pattern = pattern("resources: [{ suffix: /RecheckNow }]");
        assert!(matches(&pattern, &json!({"resources": ["other", "action/RecheckNow"]})));
        assert!(!matches(&pattern, &json!({"resources": ["action/RecheckNow/other"]})));
        assert!(!matches(&pattern, &json!({"resources": []})));
        assert!(!matches(&pattern, &json!({})));
    }

    #[test]
    #[should_panic(expected = "not known here")]
    fn an_unknown_operator_fails() {
        matches(&pattern("source: [{ wildcard: 'aws.*' }]"), &json!({"source": "aws.iam"}));
    }

    #[test]
    #[should_panic(expected = "not known here")]
    fn an_operator_between_fields_fails() {
        matches(&pattern("$or: [{ source: [aws.iam] }]"), &json!({"source": "aws.iam"}));
    }
}
