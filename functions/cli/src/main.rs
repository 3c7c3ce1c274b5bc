//! The command `pullwatch`: the journey of the deployed functions, at a desk.
//!
//! One file a command. Each takes its arguments, writes to the output it is given, and returns
//! the exit status that the design's "The command line" names.

mod audit;
mod check;
mod command;
mod demo;
mod error;
mod event;
mod explain;
mod finding;
mod live;
mod node_roles;
mod output;
mod paragraph;
mod problems;
mod replay;
mod settings;
mod simulate;
mod snapshot;
mod source;
mod subscribe;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::command::{Cli, Command};
use crate::error::CliError;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut output = io::BufWriter::new(io::stdout().lock());
    let outcome = run(cli.command, &mut output)
        .and_then(|status| output.flush().map(|()| status).map_err(CliError::Output));
    match outcome {
        Ok(status) => ExitCode::from(status),
        // Whoever read the output had enough of it.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::from(2)
        }
        Err(error) => {
            let told = error.to_string();
            let lines: Vec<String> = told.lines().map(paragraph::escaped).collect();
            eprintln!("pullwatch: {}", lines.join("\n"));
            ExitCode::from(2)
        }
    }
}

fn run(command: Command, output: &mut dyn Write) -> Result<u8, CliError> {
    match command {
        Command::Demo => demo::run(output),
        Command::Audit(arguments) => audit::run(&arguments, output),
        Command::Explain(arguments) => explain::run(&arguments, output),
        Command::Replay(arguments) => replay::run(&arguments, output),
        Command::Snapshot(arguments) => snapshot::run(&arguments, output),
        Command::Check(arguments) => check::run(&arguments, output),
        Command::Subscribe(arguments) => subscribe::run(&arguments, output),
        Command::Simulate => simulate::run(io::stdin().lock(), output),
    }
}
