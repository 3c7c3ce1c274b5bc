//! `pullwatch replay`: events go on the journey of the deployed functions, offline, against a
//! snapshot. The snapshot is believed, so no event is too fresh.

mod memory;
mod report;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use ecr_audit::journey::{Arrival, handle, sweep};
use futures::executor::block_on;
use jiff::Timestamp;

use crate::error::CliError;
use crate::event::Event;
use crate::output::{self, Format};
use crate::replay::memory::Memory;
use crate::replay::report::Report;
use crate::settings::{SettingsArguments, time};
use crate::source::Source;
use memory_adapters::{World, decoded_text};

/// What to replay, and for whom.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 2 where an event could not be followed, else 0.")]
pub struct ReplayArguments {
    /// The snapshot's folder: the account as it is after the events.
    #[arg(long, value_name = "DIR")]
    snapshot: PathBuf,
    /// What is remembered from one replay to the next; created if it does not exist. A replay of
    /// which something fails leaves it as it was.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// The time to assess at; by default the time of the latest event.
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
    #[command(flatten)]
    settings: SettingsArguments,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Files, each an EventBridge event.
    #[arg(required = true, value_name = "EVENT")]
    events: Vec<PathBuf>,
}

/// Replays the events as one batch; the status is 2 where one of them could not be followed.
pub fn run(arguments: &ReplayArguments, output: &mut dyn Write) -> Result<u8, CliError> {
    let source = Source::of_folder(&arguments.snapshot, &arguments.settings)?;
    let mut report = Report::default();
    let arrivals = arrivals(&arguments.events, &source.settings.account, &mut report);
    let now = arguments.now.or_else(|| latest(&arrivals)).or(source.time);
    let mut world = World::new(source.account, now.unwrap_or_else(Timestamp::now));
    if let Some(file) = &arguments.ledger {
        Memory::read(file)?.recall(&mut world);
    }
    block_on(memory::know_uses(&world, &source.settings))?;
    let handled = block_on(handle(&world.ports(), &source.settings, &arrivals));
    report.handled(handled, &arrivals);
    report.sweeps = world.sweep_requests.reasons();
    if !report.sweeps.is_empty() {
        // What an event does not tell, the sweep finds out, here as there.
        match block_on(sweep(&world.ports(), &world.account, &source.settings)) {
            Ok(summary) => report.assessed.extend(summary.assessed),
            Err(error) => report.failed("sweep", &error.to_string()),
        }
    }
    report.collect(&world);
    if let Some(file) = &arguments.ledger {
        if report.status() == 0 {
            Memory::of(&world).write(file)?;
        } else {
            output::tell([format!("`{}` stays as it was", file.display())]);
        }
    }
    report.write(arguments.format, output)?;
    Ok(report.status())
}

fn arrivals(files: &[PathBuf], account: &str, report: &mut Report) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                report.failed(&name, &format!("cannot be read: {error}"));
                continue;
            }
        };
        let text = match decoded_text(&bytes) {
            Ok(text) if text.trim().is_empty() => Err("is empty"),
            decoded => decoded,
        };
        let text = match text {
            Ok(text) => text,
            Err(reason) => {
                report.failed(&name, reason);
                continue;
            }
        };
        match Event::read(&text, account) {
            Event::Changes(changes) => {
                arrivals.push(Arrival { message_id: name, is_first_receipt: false, changes });
            }
            Event::LetGo(why) => report.ignored(&name, &why),
            Event::Failed(error) => report.failed(&name, &error),
        }
    }
    arrivals
}

fn latest(arrivals: &[Arrival]) -> Option<Timestamp> {
    arrivals.iter().flat_map(|arrival| &arrival.changes).map(|reported| reported.event.time).max()
}
