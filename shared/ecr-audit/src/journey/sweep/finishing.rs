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

/// Finishes a sweep. One that met failures is not complete, and another one follows it, until the
/// operators hear of it.
pub async fn finish(
    ports: &Ports<'_>,
    settings: &Settings,
    sweep: &str,
) -> Result<StepDone, SweepError> {
    let Some(run) = current(ports, sweep).await? else {
        return Ok(StepDone::default());
    };
    if run.ended {
        return Ok(StepDone { next: run.follower().into_iter().collect(), ..StepDone::default() });
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
    match send_digests(ports).await {
        Ok(failures) => summary.failures.extend(failures),
        Err(error) => summary.failures.push(error.to_string()),
    }
    match unexplained(ports).await {
        Ok(unexplained) => summary.unexplained = unexplained,
        Err(error) => summary.failures.push(error.to_string()),
    }
    end(ports, settings, sweep, summary).await
}

/// Notes that a sweep is over, complete or not.
pub async fn end(
    ports: &Ports<'_>,
    settings: &Settings,
    sweep: &str,
    summary: SweepSummary,
) -> Result<StepDone, SweepError> {
    let Some(mut run) = current(ports, sweep).await? else {
        return Ok(StepDone { summary, ..StepDone::default() });
    };
    run.note_failures(summary.failures.iter().cloned());
    // What fails for good must not make every later sweep a first one.
    if run.is_complete() || run.is_last_attempt() {
        ports.ledger.note_sweep(&this_sweep(ports, settings)).await?;
    }
    let run = change_run(ports, sweep, |run| {
        run.note_failures(summary.failures.iter().cloned());
        run.ended = true;
    })
    .await?;
    let Some(run) = run else { return Ok(StepDone { summary, ..StepDone::default() }) };
    for failure in &run.failures {
        if run.is_last_attempt() {
            tracing::error!(sweep, failure, "SweepIncomplete: the sweeps keep meeting a failure");
        } else {
            tracing::warn!(sweep, failure, "the sweep met a failure, so another follows");
        }
    }
    // The alarm SweepSilent of `template.yaml` rings where this word is not in the log for a day.
    let is_complete = run.is_complete();
    tracing::info!(target: "alarms", sweep, is_complete, "SweepEnded: the sweep is over");
    Ok(StepDone { next: run.follower().into_iter().collect(), summary })
}

/// What is remembered of the sweep once it is over.
pub fn this_sweep(ports: &Ports<'_>, settings: &Settings) -> SweepRecord {
    let text = serde_json::to_string(settings).unwrap_or_default();
    SweepRecord {
        ended_at: ports.clock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: hex::encode(&Sha256::digest(text)[..8]),
    }
}
