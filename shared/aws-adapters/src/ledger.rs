//! The ledger: one DynamoDB table, every read strongly consistent.
//!
//! | pk | sk | holds |
//! | --- | --- | --- |
//! | `role` | the role's name in lower case | `record` as JSON, gzipped where it is long; `version`, `write_id` |
//! | `registry-document` | `REGION` or `REGION/REPOSITORY` | `document` as JSON, absent where there is none; `unread`, why it cannot be read; `read_at` in microseconds |
//! | `registry-document` | `REGION/*` | `reading` as JSON: how the reading of the registry ended |
//! | `registry-document` | `*` | `regions` as JSON: those that the latest sweep walks |
//! | `sweep` | `last` | `record` as JSON |
//! | `sweep` | `run` | `record` as JSON, `version` |
//! | `sweep-part` | the part's name | `record` as JSON, `sweep` |
//! | `outage` | `security-hub` | `is_told` |

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read as _, Write as _};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure,
};
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::ledger::Record;
use ecr_audit::ports::{AllRecords, Ledger, SweepRecord, Versioned, WriteOutcome};
use ecr_audit::registries::{PoliciesOf, Registries, RegistryReading, Unknown, UnreadPolicies};
use ecr_audit::role_policies::RegistryDocument;
use ecr_audit::sweep_part::SweepPart;
use ecr_audit::sweep_step::SweepRun;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::{answer, failure};
use crate::aws::Aws;

const ROLES: &str = "role";
const REGISTRY_DOCUMENTS: &str = "registry-document";
/// No region and no repository is called so.
const ALL: &str = "*";
const SWEEPS: &str = "sweep";
const LAST: &str = "last";
const RUN: &str = "run";
const SWEEP_PARTS: &str = "sweep-part";
const OUTAGES: &str = "outage";
const SECURITY_HUB: &str = "security-hub";

/// What one `BatchGetItem` takes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const KEYS_AT_ONCE: usize = 100;

/// How many bytes of JSON stay readable in the console of DynamoDB. An item has 400 KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PLAIN: usize = 100_000;

/// How often keys that DynamoDB left unprocessed are asked for again, and the first pause.
const BATCH_ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

const GET: &str = "dynamodb:GetItem";

type Item = HashMap<String, AttributeValue>;

/// The ledger by the SDK.
#[derive(Clone, Debug)]
pub struct AwsLedger {
    client: Client,
    table: String,
}

impl AwsLedger {
    /// The ledger in this table of the connection's region.
    pub fn new(aws: &Aws, table: &str) -> Self {
        Self { client: Client::new(aws.config()), table: table.to_owned() }
    }

    /// Up to [`KEYS_AT_ONCE`] items. What DynamoDB leaves unprocessed is asked for again.
    async fn items(&self, keys: &[String]) -> Result<Vec<Item>, PortError> {
        let call = "dynamodb:BatchGetItem";
        let mut keys = KeysAndAttributes::builder()
            .set_keys(Some(keys.iter().map(|key| item_key(ROLES, key)).collect()))
            .consistent_read(true)
            .build()
            .map_err(|error| PortError::lasting(call, error))?;
        let mut items = Vec::new();
        for attempt in 0..BATCH_ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt - 1)).await;
            }
            let asked = keys.clone();
            let got = self.client.batch_get_item().request_items(&self.table, asked).send().await;
            let got = answer(call, got)?;
            items.extend(got.responses.unwrap_or_default().into_values().flatten());
            match got.unprocessed_keys.unwrap_or_default().remove(&self.table) {
                None => return Ok(items),
                // Asked for again as the first time, consistently.
                Some(unprocessed) => keys.keys = unprocessed.keys,
            }
        }
        Err(PortError::transient(call, "some keys stayed unprocessed"))
    }

    async fn item(&self, kind: &str, key: &str) -> Result<Option<Item>, PortError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item_key(kind, key)))
            .consistent_read(true)
            .send()
            .await;
        Ok(answer(GET, got)?.item)
    }

    /// Every item of one kind.
    async fn all(&self, kind: &str) -> Result<Vec<Item>, PortError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(kind))
            .into_paginator()
            .send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            items.extend(answer("dynamodb:Query", page)?.items.unwrap_or_default());
        }
        Ok(items)
    }
}

