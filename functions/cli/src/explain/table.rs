//! Effective permissions for a person: a line an action, what is granted first.

use std::collections::BTreeSet;
use std::io::Write;

use ecr_audit::permissions::{Access, ActionPermission, EffectivePermissions, PolicyStatement};

use super::Explained;
use crate::error::CliError;
use crate::output::table;

/// Writes what each role may do.
pub fn write(explained: &[Explained], output: &mut dyn Write) -> Result<(), CliError> {
    if explained.is_empty() {
        writeln!(output, "No node role was found: nothing to explain.")?;
    }
    for (role_arn, permissions) in explained {
        writeln!(output, "{role_arn}")?;
        match permissions {
            Ok(permissions) => write_permissions(permissions, output)?,
            Err(reason) => writeln!(output, "  cannot be determined: {reason}\n")?,
        }
    }
    Ok(())
}

fn write_permissions(
    permissions: &EffectivePermissions,
    output: &mut dyn Write,
) -> Result<(), CliError> {
    let mut table = table(&["ACTION", "ACCESS", "WITNESS", "DECIDED BY"]);
    let is_told = |action: &&ActionPermission| {
        action.access != Access::Denied || !action.statements.is_empty()
    };
    for action in permissions.actions.iter().filter(is_told) {
        table.add_row([
            action.action.clone(),
            in_words(action.access).to_owned(),
            witness(action),
            action.statements.iter().map(statement).collect::<Vec<_>>().join("\n"),
        ]);
    }
    writeln!(output, "{table}")?;
    let untold = permissions.actions.iter().filter(|action| !is_told(action)).count();
    writeln!(output, "{untold} further actions are granted by nothing.")?;
    for (service, unknown) in &permissions.unknown_actions {
        let (read, write) = (in_words(unknown.read), in_words(unknown.write));
        writeln!(
            output,
            "Actions of {service} that no catalogue names: read {read}, write {write}."
        )?;
        let granting = unknown.read_statements.iter().chain(&unknown.write_statements);
        for statement in granting.collect::<BTreeSet<_>>() {
            writeln!(output, "    granted by {statement}")?;
        }
    }
    for note in &permissions.notes {
        writeln!(output, "Note: {note}")?;
    }
    writeln!(output)?;
    Ok(())
}

const fn in_words(access: Access) -> &'static str {
    match access {
        Access::Allowed => "allowed",
        Access::Conditional => "conditional",
        Access::Denied => "denied",
    }
}

fn witness(action: &ActionPermission) -> String {
    let Some(witness) = &action.witness else { return String::new() };
    let context = witness.context.iter().map(|(key, value)| format!("\n{key} = {value}"));
    witness.resource.clone() + &context.collect::<String>()
}

fn statement(statement: &PolicyStatement) -> String {
    format!("{}: {statement}", statement.effect)
}
