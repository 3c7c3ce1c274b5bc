//! DynamoDB speaks awsJson1.0: the operation in `x-amz-target`, the error in `__type`.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html>

use std::collections::BTreeSet;
use std::io::Write;

use aws_adapters::ledger::AwsLedger;
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::ledger::{Record, RecordedUse};
use ecr_audit::node_role::{Compute, Source, Use, UseKind};
use ecr_audit::ports::{Ledger, SweepRecord, Versioned, WriteOutcome};
use ecr_audit::registries::{PoliciesOf, RegistryReading, Unknown, UnreadPolicies};
use ecr_audit::role_policies::RegistryDocument;
use ecr_audit::sweep_part::SweepPart;
use ecr_audit::sweep_step::SweepRun;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::requests::Request;
use crate::samples::{record, role_arn, time};
use crate::wire::{Answer, Wire};

const TABLE: &str = "pullwatch-ledger";

fn asked(operation: &str, body: Value) -> Request {
    let target = format!("DynamoDB_20120810.{operation}");
    Request::rpc("dynamodb.us-east-1.amazonaws.com", &target, body)
}

fn refused(code: &str) -> Answer {
    Answer::json_error(400, "com.amazonaws.dynamodb.v20120810", code)
}

fn ledger(wire: &Wire) -> AwsLedger {
    AwsLedger::new(&wire.aws(), TABLE)
}

fn key(kind: &str, key: &str) -> Value {
    json!({"pk": {"S": kind}, "sk": {"S": key}})
}

fn stored(record: &Record, version: u64, write_id: &str) -> Value {
    json!({
        "pk": {"S": "role"},
        "sk": {"S": record.role_arn.role_name().key()},
        "record": {"S": serde_json::to_string(record).unwrap()},
        "version": {"N": version.to_string()},
        "write_id": {"S": write_id},
    })
}

fn versioned(record: Record, version: u64, write_id: &str) -> Versioned {
    Versioned { record, version, write_id: write_id.to_owned() }
}

fn batch(keys: impl IntoIterator<Item = String>) -> Request {
    let keys: Vec<Value> = keys.into_iter().map(|name| key("role", &name)).collect();
    asked("BatchGetItem", json!({"RequestItems": {TABLE: {"Keys": keys, "ConsistentRead": true}}}))
}

/// The answer to a batch, with the keys that were left unprocessed.
fn got(items: &[Value], unprocessed: &[&str]) -> Answer {
    let mut left = json!({});
    if !unprocessed.is_empty() {
        let keys: Vec<Value> = unprocessed.iter().map(|name| key("role", name)).collect();
        left = json!({TABLE: {"Keys": keys}});
    }
    Answer::json(json!({"Responses": {TABLE: items}, "UnprocessedKeys": left}))
}

fn query(kind: &str, start: Option<Value>) -> Request {
    let mut body = json!({
        "TableName": TABLE,
        "ConsistentRead": true,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": kind}},
    });
    if let Some(start) = start {
        body["ExclusiveStartKey"] = start;
    }
    asked("Query", body)
}

fn queried(items: &[Value], last: Option<Value>) -> Answer {
    let mut body = json!({"Items": items, "Count": items.len(), "ScannedCount": items.len()});
    if let Some(last) = last {
        body["LastEvaluatedKey"] = last;
    }
    Answer::json(body)
}

#[tokio::test]
async fn records_are_read_consistently_under_lower_case_names_once_each() {
    let wire = Wire::new([(
        batch(["absent", "builders", "workers"].map(str::to_owned)),
        got(&[stored(&record("Workers"), 7, "w-7"), stored(&record("Builders"), 1, "w-1")], &[]),
    )]);
    let names = ["Workers", "workers", "Builders", "Absent"].map(RoleName::new);
    let records = ledger(&wire).records(&names).await.unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records["workers"], versioned(record("Workers"), 7, "w-7"));
    assert_eq!(records["builders"], versioned(record("Builders"), 1, "w-1"));
}

#[tokio::test]
async fn no_names_are_no_call() {
    let wire = Wire::new([]);
    assert_eq!(ledger(&wire).records(&[]).await, Ok([].into()));
}

