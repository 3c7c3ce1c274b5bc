//! The parameters of the stack against the settings: what can be chosen reaches every function,
//! what a parameter allows the settings take, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use ecr_audit::settings::{Settings, SettingsError};
use ecr_audit::topic_arn::TopicArn;
use serde_yaml_ng::Value;

use crate::stack::{Stack, texts, yaml};

type Variables = BTreeMap<String, String>;

/// The variables of the functions with these parameters, the others at their defaults.
fn variables(stack: &Stack, chosen: &[(&str, &str)]) -> Variables {
    let environment = &stack.function_globals()["Environment"]["Variables"];
    let variables = environment.as_mapping().unwrap().iter();
    variables
        // lambda_runtime reads this one.
        .filter(|(name, _)| name.as_str() != Some("RUST_LOG"))
        .filter_map(|(name, value)| {
            Some((name.as_str().unwrap().to_owned(), text(stack, chosen, value)?))
        })
        .collect()
}

/// A variable's value; `None` for a part of the stack, which has its name only once it is made.
fn text(stack: &Stack, chosen: &[(&str, &str)], value: &Value) -> Option<String> {
    let Value::Tagged(tagged) = value else { panic!("{value:?} is the same in every stack") };
    if tagged.tag == "If" {
        let [_, given, default] = &tagged.value.as_sequence().unwrap()[..] else { panic!() };
        let given = text(stack, chosen, given).filter(|text| !text.is_empty());
        return given.or_else(|| text(stack, chosen, default));
    }
    if tagged.tag == "Join" {
        let [_, list] = &tagged.value.as_sequence().unwrap()[..] else { panic!() };
        return text(stack, chosen, list);
    }
    assert_eq!(tagged.tag, "Ref", "{value:?}");
    match tagged.value.as_str().unwrap() {
        "AWS::AccountId" => Some("111122223333".to_owned()),
        "AWS::Partition" => Some("aws".to_owned()),
        "AWS::Region" => Some("us-east-1".to_owned()),
        name => {
            let chosen = chosen.iter().find(|(parameter, _)| *parameter == name);
            let default = stack.section("Parameters")[name]["Default"].as_str();
            chosen.map(|(_, value)| *value).or(default).map(str::to_owned)
        }
    }
}

fn settings(stack: &Stack, chosen: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_pairs(variables(stack, chosen))
}

#[test]
fn the_defaults_of_the_stack_are_the_defaults_of_the_settings() {
    let stack = Stack::read("template.yaml");
    let expected = Settings::for_account("111122223333", "aws", "us-east-1");
    assert_eq!(settings(&stack, &[]), Ok(expected));
}

#[test]
fn the_settings_take_what_a_parameter_allows_and_nothing_else() {
    let stack = Stack::read("template.yaml");
    let defaults = settings(&stack, &[]).unwrap();
    let mut closed = BTreeSet::new();
    for (name, parameter) in stack.section("Parameters").as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        let variables = variables(&stack, &[(name, "mark")]);
        let reaches_settings = variables.values().any(|value| value == "mark");
        let Some(allowed) = parameter["AllowedValues"].as_sequence() else { continue };
        if !reaches_settings {
            continue;
        }
        closed.insert(name);
        let default = parameter["Default"].as_str().unwrap();
        for value in allowed.iter().map(|value| value.as_str().unwrap()) {
            let chosen = settings(&stack, &[(name, value)]).unwrap();
            assert_eq!(chosen == defaults, value == default, "{name} {value}");
        }
        assert!(settings(&stack, &[(name, "mark")]).is_err(), "{name} takes anything");
    }
    let expected = ["AlertResolved", "MinimumSeverity", "Observe", "Standard"];
    assert_eq!(closed, BTreeSet::from(expected));
}

/// A parameter that a pattern bounds, what it takes, and what it refuses as the settings would, but
/// before anything is deployed.
const PATTERNS: &[(&str, &[&str], &[&str])] = &[
    (
        "Regions",
        &["", "eu-west-1", "us-gov-west-1,us-iso-east-1"],
        &["eu", "eu-west-1,", "EU-west-1"],
    ),
    ("SecurityHubRegion", &["", "eu-west-1"], &["-", "eu", "eu--1", "eu-west-1,us-east-1"]),
    (
        "ExtraNodeRoleArns",
        &[
            "",
            "arn:aws:iam::111122223333:role/nodes",
            "arn:aws:iam::111122223333:role/eks/a,arn:aws:iam::111122223333:role/b",
        ],
        &[
            "nodes",
            "arn:aws:iam::1:role/nodes",
            "arn:aws:iam::111122223333:user/nodes",
            "arn:aws:iam::111122223333:role/eks/",
            "arn:aws:iam::111122223333:role/a b",
        ],
    ),
    ("RegistryAccounts", &["", "444455556666,777788889999"], &["1", "444455556666;777788889999"]),
    (
        "OwnerTagKeys",
        &["owner,Owner,team,contact", "cost centre,a:b/c", "\u{e9}quipe"],
        &["own*er", "a;b"],
    ),
    ("DefaultOwner", &["", "team-payments", "Zo\u{eb} & co"], &["a\tb", "a\u{7}"]),
];

/// What EventBridge takes; no setting.
const SCHEDULES: (&[&str], &[&str]) = (
    &[
        "rate(1 hour)",
        "rate(6 hours)",
        "rate(15 minutes)",
        "cron(0 3 * * ? *)",
        "cron(0/30 8-17 ? * MON-FRI *)",
    ],
    &[
        "",
        "6 hours",
        "rate(1 hours)",
        "rate(0 hours)",
        "rate(6 weeks)",
        "cron(0 3 * * *)",
        "rate(6 hours) ",
    ],
);