impl AwsLedger {
    /// The write of one policy, on the condition that no later reading is held.
    fn put_policy(
        &self,
        region: &str,
        repository_name: Option<&str>,
        document: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<PutItemFluentBuilder, PortError> {
        let key = match repository_name {
            Some(repository_name) => format!("{region}/{repository_name}"),
            None => region.to_owned(),
        };
        let read_at = AttributeValue::N(read_at.as_microsecond().to_string());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_key(REGISTRY_DOCUMENTS, &key)))
            .item("read_at", read_at.clone())
            .condition_expression("attribute_not_exists(pk) OR read_at <= :read_at")
            .expression_attribute_values(":read_at", read_at);
        Ok(match document {
            Some(document) => put.item("document", json("dynamodb:PutItem", document)?),
            None => put,
        })
    }
}

async fn unless_read_later(put: PutItemFluentBuilder) -> Result<(), PortError> {
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
            _ => Err(failure("dynamodb:PutItem", &error)),
        },
    }
}

/// Adds what an item tells of the registries.
fn take_in(registries: &mut Registries, item: &Item) -> Result<(), PortError> {
    let call = "dynamodb:Query";
    let key = item.get("sk").and_then(|key| key.as_s().ok()).map_or("", String::as_str);
    let (region, name) = match key.split_once('/') {
        Some((region, name)) => (region, Some(name)),
        None => (key, None),
    };
    if key == ALL {
        registries.regions = Some(parsed(call, item, "regions")?);
    } else if name == Some(ALL) {
        registries.readings.insert(region.to_owned(), parsed(call, item, "reading")?);
    } else {
        if item.contains_key("document") {
            registries.documents.push(parsed(call, item, "document")?);
        }
        if let Some(reason) = item.get("unread") {
            let reason = reason.as_s().map_or("", String::as_str).to_owned();
            let of = PoliciesOf::one(region, name);
            registries.refused.push(UnreadPolicies { of, why: Unknown::Unreadable(reason) });
        }
    }
    Ok(())
}

#[async_trait]
impl Ledger for AwsLedger {
    async fn records(
        &self,
        role_names: &[RoleName],
    ) -> Result<BTreeMap<String, Versioned>, PortError> {
        let mut keys: Vec<String> = role_names.iter().map(RoleName::key).collect();
        keys.sort();
        keys.dedup();
        let mut records = BTreeMap::new();
        for some in keys.chunks(KEYS_AT_ONCE) {
            for item in self.items(some).await? {
                let versioned = versioned("dynamodb:BatchGetItem", &item)?;
                records.insert(versioned.record.role_arn.role_name().key(), versioned);
            }
        }
        Ok(records)
    }

    async fn all_records(&self) -> Result<AllRecords, PortError> {
        let mut all = AllRecords::default();
        for item in self.all(ROLES).await? {
            match versioned("dynamodb:Query", &item) {
                Ok(versioned) => all.records.push(versioned),
                Err(error) => all.damaged.push(error.to_string()),
            }
        }
        Ok(all)
    }

