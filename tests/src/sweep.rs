//! A sweep done step by step, as its queue would bring the steps.

use ecr_audit::journey::{SweepMessage, SweepSummary, handle_step};
use ecr_audit::ports::{Ec2, Ledger, Ports};
use ecr_audit::settings::Settings;
use ecr_audit::sweep_step::{SweepRun, SweepStep};
use futures::executor::block_on;
use memory_adapters::World;

/// Most steps that a sweep of a test takes, with those that make up for its failures.
const MOST_STEPS: usize = 100;

/// Does every step that waits, and those that follow, each in an invocation without time to spare
/// if `is_short`. Gives each step with what it came to.
///
/// # Panics
///
/// When a step fails, or when the steps do not end.
pub fn do_steps(
    world: &World,
    ports: &Ports<'_>,
    ec2: &dyn Ec2,
    settings: &Settings,
    is_short: bool,
) -> Vec<(SweepStep, SweepSummary)> {
    let mut done = Vec::new();
    loop {
        let steps = world.sweep_requests.take();
        if steps.is_empty() {
            return done;
        }
        for step in steps {
            let message = SweepMessage { id: ports.clock.unique_id(), step, receipts: 1 };
            let until = is_short.then(|| ports.clock.now());
            let summary = block_on(handle_step(ports, ec2, settings, &message, until))
                .expect("the step comes to its end");
            done.push((message.step, summary));
        }
        assert!(done.len() < MOST_STEPS, "the sweeps never end: {done:?}");
    }
}

/// The record of the last sweep.
///
/// # Panics
///
/// When no sweep has begun.
#[must_use]
pub fn run_of(world: &World) -> SweepRun {
    let kept = block_on(world.ledger.sweep_run()).expect("memory answers");
    kept.expect("a sweep has begun").0
}
