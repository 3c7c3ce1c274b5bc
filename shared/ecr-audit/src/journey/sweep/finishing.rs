//! The last step: the findings are read back, the digests sent, and the sweep is complete.

use sha2::{Digest, Sha256};

use super::digests::send_digests;
use super::repair::repair;
use super::unexplained::unexplained;
use super::{StepDone, SweepError, SweepSummary, change_run, current};
use crate::error::PortError;
use crate::journey::role::RoleError;
use crate::ports::{Ports, SweepRecord};
use crate::settings::Settings;
use crate::sweep_step::{SweepRun, SweepStep};

/// How many sweeps follow one another to make up for failures; then the next on schedule does.
const ATTEMPTS: u32 = 3;

/// Finishes a sweep. One that met failures is not complete, and another one follows it.
pub async fn finish(
    ports: &Ports<'_>,
    settings: &Settings,
    sweep: &str,
) -> Result<StepDone, SweepError> {
    let Some(run) = current(ports, sweep).await? else {
        return Ok(StepDone::default());
    };
    if run.ended {
        return Ok(StepDone { next: follower(&run), ..StepDone::default() });
    }
    let mut summary = SweepSummary::default();
    match repair(ports).await {
        Ok(repaired) => {
            summary.repaired = repaired;
            if ports.ledger.is_outage_told().await? {
                ports.ledger.note_outage(false).await?;
            }
        }
        // Where Security Hub is switched off there is nothing to read back.
        Err(RoleError::Port(PortError::NotEnabled { .. })) => {}
        Err(error) => summary.failures.push(error.to_string()),
    }
    if let Err(error) = send_digests(ports).await {
        summary.failures.push(error.to_string());
    }
    match unexplained(ports).await {
        Ok(unexplained) => summary.unexplained = unexplained,
        Err(error) => summary.failures.push(error.to_string()),
    }
    if run.failures.is_empty() && summary.failures.is_empty() {
        ports.ledger.note_sweep(&this_sweep(ports, settings)).await?;
    }
    let run = change_run(ports, sweep, |run| {
        run.note_failures(summary.failures.iter().cloned());
        run.ended = true;
    })
    .await?;
    let Some(run) = run else { return Ok(StepDone { summary, ..StepDone::default() }) };
    for failure in &run.failures {
        tracing::error!(sweep, failure, "SweepIncomplete: the sweep met a failure");
    }
    Ok(StepDone { next: follower(&run), summary })
}

/// What is remembered of the sweep once it is complete.
pub fn this_sweep(ports: &Ports<'_>, settings: &Settings) -> SweepRecord {
    let text = serde_json::to_string(settings).unwrap_or_default();
    SweepRecord {
        completed_at: ports.clock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: hex::encode(&Sha256::digest(text)[..8]),
    }
}

/// The sweep that has to follow an ended one, if one has.
fn follower(run: &SweepRun) -> Vec<SweepStep> {
    let after_failures = !run.failures.is_empty() && run.attempt + 1 < ATTEMPTS;
    match &run.again {
        Some(reason) => vec![SweepStep::begin(reason)],
        None if after_failures => vec![SweepStep::Begin {
            reason: format!("the sweep {} met failures", run.id),
            attempt: run.attempt + 1,
        }],
        None => Vec::new(),
    }
}