    async fn write(
        &self,
        record: &Record,
        expected_version: u64,
        write_id: &str,
    ) -> Result<WriteOutcome, PortError> {
        let call = "dynamodb:PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_key(ROLES, &record.role_arn.role_name().key())))
            .item("record", short_json(call, record)?)
            .item("version", AttributeValue::N((expected_version + 1).to_string()))
            .item("write_id", text(write_id))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match if_version_is(put, expected_version).send().await {
            Ok(_) => Ok(WriteOutcome::Written),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                    // The answer to a write may be lost and the SDK send it again: then the write
                    // that came first is our own.
                    let stored = refusal.item().and_then(|item| item.get("write_id"));
                    let is_ours = stored == Some(&text(write_id));
                    Ok(if is_ours { WriteOutcome::Written } else { WriteOutcome::Conflict })
                }
                _ => Err(failure(call, &error)),
            },
        }
    }

    async fn registries(&self) -> Result<Registries, PortError> {
        let mut registries = Registries::default();
        for item in self.all(REGISTRY_DOCUMENTS).await? {
            take_in(&mut registries, &item)?;
        }
        Ok(registries)
    }

    async fn keep_regions(&self, regions: &BTreeSet<String>) -> Result<(), PortError> {
        let call = "dynamodb:PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_key(REGISTRY_DOCUMENTS, ALL)))
            .item("regions", json(call, regions)?)
            .send()
            .await;
        answer(call, put).map(drop)
    }

    async fn keep_registry_reading(
        &self,
        region: &str,
        reading: &RegistryReading,
    ) -> Result<(), PortError> {
        let call = "dynamodb:PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_key(REGISTRY_DOCUMENTS, &format!("{region}/{ALL}"))))
            .item("reading", json(call, reading)?)
            .send()
            .await;
        answer(call, put).map(drop)
    }

    async fn keep_unread_policy(
        &self,
        region: &str,
        repository_name: Option<&str>,
        reason: &str,
        last: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<(), PortError> {
        let put = self.put_policy(region, repository_name, last, read_at)?;
        unless_read_later(put.item("unread", text(reason))).await
    }

    async fn keep_registry_document(
        &self,
        region: &str,
        repository_name: Option<&str>,
        document: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<(), PortError> {
        unless_read_later(self.put_policy(region, repository_name, document, read_at)?).await
    }

    async fn last_sweep(&self) -> Result<Option<SweepRecord>, PortError> {
        let item = self.item(SWEEPS, LAST).await?;
        item.map(|item| parsed(GET, &item, "record")).transpose()
    }

    async fn note_sweep(&self, sweep: &SweepRecord) -> Result<(), PortError> {
        let call = "dynamodb:PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_key(SWEEPS, LAST)))
            .item("record", json(call, sweep)?)
            .send()
            .await;
        answer(call, put).map(drop)
    }

    async fn sweep_run(&self) -> Result<Option<(SweepRun, u64)>, PortError> {
        let Some(item) = self.item(SWEEPS, RUN).await? else { return Ok(None) };
        Ok(Some((parsed(GET, &item, "record")?, version(GET, &item)?)))
    }

    async fn write_sweep_run(
        &self,
        run: &SweepRun,
        expected_version: u64,
    ) -> Result<WriteOutcome, PortError> {
        let call = "dynamodb:PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_key(SWEEPS, RUN)))
            .item("record", json(call, run)?)
            .item("version", AttributeValue::N((expected_version + 1).to_string()));
        match if_version_is(put, expected_version).send().await {
            Ok(_) => Ok(WriteOutcome::Written),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => {
                    Ok(WriteOutcome::Conflict)
                }
                _ => Err(failure(call, &error)),
            },
        }
    }

    async fn keep_sweep_part(&self, part: &SweepPart) -> Result<(), PortError> {
        let call = "dynamodb:PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_key(SWEEP_PARTS, &part.name)))
            .item("sweep", text(&part.sweep))
            .item("record", json(call, part)?)
            .send()
            .await;
        answer(call, put).map(drop)
    }

    async fn sweep_parts(&self, sweep: &str) -> Result<Vec<SweepPart>, PortError> {
        let call = "dynamodb:Query";
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .filter_expression("sweep = :sweep")
            .expression_attribute_values(":pk", text(SWEEP_PARTS))
            .expression_attribute_values(":sweep", text(sweep))
            .into_paginator()
            .send();
        let mut parts = Vec::new();
        while let Some(page) = pages.next().await {
            for item in answer(call, page)?.items.unwrap_or_default() {
                parts.push(parsed(call, &item, "record")?);
            }
        }
        Ok(parts)
    }

    async fn is_outage_told(&self) -> Result<bool, PortError> {
        let item = self.item(OUTAGES, SECURITY_HUB).await?;
        let told = item.as_ref().and_then(|item| item.get("is_told"));
        Ok(told.is_some_and(|told| told == &AttributeValue::Bool(true)))
    }

    async fn note_outage(&self, is_told: bool) -> Result<(), PortError> {
        let call = "dynamodb:PutItem";
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_key(OUTAGES, SECURITY_HUB)))
            .item("is_told", AttributeValue::Bool(is_told))
            .send()
            .await;
        answer(call, put).map(drop)
    }
}

