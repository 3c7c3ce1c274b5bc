//! Checked files for a person: a line for each, and below it why.

use std::io::Write;

use comfy_table::Cell;
use ecr_audit::standard::{Standard, Status};

use super::Judged;
use crate::audit::table::{excess_by_statement, in_brief, marked, write_notes};
use crate::error::CliError;
use crate::output;
use crate::paragraph::{self, escaped};

/// Writes the answers.
pub fn write(
    judged: &[Judged],
    standard: Standard,
    output: &mut dyn Write,
) -> Result<(), CliError> {
    writeln!(output, "Standard {standard}")?;
    let mut table = output::table(&["FILE", "READ-ONLY"]);
    for Judged { file, result, .. } in judged {
        let status = output::status_cell(result.status, result.severity);
        table.add_row(vec![Cell::new(escaped(file)), status]);
    }
    writeln!(output, "{table}")?;
    for judged in judged {
        write_reasons(judged, output)?;
    }
    Ok(())
}

fn write_reasons(judged: &Judged, output: &mut dyn Write) -> Result<(), CliError> {
    let Judged { file, result, .. } = judged;
    if result.status == Status::Passed && result.notes.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{}", escaped(file))?;
    // The document is the only one, so the statement alone tells which it is.
    let name = file.rsplit('/').next().unwrap_or(file);
    let alone = |text: &str| {
        let within = [
            (format!("the document of inline:{name} is"), "the document is"),
            (format!("inline:{name}: "), ""),
            (format!("inline policy {name}, "), ""),
        ];
        within.iter().fold(text.to_owned(), |text, (long, short)| text.replace(long, short))
    };
    for (granted_by, granted) in excess_by_statement(result) {
        paragraph::write(output, "  ", &alone(&granted_by))?;
        for (certainty, actions) in granted {
            paragraph::write(output, "    ", &marked(certainty, &actions))?;
        }
    }
    for reason in &result.reasons {
        paragraph::write(output, "  ", &in_brief(&alone(reason)))?;
    }
    let notes: Vec<String> = result.notes.iter().map(|note| alone(note)).collect();
    write_notes("  note: ", &notes, output)
}
