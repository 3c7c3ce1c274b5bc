//! What tells that we are blind: every alarm as it has to be, and the words in the log that feed it.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::queues::dead_letter_queues;
use crate::sources::sources;
use crate::stack::{Stack, all_referred, yaml};

/// Every stack that has alarms.
const STACKS: [&str; 2] = ["template.yaml", "infra/regional-forwarder.yaml"];

/// The queues in which one message is one too many, each with its stack and its alarm.
const DEAD_LETTERS: [(&str, &str, &str); 4] = [
    ("template.yaml", "IamDeadLettersAlarm", "IamDeadLetterQueue"),
    ("template.yaml", "EksDeadLettersAlarm", "EksDeadLetterQueue"),
    ("template.yaml", "SweepDeadLettersAlarm", "SweepDeadLetterQueue"),
    ("infra/regional-forwarder.yaml", "DeadLettersAlarm", "DeadLetterQueue"),
];

/// The queues that a change waits in. A queue that nobody reads makes no dead letters; of SweepQueue
/// the silence of the sweep tells.
const WAITING: [(&str, &str); 2] =
    [("IamWaitingAlarm", "IamQueue"), ("EksWaitingAlarm", "EksQueue")];

/// For how many seconds nobody may have read a change: longer than all its tries take.
const WAITING_SECONDS: u64 = 10_800;

/// The words of the sweep's log that one alarm each waits for, with what a line of them means.
const WORDS: [(&str, &str); 2] = [
    ("SweepOnlyDrift", "a verdict became another one and no event told why"),
    ("SweepIncomplete", "a third sweep in a row met failures, or one died"),
];

/// One is enough, in the first five minutes. Where there is no value there is nothing to tell.
const AT_ONCE: &str = "Period: 300, EvaluationPeriods: 1, Threshold: 0, \
    ComparisonOperator: GreaterThanThreshold, TreatMissingData: notBreaching, \
    AlarmActions: [!Ref OperatorsTopic]";

const AND_WHEN_IT_IS_OVER: &str = "OKActions: [!Ref OperatorsTopic]";

/// Two of six times of five minutes: one error is tried again and told to nobody.
const ERRORS: &str = "{
    Metrics: [
        { Id: errors, Label: errors of the three functions,
          Expression: 'FILL(iam, 0) + FILL(eks, 0) + FILL(sweep, 0)' },
        { Id: iam, ReturnData: false, MetricStat: { Period: 300, Stat: Sum, Metric:
            { Namespace: AWS/Lambda, MetricName: Errors,
              Dimensions: [{ Name: FunctionName, Value: !Ref IamChange }] } } },
        { Id: eks, ReturnData: false, MetricStat: { Period: 300, Stat: Sum, Metric:
            { Namespace: AWS/Lambda, MetricName: Errors,
              Dimensions: [{ Name: FunctionName, Value: !Ref EksChange }] } } },
        { Id: sweep, ReturnData: false, MetricStat: { Period: 300, Stat: Sum, Metric:
            { Namespace: AWS/Lambda, MetricName: Errors,
              Dimensions: [{ Name: FunctionName, Value: !Ref AccountSweep }] } } }],
    EvaluationPeriods: 6, DatapointsToAlarm: 2, Threshold: 0,
    ComparisonOperator: GreaterThanThreshold, TreatMissingData: notBreaching,
    AlarmActions: [!Ref OperatorsTopic], OKActions: [!Ref OperatorsTopic] }";

/// The one alarm that silence rings: a day without the end of a sweep.
const SILENCE: &str = "{ Namespace: pullwatch, MetricName: !Sub '${AWS::StackName}-SweepEnded',
    Statistic: Sum, Period: 86400, EvaluationPeriods: 1, Threshold: 1,
    ComparisonOperator: LessThanThreshold, TreatMissingData: breaching,
    AlarmActions: [!Ref OperatorsTopic], OKActions: [!Ref OperatorsTopic] }";

/// Every alarm of a stack, as it has to be.
fn expected(path: &str) -> BTreeMap<String, Value> {
    let of_queue = |metric: &str, queue: &str| {
        format!(
            "Namespace: AWS/SQS, MetricName: {metric}, Statistic: Maximum, \
             Dimensions: [{{ Name: QueueName, Value: !GetAtt {queue}.QueueName }}]"
        )
    };
    let mut alarms = BTreeMap::new();
    for (_, id, queue) in DEAD_LETTERS.iter().filter(|(stack, ..)| *stack == path) {
        let watched = of_queue("ApproximateNumberOfMessagesVisible", queue);
        let alarm = yaml(&format!("{{ {watched}, {AT_ONCE}, {AND_WHEN_IT_IS_OVER} }}"));
        alarms.insert((*id).to_owned(), alarm);
    }
    if path != "template.yaml" {
        return alarms;
    }
    for (id, queue) in WAITING {
        let watched = of_queue("ApproximateAgeOfOldestMessage", queue);
        let mut alarm = yaml(&format!("{{ {watched}, {AT_ONCE}, {AND_WHEN_IT_IS_OVER} }}"));
        alarm["Threshold"] = WAITING_SECONDS.into();
        alarms.insert(id.to_owned(), alarm);
    }
    for (word, _) in WORDS {
        // What such a line tells is not over when no other follows.
        let watched = format!("MetricName: !Sub '${{AWS::StackName}}-{word}', Statistic: Sum");
        let alarm = yaml(&format!("{{ Namespace: pullwatch, {watched}, {AT_ONCE} }}"));
        alarms.insert(format!("{word}Alarm"), alarm);
    }
    alarms.insert("ErrorsAlarm".to_owned(), yaml(ERRORS));
    alarms.insert("SweepSilentAlarm".to_owned(), yaml(SILENCE));
    alarms
}

