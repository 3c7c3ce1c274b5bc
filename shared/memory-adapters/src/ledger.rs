//! The ledger in memory. It keeps records as JSON text, as the table does, so that a record which
//! does not survive its encoding is found here too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::ledger::Record;
use ecr_audit::ports::{AllRecords, Ledger, SweepRecord, Versioned, WriteOutcome};
use ecr_audit::registries::{PoliciesOf, Registries, RegistryReading, Unknown, UnreadPolicies};
use ecr_audit::role_policies::RegistryDocument;
use ecr_audit::sweep_part::SweepPart;
use ecr_audit::sweep_step::SweepRun;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The DynamoDB table in memory, with strongly consistent reads and conditional writes.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    state: Mutex<LedgerState>,
    /// How many records each call asked for.
    reads: Mutex<Vec<usize>>,
    largest_record: AtomicUsize,
    /// How often everything of a kind was read.
    listings: Mutex<BTreeMap<&'static str, usize>>,
}

/// Everything a ledger holds, as a value that can be saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerState {
    /// By [`RoleName::key`].
    #[serde(default)]
    records: BTreeMap<String, KeptRecord>,
    #[serde(default)]
    registry_documents: Vec<KeptDocument>,
    /// The regions that the latest sweep walks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    regions: Option<BTreeSet<String>>,
    /// By region.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    registry_readings: BTreeMap<String, RegistryReading>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_sweep: Option<SweepRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sweep_run: Option<(SweepRun, u64)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_outage_told: bool,
    /// By name, as JSON text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sweep_parts: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptRecord {
    record: serde_json::Value,
    version: u64,
    write_id: String,
}

/// A repository's or registry's policy, or the memory that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptDocument {
    region: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repository_name: Option<String>,
    document: Option<RegistryDocument>,
    /// Why it cannot be read; the document is then the last one that could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unread: Option<String>,
    read_at: Timestamp,
}

impl MemoryLedger {
    /// A ledger that holds nothing, but that no region has a registry to be read.
    pub fn without_regions() -> Self {
        Self::new(LedgerState { regions: Some(BTreeSet::new()), ..LedgerState::default() })
    }

    /// A ledger that holds what another held when it was saved.
    pub fn new(state: LedgerState) -> Self {
        Self { state: Mutex::new(state), ..Self::default() }
    }

    /// Everything it holds.
    pub fn state(&self) -> LedgerState {
        self.lock().clone()
    }

    /// How many records were asked for by name, call by call.
    pub fn reads(&self) -> Vec<usize> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The bytes of JSON of the largest record that was written, outbox and all.
    pub fn largest_record(&self) -> usize {
        self.largest_record.load(Ordering::Relaxed)
    }

    /// How often every record was read, and every repository and registry policy.
    pub fn listings(&self) -> (usize, usize) {
        let listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |kind| listings.get(kind).copied().unwrap_or_default();
        (of(RECORDS), of(REGISTRY_DOCUMENTS))
    }

    fn note_listing(&self, kind: &'static str) {
        let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        *listings.entry(kind).or_default() += 1;
    }

    fn lock(&self) -> MutexGuard<'_, LedgerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LedgerState {
    /// Keeps a policy, unless a later reading is held.
    fn keep(&mut self, kept: KeptDocument) {
        let is_it = |held: &&mut KeptDocument| {
            held.region == kept.region && held.repository_name == kept.repository_name
        };
        match self.registry_documents.iter_mut().find(is_it) {
            Some(held) if held.read_at > kept.read_at => {}
            Some(held) => *held = kept,
            None => self.registry_documents.push(kept),
        }
    }
}

impl KeptDocument {
    fn refused(&self) -> Option<UnreadPolicies> {
        let of = PoliciesOf::one(&self.region, self.repository_name.as_deref());
        Some(UnreadPolicies { of, why: Unknown::Unreadable(self.unread.clone()?) })
    }
}

