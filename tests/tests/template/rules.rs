//! The rules against what `change_events` reads, and against every recorded event.

use std::collections::BTreeSet;
use std::fs;

use change_events::{CUSTOM_ACTION, Reading};
use serde_json::{Value, json};

use crate::pattern::matches;
use crate::stack::{Stack, referred, root};

/// The account that the recorded events tell of.
const ACCOUNT: &str = "111122223333";

/// The longest pattern that EventBridge takes, in characters.
const LONGEST_PATTERN: usize = 2048;

/// A source, the one rule that catches its events, and the queue it leads to. AWS Organizations
/// tells the management account alone, and the functions judge by none of its policies: no rule
/// hears it.
const RULES: [(&str, Option<(&str, &str)>); 5] = [
    ("aws.iam", Some(("IamRule", "IamQueue"))),
    ("aws.eks", Some(("EksRule", "EksQueue"))),
    ("aws.ecr", Some(("EcrRule", "EksQueue"))),
    ("aws.securityhub", Some(("RecheckRule", "IamQueue"))),
    ("aws.organizations", None),
];

/// The folders whose every event has an effect, with their source.
const FOLDERS: [(&str, &str); 5] = [
    ("iam", "aws.iam"),
    ("eks", "aws.eks"),
    ("ecr", "aws.ecr"),
    ("security-hub", "aws.securityhub"),
    ("organizations", "aws.organizations"),
];

/// The folders of events that are let go or cannot be read.
const OTHER_FOLDERS: [&str; 2] = ["ignored", "broken"];

fn rule_of(source: &str) -> Vec<String> {
    let (_, rule) = RULES.iter().find(|(known, _)| *known == source).unwrap();
    rule.iter().map(|(id, _)| (*id).to_owned()).collect()
}

/// The texts of a folder's files, each with its name.
fn messages(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("events").join(folder)).unwrap();
    let mut messages: Vec<(String, String)> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    messages.sort();
    assert!(!messages.is_empty(), "{folder} is empty");
    messages
}

fn events(folder: &str) -> Vec<(String, Value)> {
    let parsed = |(name, text): (String, String)| Some((name, serde_json::from_str(&text).ok()?));
    messages(folder).into_iter().filter_map(parsed).collect()
}

fn catching(stack: &Stack, event: &Value) -> Vec<String> {
    let patterns = stack.patterns().into_iter();
    patterns.filter(|(_, pattern)| matches(pattern, event)).map(|(id, _)| id).collect()
}

/// Whether an event asks for a rule, told by its names alone: what is inside, a rule does not see.
fn is_asked_for(event: &Value) -> bool {
    let detail = &event["detail"];
    let is_call = event["detail-type"] == "AWS API Call via CloudTrail"
        && detail.get("errorCode").is_none()
        && change_events::event_names().any(|known| {
            known.has_effect && event["source"] == known.source && detail["eventName"] == known.name
        });
    is_call || event["detail-type"] == CUSTOM_ACTION
}

#[test]
fn what_is_read_is_caught_and_what_is_caught_is_read() {
    let stack = Stack::read("template.yaml");
    for (source, rule) in RULES.iter().filter(|(source, _)| *source != "aws.securityhub") {
        let caught = stack.event_names(source);
        let read: BTreeSet<String> = change_events::event_names()
            .filter(|event| event.source == *source && event.has_effect && rule.is_some())
            .map(|event| event.name.to_owned())
            .collect();
        assert_eq!(caught.iter().cloned().collect::<BTreeSet<_>>(), read, "{source}");
        assert_eq!(caught.len(), read.len(), "{source}: a name stands twice");
    }
    let sources: BTreeSet<&str> = RULES.iter().map(|(source, _)| *source).collect();
    for event in change_events::event_names() {
        assert!(sources.contains(event.source), "{} has no rule", event.source);
    }
}

