//! The first step: which places there are, and that one sweep at a time is under way.

use std::collections::BTreeSet;

use crate::error::PortError;
use crate::ports::{Ec2, Ports, WriteOutcome};
use crate::settings::Settings;
use crate::sweep_step::{Place, SweepRun, SweepStep};

/// Begins a sweep with the id of the message that asks for it. While another is under way, that
/// one is followed by a new one: its listings may have begun before the reason for this one.
pub async fn begin(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
    id: &str,
    reason: &str,
    attempt: u32,
) -> Result<Vec<SweepStep>, PortError> {
    loop {
        let known = ports.ledger.sweep_run().await?;
        let version = known.as_ref().map_or(0, |(_, version)| *version);
        if let Some((mut run, _)) = known {
            // The same message again: its steps were perhaps never sent.
            if run.id == id {
                return Ok(run.next_steps());
            }
            if run.is_under_way(ports.clock.now()) {
                if run.again.is_some() {
                    return Ok(Vec::new());
                }
                run.again = Some(reason.to_owned());
                match ports.ledger.write_sweep_run(&run, version).await? {
                    WriteOutcome::Written => return Ok(Vec::new()),
                    WriteOutcome::Conflict => continue,
                }
            }
        }
        let places = places(ports, ec2, settings).await?;
        let run = SweepRun::new(id, attempt, places, ports.clock.now());
        if ports.ledger.write_sweep_run(&run, version).await? == WriteOutcome::Written {
            tracing::info!(
                sweep = id,
                reason,
                attempt,
                places = run.pending.len(),
                "a sweep begins"
            );
            return Ok(run.next_steps());
        }
    }
}

/// Begins a sweep in the place of whatever was under way.
pub async fn begin_anew(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
    id: &str,
) -> Result<SweepRun, PortError> {
    let run = SweepRun::new(id, 0, places(ports, ec2, settings).await?, ports.clock.now());
    loop {
        let version = ports.ledger.sweep_run().await?.map_or(0, |(_, version)| version);
        if ports.ledger.write_sweep_run(&run, version).await? == WriteOutcome::Written {
            return Ok(run);
        }
    }
}

/// The regions that the operators named, else all that the account has switched on.
async fn places(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
) -> Result<BTreeSet<Place>, PortError> {
    let regions = if settings.regions.is_empty() {
        ec2.enabled_regions(&settings.home_region).await?
    } else {
        settings.regions.clone()
    };
    tracing::debug!(?regions, now = %ports.clock.now(), "the regions to sweep");
    let regions = regions.into_iter().map(Place::Region);
    Ok(regions.chain([Place::InstanceProfiles]).collect())
}
