//! The walk over the whole account that makes up for every event that never came, in steps: every
//! place is listed into the ledger, then the roles of IAM are read page by page and assessed,
//! then pullwatch's own findings are read back and the digests sent.

mod assessing;
mod beginning;
mod closed_regions;
mod digests;
mod finishing;
mod giving_up;
mod listing;
mod registry;
mod repair;
mod unexplained;

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use closed_regions::is_let_go;
pub use listing::list_uses;
pub use registry::read_registries;
use registry::read_registry;

use crate::arn::RoleArn;
use crate::error::PortError;
use crate::ports::{Ec2, Ports, WriteOutcome};
use crate::settings::Settings;
use crate::sweep_step::{Place, SweepRun, SweepStep};

/// What a sweep did, or one step of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepSummary {
    /// The node roles that were assessed.
    pub assessed: BTreeSet<RoleArn>,
    /// What could not be listed or assessed, with the reason; no use of such a source was ended.
    pub failures: Vec<String>,
    /// The roles whose verdict became another one, and no event has told why.
    pub unexplained: BTreeSet<RoleArn>,
    /// Findings that Security Hub had lost or held otherwise, and that were imported again.
    pub repaired: usize,
}

/// Why a sweep did not come to its end. What it did stands; the next one does the rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sweep did not come to its end: {}", .0.join("; "))]
pub struct SweepError(pub Vec<String>);

/// What came of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepDone {
    /// What is to be done next.
    pub next: Vec<SweepStep>,
    /// What was done.
    pub summary: SweepSummary,
}

/// One message of the sweep's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepMessage {
    /// The queue's id of the message: the id of the sweep that it begins.
    pub id: String,
    /// What it asks for.
    pub step: SweepStep,
    /// How often the queue has given it out, this time among them.
    pub receipts: u32,
}

/// How often the sweep's queue gives out a message before it becomes a dead letter, as
/// `template.yaml` says. The last time, its step is given up in an orderly way.
pub const MOST_RECEIPTS: u32 = 5;

impl From<PortError> for SweepError {
    fn from(error: PortError) -> Self {
        Self(vec![error.to_string()])
    }
}

impl SweepSummary {
    fn add(&mut self, other: Self) {
        self.assessed.extend(other.assessed);
        self.failures.extend(other.failures);
        self.unexplained.extend(other.unexplained);
        self.repaired += other.repaired;
    }
}

/// Does what one message asks for and puts what comes next into the queue. The message is done
/// when this ends without error; whatever step comes twice does no harm. What is not done at
/// `until`, of a registry or of the assessment, goes on in a step of its own. A step that failed, or ended its invocation,
/// whenever it was tried, is given up, so that the rest of the sweep is done all the same.
pub async fn handle_step(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
    message: &SweepMessage,
    until: Option<Timestamp>,
) -> Result<SweepSummary, SweepError> {
    let StepDone { next, summary } = match &message.step {
        SweepStep::Begin { reason, makes_up } => {
            beginning::begin(ports, ec2, settings, &message.id, reason, *makes_up).await?
        }
        step if message.receipts >= MOST_RECEIPTS => {
            giving_up::give_up(ports, settings, step).await?
        }
        step => take(ports, ec2, settings, step, until).await?,
    };
    for step in &next {
        ports.sweep_requests.send(step).await?;
    }
    Ok(summary)
}

/// Sweeps the account from beginning to end, one step after the other, whatever sweep was under
/// way before.
pub async fn sweep(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
) -> Result<SweepSummary, SweepError> {
    let id = ports.clock.unique_id();
    let run = beginning::begin_anew(ports, ec2, settings, &id).await?;
    let mut steps = VecDeque::from(run.next_steps());
    let mut summary = SweepSummary::default();
    while let Some(step) = steps.pop_front() {
        let done = take(ports, ec2, settings, &step, None).await?;
        summary.add(done.summary);
        // A sweep that is to follow this one is the queue's affair.
        steps.extend(done.next.into_iter().filter(|next| !matches!(next, SweepStep::Begin { .. })));
    }
    if summary.failures.is_empty() { Ok(summary) } else { Err(SweepError(summary.failures)) }
}