#[test]
fn each_rule_has_one_source_and_leads_to_its_queue() {
    let stack = Stack::read("template.yaml");
    let rules = stack.resources("AWS::Events::Rule");
    let patterns = stack.patterns();
    let expected = RULES.iter().filter_map(|(source, rule)| Some((*source, (*rule)?)));
    for (source, (id, queue)) in expected.clone() {
        assert_eq!(patterns[id]["source"], json_as_yaml(&json!([source])), "{id}");
        let targets = rules[id]["Targets"].as_sequence().unwrap();
        assert_eq!(targets.len(), 1, "{id}");
        assert_eq!(referred(&targets[0]["Arn"]), queue, "{id}");
    }
    let known: BTreeSet<&str> = expected.map(|(_, (id, _))| id).collect();
    assert_eq!(patterns.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
}

/// A rule has no state of its own, which could be DISABLED, and no bus but the account's.
#[test]
fn each_rule_is_on() {
    for path in ["template.yaml", "infra/regional-forwarder.yaml", "infra/triage.yaml"] {
        for (id, rule) in Stack::read(path).resources("AWS::Events::Rule") {
            let keys = rule.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap());
            let asked =
                if id == "AccountSweepSchedule" { "ScheduleExpression" } else { "EventPattern" };
            assert_eq!(
                keys.collect::<BTreeSet<_>>(),
                BTreeSet::from(["Description", asked, "Targets"])
            );
        }
    }
    let stack = Stack::read("template.yaml");
    let schedule = &stack.resource("AccountSweepSchedule")["Properties"]["ScheduleExpression"];
    assert_eq!(referred(schedule), "SweepSchedule");
}

#[test]
fn each_recorded_event_is_caught_by_its_rule_alone() {
    let stack = Stack::read("template.yaml");
    for (folder, source) in FOLDERS {
        for (name, event) in events(folder) {
            assert_eq!(catching(&stack, &event), rule_of(source), "{name}");
        }
    }
    for folder in OTHER_FOLDERS {
        for (name, event) in events(folder) {
            let source = event["source"].as_str().unwrap_or_default();
            let expected = if is_asked_for(&event) { rule_of(source) } else { Vec::new() };
            assert_eq!(catching(&stack, &event), expected, "{name}");
        }
    }
    let folders: BTreeSet<String> = fs::read_dir(root().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let known = FOLDERS.iter().map(|(folder, _)| *folder).chain(OTHER_FOLDERS);
    assert_eq!(folders, known.map(str::to_owned).collect(), "a folder that no test looks at");
}

/// Also what is cut, and asks for a sweep.
#[test]
fn whatever_is_read_as_a_change_is_caught() {
    let stack = Stack::read("template.yaml");
    let mut cut = 0;
    for folder in FOLDERS.iter().map(|(folder, _)| *folder).chain(OTHER_FOLDERS) {
        for (name, text) in messages(folder) {
            if matches!(change_events::read(&text, ACCOUNT), Ok(Reading::Changes(_))) {
                let event: Value = serde_json::from_str(&text).unwrap();
                let source = event["source"].as_str().unwrap();
                assert_eq!(catching(&stack, &event), rule_of(source), "{name}");
                cut += usize::from(folder == "broken");
            }
        }
    }
    assert!(cut >= 3, "events that are cut are among the recorded ones");
}

#[test]
fn a_call_that_failed_or_came_another_way_is_caught_by_none() {
    let stack = Stack::read("template.yaml");
    for folder in ["iam", "eks", "ecr"] {
        for (name, event) in events(folder) {
            let mut failed = event.clone();
            failed["detail"]["errorCode"] = json!("AccessDenied");
            let mut other_way = event.clone();
            other_way["detail-type"] = json!("AWS Console Sign In via CloudTrail");
            for event in [failed, other_way] {
                assert_eq!(catching(&stack, &event), Vec::<String>::new(), "{name}");
            }
        }
    }
    for (name, mut event) in events("security-hub") {
        event["resources"] = json!(["arn:aws:securityhub:us-east-1:1:action/custom/Other"]);
        assert_eq!(catching(&stack, &event), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn patterns_are_as_short_as_eventbridge_asks() {
    let stack = Stack::read("template.yaml");
    for (id, pattern) in stack.patterns() {
        let length = serde_json::to_string(pattern).unwrap().len();
        assert!(length <= LONGEST_PATTERN, "{id} has {length} characters");
    }
}

fn json_as_yaml(value: &Value) -> serde_yaml_ng::Value {
    serde_yaml_ng::to_value(value).unwrap()
}
