//! What a triager finds in Security Hub against what pullwatch writes and reads.

use std::collections::BTreeSet;

use ecr_audit::standard::Check;
use serde_yaml_ng::Value;

use crate::stack::{Stack, root, texts};

#[test]
fn the_custom_action_is_the_one_that_the_rule_waits_for() {
    let stack = Stack::read("infra/recheck-action.yaml");
    let actions = stack.resources("AWS::SecurityHub::ActionTarget");
    let ids: Vec<&str> = actions.values().map(|action| action["Id"].as_str().unwrap()).collect();
    let home = Stack::read("template.yaml");
    let ending = &home.patterns()["RecheckRule"]["resources"][0]["suffix"];
    assert_eq!(ids.len(), 1);
    assert_eq!(*ending, Value::from(format!(":action/custom/{}", ids[0])));
}

#[test]
fn the_insights_ask_for_findings_that_pullwatch_imports() {
    let stack = Stack::read("infra/triage.yaml");
    let mut checks = BTreeSet::new();
    for (id, insight) in stack.resources("AWS::SecurityHub::Insight") {
        let filters = &insight["Filters"];
        let generator = &filters["GeneratorId"][0];
        let text = generator["Value"].as_str().unwrap();
        let generators =
            [Check::ReadOnly, Check::CanPull].map(|check| format!("pullwatch/{check}"));
        match generator["Comparison"].as_str() {
            Some("EQUALS") => assert!(generators.contains(&text.to_owned()), "{id}: {text}"),
            Some("PREFIX") => assert!(generators.iter().all(|known| known.starts_with(text))),
            other => panic!("{id}: {other:?}"),
        }
        // What was archived, and what a person suppressed, is not open.
        assert_eq!(values(&filters["RecordState"]), ["ACTIVE"], "{id}");
        assert_eq!(values(&filters["WorkflowStatus"]), ["NEW", "NOTIFIED"], "{id}");
        checks.extend(generators.into_iter().filter(|known| known == text));
    }
    assert_eq!(checks.len(), 2, "each check has its Insight");
}

/// What the Insights ask of a field is what the field holds, in a finding as it is imported.
#[test]
fn the_insight_of_who_can_push_finds_one_who_can() {
    let stack = Stack::read("infra/triage.yaml");
    let insights = stack.resources("AWS::SecurityHub::Insight");
    assert_eq!(insights["CanPush"]["GroupByAttribute"], "AwsAccountId");
    let filters = &insights["CanPush"]["Filters"];
    let severities = values(&filters["SeverityLabel"]);
    // To push is HIGH, to give away who may is CRITICAL.
    assert_eq!(severities, ["HIGH", "CRITICAL"]);
    for (golden, can_push) in [("new", true), ("worse", true), ("resolved", false)] {
        let path = format!("shared/ecr-audit/tests/golden/findings-{golden}.json");
        let findings = std::fs::read_to_string(root().join(path)).unwrap();
        let findings: serde_json::Value = serde_json::from_str(&findings).unwrap();
        let generator = filters["GeneratorId"][0]["Value"].as_str().unwrap();
        let mut findings = findings.as_array().unwrap().iter();
        let found = findings.any(|it| {
            let severity = &it["FindingProviderFields"]["Severity"]["Label"];
            it["GeneratorId"] == generator && severities.iter().any(|label| *severity == **label)
        });
        assert_eq!(found, can_push, "{golden}");
    }
}

/// They fail a stack where Security Hub is off, and events must be followed there too.
#[test]
fn the_main_stack_makes_nothing_in_security_hub() {
    for (id, resource_type) in Stack::read("template.yaml").types() {
        assert!(!resource_type.starts_with("AWS::SecurityHub::"), "{id}");
    }
}

fn values(filters: &Value) -> Vec<String> {
    let filters = filters.as_sequence().unwrap().iter();
    filters.flat_map(|filter| texts(&filter["Value"])).collect()
}
