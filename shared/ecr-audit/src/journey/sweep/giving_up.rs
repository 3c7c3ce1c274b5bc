//! A step that failed whenever it was tried must not hold up the sweep: what it would have told
//! counts as not known, and the sweep goes on without it.

use super::{
    StepDone, SweepError, SweepSummary, change_run, current, finishing, listed_or_given_up,
};
use crate::node_role::UseListing;
use crate::ports::Ports;
use crate::settings::Settings;
use crate::sweep_part::Listed;
use crate::sweep_step::{Place, SweepStep};

/// Gives up a step, and goes on with what comes after it.
pub async fn give_up(
    ports: &Ports<'_>,
    settings: &Settings,
    step: &SweepStep,
) -> Result<StepDone, SweepError> {
    let failure = format!("{} was given up: it failed whenever it was tried", step.in_words());
    let failures = vec![failure.clone()];
    match step {
        SweepStep::Begin { .. } => Err(SweepError(failures)),
        SweepStep::List { sweep, place, .. } => {
            let run = current(ports, sweep).await?;
            match run {
                Some(run) if run.pending.contains(place) => {
                    tracing::error!(sweep, failure, "a step is given up");
                    forget_what_it_kept(ports, sweep, place, &failure).await?;
                    listed_or_given_up(ports, sweep, place, failures).await
                }
                // It was done after all, and perhaps never called for what comes next.
                Some(run) if run.pending.is_empty() => {
                    Ok(StepDone { next: run.next_steps(), ..StepDone::default() })
                }
                _ => Ok(StepDone::default()),
            }
        }
        SweepStep::Assess { sweep, .. } => {
            tracing::error!(sweep, failure, "a step is given up");
            let noted = change_run(ports, sweep, |run| run.note_failures(failures.iter().cloned()));
            let finish = || SweepStep::Finish { sweep: sweep.clone() };
            let next = noted.await?.filter(|run| !run.ended).map(|_| finish());
            let summary = SweepSummary { failures, ..SweepSummary::default() };
            Ok(StepDone { next: next.into_iter().collect(), summary })
        }
        SweepStep::Finish { sweep } => {
            tracing::error!(sweep, failure, "a step is given up");
            let summary = SweepSummary { failures, ..SweepSummary::default() };
            finishing::end(ports, settings, sweep, summary).await
        }
    }
}

/// A try may have kept the first parts of a list and not the last: none of its sources is complete.
async fn forget_what_it_kept(
    ports: &Ports<'_>,
    sweep: &str,
    place: &Place,
    failure: &str,
) -> Result<(), SweepError> {
    let sources = place.sources();
    if sources.is_empty() {
        return Ok(());
    }
    let incomplete = sources.into_iter().map(|source| (source, failure.to_owned()));
    let uses = UseListing { incomplete: incomplete.collect(), ..UseListing::default() };
    let nothing = Listed { uses, ..Listed::default() };
    for part in nothing.into_parts(sweep, &place.name()) {
        ports.ledger.keep_sweep_part(&part).await?;
    }
    Ok(())
}