impl KeptRecord {
    fn versioned(&self) -> Result<Versioned, PortError> {
        let record = serde_json::from_value(self.record.clone())
            .map_err(|error| PortError::lasting("dynamodb:GetItem", error))?;
        Ok(Versioned { record, version: self.version, write_id: self.write_id.clone() })
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn records(
        &self,
        role_names: &[RoleName],
    ) -> Result<BTreeMap<String, Versioned>, PortError> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).push(role_names.len());
        let state = self.lock();
        let keys = role_names.iter().map(RoleName::key);
        keys.filter_map(|key| state.records.get(&key).map(|kept| (key, kept)))
            .map(|(key, kept)| Ok((key, kept.versioned()?)))
            .collect()
    }

    async fn all_records(&self) -> Result<AllRecords, PortError> {
        self.note_listing(RECORDS);
        let mut all = AllRecords::default();
        for (key, kept) in &self.lock().records {
            match kept.versioned() {
                Ok(versioned) => all.records.push(versioned),
                Err(error) => all.damaged.push(format!("the record of {key}: {error}")),
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
        let record_json = serde_json::to_value(record)
            .map_err(|error| PortError::lasting("dynamodb:PutItem", error))?;
        self.largest_record.fetch_max(record_json.to_string().len(), Ordering::Relaxed);
        let mut state = self.lock();
        let key = record.role_arn.role_name().key();
        let version = state.records.get(&key).map_or(0, |kept| kept.version);
        if version != expected_version {
            return Ok(WriteOutcome::Conflict);
        }
        let write_id = write_id.to_owned();
        let kept = KeptRecord { record: record_json, version: version + 1, write_id };
        state.records.insert(key, kept);
        Ok(WriteOutcome::Written)
    }

    async fn registries(&self) -> Result<Registries, PortError> {
        self.note_listing(REGISTRY_DOCUMENTS);
        let state = self.lock();
        let kept = &state.registry_documents;
        Ok(Registries {
            regions: state.regions.clone(),
            readings: state.registry_readings.clone(),
            documents: kept.iter().filter_map(|kept| kept.document.clone()).collect(),
            refused: kept.iter().filter_map(KeptDocument::refused).collect(),
        })
    }

    async fn keep_regions(&self, regions: &BTreeSet<String>) -> Result<(), PortError> {
        self.lock().regions = Some(regions.clone());
        Ok(())
    }

    async fn keep_registry_reading(
        &self,
        region: &str,
        reading: &RegistryReading,
    ) -> Result<(), PortError> {
        self.lock().registry_readings.insert(region.to_owned(), reading.clone());
        Ok(())
    }

    async fn keep_unread_policy(
        &self,
        region: &str,
        repository_name: Option<&str>,
        reason: &str,
        last: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<(), PortError> {
        self.lock().keep(KeptDocument {
            region: region.to_owned(),
            repository_name: repository_name.map(str::to_owned),
            document: last.cloned(),
            unread: Some(reason.to_owned()),
            read_at,
        });
        Ok(())
    }

    async fn keep_registry_document(
        &self,
        region: &str,
        repository_name: Option<&str>,
        document: Option<&RegistryDocument>,
        read_at: Timestamp,
    ) -> Result<(), PortError> {
        self.lock().keep(KeptDocument {
            region: region.to_owned(),
            repository_name: repository_name.map(str::to_owned),
            document: document.cloned(),
            unread: None,
            read_at,
        });
        Ok(())
    }

    async fn last_sweep(&self) -> Result<Option<SweepRecord>, PortError> {
        Ok(self.lock().last_sweep.clone())
    }

    async fn note_sweep(&self, sweep: &SweepRecord) -> Result<(), PortError> {
        self.lock().last_sweep = Some(sweep.clone());
        Ok(())
    }

    async fn sweep_run(&self) -> Result<Option<(SweepRun, u64)>, PortError> {
        Ok(self.lock().sweep_run.clone())
    }

    async fn write_sweep_run(
        &self,
        run: &SweepRun,
        expected_version: u64,
    ) -> Result<WriteOutcome, PortError> {
        let mut state = self.lock();
        let version = state.sweep_run.as_ref().map_or(0, |(_, version)| *version);
        if version != expected_version {
            return Ok(WriteOutcome::Conflict);
        }
        state.sweep_run = Some((run.clone(), version + 1));
        Ok(WriteOutcome::Written)
    }

    async fn keep_sweep_part(&self, part: &SweepPart) -> Result<(), PortError> {
        let call = "dynamodb:PutItem";
        let json = serde_json::to_string(part).map_err(|error| PortError::lasting(call, error))?;
        if json.len() > ITEM_BYTES {
            let reason = "Item size has exceeded the maximum allowed size";
            return Err(PortError::answered(call, 400, "ValidationException", reason));
        }
        self.lock().sweep_parts.insert(part.name.clone(), json);
        Ok(())
    }

    async fn sweep_parts(&self, sweep: &str) -> Result<Vec<SweepPart>, PortError> {
        let state = self.lock();
        let parts: Result<Vec<SweepPart>, _> =
            state.sweep_parts.values().map(|json| serde_json::from_str(json)).collect();
        let mut parts = parts.map_err(|error| PortError::lasting("dynamodb:Query", error))?;
        parts.retain(|part| part.sweep == sweep);
        Ok(parts)
    }

    async fn is_outage_told(&self) -> Result<bool, PortError> {
        Ok(self.lock().is_outage_told)
    }

    async fn note_outage(&self, is_told: bool) -> Result<(), PortError> {
        self.lock().is_outage_told = is_told;
        Ok(())
    }
}

/// The kinds of which everything can be read.
const RECORDS: &str = "records";
const REGISTRY_DOCUMENTS: &str = "registry documents";

/// The most that an item holds, its names and numbers included.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const ITEM_BYTES: usize = 400 * 1024;

#[cfg(test)]
mod tests {
    use ecr_audit::arn::RoleArn;
    use futures::FutureExt;

    use super::*;

    fn now<T>(future: impl Future<Output = Result<T, PortError>>) -> T {
        future.now_or_never().expect("memory answers at once").unwrap()
    }

    fn record() -> Record {
        Record::new(RoleArn::parse("arn:aws:iam::111122223333:role/eks/Workers").unwrap())
    }

    #[test]
    fn a_write_stands_only_on_the_version_it_was_made_from() {
        let ledger = MemoryLedger::default();
        assert_eq!(now(ledger.write(&record(), 1, "a")), WriteOutcome::Conflict);
        assert_eq!(now(ledger.write(&record(), 0, "b")), WriteOutcome::Written);
        assert_eq!(now(ledger.write(&record(), 0, "c")), WriteOutcome::Conflict);
        assert_eq!(now(ledger.write(&record(), 1, "d")), WriteOutcome::Written);
        let records = now(ledger.records(&[RoleName::new("WORKERS"), RoleName::new("other")]));
        assert_eq!(records.keys().collect::<Vec<_>>(), ["workers"]);
        assert_eq!((records["workers"].version, &*records["workers"].write_id), (2, "d"));
        assert_eq!(records["workers"].record, record());
    }

    #[test]
    fn an_earlier_reading_does_not_replace_a_later_one() {
        let ledger = MemoryLedger::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let document = RegistryDocument {
            region: "eu-west-1".to_owned(),
            repository_name: Some("payments".to_owned()),
            document: "{}".to_owned(),
            covers_all_actions: Some(true),
            unfollowed: Vec::new(),
            read_at: at(10),
        };
        let keep = |document, second| {
            now(ledger.keep_registry_document("eu-west-1", Some("payments"), document, at(second)));
        };
        keep(Some(&document), 10);
        keep(None, 9);
        assert_eq!(now(ledger.registry_documents()), std::slice::from_ref(&document));
        // A policy that was deleted stays deleted, whatever an older reading saw.
        keep(None, 20);
        keep(Some(&document), 10);
        assert_eq!(now(ledger.registry_documents()), []);
    }
}