/// The condition that the item stands at this version, 0 for none.
fn if_version_is(put: PutItemFluentBuilder, expected_version: u64) -> PutItemFluentBuilder {
    if expected_version == 0 {
        return put.condition_expression("attribute_not_exists(pk)");
    }
    put.condition_expression("version = :expected")
        .expression_attribute_values(":expected", AttributeValue::N(expected_version.to_string()))
}

fn item_key(kind: &str, key: &str) -> Item {
    Item::from([("pk".to_owned(), text(kind)), ("sk".to_owned(), text(key))])
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn json<T: Serialize>(call: &str, value: &T) -> Result<AttributeValue, PortError> {
    match serde_json::to_string(value) {
        Ok(json) => Ok(AttributeValue::S(json)),
        Err(error) => Err(PortError::lasting(call, error)),
    }
}

/// JSON that fits into an item, however often it says the same: a role that hundreds of nodegroups
/// share is told with all of them, in each of its findings.
fn short_json<T: Serialize>(call: &str, value: &T) -> Result<AttributeValue, PortError> {
    let json = serde_json::to_vec(value).map_err(|error| PortError::lasting(call, error))?;
    if json.len() <= LONGEST_PLAIN {
        return Ok(text(&String::from_utf8_lossy(&json)));
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let packed = gzip.write_all(&json).and_then(|()| gzip.finish());
    let packed = packed.map_err(|error| PortError::lasting(call, error))?;
    Ok(AttributeValue::B(Blob::new(packed)))
}

fn unpacked(packed: &Blob) -> std::io::Result<String> {
    let mut json = String::new();
    GzDecoder::new(packed.as_ref()).read_to_string(&mut json)?;
    Ok(json)
}

fn versioned(call: &str, item: &Item) -> Result<Versioned, PortError> {
    let write_id = item.get("write_id").and_then(|write_id| write_id.as_s().ok());
    Ok(Versioned {
        record: parsed(call, item, "record")?,
        version: version(call, item)?,
        write_id: write_id.cloned().ok_or_else(|| damaged(call, item, "it has no write_id"))?,
    })
}

fn version(call: &str, item: &Item) -> Result<u64, PortError> {
    let version = item.get("version").and_then(|version| version.as_n().ok()?.parse().ok());
    version.ok_or_else(|| damaged(call, item, "it has no version"))
}

fn parsed<T: DeserializeOwned>(call: &str, item: &Item, field: &str) -> Result<T, PortError> {
    let json = match item.get(field) {
        Some(AttributeValue::S(json)) => Cow::Borrowed(json.as_str()),
        Some(AttributeValue::B(packed)) => {
            let no_gzip = |error| damaged(call, item, &format!("{field} is no gzip: {error}"));
            let json = unpacked(packed).map_err(no_gzip)?;
            Cow::Owned(json)
        }
        _ => return Err(damaged(call, item, &format!("it has no {field}"))),
    };
    serde_json::from_str(&json).map_err(|error| damaged(call, item, &error.to_string()))
}

fn damaged(call: &str, item: &Item, reason: &str) -> PortError {
    let key = |name: &str| item.get(name).and_then(|key| key.as_s().ok()).map_or("?", |key| key);
    let reason = format!("the ledger's item {}/{} cannot be read: {reason}", key("pk"), key("sk"));
    PortError::lasting(call, reason)
}
