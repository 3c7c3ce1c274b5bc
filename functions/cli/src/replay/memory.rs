//! What a replay remembers for the next one: the ledger, and what Security Hub holds.

use std::fs;
use std::path::Path;

use ecr_audit::journey::sweep::{list_uses, read_registries};
use ecr_audit::ledger::Record;
use ecr_audit::settings::Settings;
use ecr_audit::uses::standing_uses;
use memory_adapters::{HeldFinding, LedgerState, MemoryLedger, MemorySecurityHub};
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use memory_adapters::World;

/// The file of `--ledger`. Whatever is not such a file is refused, so that none is overwritten.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    ledger: LedgerState,
    security_hub: Vec<HeldFinding>,
}

impl Memory {
    /// Reads the file; one that is not there remembers nothing.
    pub fn read(file: &Path) -> Result<Self, CliError> {
        let failed = |reason| CliError::File { file: file.to_owned(), reason };
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(failed(format!("cannot be read: {error}"))),
        };
        serde_json::from_str(&text).map_err(|error| {
            failed(format!("is no ledger of an earlier replay, and stays as it is: {error}"))
        })
    }

    /// What a world remembers.
    pub fn of(world: &World) -> Self {
        Self { ledger: world.ledger.state(), security_hub: world.security_hub.findings() }
    }

    /// Gives a world its memory.
    pub fn recall(self, world: &mut World) {
        world.ledger = MemoryLedger::new(self.ledger);
        world.security_hub = MemorySecurityHub::holding(self.security_hub);
    }

    /// Writes the file, all of it or nothing.
    pub fn write(&self, file: &Path) -> Result<(), CliError> {
        let failed = |reason| CliError::File { file: file.to_owned(), reason };
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| failed(format!("cannot be made: {error}")))?;
        // A link stays a link.
        let place = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let mut beside = place.clone().into_os_string();
        beside.push(format!(".{}", std::process::id()));
        fs::write(&beside, text + "\n").and_then(|()| fs::rename(&beside, &place)).map_err(
            |error| {
                // What was written of it is of no use; the old file stands.
                let _ = fs::remove_file(&beside);
                failed(format!("cannot be written: {error}"))
            },
        )
    }
}

/// What a sweep would have written before the events came: the uses of every node role, and the
/// policies of repositories and registries. It judges nothing, so every finding is still new.
pub async fn know_uses(world: &World, settings: &Settings) -> Result<(), CliError> {
    let ports = world.ports();
    let listing = list_uses(&ports, &world.account, settings).await;
    let nothing_ends = ecr_audit::node_role::UseListing::default();
    for sighting in &listing.sightings {
        let role_name = sighting.role_arn.role_name();
        let known = ports.ledger.records(std::slice::from_ref(&role_name)).await?;
        let (mut record, version) = match known.into_values().next() {
            Some(known) => (known.record, known.version),
            None => (Record::new(sighting.role_arn.clone()), 0),
        };
        let sightings = std::slice::from_ref(sighting);
        let uses = standing_uses(&record.uses, sightings, &nothing_ends);
        if uses != record.uses {
            record.uses = uses;
            ports.ledger.write(&record, version, &ports.clock.unique_id()).await?;
        }
    }
    // What cannot be read is among the snapshot's problems, and the ledger holds that it is not.
    read_registries(&ports, settings).await?;
    Ok(())
}
