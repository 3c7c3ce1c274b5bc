//! What is remembered outlives the stack, an accident and a mistake.

use crate::sources::sources;
use crate::stack::{Stack, yaml};

/// The whole table. The ledger holds when each finding began and what is still to be delivered, so
/// it stays when the stack goes, it cannot be deleted by a slip, and each second of the last 35 days
/// can be had back. No attribute has a time to live: a record ends with its role, not with a clock.
const LEDGER: &str = "
Type: AWS::DynamoDB::Table
DeletionPolicy: Retain
UpdateReplacePolicy: Retain
Properties:
  BillingMode: PAY_PER_REQUEST
  AttributeDefinitions:
    - { AttributeName: pk, AttributeType: S }
    - { AttributeName: sk, AttributeType: S }
  KeySchema:
    - { AttributeName: pk, KeyType: HASH }
    - { AttributeName: sk, KeyType: RANGE }
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
  SSESpecification: !If
    - HasKmsKey
    - { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !Ref KmsKeyArn }
    - { SSEEnabled: true }
  DeletionProtectionEnabled: true
";

#[test]
fn the_ledger_is_kept_protected_and_encrypted() {
    let stack = Stack::read("template.yaml");
    assert_eq!(stack.resources("AWS::DynamoDB::Table").len(), 1);
    assert_eq!(*stack.resource("Ledger"), yaml(LEDGER));
}

/// The adapter's words for the two parts of a key.
#[test]
fn the_ledger_has_the_keys_that_the_adapter_asks_by() {
    let adapter = sources("shared/aws-adapters/src");
    let item = r#"Item::from([("pk".to_owned(), text(kind)), ("sk".to_owned(), text(key))])"#;
    assert!(adapter.iter().any(|source| source.contains(item)), "the keys have other names");
}
