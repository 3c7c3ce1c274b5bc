//! Effective permissions for a person: the actions that the same statements decide stand together,
//! what is granted first.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use ecr_audit::certainty::Certainty;
use ecr_audit::permissions::{
    Access, ActionPermission, EffectivePermissions, PolicyStatement, Scope, UnknownActions,
};
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
        let read = unknown.read_certainty().told(unknown.read);
        let write = unknown.write_certainty().told(unknown.write);
        let text = format!(
            "Actions of {service} that no catalogue names: reads are {read}, writes are {write}."
        );
        paragraph::write(output, "  ", &text)?;
        let granting = unknown.read_statements.iter().chain(&unknown.write_statements);
        for statement in granting.map(statement).collect::<BTreeSet<_>>() {
            paragraph::write(output, "      by   ", &statement)?;
        }
        write_left_open_of_unknown(unknown, output)?;
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
        && one.certainty() == other.certainty()
        && one.left_open == other.left_open
        && where_and_if(one) == where_and_if(other)
        && one.statements == other.statements
}

fn write_group(alike: &[&ActionPermission], output: &mut dyn Write) -> Result<(), CliError> {
    let first = alike[0];
    let names: Vec<&str> = alike.iter().map(|action| action.action.as_str()).collect();
    writeln!(output)?;
    let told = first.certainty().told(first.access);
    paragraph::write(output, &format!("  {told:<11}  "), &names.join(", "))?;
    if let Some((on, context)) = where_and_if(first) {
        paragraph::write(output, "      on   ", on)?;
        for (key, value) in context {
            paragraph::write(output, "      with ", &condition(key, value))?;
        }
    }
    for statement in first.statements.iter().map(statement) {
        paragraph::write(output, "      by   ", &statement)?;
    }
    write_left_open(BECAUSE, &first.left_open, output)
}

/// On what an action is granted, and in which context. No repository stands for others where
/// perhaps none is granted: it may be made up.
fn where_and_if(action: &ActionPermission) -> Option<(&str, &BTreeMap<String, Value>)> {
    let witness = action.witness.as_ref()?;
    let on = match (witness.resource.as_str(), action.certainty(), action.scope) {
        ("*", _, _) => "*, for the action takes no resource",
        (_, Certainty::Perhaps, Scope::NamedRepositories) => "certain repositories",
        (_, Certainty::Perhaps, Scope::EveryRepository) => "every repository",
        (resource, Certainty::Certain | Certainty::PerhapsAlways, _) => resource,
    };
    Some((on, &witness.context))
}

const BECAUSE: &str = "      because ";

fn write_left_open(
    label: &str,
    left_open: &[String],
    output: &mut dyn Write,
) -> Result<(), CliError> {
    for clause in left_open {
        paragraph::write(output, label, clause)?;
    }
    Ok(())
}

/// Why what is told of reads and of writes is an upper bound, once where it is the same.
fn write_left_open_of_unknown(
    unknown: &UnknownActions,
    output: &mut dyn Write,
) -> Result<(), CliError> {
    let (of_reads, of_writes) = (&unknown.read_left_open, &unknown.write_left_open);
    if of_reads == of_writes {
        return write_left_open(BECAUSE, of_reads, output);
    }
    write_left_open("      reads because ", of_reads, output)?;
    write_left_open("      writes because ", of_writes, output)
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
