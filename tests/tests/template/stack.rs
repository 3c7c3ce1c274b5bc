//! A CloudFormation template as a value. Intrinsic functions such as `!Ref` stay as YAML tags.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_yaml_ng::Value;

/// The project's folder.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A template.
pub struct Stack(Value);

impl Stack {
    /// Reads a template of the project.
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let mut value: Value = serde_yaml_ng::from_str(&text).unwrap();
        value.apply_merge().unwrap();
        Self(value)
    }

    /// The properties of every resource of a type, by logical id.
    pub fn resources(&self, resource_type: &str) -> BTreeMap<String, &Value> {
        let resources = self.0["Resources"].as_mapping().unwrap();
        resources
            .iter()
            .filter(|(_, resource)| resource["Type"] == resource_type)
            .map(|(id, resource)| (id.as_str().unwrap().to_owned(), &resource["Properties"]))
            .collect()
    }

    /// One resource, with what stands beside its properties.
    pub fn resource(&self, id: &str) -> &Value {
        let resource = &self.0["Resources"][id];
        assert!(!resource.is_null(), "the template has no {id}");
        resource
    }

    /// What all functions share.
    pub fn function_globals(&self) -> &Value {
        &self.0["Globals"]["Function"]
    }

    /// The pattern of every rule that has one, by the rule's logical id.
    pub fn patterns(&self) -> BTreeMap<String, &Value> {
        let rules = self.resources("AWS::Events::Rule").into_iter();
        let patterns = rules.map(|(id, rule)| (id, &rule["EventPattern"]));
        patterns.filter(|(_, pattern)| !pattern.is_null()).collect()
    }

    /// The event names that the rules of a source catch.
    pub fn event_names(&self, source: &str) -> Vec<String> {
        let patterns = self.patterns().into_values();
        patterns
            .filter(|pattern| texts(&pattern["source"]).iter().any(|text| text == source))
            .flat_map(|pattern| texts(&pattern["detail"]["eventName"]))
            .collect()
    }

    /// The types of all resources, by logical id.
    pub fn types(&self) -> BTreeMap<String, String> {
        let resources = self.0["Resources"].as_mapping().unwrap().iter();
        resources
            .map(|(id, resource)| {
                let [id, resource_type] = [id, &resource["Type"]].map(|text| text.as_str());
                (id.unwrap().to_owned(), resource_type.unwrap().to_owned())
            })
            .collect()
    }

    /// A section of the template, such as `Rules`.
    pub fn section(&self, name: &str) -> &Value {
        &self.0[name]
    }
}

/// A part of a template, as it has to be.
pub fn yaml(text: &str) -> Value {
    serde_yaml_ng::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A text or a list of texts.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Sequence(items) => items.iter().flat_map(texts).collect(),
        other => panic!("expected texts, found {other:?}"),
    }
}

/// The logical id that `!Ref ID` or `!GetAtt ID.Attribute` names.
pub fn referred(value: &Value) -> String {
    let Value::Tagged(tagged) = value else { panic!("expected a reference, found {value:?}") };
    let text = tagged.value.as_str().unwrap();
    text.split('.').next().unwrap().to_owned()
}

/// The logical ids that one reference or a list of them names.
pub fn all_referred(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Sequence(items) => items.iter().map(referred).collect(),
        item => BTreeSet::from([referred(item)]),
    }
}
