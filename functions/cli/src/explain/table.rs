//! Effective permissions for a person: the actions that the same statements decide stand together,
//! what is granted first.

use std::collections::BTreeSet;
use std::io::Write;

use ecr_audit::permissions::{Access, ActionPermission, EffectivePermissions, PolicyStatement};
use serde_json::Value;

use super::Explained;
use crate::error::CliError;
use crate::paragraph::{self, escaped};

/// Writes what each role may do.
pub fn write(explained: &[Explained], output: &mut dyn Write) -> Result<(), CliError> {
    if explained.is_empty() {
        writeln!(output, "No node role was found: nothing to explain.")?;
    }
    for (role_arn, permissions) in explained {
        writeln!(output, "{}", escaped(&role_arn.to_string()))?;
        match permissions {
            Ok(permissions) => write_permissions(permissions, output)?,
            Err(reason) => paragraph::write(output, "  cannot be determined: ", reason)?,
        }
        writeln!(output)?;
    }
    Ok(())
}

fn write_permissions(
    permissions: &EffectivePermissions,
    output: &mut dyn Write,
) -> Result<(), CliError> {
    for alike in groups(&permissions.actions) {
        write_group(&alike, output)?;
    }
    let untold = permissions.actions.iter().filter(|action| !is_told(action)).count();
    writeln!(output, "\n  {untold} further actions are granted by nothing.")?;
    for (service, unknown) in &permissions.unknown_actions {
        let read = at_most(unknown.read, unknown.read_is_upper_bound);
        let write = at_most(unknown.write, unknown.write_is_upper_bound);
        let text = format!(
            "Actions of {service} that no catalogue names: reads are {read}, writes are {write}."
        );
        paragraph::write(output, "  ", &text)?;
        let granting = unknown.read_statements.iter().chain(&unknown.write_statements);
        for statement in granting.map(statement).collect::<BTreeSet<_>>() {
            paragraph::write(output, "      by   ", &statement)?;
        }
        write_left_open(&unknown.left_open, output)?;
    }
    for note in &permissions.notes {
        paragraph::write(output, "  note: ", note)?;
    }
    Ok(())
}

/// The actions that are granted, or taken away by a statement: together where access, witness and
/// statements are the same, the most that is granted first.
fn groups(actions: &[ActionPermission]) -> Vec<Vec<&ActionPermission>> {
    let mut groups: Vec<Vec<&ActionPermission>> = Vec::new();
    for action in actions.iter().filter(|action| is_told(action)) {
        match groups.iter_mut().find(|alike| is_alike(alike[0], action)) {
            Some(alike) => alike.push(action),
            None => groups.push(vec![action]),
        }
    }
    groups.sort_by_key(|alike| std::cmp::Reverse(alike[0].access));
    groups
}

fn is_told(action: &ActionPermission) -> bool {
    action.access != Access::Denied || !action.statements.is_empty()
}

fn is_alike(one: &ActionPermission, other: &ActionPermission) -> bool {
    one.access == other.access
        && one.is_upper_bound == other.is_upper_bound
        && one.left_open == other.left_open
        && one.witness == other.witness
        && one.statements == other.statements
}

fn write_group(alike: &[&ActionPermission], output: &mut dyn Write) -> Result<(), CliError> {
    let first = alike[0];
    let names: Vec<&str> = alike.iter().map(|action| action.action.as_str()).collect();
    writeln!(output)?;
    paragraph::write(output, &format!("  {:<13}", in_words(first.access)), &names.join(", "))?;
    if let Some(witness) = &first.witness {
        let on = match witness.resource.as_str() {
            "*" => "*, for the action takes no resource",
            resource => resource,
        };
        paragraph::write(output, "      on   ", on)?;
        for (key, value) in &witness.context {
            paragraph::write(output, "      with ", &condition(key, value))?;
        }
    }
    for statement in first.statements.iter().map(statement) {
        paragraph::write(output, "      by   ", &statement)?;
    }
    write_left_open(&first.left_open, output)
}

fn write_left_open(left_open: &[String], output: &mut dyn Write) -> Result<(), CliError> {
    for clause in left_open {
        paragraph::write(output, "      at most: ", clause)?;
    }
    Ok(())
}

/// `allowed`, or `at most allowed` of an upper bound.
fn at_most(access: Access, is_upper_bound: bool) -> String {
    let at_most = if is_upper_bound { "at most " } else { "" };
    format!("{at_most}{}", in_words(access))
}

const fn in_words(access: Access) -> &'static str {
    match access {
        Access::Allowed => "allowed",
        Access::Conditional => "conditional",
        Access::Denied => "denied",
    }
}

fn condition(key: &str, value: &Value) -> String {
    match value {
        Value::Null => format!("{key} absent"),
        Value::String(text) => format!("{key} = {text}"),
        other => format!("{key} = {other}"),
    }
}

fn statement(statement: &PolicyStatement) -> String {
    format!("{}: {statement}", statement.effect)
}
