//! The first step: which places there are, and that one sweep at a time is under way.

use std::collections::BTreeSet;

use super::StepDone;
use crate::error::PortError;
use crate::ports::{Ec2, Ports, WriteOutcome};
use crate::settings::Settings;
use crate::sweep_step::{Place, SweepRun};

/// Begins a sweep with the id of the message that asks for it. While another is under way, that
/// one is followed by a new one: its listings may have begun before the reason for this one.
/// A sweep that only makes up for failures is not needed then: the other one does.
pub async fn begin(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
    id: &str,
    reason: &str,
    makes_up: bool,
) -> Result<StepDone, PortError> {
    loop {
        let known = ports.ledger.sweep_run().await?;
        let version = known.as_ref().map_or(0, |(_, version)| *version);
        let before = known.map(|(run, _)| run);
        if let Some(run) = &before {
            // The same message again: its steps were perhaps never sent.
            if run.id == id {
                return Ok(StepDone { next: run.next_steps(), ..StepDone::default() });
            }
            if run.is_under_way(ports.clock.now()) {
                if makes_up || run.again.is_some() {
                    return Ok(StepDone::default());
                }
                let run = SweepRun { again: Some(reason.to_owned()), ..run.clone() };
                match ports.ledger.write_sweep_run(&run, version).await? {
                    WriteOutcome::Written => return Ok(StepDone::default()),
                    WriteOutcome::Conflict => continue,
                }
            }
        }
        let attempt = before.as_ref().map_or(0, SweepRun::attempts);
        let places = places(ec2, settings).await?;
        keep_regions(ports, &places).await?;
        let run = SweepRun::new(id, attempt, places, ports.clock.now());
        if ports.ledger.write_sweep_run(&run, version).await? == WriteOutcome::Written {
            let places = run.pending.len();
            tracing::info!(sweep = id, reason, attempt, places, "a sweep begins");
            let mut done = StepDone { next: run.next_steps(), ..StepDone::default() };
            if let Some(died) = before.filter(|before| !before.ended) {
                let failure = in_words(&died);
                tracing::error!(sweep = died.id, failure, "SweepIncomplete: the sweep died");
                done.summary.failures.push(failure);
            }
            return Ok(done);
        }
    }
}

/// What is known of a sweep that never ended. Its steps are perhaps in the dead-letter queue.
fn in_words(died: &SweepRun) -> String {
    let left: Vec<String> = died.pending.iter().map(Place::in_words).collect();
    let left = if left.is_empty() {
        "everything was listed, not everything assessed".to_owned()
    } else {
        format!("never listed: {}", left.join(", "))
    };
    format!("the sweep {} was last heard of at {} and never ended; {left}", died.id, died.touched)
}

/// Begins a sweep in the place of whatever was under way.
pub async fn begin_anew(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
    id: &str,
) -> Result<SweepRun, PortError> {
    let places = places(ec2, settings).await?;
    keep_regions(ports, &places).await?;
    let run = SweepRun::new(id, 0, places, ports.clock.now());
    loop {
        let version = ports.ledger.sweep_run().await?.map_or(0, |(_, version)| version);
        if ports.ledger.write_sweep_run(&run, version).await? == WriteOutcome::Written {
            return Ok(run);
        }
    }
}

/// From now on, nothing passes that hangs on a registry of these regions before it is read.
async fn keep_regions(ports: &Ports<'_>, places: &BTreeSet<Place>) -> Result<(), PortError> {
    let region = |place: &Place| match place {
        Place::Registry(region) => Some(region.clone()),
        Place::Region(_) | Place::InstanceProfiles => None,
    };
    let regions: BTreeSet<String> = places.iter().filter_map(region).collect();
    if ports.ledger.registries().await?.regions.as_ref() == Some(&regions) {
        return Ok(());
    }
    ports.ledger.keep_regions(&regions).await
}

/// The regions that the operators named, else all that the account has switched on.
async fn places(ec2: &dyn Ec2, settings: &Settings) -> Result<BTreeSet<Place>, PortError> {
    let regions = if settings.regions.is_empty() {
        ec2.enabled_regions(&settings.home_region).await?
    } else {
        settings.regions.clone()
    };
    tracing::debug!(?regions, "the regions to sweep");
    let places = |region: String| [Place::Region(region.clone()), Place::Registry(region)];
    Ok(regions.into_iter().flat_map(places).chain([Place::InstanceProfiles]).collect())
}