#[tokio::test]
async fn a_hundred_and_one_keys_are_two_calls() {
    let names: Vec<String> = (0..101).map(|index| format!("role-{index:03}")).collect();
    let first = stored(&record("role-000"), 1, "a");
    let last = stored(&record("role-100"), 2, "b");
    let wire = Wire::new([
        (batch(names[..100].iter().cloned()), got(&[first], &[])),
        (batch(names[100..].iter().cloned()), got(&[last], &[])),
    ]);
    let names: Vec<RoleName> = names.iter().map(|name| RoleName::new(name)).collect();
    let records = ledger(&wire).records(&names).await.unwrap();
    assert_eq!(records.into_keys().collect::<Vec<_>>(), ["role-000", "role-100"]);
}

#[tokio::test(start_paused = true)]
async fn unprocessed_keys_are_asked_for_again_and_still_consistently() {
    let wire = Wire::new([
        (
            batch(["a", "b", "c"].map(str::to_owned)),
            got(&[stored(&record("a"), 1, "w")], &["b", "c"]),
        ),
        (batch(["b", "c"].map(str::to_owned)), got(&[], &["b", "c"])),
        (batch(["b", "c"].map(str::to_owned)), got(&[stored(&record("c"), 1, "w")], &["b"])),
        (batch(["b".to_owned()]), got(&[stored(&record("b"), 1, "w")], &[])),
    ]);
    let records = ledger(&wire).records(&["a", "b", "c"].map(RoleName::new)).await.unwrap();
    assert_eq!(records.into_keys().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn keys_that_stay_unprocessed_are_a_transient_error_and_no_absence() {
    let exchange = || (batch(["a".to_owned()]), got(&[], &["a"]));
    let wire = Wire::new((0..8).map(|_| exchange()));
    let began = tokio::time::Instant::now();
    let error = ledger(&wire).records(&[RoleName::new("a")]).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    // 50 ms, doubled six times, and no pause after the last answer.
    assert_eq!(began.elapsed().as_millis() / 50, 127);
}

#[tokio::test]
async fn every_record_is_listed_to_the_last_page() {
    let start = key("role", "builders");
    let wire = Wire::new([
        (
            query("role", None),
            queried(&[stored(&record("Builders"), 1, "w-1")], Some(start.clone())),
        ),
        // A page may be empty and not the last.
        (query("role", Some(start)), queried(&[], Some(key("role", "m")))),
        (
            query("role", Some(key("role", "m"))),
            queried(&[stored(&record("Workers"), 7, "w-7")], None),
        ),
    ]);
    let all = ledger(&wire).all_records().await.unwrap();
    assert_eq!(all.damaged, [""; 0]);
    assert_eq!(
        all.records,
        [versioned(record("Builders"), 1, "w-1"), versioned(record("Workers"), 7, "w-7")]
    );
}

/// One role that all nodegroups of a large account share is told with each of them, in the record
/// and in each finding: far more than an item holds.
#[tokio::test]
async fn a_record_with_many_uses_fits_into_an_item_and_comes_back() {
    let mut long = record("Workers");
    let sample = RecordedUse {
        seen: Use {
            source: Source::regional(UseKind::Nodegroup, "eu-west-1"),
            cluster_name: Some("prod".to_owned()),
            name: String::new(),
            compute: Compute::Ec2,
            tags: [("owner".to_owned(), "team-payments@example.com".to_owned())].into(),
            cluster_tags: [("environment".to_owned(), "production".to_owned())].into(),
        },
        last_seen: time("2026-11-23T12:00:00Z"),
    };
    long.uses = (0..10_000)
        .map(|number| {
            let mut recorded = sample.clone();
            recorded.seen.cluster_name = Some(format!("prod-{}", number / 30));
            recorded.seen.name = format!("workers-{number}");
            recorded
        })
        .collect();
    let plain = serde_json::to_string(&long).unwrap().len();
    assert!(plain > 5 * 400 * 1024, "{plain} bytes would fit as they are");

    let mut item = stored(&long, 1, "mine");
    item["record"] = json!({"B": gzipped(&serde_json::to_string(&long).unwrap())});
    let bytes = item.to_string().len();
    assert!(bytes < 400 * 1024, "the item has {bytes} bytes");
    let wire = Wire::new([
        (put_item(&item, "attribute_not_exists(pk)", None), Answer::json(json!({}))),
        (batch(["workers".to_owned()]), got(&[item], &[])),
    ]);
    let ledger = ledger(&wire);
    assert_eq!(ledger.write(&long, 0, "mine").await, Ok(WriteOutcome::Written));
    let records = ledger.records(&[RoleName::new("workers")]).await.unwrap();
    assert_eq!(records["workers"], versioned(long, 1, "mine"));
}

fn gzipped(text: &str) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    aws_smithy_types::base64::encode(gzip.finish().unwrap())
}

/// The put of a record: its condition, and the values the condition names.
fn put(record: &Record, version: u64, condition: &str, values: Option<Value>) -> Request {
    put_item(&stored(record, version, "mine"), condition, values)
}

fn put_item(item: &Value, condition: &str, values: Option<Value>) -> Request {
    let mut body = json!({
        "TableName": TABLE,
        "Item": item,
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    if let Some(values) = values {
        body["ExpressionAttributeValues"] = values;
    }
    asked("PutItem", body)
}

fn put_over(record: &Record, expected: u64) -> Request {
    let values = json!({":expected": {"N": expected.to_string()}});
    put(record, expected + 1, "version = :expected", Some(values))
}

/// The refusal of a conditional write, with the item that stands.
fn condition_failed(item: Option<Value>) -> Answer {
    let mut body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    });
    if let Some(item) = item {
        body["Item"] = item;
    }
    Answer::Response { status: 400, error_type: None, body: body.to_string() }
}

#[tokio::test]
async fn a_record_is_written_on_the_version_that_was_read() {
    let record = record("Workers");
    let wire = Wire::new([
        (put(&record, 1, "attribute_not_exists(pk)", None), Answer::json(json!({}))),
        (put_over(&record, 7), Answer::json(json!({}))),
    ]);
    let ledger = ledger(&wire);
    assert_eq!(ledger.write(&record, 0, "mine").await, Ok(WriteOutcome::Written));
    assert_eq!(ledger.write(&record, 7, "mine").await, Ok(WriteOutcome::Written));
}

#[tokio::test]
async fn a_write_that_another_came_before_is_a_conflict_unless_it_is_our_own() {
    let record = record("Workers");
    for (standing, outcome) in [
        (Some(stored(&record, 8, "theirs")), WriteOutcome::Conflict),
        (Some(stored(&record, 8, "mine")), WriteOutcome::Written),
        (None, WriteOutcome::Conflict),
    ] {
        let wire = Wire::new([(put_over(&record, 7), condition_failed(standing))]);
        assert_eq!(ledger(&wire).write(&record, 7, "mine").await, Ok(outcome));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_sent_again_and_found_to_stand() {
    let record = record("Workers");
    let wire = Wire::new([
        (put_over(&record, 7), Answer::Broken),
        (put_over(&record, 7), condition_failed(Some(stored(&record, 8, "mine")))),
    ])
    .with_retries();
    assert_eq!(ledger(&wire).write(&record, 7, "mine").await, Ok(WriteOutcome::Written));
}

#[tokio::test]
async fn a_write_that_fails_otherwise_is_an_error() {
    let record = record("Workers");
    for (code, is_transient) in [
        ("ProvisionedThroughputExceededException", true),
        ("InternalServerError", true),
        ("AccessDeniedException", false),
        ("ResourceNotFoundException", false),
        ("ValidationException", false),
    ] {
        let wire = Wire::new([(put_over(&record, 7), refused(code))]);
        let error = ledger(&wire).write(&record, 7, "mine").await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient, "{error}");
        assert!(error.to_string().starts_with("dynamodb:PutItem "), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_item_is_named() {
    let whole = stored(&record("Workers"), 7, "w-7");
    let with = |field: &str, value: Value| {
        let mut item = whole.clone();
        item[field] = value;
        item
    };
    for (item, reason) in [
        (with("record", json!({"S": "{\"schema\":1}"})), "missing field `role_arn`"),
        (with("record", json!({"N": "7"})), "it has no record"),
        (with("record", json!({"B": "e30="})), "record is no gzip"),
        (with("version", json!({"S": "7"})), "it has no version"),
        (with("version", json!({"N": "-7"})), "it has no version"),
        (with("write_id", json!({"N": "7"})), "it has no write_id"),
    ] {
        let wire = Wire::new([
            (batch(["workers".to_owned()]), got(std::slice::from_ref(&item), &[])),
            (query("role", None), queried(&[item, stored(&record("Builders"), 1, "w-1")], None)),
        ]);
        let ledger = ledger(&wire);
        let one = ledger.records(&[RoleName::new("Workers")]).await.unwrap_err();
        let PortError::Lasting { call, reason: said } = one else { panic!("{one}") };
        assert_eq!(call, "dynamodb:BatchGetItem");
        assert!(said.contains("role/workers") && said.contains(reason), "{said}");

        // The others can be read all the same.
        let all = ledger.all_records().await.unwrap();
        assert_eq!(all.records, [versioned(record("Builders"), 1, "w-1")]);
        let [said] = &all.damaged[..] else { panic!("{all:?}") };
        assert!(said.contains("dynamodb:Query") && said.contains("role/workers"), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}

fn document(region: &str, repository_name: Option<&str>) -> RegistryDocument {
    RegistryDocument {
        region: region.to_owned(),
        repository_name: repository_name.map(str::to_owned),
        document: "{\"Statement\":[]}".to_owned(),
        covers_all_actions: Some(repository_name.is_some()),
        unfollowed: Vec::new(),
        read_at: time("2026-11-23T12:00:00.000001Z"),
    }
}

fn document_item(sk: &str, document: Option<&RegistryDocument>) -> Value {
    let mut item = key("registry-document", sk);
    item["read_at"] = json!({"N": "1795435200000001"});
    if let Some(document) = document {
        item["document"] = json!({"S": serde_json::to_string(document).unwrap()});
    }
    item
}

fn put_document(sk: &str, document: Option<&RegistryDocument>) -> Request {
    put_unless_read_later(&document_item(sk, document))
}

fn put_unless_read_later(item: &Value) -> Request {
    asked(
        "PutItem",
        json!({
            "TableName": TABLE,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(pk) OR read_at <= :read_at",
            "ExpressionAttributeValues": {":read_at": {"N": "1795435200000001"}},
        }),
    )
}

#[tokio::test]
async fn a_registry_document_is_kept_unless_a_later_reading_stands() {
    let repository = document("eu-west-1", Some("team/web"));
    let registry = document("eu-west-1", None);
    let wire = Wire::new([
        (put_document("eu-west-1/team/web", Some(&repository)), Answer::json(json!({}))),
        (put_document("eu-west-1", Some(&registry)), condition_failed(None)),
        (put_document("eu-west-1/gone", None), Answer::json(json!({}))),
        (put_document("eu-west-1/denied", None), refused("AccessDeniedException")),
    ]);
    let ledger = ledger(&wire);
    let read_at = repository.read_at;
    let keep = |name, document| ledger.keep_registry_document("eu-west-1", name, document, read_at);
    assert_eq!(keep(Some("team/web"), Some(&repository)).await, Ok(()));
    assert_eq!(keep(None, Some(&registry)).await, Ok(()));
    assert_eq!(keep(Some("gone"), None).await, Ok(()));
    let error = keep(Some("denied"), None).await.unwrap_err();
    let reason = "AccessDeniedException: The service says AccessDeniedException.";
    assert_eq!(error, PortError::lasting("dynamodb:PutItem", reason));
}

#[tokio::test]
async fn registry_documents_are_listed_without_those_that_are_gone() {
    let repository = document("eu-west-1", Some("team/web"));
    let registry = document("us-east-1", None);
    let item = document_item;
    let start = key("registry-document", "eu-west-1/team/web");
    let kind = "registry-document";
    let wire = Wire::new([
        (
            query(kind, None),
            queried(
                &[item("eu-west-1/gone", None), item("eu-west-1/team/web", Some(&repository))],
                Some(start.clone()),
            ),
        ),
        (query(kind, Some(start)), queried(&[item("us-east-1", Some(&registry))], None)),
    ]);
    assert_eq!(ledger(&wire).registry_documents().await, Ok(vec![repository, registry]));
}

#[tokio::test]
async fn what_of_a_registry_cannot_be_read_is_kept_beside_its_documents() {
    let last = document("eu-west-1", Some("team/web"));
    let regions = BTreeSet::from(["eu-west-1".to_owned(), "us-east-1".to_owned()]);
    let unread = RegistryReading::Unread { reason: "denied".to_owned() };
    let with = |sk: &str, field: &str, value: Value| {
        let mut item = key("registry-document", sk);
        item[field] = value;
        item
    };
    let kept_regions = with("*", "regions", json!({"S": r#"["eu-west-1","us-east-1"]"#}));
    let reading = json!({"S": r#"{"state":"unread","reason":"denied"}"#});
    let kept_reading = with("us-east-1/*", "reading", reading);
    let mut refused_item = document_item("eu-west-1/team/web", Some(&last));
    refused_item["unread"] = json!({"S": "not authorized"});
    let put = |item: &Value| asked("PutItem", json!({"TableName": TABLE, "Item": item}));
    let wire = Wire::new([
        (put(&kept_regions), Answer::json(json!({}))),
        (put(&kept_reading), Answer::json(json!({}))),
        (put_unless_read_later(&refused_item), Answer::json(json!({}))),
        (
            query("registry-document", None),
            queried(&[kept_regions, refused_item, kept_reading], None),
        ),
    ]);
    let ledger = ledger(&wire);
    assert_eq!(ledger.keep_regions(&regions).await, Ok(()));
    assert_eq!(ledger.keep_registry_reading("us-east-1", &unread).await, Ok(()));
    let (name, reason, read_at) = (Some("team/web"), "not authorized", last.read_at);
    let kept = ledger.keep_unread_policy("eu-west-1", name, reason, Some(&last), read_at).await;
    assert_eq!(kept, Ok(()));

    let registries = ledger.registries().await.unwrap();
    assert_eq!(registries.regions, Some(regions));
    assert_eq!(registries.readings, [("us-east-1".to_owned(), unread)].into());
    assert_eq!(registries.documents, [last]);
    let of = PoliciesOf::one("eu-west-1", name);
    let why = Unknown::Unreadable(reason.to_owned());
    assert_eq!(registries.refused, [UnreadPolicies { of, why }]);
}

#[tokio::test]
async fn the_last_sweep_is_noted_and_read_consistently() {
    let sweep = SweepRecord {
        ended_at: time("2026-11-23T12:00:00Z"),
        version: "0.1.0".to_owned(),
        settings: "a1b2c3".to_owned(),
    };
    let mut item = key("sweep", "last");
    item["record"] = json!({"S": serde_json::to_string(&sweep).unwrap()});
    let read = || {
        let key = key("sweep", "last");
        asked("GetItem", json!({"TableName": TABLE, "Key": key, "ConsistentRead": true}))
    };
    let wire = Wire::new([
        (read(), Answer::json(json!({}))),
        (asked("PutItem", json!({"TableName": TABLE, "Item": item})), Answer::json(json!({}))),
        (read(), Answer::json(json!({"Item": item}))),
    ]);
    let ledger = ledger(&wire);
    assert_eq!(ledger.last_sweep().await, Ok(None));
    assert_eq!(ledger.note_sweep(&sweep).await, Ok(()));
    assert_eq!(ledger.last_sweep().await, Ok(Some(sweep)));
}

#[tokio::test]
async fn how_far_a_sweep_is_stands_at_a_version() {
    let run = SweepRun::new("a1", 0, BTreeSet::new(), time("2026-11-23T12:00:00Z"));
    let kept = |version: &str| {
        let mut item = key("sweep", "run");
        item["record"] = json!({"S": serde_json::to_string(&run).unwrap()});
        item["version"] = json!({"N": version});
        item
    };
    let read = {
        let key = key("sweep", "run");
        asked("GetItem", json!({"TableName": TABLE, "Key": key, "ConsistentRead": true}))
    };
    let first = json!({
        "TableName": TABLE, "Item": kept("1"), "ConditionExpression": "attribute_not_exists(pk)",
    });
    let second = json!({
        "TableName": TABLE, "Item": kept("2"), "ConditionExpression": "version = :expected",
        "ExpressionAttributeValues": {":expected": {"N": "1"}},
    });
    let wire = Wire::new([
        (read.clone(), Answer::json(json!({}))),
        (asked("PutItem", first), Answer::json(json!({}))),
        (read, Answer::json(json!({"Item": kept("1")}))),
        (asked("PutItem", second), condition_failed(None)),
    ]);
    let ledger = ledger(&wire);
    assert_eq!(ledger.sweep_run().await, Ok(None));
    assert_eq!(ledger.write_sweep_run(&run, 0).await, Ok(WriteOutcome::Written));
    assert_eq!(ledger.sweep_run().await, Ok(Some((run.clone(), 1))));
    assert_eq!(ledger.write_sweep_run(&run, 1).await, Ok(WriteOutcome::Conflict));
}

#[tokio::test]
async fn the_parts_of_one_sweep_are_read_page_by_page() {
    let part = |name: &str| SweepPart {
        sweep: "a1".to_owned(),
        name: name.to_owned(),
        assessed: ["workers".to_owned()].into(),
        ..SweepPart::default()
    };
    let item = |name: &str| {
        let mut item = key("sweep-part", name);
        item["sweep"] = json!({"S": "a1"});
        item["record"] = json!({"S": serde_json::to_string(&part(name)).unwrap()});
        item
    };
    let query = |start: Option<Value>| {
        let mut query = json!({
            "TableName": TABLE, "ConsistentRead": true, "KeyConditionExpression": "pk = :pk",
            "FilterExpression": "sweep = :sweep",
            "ExpressionAttributeValues": {":pk": {"S": "sweep-part"}, ":sweep": {"S": "a1"}},
        });
        if let Some(start) = start {
            query["ExclusiveStartKey"] = start;
        }
        asked("Query", query)
    };
    let start = key("sweep-part", "assessed");
    let put = asked("PutItem", json!({"TableName": TABLE, "Item": item("assessed")}));
    let wire = Wire::new([
        (put, Answer::json(json!({}))),
        // A page may be empty, for the filter works on what was read.
        (query(None), queried(&[], Some(start.clone()))),
        (query(Some(start)), queried(&[item("assessed")], None)),
    ]);
    let ledger = ledger(&wire);
    assert_eq!(ledger.keep_sweep_part(&part("assessed")).await, Ok(()));
    assert_eq!(ledger.sweep_parts("a1").await, Ok(vec![part("assessed")]));
}

#[tokio::test]
async fn an_outage_is_remembered_until_it_is_over() {
    let noted = |is_told: bool| {
        let mut item = key("outage", "security-hub");
        item["is_told"] = json!({"BOOL": is_told});
        item
    };
    let read = || {
        let key = key("outage", "security-hub");
        asked("GetItem", json!({"TableName": TABLE, "Key": key, "ConsistentRead": true}))
    };
    let put = |is_told| asked("PutItem", json!({"TableName": TABLE, "Item": noted(is_told)}));
    let wire = Wire::new([
        (read(), Answer::json(json!({}))),
        (put(true), Answer::json(json!({}))),
        (read(), Answer::json(json!({"Item": noted(true)}))),
        (put(false), Answer::json(json!({}))),
        (read(), Answer::json(json!({"Item": noted(false)}))),
    ]);
    let ledger = ledger(&wire);
    assert_eq!(ledger.is_outage_told().await, Ok(false));
    assert_eq!(ledger.note_outage(true).await, Ok(()));
    assert_eq!(ledger.is_outage_told().await, Ok(true));
    assert_eq!(ledger.note_outage(false).await, Ok(()));
    assert_eq!(ledger.is_outage_told().await, Ok(false));
}

#[test]
fn a_record_survives_its_json() {
    let record = record("Workers");
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
    let bare = Record::new(role_arn("Workers"));
    let json = serde_json::to_string(&bare).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), bare);
}
