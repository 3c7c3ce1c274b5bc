//! An audit for a person: a line a role, and below it why.

use std::collections::BTreeMap;
use std::io::Write;

use comfy_table::Cell;
use ecr_audit::assessment::CheckResult;
use ecr_audit::node_role::Use;
use ecr_audit::standard::{Check, Status};

use super::AuditedRole;
use crate::error::CliError;
use crate::output::{status_cell, table};
use crate::source::Source;

/// Writes the audit of an account.
pub fn write(
    audited: &[AuditedRole],
    notes: &[String],
    source: &Source,
    output: &mut dyn Write,
) -> Result<(), CliError> {
    let settings = &source.settings;
    writeln!(output, "Account {}, standard {}", settings.account, settings.standard)?;
    if audited.is_empty() {
        writeln!(output, "No node role was found: nothing to judge.")?;
    } else {
        let mut table = table(&["NODE ROLE", "WORN BY", "READ-ONLY", "CAN-PULL"]);
        for role in audited {
            let cell = |check| match role.checks.get(&check) {
                Some(result) => status_cell(result.status, result.severity),
                None => Cell::new(""),
            };
            table.add_row(vec![
                Cell::new(role.role_arn.role_name()),
                Cell::new(worn_by(&role.uses)),
                cell(Check::ReadOnly),
                cell(Check::CanPull),
            ]);
        }
        writeln!(output, "{table}")?;
    }
    for role in audited {
        write_reasons(role, output)?;
    }
    for note in notes {
        writeln!(output, "Note: {note}")?;
    }
    Ok(())
}

/// The uses of a role, a line a cluster.
pub fn worn_by(uses: &[Use]) -> String {
    let mut by_place: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for seen in uses {
        let places = [seen.cluster_name.as_deref(), seen.source.region.as_deref()];
        let place = places.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let what = format!("{} {}", seen.source.kind.in_words(), seen.name);
        by_place.entry(place).or_default().push(what.trim_end().to_owned());
    }
    let lines = by_place.into_iter().map(|(place, what)| {
        if place.is_empty() { what.join(", ") } else { format!("{place}: {}", what.join(", ")) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn write_reasons(role: &AuditedRole, output: &mut dyn Write) -> Result<(), CliError> {
    let worth_telling =
        |result: &&CheckResult| result.status != Status::Passed || !result.notes.is_empty();
    let told: Vec<&CheckResult> = role.checks.values().filter(worth_telling).collect();
    if told.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{}", role.role_arn)?;
    for (index, result) in told.iter().enumerate() {
        // What keeps both checks from an answer is most often the same, and is told once.
        if told[..index].iter().any(|before| is_same_gap(before, result)) {
            continue;
        }
        let alike =
            told[index..].iter().filter(|other| other == &result || is_same_gap(other, result));
        let checks: Vec<&str> = alike.map(|other| other.fingerprint.check.as_str()).collect();
        let (status, severity) = (result.status, result.severity);
        writeln!(output, "  {}: {status} {severity}", checks.join(", "))?;
        for (granted_by, actions) in excess_by_statement(result) {
            writeln!(output, "    {granted_by}")?;
            writeln!(output, "      {}", shortened(&actions))?;
        }
        for reason in &result.reasons {
            writeln!(output, "    {reason}")?;
        }
        for note in &result.notes {
            writeln!(output, "    note: {}", in_brief(note))?;
        }
    }
    Ok(())
}

/// Whether two checks cannot be answered, for the same reasons.
fn is_same_gap(one: &CheckResult, other: &CheckResult) -> bool {
    let is_gap = |result: &CheckResult| result.status == Status::NotAvailable;
    is_gap(one) && is_gap(other) && one.reasons == other.reasons && one.notes == other.notes
}

/// How much of a note is shown; the JSON form has all of it.
const NOTE_LENGTH: usize = 150;

fn in_brief(note: &str) -> String {
    match note.char_indices().nth(NOTE_LENGTH) {
        Some((end, _)) => format!("{} …", &note[..end]),
        None => note.to_owned(),
    }
}

/// How many actions of one statement are spelled out.
const SPELLED_OUT: usize = 6;

/// The first actions, which are the worst, and how many more there are.
fn shortened(actions: &[String]) -> String {
    let text = actions.iter().take(SPELLED_OUT).cloned().collect::<Vec<_>>().join(", ");
    match actions.len().saturating_sub(SPELLED_OUT) {
        0 => text,
        more => format!("{text} +{more}"),
    }
}

/// What is beyond the standard, by what grants it, the worst first.
fn excess_by_statement(result: &CheckResult) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for excess in &result.excess {
        let statements = excess.statements.iter().map(|statement| {
            let version = statement.version.as_deref().unwrap_or_default();
            let index = format!("statement {}", statement.index);
            let sid = statement.sid.as_deref().map_or(index, |sid| format!("statement {sid}"));
            format!("{} {version}", statement.policy).trim_end().to_owned() + ", " + &sid
        });
        let mut granted_by = statements.collect::<Vec<_>>().join("; ");
        if granted_by.is_empty() {
            "by the policies together".clone_into(&mut granted_by);
        }
        match groups.iter_mut().find(|(held, _)| *held == granted_by) {
            Some((_, actions)) => actions.push(excess.action.clone()),
            None => groups.push((granted_by, vec![excess.action.clone()])),
        }
    }
    groups
}
