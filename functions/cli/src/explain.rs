//! `pullwatch explain`: what a node role may do with ECR, action by action, with the statements
//! that decide it and a witness.

mod table;

use std::io::Write;

use clap::Args;
use ecr_audit::arn::RoleArn;
use ecr_audit::assess::RoleState;
use ecr_audit::effective::effective;
use ecr_audit::permissions::EffectivePermissions;
use futures::executor::block_on;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::node_roles::{NodeRole, NodeRoles};
use crate::output::{self, Format};
use crate::settings::{SettingsArguments, time};
use crate::source::{Source, SourceArguments};
use memory_adapters::World;

/// What to explain, and for whom.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 2 where a role could not be explained, else 0.")]
pub struct ExplainArguments {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    settings: SettingsArguments,
    /// The time to explain for; by default the snapshot's time, or else now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A node role with what it may do, or why that cannot be told.
type Explained = (RoleArn, Result<EffectivePermissions, String>);

/// Explains every node role, or those that are named. The status is 2 where one could not be.
pub fn run(arguments: &ExplainArguments, output: &mut dyn Write) -> Result<u8, CliError> {
    let source = Source::open(&arguments.source, &arguments.settings)?;
    let now = arguments.now.or(source.time).unwrap_or_else(Timestamp::now);
    let world = World::new(source.account.clone(), now);
    let node_roles = block_on(NodeRoles::read(&world.ports(), &world.account, &source.settings))?;
    let named = &arguments.settings.roles;
    let explained: Vec<Explained> = node_roles
        .roles
        .iter()
        .filter(|(role_arn, _)| named.is_empty() || named.contains(role_arn))
        .map(|(role_arn, role)| (role_arn.clone(), explained(role, &node_roles, &source, now)))
        .collect();
    match arguments.format {
        Format::Table => table::write(&explained, output)?,
        Format::Json => {
            let roles: Vec<Value> = explained.iter().map(report).collect();
            output::json(output, &json!({ "roles": roles, "notes": source.notes }))?;
        }
    }
    Ok(if explained.iter().any(|(_, permissions)| permissions.is_err()) { 2 } else { 0 })
}

fn explained(
    role: &NodeRole,
    node_roles: &NodeRoles,
    source: &Source,
    now: Timestamp,
) -> Result<EffectivePermissions, String> {
    let policies = role.policies.as_ref().map_err(Clone::clone)?;
    let state = RoleState {
        role: policies,
        uses: &role.uses,
        registry: &node_roles.registry,
        unread: &node_roles.unread,
        organization: &source.settings.organization,
        now,
    };
    let mut permissions = effective(&state, &source.settings)?;
    permissions.notes.extend(permissions.unread.iter().map(ToString::to_string));
    Ok(permissions)
}

fn report((role_arn, permissions): &Explained) -> Value {
    match permissions {
        Ok(permissions) => json!({
            "role": role_arn,
            "actions": permissions.actions,
            "unknown_actions": permissions.unknown_actions,
            "pull": permissions.pull,
            "notes": permissions.notes,
        }),
        Err(reason) => json!({
            "role": role_arn,
            "actions": [],
            "unknown_actions": {},
            "not_available": reason,
        }),
    }
}
