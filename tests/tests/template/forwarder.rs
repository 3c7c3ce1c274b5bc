//! The forwarders of other regions: they carry what the main stack's rules catch, to the region
//! where it stands, and may do nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::stack::{Stack, referred, texts};

/// Each forwarder with the rules of the main stack that it serves.
const FORWARDERS: [(&str, &[&str]); 2] = [
    ("infra/regional-forwarder.yaml", &["EcrRule", "EksRule"]),
    ("infra/triage.yaml", &["RecheckRule"]),
];

const HOME_BUS: &str = "arn:${AWS::Partition}:events:${Region}:${AWS::AccountId}:event-bus/default";

#[test]
fn a_region_forwards_what_the_home_region_catches() {
    let home = Stack::read("template.yaml");
    for (path, rules) in FORWARDERS {
        let stack = Stack::read(path);
        assert_eq!(stack.patterns().keys().collect::<Vec<_>>(), rules, "{path}");
        for (id, pattern) in stack.patterns() {
            assert_eq!(*pattern, *home.patterns()[&id], "{path}: {id}");
        }
    }
}

#[test]
fn a_forwarder_may_put_events_on_the_home_bus_alone() {
    for (path, rules) in FORWARDERS {
        let stack = Stack::read(path);
        let roles = stack.resources("AWS::IAM::Role");
        assert_eq!(roles.keys().collect::<Vec<_>>(), ["ForwarderRole"], "{path}");
        let role = roles["ForwarderRole"];
        assert!(role["ManagedPolicyArns"].is_null(), "{path}");
        let policies = role["Policies"].as_sequence().unwrap();
        let statements = policies
            .iter()
            .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_sequence().unwrap());
        let statements: Vec<&Value> = statements.collect();
        assert_eq!(statements.len(), 1, "{path}");
        assert_eq!(texts(&statements[0]["Action"]), ["events:PutEvents"], "{path}");
        for rule in rules {
            let targets = stack.resource(rule)["Properties"]["Targets"].as_sequence().unwrap();
            assert_eq!(targets.len(), 1, "{path}: {rule}");
            assert_eq!(referred(&targets[0]["RoleArn"]), "ForwarderRole", "{path}: {rule}");
            assert_eq!(targets[0]["Arn"], statements[0]["Resource"], "{path}: {rule}");
            let Value::Tagged(bus) = &targets[0]["Arn"] else { panic!("{path}: {rule}") };
            assert_eq!(bus.value[0], HOME_BUS, "{path}: {rule}");
        }
    }
}

#[test]
fn all_stacks_mean_the_same_home_regions() {
    let asserted = |path: &str, rule: &str| {
        let stack = Stack::read(path);
        regions(&stack.section("Rules")[rule]["Assertions"][0]["Assert"])
    };
    let home = asserted("template.yaml", "HomeRegion");
    assert_eq!(asserted("infra/regional-forwarder.yaml", "OtherRegion"), home);
    for (path, _) in FORWARDERS {
        let stack = Stack::read(path);
        let by_partition: BTreeMap<&str, &str> = stack.section("Mappings")["Home"]
            .as_mapping()
            .unwrap()
            .iter()
            .map(|(partition, home)| {
                (partition.as_str().unwrap(), home["Region"].as_str().unwrap())
            })
            .collect();
        let mapped: BTreeSet<String> = by_partition.values().map(|&home| home.to_owned()).collect();
        assert_eq!(mapped, home, "{path}");
        assert_eq!(by_partition.len(), home.len(), "{path}");
    }
}

/// The list of texts inside an assertion.
fn regions(assertion: &Value) -> BTreeSet<String> {
    match assertion {
        Value::Tagged(function) => regions(&function.value),
        Value::Sequence(items) if items.iter().all(Value::is_string) => {
            texts(assertion).into_iter().collect()
        }
        Value::Sequence(items) => regions(&items[0]),
        other => panic!("{other:?} asks for no region"),
    }
}
