//! An audit for a person: a line a role, and below it why.

use std::io::Write;

use comfy_table::Cell;
use ecr_audit::assessment::CheckResult;
use ecr_audit::certainty::Certainty;
use ecr_audit::standard::{Check, Status};
use ecr_audit::used_by::used_by;

use super::AuditedRole;
use crate::error::CliError;
use crate::output::{status_cell, table};
use crate::paragraph::{self, escaped};
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
        let mut table = table(&["NODE ROLE", "USED BY", "READ-ONLY", "CAN-PULL"]);
        for role in audited {
            let cell = |check| match role.checks.get(&check) {
                Some(result) => status_cell(result.status, result.severity),
                None => Cell::new(""),
            };
            table.add_row(vec![
                Cell::new(escaped(role.role_arn.role_name().as_str())),
                Cell::new(lines(&used_by(&role.uses))),
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
        paragraph::write(output, "Note: ", note)?;
    }
    Ok(())
}

fn write_reasons(role: &AuditedRole, output: &mut dyn Write) -> Result<(), CliError> {
    let worth_telling =
        |result: &&CheckResult| result.status != Status::Passed || !result.notes.is_empty();
    let told: Vec<&CheckResult> = role.checks.values().filter(worth_telling).collect();
    if told.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{}", escaped(&role.role_arn.to_string()))?;
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
        for (granted_by, granted) in excess_by_statement(result) {
            paragraph::write(output, "    ", &granted_by)?;
            for (certainty, actions) in granted {
                paragraph::write(output, "      ", &marked(certainty, &actions))?;
            }
        }
        for reason in &result.reasons {
            paragraph::write(output, "    ", &in_brief(reason))?;
        }
        write_notes("    note: ", &result.notes, output)?;
    }
    Ok(())
}

/// Whether two checks cannot be answered, for the same reasons.
fn is_same_gap(one: &CheckResult, other: &CheckResult) -> bool {
    let is_gap = |result: &CheckResult| result.status == Status::NotAvailable;
    is_gap(one) && is_gap(other) && one.reasons == other.reasons && one.notes == other.notes
}

/// How many notes are told.
const NOTES: usize = 12;

/// Writes the first notes, and how many more there are.
pub fn write_notes(label: &str, notes: &[String], output: &mut dyn Write) -> Result<(), CliError> {
    for note in notes.iter().take(NOTES) {
        paragraph::write(output, label, &in_brief(note))?;
    }
    match notes.len().saturating_sub(NOTES) {
        0 => {}
        more => paragraph::write(output, label, &format!("+{more}; --format json has all"))?,
    }
    Ok(())
}

/// A sentence that ends with a list of actions, with the first of them; the JSON form has all.
pub fn in_brief(sentence: &str) -> String {
    let Some((begin, list)) = sentence.rsplit_once(": ") else { return sentence.to_owned() };
    let Some(list) = list.strip_suffix('.') else { return sentence.to_owned() };
    let actions: Vec<&str> = list.split(", ").collect();
    let is_action = |text: &&str| text.contains(':') && !text.contains(['/', '`']);
    if actions.iter().all(is_action) {
        format!("{begin}: {}.", shortened(&actions))
    } else {
        sentence.to_owned()
    }
}

/// How many actions are spelled out.
const SPELLED_OUT: usize = 6;

/// The first actions, which are the worst, and how many more there are.
fn shortened(actions: &[&str]) -> String {
    let text = actions[..actions.len().min(SPELLED_OUT)].join(", ");
    match actions.len().saturating_sub(SPELLED_OUT) {
        0 => text,
        more => format!("{text} +{more}"),
    }
}

/// Actions of which something is equally certain.
pub type Alike<'result> = (Certainty, Vec<&'result str>);

/// What is beyond the standard, by what grants it and by how certain it is, the worst first.
pub fn excess_by_statement(result: &CheckResult) -> Vec<(String, Vec<Alike<'_>>)> {
    let mut groups: Vec<(String, Vec<Alike<'_>>)> = Vec::new();
    for excess in &result.excess {
        let statements = excess.statements.iter().map(ToString::to_string);
        let mut granted_by = statements.collect::<Vec<_>>().join("; ");
        if granted_by.is_empty() {
            "by the policies together".clone_into(&mut granted_by);
        }
        let granted = of(&mut groups, granted_by);
        of(granted, excess.certainty()).push(&excess.action);
    }
    groups
}

/// What is listed under a key, which is added where it is new.
fn of<Key: PartialEq, Listed>(groups: &mut Vec<(Key, Vec<Listed>)>, key: Key) -> &mut Vec<Listed> {
    let held = groups.iter().position(|(held, _)| *held == key);
    let index = held.unwrap_or_else(|| {
        groups.push((key, Vec::new()));
        groups.len() - 1
    });
    &mut groups[index].1
}

/// The first of some actions, with how certain they are where they are not.
pub fn marked(certainty: Certainty, actions: &[&str]) -> String {
    let actions = shortened(actions);
    match certainty {
        Certainty::Certain => actions,
        Certainty::PerhapsAlways => format!("on a condition, perhaps always: {actions}"),
        Certainty::Perhaps => format!("perhaps {actions}"),
    }
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n")
}
