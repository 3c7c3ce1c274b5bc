//! What waits: who may send to a queue, what stands behind it, and for how long.

use std::collections::BTreeSet;

use ecr_audit::journey::MOST_RECEIPTS;
use ecr_audit::sweep_step::{DEAD_AFTER, SweepStep};
use serde_yaml_ng::Value;

use crate::stack::{Stack, all_referred, referred, texts, yaml};

/// Every stack that has queues.
const STACKS: [&str; 2] = ["template.yaml", "infra/regional-forwarder.yaml"];

/// Every target of every rule, with the rule's logical id.
fn targets(stack: &Stack) -> Vec<(String, &Value)> {
    let rules = stack.resources("AWS::Events::Rule").into_iter();
    rules
        .flat_map(|(id, rule)| {
            let targets = rule["Targets"].as_sequence().unwrap().iter();
            targets.map(move |target| (id.clone(), target))
        })
        .collect()
}

/// Each rule with each queue that it sends to, at once or as dead letters.
fn sending(stack: &Stack) -> BTreeSet<(String, String)> {
    let queues = stack.resources("AWS::SQS::Queue");
    let mut sending = BTreeSet::new();
    for (rule, target) in targets(stack) {
        for arn in [&target["Arn"], &target["DeadLetterConfig"]["Arn"]] {
            let is_reference = matches!(arn, Value::Tagged(tagged) if tagged.value.is_string());
            if is_reference && queues.contains_key(&referred(arn)) {
                sending.insert((rule.clone(), referred(arn)));
            }
        }
    }
    sending
}

/// Each rule with each queue whose policy admits it.
fn admitted(stack: &Stack) -> BTreeSet<(String, String)> {
    let mut admitted = BTreeSet::new();
    for (id, policy) in stack.resources("AWS::SQS::QueuePolicy") {
        let queues = all_referred(&policy["Queues"]);
        for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
            assert_eq!(statement["Effect"], "Allow", "{id}");
            assert_eq!(statement["Principal"]["Service"], "events.amazonaws.com", "{id}");
            assert_eq!(texts(&statement["Action"]), ["sqs:SendMessage"], "{id}");
            assert_eq!(all_referred(&statement["Resource"]), queues, "{id}");
            let condition = &statement["Condition"];
            let rules = all_referred(&condition["ArnEquals"]["aws:SourceArn"]);
            let asked =
                [condition, &condition["ArnEquals"]].map(|it| it.as_mapping().unwrap().len());
            assert_eq!(asked, [1, 1], "{id} asks for more than the rule");
            for rule in rules {
                admitted.extend(queues.iter().map(|queue| (rule.clone(), queue.clone())));
            }
        }
    }
    admitted
}

#[test]
fn a_queue_admits_the_rules_that_send_to_it_and_no_others() {
    for path in STACKS {
        let stack = Stack::read(path);
        assert!(!sending(&stack).is_empty(), "{path}");
        assert_eq!(sending(&stack), admitted(&stack), "{path}");
    }
}

#[test]
fn what_a_rule_cannot_deliver_ends_in_dead_letters() {
    for path in STACKS {
        let stack = Stack::read(path);
        for (rule, target) in targets(&stack) {
            let dead_letters = referred(&target["DeadLetterConfig"]["Arn"]);
            assert!(
                stack.resource(&dead_letters)["Properties"]["RedrivePolicy"].is_null(),
                "{rule}"
            );
        }
    }
    let stack = Stack::read("template.yaml");
    let queues = stack.resources("AWS::SQS::Queue");
    for (rule, target) in targets(&stack) {
        let Some(queue) = queues.get(&referred(&target["Arn"])) else { continue };
        let behind = &queue["RedrivePolicy"]["deadLetterTargetArn"];
        assert_eq!(target["DeadLetterConfig"]["Arn"], *behind, "{rule}");
    }
}

#[test]
fn dead_letters_are_kept_longer_than_what_waits() {
    for path in STACKS {
        let stack = Stack::read(path);
        let queues = stack.resources("AWS::SQS::Queue");
        let kept = |id: &str| queues[id]["MessageRetentionPeriod"].as_u64().unwrap();
        let mut behind = BTreeSet::new();
        for (id, queue) in &queues {
            assert!(is_encrypted(queue), "{id}");
            let redrive = &queue["RedrivePolicy"];
            if redrive.is_null() {
                assert_eq!(kept(id), 1_209_600, "{id} keeps as long as SQS can");
                continue;
            }
            let receipts = redrive["maxReceiveCount"].as_u64().unwrap();
            assert!(receipts >= 5, "{id}");
            let visibility = queue["VisibilityTimeout"].as_u64().unwrap();
            assert!(kept(id) > receipts * visibility, "{id} forgets before it gives up");
            let dead_letters = referred(&redrive["deadLetterTargetArn"]);
            assert!(kept(&dead_letters) > kept(id), "{dead_letters} forgets too soon");
            behind.insert(dead_letters);
        }
        let dead: BTreeSet<String> = dead_letter_queues(&stack);
        assert!(behind.is_subset(&dead) && !dead.is_empty(), "{path}");
        let sent_to: BTreeSet<String> = sending(&stack).into_iter().map(|(_, id)| id).collect();
        assert!(dead.is_subset(&sent_to), "{path}: nothing ends in some of {dead:?}");
    }
}

/// With SQS's own key, or with the customer's where there is one.
fn is_encrypted(queue: &Value) -> bool {
    let by_parameter = [
        ("SqsManagedSseEnabled", "!If [HasKmsKey, false, true]"),
        ("KmsMasterKeyId", "!If [HasKmsKey, !Ref KmsKeyArn, !Ref 'AWS::NoValue']"),
    ];
    by_parameter.iter().all(|(name, value)| queue[*name] == yaml(value))
        || (queue["SqsManagedSseEnabled"] == true && queue["KmsMasterKeyId"].is_null())
}

/// The queues that nothing stands behind.
pub fn dead_letter_queues(stack: &Stack) -> BTreeSet<String> {
    let queues = stack.resources("AWS::SQS::Queue").into_iter();
    queues.filter(|(_, queue)| queue["RedrivePolicy"].is_null()).map(|(id, _)| id).collect()
}

/// A sweep counts as dead only after all the tries of its slowest step, the last of which gives it
/// up.
#[test]
fn a_step_is_given_up_before_its_sweep_counts_as_dead() {
    let stack = Stack::read("template.yaml");
    let queue = &stack.resource("SweepQueue")["Properties"];
    let receipts = queue["RedrivePolicy"]["maxReceiveCount"].as_u64().unwrap();
    assert_eq!(receipts, u64::from(MOST_RECEIPTS));
    let visibility = queue["VisibilityTimeout"].as_i64().unwrap();
    assert!(visibility * i64::from(MOST_RECEIPTS) < DEAD_AFTER.as_secs());
}

/// The schedule asks by the words that the function reads.
#[test]
fn the_schedule_begins_a_sweep() {
    let stack = Stack::read("template.yaml");
    let target = &stack.resource("AccountSweepSchedule")["Properties"]["Targets"][0];
    assert_eq!(referred(&target["Arn"]), "SweepQueue");
    let step: SweepStep = serde_json::from_str(target["Input"].as_str().unwrap()).unwrap();
    assert_eq!(step, SweepStep::begin("the schedule"));
}
