//! The stack of an organization against the stacks that it puts into the accounts: it hands on what
//! they ask for, as they ask for it.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use crate::stack::{Stack, root, yaml};

const PATH: &str = "infra/organization.yaml";

/// What is its own: which accounts and regions, and where their templates are.
const OWN: [&str; 4] = ["CallAs", "OrganizationalUnitIds", "OtherRegions", "TemplatesUrl"];

/// What is right in one account alone: the roles and the key that its ARNs name.
const OF_ONE_ACCOUNT: [&str; 2] = ["ExtraNodeRoleArns", "KmsKeyArn"];

/// A StackSet, the template that it hands on, the file that `make organization` puts there, and its
/// regions. CloudFormation's own role in an account calls no macro, so the main template comes
/// expanded.
const STACK_SETS: [(&str, &str, &str, &str); 2] = [
    (
        "Accounts",
        "template.yaml",
        "pullwatch.json",
        "[!FindInMap [Home, !Ref 'AWS::Partition', Region]]",
    ),
    ("Forwarders", "infra/regional-forwarder.yaml", "regional-forwarder.yaml", "!Ref OtherRegions"),
];

fn names(parameters: &Value) -> BTreeSet<String> {
    let names = parameters.as_mapping().unwrap().keys();
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_parameters_of_the_organization_are_those_of_its_accounts() {
    let stack = Stack::read(PATH);
    let parameters = stack.section("Parameters");
    let main = Stack::read("template.yaml");
    let mut expected = names(main.section("Parameters"));
    for left_out in OF_ONE_ACCOUNT {
        assert!(expected.remove(left_out), "{left_out}");
    }
    for name in &expected {
        assert_eq!(parameters[name], main.section("Parameters")[name], "{name}");
    }
    expected.extend(OWN.map(str::to_owned));
    assert_eq!(names(parameters), expected);
}

#[test]
fn each_parameter_is_handed_on() {
    let stack = Stack::read(PATH);
    for (id, template, ..) in STACK_SETS {
        let asked = Stack::read(template);
        let asked = asked.section("Parameters");
        let handed_on = &stack.resource(id)["Properties"]["Parameters"];
        let mut handed = BTreeSet::new();
        for pair in handed_on.as_sequence().unwrap() {
            let name = pair["ParameterKey"].as_str().unwrap();
            let expected = if asked[name]["Type"] == "CommaDelimitedList" {
                format!("!Join [',', !Ref {name}]")
            } else {
                format!("!Ref {name}")
            };
            assert_eq!(pair["ParameterValue"], yaml(&expected), "{id}: {name}");
            assert!(handed.insert(name.to_owned()), "{id}: {name} twice");
        }
        let mut expected = names(asked);
        expected.retain(|name| !OF_ONE_ACCOUNT.contains(&name.as_str()));
        assert_eq!(handed, expected, "{id}");
    }
}

#[test]
fn the_stacks_come_and_go_with_the_accounts() {
    let stack = Stack::read(PATH);
    assert_eq!(stack.resources("AWS::CloudFormation::StackSet").len(), STACK_SETS.len());
    for (id, _, file, regions) in STACK_SETS {
        let properties = &stack.resource(id)["Properties"];
        let targets = format!(
            "[{{ DeploymentTargets: {{ OrganizationalUnitIds: !Ref OrganizationalUnitIds }},
                 Regions: {regions} }}]"
        );
        for (name, expected) in [
            ("PermissionModel", "SERVICE_MANAGED".to_owned()),
            ("CallAs", "!Ref CallAs".to_owned()),
            ("AutoDeployment", "{ Enabled: true, RetainStacksOnAccountRemoval: false }".to_owned()),
            ("Capabilities", "[CAPABILITY_IAM]".to_owned()),
            ("TemplateURL", format!("!Sub '${{TemplatesUrl}}/{file}'")),
            ("StackInstancesGroup", targets),
        ] {
            assert_eq!(properties[name], yaml(&expected), "{id}: {name}");
        }
        let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
        assert!(makefile.contains(file), "`make organization` puts no {file} there");
    }
}
