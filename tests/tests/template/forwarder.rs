//! The forwarders of other regions: they carry what the main stack's rules catch, to the region
//! where it stands, and may do nothing else.

use serde_yaml_ng::Value;

use crate::stack::{Stack, referred, texts, yaml};

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

/// EventBridge alone assumes the role, and for this account alone.
#[test]
fn a_forwarder_is_assumed_by_the_rules_of_its_account() {
    let expected = "{ Version: '2012-10-17', Statement: [{ Effect: Allow, Action: 'sts:AssumeRole',
        Principal: { Service: events.amazonaws.com },
        Condition: { StringEquals: { 'aws:SourceAccount': !Ref 'AWS::AccountId' } } }] }";
    for (path, _) in FORWARDERS {
        let stack = Stack::read(path);
        let role = &stack.resource("ForwarderRole")["Properties"];
        assert_eq!(role["AssumeRolePolicyDocument"], yaml(expected), "{path}");
    }
}

/// Where the events of IAM appear, partition by partition.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-endpoints-and-quotas.html>
const HOMES: [(&str, &str); 7] = [
    ("aws", "us-east-1"),
    ("aws-cn", "cn-north-1"),
    ("aws-us-gov", "us-gov-west-1"),
    ("aws-iso", "us-iso-east-1"),
    ("aws-iso-b", "us-isob-east-1"),
    ("aws-iso-f", "us-isof-south-1"),
    ("aws-eusc", "eusc-de-east-1"),
];

#[test]
fn all_stacks_mean_the_same_home_regions() {
    let homes = HOMES.map(|(_, region)| region).join(", ");
    let is_home = format!("!Contains [[{homes}], !Ref 'AWS::Region']");
    for (path, rule, expected) in [
        ("template.yaml", "HomeRegion", is_home.clone()),
        ("infra/regional-forwarder.yaml", "OtherRegion", format!("!Not [{is_home}]")),
    ] {
        let stack = Stack::read(path);
        let assertions = stack.section("Rules")[rule]["Assertions"].as_sequence().unwrap();
        assert_eq!(assertions.len(), 1, "{path}");
        assert_eq!(assertions[0]["Assert"], yaml(&expected), "{path}");
    }
    let by_partition: Vec<String> = HOMES
        .iter()
        .map(|(partition, region)| format!("{partition}: {{ Region: {region} }}"))
        .collect();
    let by_partition = yaml(&format!("{{ {} }}", by_partition.join(", ")));
    let mapped = FORWARDERS.iter().map(|(path, _)| *path).chain(["infra/organization.yaml"]);
    for path in mapped {
        assert_eq!(Stack::read(path).section("Mappings")["Home"], by_partition, "{path}");
    }
    // Where Security Hub's region is the home region, there is nothing to forward.
    let triage = Stack::read("infra/triage.yaml");
    let elsewhere =
        "!Not [!Equals [!Ref 'AWS::Region', !FindInMap [Home, !Ref 'AWS::Partition', Region]]]";
    assert_eq!(triage.section("Conditions")["IsElsewhere"], yaml(elsewhere));
    for id in ["RecheckRule", "ForwarderRole"] {
        assert_eq!(triage.resource(id)["Condition"], "IsElsewhere", "{id}");
    }
}