#[test]
fn each_alarm_watches_what_it_has_to_and_rings_when_it_has_to() {
    for path in STACKS {
        let stack = Stack::read(path);
        let alarms = stack.resources("AWS::CloudWatch::Alarm");
        let expected = expected(path);
        assert_eq!(alarms.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (id, alarm) in alarms {
            let mut alarm = alarm.clone();
            let description = alarm.as_mapping_mut().unwrap().remove("AlarmDescription");
            assert!(
                description.is_some_and(|text| text.is_string()),
                "{id} does not say what to do"
            );
            assert_eq!(alarm, expected[&id], "{path}: {id}");
        }
    }
}

/// One line of the log counts one, under the name that its alarm looks at.
#[test]
fn the_alarms_are_fed_by_words_in_the_log_of_the_sweep() {
    let stack = Stack::read("template.yaml");
    let words: BTreeSet<String> =
        WORDS.iter().map(|(word, _)| (*word).to_owned()).chain(["SweepEnded".to_owned()]).collect();
    let filters = stack.resources("AWS::Logs::MetricFilter");
    assert_eq!(filters.keys().cloned().collect::<BTreeSet<_>>(), words);
    for (word, filter) in filters {
        let expected = format!(
            "{{ LogGroupName: !Ref AccountSweepLogs, FilterPattern: '\"{word}\"',
                MetricTransformations: [{{ MetricNamespace: pullwatch,
                    MetricName: !Sub '${{AWS::StackName}}-{word}', MetricValue: '1' }}] }}"
        );
        assert_eq!(*filter, yaml(&expected), "{word}");
    }
    let log = [
        (
            "SweepOnlyDrift",
            include_str!("../../../shared/ecr-audit/src/journey/sweep/unexplained.rs"),
        ),
        (
            "SweepIncomplete",
            include_str!("../../../shared/ecr-audit/src/journey/sweep/finishing.rs"),
        ),
    ];
    for (word, source) in log {
        assert!(source.contains(&format!("\"{word}: ")), "the sweep never says {word}");
    }
}

/// Each line that the silent alarm waits for is logged whatever the level.
#[test]
fn the_end_of_a_sweep_is_logged_whatever_the_level() {
    let stack = Stack::read("template.yaml");
    let log = "tracing::info!(target: \"alarms\"";
    let said = sources("shared/ecr-audit/src").into_iter().any(|source| {
        let mut logged = source.split(log).skip(1);
        logged.any(|rest| rest.split(';').next().unwrap().contains("SweepEnded"))
    });
    assert!(said, "nobody logs SweepEnded");
    let level = &stack.function_globals()["Environment"]["Variables"]["RUST_LOG"];
    assert!(format!("{level:?}").contains(",alarms=info"), "{level:?}");
}

#[test]
fn each_queue_of_dead_letters_has_an_alarm() {
    for path in STACKS {
        let of_stack = DEAD_LETTERS.iter().filter(|(stack, ..)| *stack == path);
        let watched: BTreeSet<String> = of_stack.map(|(_, _, queue)| (*queue).to_owned()).collect();
        assert_eq!(dead_letter_queues(&Stack::read(path)), watched, "{path}");
    }
}

#[test]
fn a_message_that_comes_again_rings_no_waiting_alarm() {
    let stack = Stack::read("template.yaml");
    for (_, id) in WAITING {
        let queue = &stack.resource(id)["Properties"];
        let receipts = queue["RedrivePolicy"]["maxReceiveCount"].as_u64().unwrap();
        let visibility = queue["VisibilityTimeout"].as_u64().unwrap();
        assert!(receipts * visibility < WAITING_SECONDS, "{id}");
        assert!(WAITING_SECONDS < queue["MessageRetentionPeriod"].as_u64().unwrap(), "{id}");
    }
}

/// An alarm is CloudWatch's to publish, and of this account alone.
#[test]
fn the_operators_topic_admits_alarms() {
    for path in STACKS {
        let stack = Stack::read(path);
        let policies = stack.resources("AWS::SNS::TopicPolicy");
        let [policy] = &policies.into_values().collect::<Vec<_>>()[..] else { panic!("{path}") };
        assert_eq!(all_referred(&policy["Topics"]), BTreeSet::from(["OperatorsTopic".to_owned()]));
        let statements = policy["PolicyDocument"]["Statement"].as_sequence().unwrap();
        let expected = "{ Sid: FromAlarms, Effect: Allow, Action: 'sns:Publish',
            Principal: { Service: cloudwatch.amazonaws.com }, Resource: !Ref OperatorsTopic,
            Condition: { StringEquals: { 'aws:SourceAccount': !Ref 'AWS::AccountId' } } }";
        assert_eq!(statements.len(), 1, "{path}");
        assert_eq!(statements[0], yaml(expected), "{path}");
    }
}