#[test]
fn a_parameter_refuses_what_the_settings_would() {
    let stack = Stack::read("template.yaml");
    for (name, taken, refused) in PATTERNS {
        for value in *taken {
            assert!(takes(&stack, name, value), "{name} refuses `{value}`");
            let chosen = settings(&stack, &[(name, value)]);
            assert!(chosen.is_ok(), "{name} `{value}`: {chosen:?}");
        }
        for value in *refused {
            assert!(!takes(&stack, name, value), "{name} takes `{value}`");
        }
    }
    let (taken, refused) = SCHEDULES;
    for value in taken {
        assert!(takes(&stack, "SweepSchedule", value), "`{value}` is refused");
    }
    for value in refused {
        assert!(!takes(&stack, "SweepSchedule", value), "`{value}` is taken");
    }
}

/// A list of CloudFormation's is held against the pattern item by item.
#[test]
fn the_lists_of_arns_take_arns_alone() {
    let stack = Stack::read("template.yaml");
    for (name, taken, refused) in [
        ("OwnerTopicArns", "arn:aws:sns:eu-west-1:111122223333:web", "arn:aws:sns:eu-west-1:1:web"),
        (
            "OwnerTopicKeyArns",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:alias/web",
        ),
        (
            "KmsKeyArn",
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
            "alias/pullwatch",
        ),
        ("PermissionsBoundary", "platform/Boundary", "arn:aws:iam::111122223333:policy/Boundary"),
    ] {
        assert!(takes(&stack, name, ""), "{name} has to be given");
        assert!(takes(&stack, name, taken), "{name} refuses `{taken}`");
        assert!(!takes(&stack, name, refused), "{name} takes `{refused}`");
    }
}

fn takes(stack: &Stack, name: &str, value: &str) -> bool {
    let pattern = stack.section("Parameters")[name]["AllowedPattern"].as_str().expect(name);
    let schema = serde_json::json!({ "type": "string", "pattern": pattern });
    jsonschema::is_valid(&schema, &value.into())
}

#[test]
fn each_parameter_is_used_and_stands_in_one_group() {
    let stack = Stack::read("template.yaml");
    let names = stack.section("Parameters").as_mapping().unwrap().keys();
    let names: Vec<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
    let interface = &stack.section("Metadata")["AWS::CloudFormation::Interface"];
    let groups = interface["ParameterGroups"].as_sequence().unwrap().iter();
    let mut grouped: Vec<String> = groups.flat_map(|group| texts(&group["Parameters"])).collect();
    grouped.sort();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(grouped, sorted);
    let text = std::fs::read_to_string(crate::stack::root().join("template.yaml")).unwrap();
    for name in names {
        let uses = [
            format!("!Ref {name}\n"),
            format!("!Ref {name},"),
            format!("!Ref {name}]"),
            format!("${{{name}}}"),
        ];
        assert!(uses.iter().any(|used| text.contains(used)), "{name} decides nothing");
    }
}

/// What is given is not empty, and nothing else decides.
#[test]
fn each_condition_asks_whether_its_parameter_is_given() {
    let stack = Stack::read("template.yaml");
    let given = |parameter: &str| yaml(&format!("!Not [!Equals [!Ref {parameter}, '']]"));
    let listed =
        |parameter: &str| yaml(&format!("!Not [!Equals [!Join ['', !Ref {parameter}], '']]"));
    let expected = BTreeMap::from([
        ("HasSecurityHubRegion", given("SecurityHubRegion")),
        ("HasOwnerTopics", listed("OwnerTopicArns")),
        ("HasOwnerTopicKeys", listed("OwnerTopicKeyArns")),
        ("HasOwnerEmail", given("OwnerEmail")),
        ("HasOperatorsEmail", given("OperatorsEmail")),
        ("HasKmsKey", given("KmsKeyArn")),
        ("HasPermissionsBoundary", given("PermissionsBoundary")),
    ]);
    let conditions = stack.section("Conditions").as_mapping().unwrap().iter();
    let conditions: BTreeMap<&str, Value> =
        conditions.map(|(name, value)| (name.as_str().unwrap(), value.clone())).collect();
    assert_eq!(conditions, expected);
}

/// A topic that no tag may lead to is none that a function may publish to, and the other way round.
#[test]
fn a_function_may_publish_to_the_topics_that_its_settings_list() {
    let stack = Stack::read("template.yaml");
    let topics =
        "arn:aws:sns:eu-west-1:111122223333:payments,arn:aws:sns:us-east-1:111122223333:web";
    let chosen = settings(&stack, &[("OwnerTopicArns", topics)]).unwrap();
    let listed: Vec<&str> = chosen.owner_topic_arns.iter().map(TopicArn::as_str).collect();
    assert_eq!(listed.join(","), topics);

    let policy = stack.resource("AssessRolePolicy");
    let statements = &policy["Properties"]["PolicyDocument"]["Statement"];
    let statements = statements.as_sequence().unwrap().iter();
    let expected = "!If [HasOwnerTopics, {Sid: TellOwnTopics, Effect: Allow, \
                    Action: 'sns:Publish', Resource: !Ref OwnerTopicArns}, !Ref 'AWS::NoValue']";
    assert_eq!(statements.filter(|statement| **statement == yaml(expected)).count(), 1);
}
