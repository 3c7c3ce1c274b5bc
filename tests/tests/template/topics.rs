//! Who is told: the topics and the addresses that a parameter subscribes.

use crate::stack::{Stack, yaml};

/// The owners' alerts name roles, policies and people, so their topic is encrypted. The operators'
/// is not under AWS's own key, which admits no alarm of CloudWatch.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
const TOPICS: [(&str, &str, &str); 3] = [
    (
        "template.yaml",
        "AlertTopic",
        "{ DisplayName: pullwatch, KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, alias/aws/sns] }",
    ),
    (
        "template.yaml",
        "OperatorsTopic",
        "{ DisplayName: pullwatch operators,
           KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref 'AWS::NoValue'] }",
    ),
    ("infra/regional-forwarder.yaml", "OperatorsTopic", "{ DisplayName: pullwatch operators }"),
];

/// A stack, a subscription, its parameter, the condition that it is given on, its topic.
const SUBSCRIPTIONS: [(&str, &str, &str, &str, &str); 3] = [
    ("template.yaml", "OwnerSubscription", "OwnerEmail", "HasOwnerEmail", "AlertTopic"),
    (
        "template.yaml",
        "OperatorsSubscription",
        "OperatorsEmail",
        "HasOperatorsEmail",
        "OperatorsTopic",
    ),
    (
        "infra/regional-forwarder.yaml",
        "OperatorsSubscription",
        "OperatorsEmail",
        "HasOperatorsEmail",
        "OperatorsTopic",
    ),
];

#[test]
fn each_topic_is_encrypted_as_its_publishers_can() {
    for path in ["template.yaml", "infra/regional-forwarder.yaml"] {
        let known = TOPICS.iter().filter(|(stack, ..)| *stack == path).count();
        assert_eq!(Stack::read(path).resources("AWS::SNS::Topic").len(), known, "{path}");
    }
    for (path, id, expected) in TOPICS {
        let stack = Stack::read(path);
        assert_eq!(stack.resource(id)["Properties"], yaml(expected), "{path}: {id}");
    }
}

#[test]
fn each_address_is_subscribed_to_its_topic() {
    for (path, id, parameter, condition, topic) in SUBSCRIPTIONS {
        let expected = format!(
            "{{ Type: AWS::SNS::Subscription, Condition: {condition}, Properties:
                {{ TopicArn: !Ref {topic}, Protocol: email, Endpoint: !Ref {parameter} }} }}"
        );
        let stack = Stack::read(path);
        assert_eq!(*stack.resource(id), yaml(&expected), "{path}: {id}");
        let given = format!("!Not [!Equals [!Ref {parameter}, '']]");
        assert_eq!(stack.section("Conditions")[condition], yaml(&given), "{path}: {condition}");
    }
}
