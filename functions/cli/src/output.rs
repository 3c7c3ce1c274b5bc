//! The forms of the output: JSON for programs, tables for people.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use ecr_audit::standard::{Severity, Status};
use serde::Serialize;

use crate::error::CliError;
use crate::paragraph::escaped;

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A person.
    #[default]
    Table,
    /// A program.
    Json,
}

/// Writes one JSON document.
pub fn json(output: &mut dyn Write, value: &impl Serialize) -> Result<(), CliError> {
    serde_json::to_writer_pretty(&mut *output, value).map_err(io::Error::from)?;
    writeln!(output)?;
    Ok(())
}

/// Tells a person, beside the output.
pub fn tell(lines: impl IntoIterator<Item = impl AsRef<str>>) {
    for line in lines {
        eprintln!("pullwatch: {}", escaped(line.as_ref()));
    }
}

/// An empty table. It is coloured and fitted to the width only on a terminal.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(header);
    if is_coloured() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// Whether colours are wanted: on a terminal, unless `NO_COLOR` is set.
/// <https://no-color.org>
pub fn is_coloured() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A check's answer with its severity.
pub fn status_cell(status: Status, severity: Severity) -> Cell {
    let (text, color) = match status {
        Status::Passed => (status.to_string(), Color::Green),
        Status::Warning => (format!("{status} {severity}"), Color::Yellow),
        Status::Failed => (format!("{status} {severity}"), Color::Red),
        Status::NotAvailable => (status.to_string(), Color::Magenta),
    };
    if is_coloured() { Cell::new(text).fg(color) } else { Cell::new(text) }
}