/// Any step but the first one.
async fn take(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
    step: &SweepStep,
    until: Option<Timestamp>,
) -> Result<StepDone, SweepError> {
    match step {
        SweepStep::Begin { .. } => Ok(StepDone::default()),
        SweepStep::List { sweep, place, after } => {
            list(ports, ec2, settings, sweep, place, after.as_deref(), until).await
        }
        SweepStep::Assess { sweep, marker } => {
            let Some(run) = current(ports, sweep).await?.filter(|run| !run.ended) else {
                return Ok(StepDone::default());
            };
            assessing::assess(ports, settings, &run, marker.clone(), until).await
        }
        SweepStep::Finish { sweep } => finishing::finish(ports, settings, sweep).await,
    }
}

/// Lists one place into the ledger. Whoever lists the last one calls for the assessments.
async fn list(
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
    sweep: &str,
    place: &Place,
    after: Option<&str>,
    until: Option<Timestamp>,
) -> Result<StepDone, SweepError> {
    let Some(run) = current(ports, sweep).await? else {
        return Ok(StepDone::default());
    };
    if !run.pending.contains(place) {
        // Listed before, by an invocation that perhaps died before it could call the next step.
        let next = if run.pending.is_empty() { run.next_steps() } else { Vec::new() };
        return Ok(StepDone { next, ..StepDone::default() });
    }
    let (listed, failures) = match place {
        Place::InstanceProfiles => {
            let listed = listing::list_instance_profiles(ports).await;
            let failures = listing::unlisted(&listed.uses);
            (listed, failures)
        }
        Place::Region(region) => {
            let listed = listing::list_region(ports, ec2, region).await;
            let is_answered = !listed.uses.complete.is_empty() || !listed.instances.is_empty();
            let mut failures = listing::unlisted(&listed.uses);
            if !is_answered && is_let_go(ports, settings, region, &failures).await? {
                failures.clear();
            }
            (listed, failures)
        }
        Place::Registry(region) => {
            // It lists no uses, so there is nothing to keep but what the reading itself has kept.
            let read = read_registry(ports, settings, region, after, until).await?;
            if read.goes_on_after.is_none() {
                return listed_or_given_up(ports, sweep, place, read.failures).await;
            }
            change_run(ports, sweep, |run| run.note_failures(read.failures.iter().cloned()))
                .await?;
            let (sweep, place) = (sweep.to_owned(), place.clone());
            let next = vec![SweepStep::List { sweep, place, after: read.goes_on_after }];
            let summary = SweepSummary { failures: read.failures, ..SweepSummary::default() };
            return Ok(StepDone { next, summary });
        }
    };
    for part in listed.into_parts(sweep, &place.name()) {
        ports.ledger.keep_sweep_part(&part).await?;
    }
    listed_or_given_up(ports, sweep, place, failures).await
}

/// Notes that a place is dealt with. Whoever notes the last one calls for the assessments.
async fn listed_or_given_up(
    ports: &Ports<'_>,
    sweep: &str,
    place: &Place,
    failures: Vec<String>,
) -> Result<StepDone, SweepError> {
    let run = change_run(ports, sweep, |run| {
        run.pending.remove(place);
        run.note_failures(failures.iter().cloned());
    })
    .await?;
    let next =
        run.filter(|run| run.pending.is_empty()).map_or_else(Vec::new, |run| run.next_steps());
    let summary = SweepSummary { failures, ..SweepSummary::default() };
    Ok(StepDone { next, summary })
}

/// The sweep that is under way, if it is this one: the steps of another are of no use any more.
async fn current(ports: &Ports<'_>, sweep: &str) -> Result<Option<SweepRun>, PortError> {
    let run = ports.ledger.sweep_run().await?;
    Ok(run.map(|(run, _)| run).filter(|run| run.id == sweep))
}

/// Changes what the ledger holds of a sweep, unless another one has taken its place.
async fn change_run(
    ports: &Ports<'_>,
    sweep: &str,
    change: impl Fn(&mut SweepRun),
) -> Result<Option<SweepRun>, PortError> {
    loop {
        let Some((mut run, version)) = ports.ledger.sweep_run().await? else { return Ok(None) };
        if run.id != sweep {
            return Ok(None);
        }
        change(&mut run);
        run.touched = ports.clock.now();
        if ports.ledger.write_sweep_run(&run, version).await? == WriteOutcome::Written {
            return Ok(Some(run));
        }
    }
}
