//! What a function is told by its environment: each variable names the part that it is called after.

use crate::stack::{Stack, yaml};

/// A variable and its value. Settings are parameters, parts are parts.
const VARIABLES: &[(&str, &str)] = &[
    ("PULLWATCH_LEDGER_TABLE", "!Ref Ledger"),
    // Owners and operators are told apart by the topic alone.
    ("PULLWATCH_ALERT_TOPIC_ARN", "!Ref AlertTopic"),
    ("PULLWATCH_OPERATORS_TOPIC_ARN", "!Ref OperatorsTopic"),
    // iam-change and eks-change ask here for a sweep, account-sweep for its next step.
    ("PULLWATCH_SWEEP_QUEUE_URL", "!Ref SweepQueue"),
    ("PULLWATCH_ACCOUNT", "!Ref AWS::AccountId"),
    ("PULLWATCH_PARTITION", "!Ref AWS::Partition"),
    // A rule of the stack holds that it is the home region.
    ("PULLWATCH_HOME_REGION", "!Ref AWS::Region"),
    ("PULLWATCH_REGIONS", "!Ref Regions"),
    // The rights are to the same region.
    (
        "PULLWATCH_SECURITY_HUB_REGION",
        "!If [HasSecurityHubRegion, !Ref SecurityHubRegion, !Ref AWS::Region]",
    ),
    ("PULLWATCH_STANDARD", "!Ref Standard"),
    ("PULLWATCH_OBSERVE", "!Ref Observe"),
    ("PULLWATCH_MINIMUM_SEVERITY", "!Ref MinimumSeverity"),
    ("PULLWATCH_ALERT_RESOLVED", "!Ref AlertResolved"),
    ("PULLWATCH_OWNER_TAG_KEYS", "!Ref OwnerTagKeys"),
    ("PULLWATCH_DEFAULT_OWNER", "!Ref DefaultOwner"),
    ("PULLWATCH_OWNER_TOPIC_ARNS", "!Join [',', !Ref OwnerTopicArns]"),
    ("PULLWATCH_EXTRA_NODE_ROLE_ARNS", "!Ref ExtraNodeRoleArns"),
    ("PULLWATCH_REGISTRY_ACCOUNTS", "!Ref RegistryAccounts"),
    // What an alarm waits for is logged whatever the level.
    ("RUST_LOG", "!Sub '${LogLevel},alarms=info'"),
];

#[test]
fn each_variable_names_the_part_that_it_is_called_after() {
    let stack = Stack::read("template.yaml");
    let environment = stack.function_globals()["Environment"]["Variables"].as_mapping().unwrap();
    for (name, value) in environment {
        let name = name.as_str().unwrap();
        let known = VARIABLES.iter().find(|(known, _)| *known == name);
        let (_, expected) = known.unwrap_or_else(|| panic!("{name} is not known"));
        assert_eq!(*value, yaml(expected), "{name}");
    }
    assert_eq!(environment.len(), VARIABLES.len());
    let region = &stack.section("Conditions")["HasSecurityHubRegion"];
    assert_eq!(*region, yaml("!Not [!Equals [!Ref SecurityHubRegion, '']]"));
}
