//! `pullwatch audit`: both checks of every node role.

pub mod table;

use std::collections::BTreeMap;
use std::io::Write;

use clap::{Args, ValueEnum};
use ecr_audit::arn::RoleArn;
use ecr_audit::assess::{RoleState, assess};
use ecr_audit::assessment::CheckResult;
use ecr_audit::exception;
use ecr_audit::journey::sweep;
use ecr_audit::node_role::Use;
use ecr_audit::standard::{Check, Status};
use futures::executor::block_on;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::node_roles::{NodeRole, NodeRoles};
use crate::output;
use crate::settings::{SettingsArguments, time};
use crate::source::{Source, SourceArguments};
use memory_adapters::World;

/// What to audit, and for whom.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 1 where some check FAILED; else 2 where some is NOT_AVAILABLE \
                        or a file or listing could not be read; else 0, also where there is no \
                        node role."
)]
pub struct AuditArguments {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    settings: SettingsArguments,
    /// The time to assess at; by default the snapshot's time, or else now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t)]
    format: AuditFormat,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum AuditFormat {
    /// A person.
    #[default]
    Table,
    /// A program.
    Json,
    /// Security Hub: the findings as they would be imported.
    Asff,
}

/// A node role with its answers.
#[derive(Clone, Debug)]
pub struct AuditedRole {
    /// The role.
    pub role_arn: RoleArn,
    /// Why it is a node role.
    pub uses: Vec<Use>,
    /// The answers.
    pub checks: BTreeMap<Check, CheckResult>,
}

/// Audits; the status is 1 where some check FAILED, else 2 where something could not be told.
pub fn run(arguments: &AuditArguments, output: &mut dyn Write) -> Result<u8, CliError> {
    let source = Source::open(&arguments.source, &arguments.settings)?;
    let now = arguments.now.or(source.time).unwrap_or_else(Timestamp::now);
    let world = World::new(source.account.clone(), now);
    let ports = world.ports();
    let node_roles = block_on(NodeRoles::read(&ports, &world.account, &source.settings));
    let audited: Vec<AuditedRole> = node_roles
        .roles
        .iter()
        .map(|(role_arn, role)| audited(role_arn, role, &node_roles, &source, now))
        .collect();
    match arguments.format {
        AuditFormat::Table => table::write(&audited, &source, output)?,
        AuditFormat::Json => output::json(output, &report(&audited, &node_roles, &source))?,
        AuditFormat::Asff => {
            // The findings are those of the deployed sweep, made by the very same journey. What
            // keeps a sweep from its end is told; the findings it made stand.
            if let Err(error) = block_on(sweep(&ports, &world.account, &source.settings)) {
                output::tell([error.to_string()]);
            }
            output::json(output, &world.findings())?;
        }
    }
    if arguments.format != AuditFormat::Table && audited.is_empty() {
        output::tell(["no node role was found"]);
    }
    Ok(status(&audited, !(node_roles.incomplete.is_empty() && source.problems.is_empty())))
}

fn audited(
    role_arn: &RoleArn,
    role: &NodeRole,
    node_roles: &NodeRoles,
    source: &Source,
    now: Timestamp,
) -> AuditedRole {
    let standard = source.settings.standard;
    let mut checks = match &role.policies {
        Ok(policies) => {
            let state = RoleState {
                role: policies,
                uses: &role.uses,
                registry: &node_roles.registry,
                organization: &source.settings.organization,
            };
            let mut checks = assess(&state, &source.settings).checks;
            // Without a ledger, a tag is seen for the first time.
            if let Some(result) = checks.get_mut(&exception::CHECK) {
                let seen = exception::step(None, &policies.tags, result, now);
                if let Some(exception) = &seen.exception {
                    *result = exception::excepted(result, exception);
                }
                result.notes.extend(seen.note);
            }
            checks
        }
        Err(reason) => Check::ALL
            .map(|check| (check, CheckResult::not_available(check, standard, reason)))
            .into(),
    };
    if let Some(reason) = node_roles.unread_registry.first() {
        // An unknown policy of a repository can grant more, which leaves FAILED standing, or take
        // something away. Nothing else can be told without it.
        for (check, result) in &mut checks {
            if !(*check == Check::ReadOnly && result.status == Status::Failed) {
                *result = CheckResult::not_available(*check, standard, reason);
            }
        }
    }
    AuditedRole { role_arn: role_arn.clone(), uses: role.uses.clone(), checks }
}

fn status(audited: &[AuditedRole], is_incomplete: bool) -> u8 {
    let has = |status| {
        audited.iter().flat_map(|role| role.checks.values()).any(|check| check.status == status)
    };
    if has(Status::Failed) {
        1
    } else if has(Status::NotAvailable) || is_incomplete {
        2
    } else {
        0
    }
}

fn report(audited: &[AuditedRole], node_roles: &NodeRoles, source: &Source) -> Value {
    let roles: Vec<Value> = audited
        .iter()
        .map(|role| {
            let checks: BTreeMap<&str, Value> = role
                .checks
                .values()
                .map(|result| (check_of(result), check_report(result)))
                .collect();
            json!({ "role": role.role_arn, "uses": role.uses, "checks": checks })
        })
        .collect();
    json!({
        "account": source.settings.account,
        "partition": source.settings.partition,
        "standard": source.settings.standard,
        "roles": roles,
        "incomplete": node_roles.incomplete.iter().chain(&node_roles.unread_registry)
            .collect::<Vec<_>>(),
        "problems": source.problems,
        "notes": source.notes,
    })
}

const fn check_of(result: &CheckResult) -> &'static str {
    result.fingerprint.check.as_str()
}

/// One check in the design's form. Further keys: why, and which statements.
pub fn check_report(result: &CheckResult) -> Value {
    let mut report = json!({
        "status": result.status,
        "severity": result.severity,
        "standards": result.standards,
        "reasons": result.reasons,
        "notes": result.notes,
    });
    if result.fingerprint.check == Check::ReadOnly {
        let excess: Vec<&str> = result.excess.iter().map(|excess| excess.action.as_str()).collect();
        report["excess"] = json!(excess);
        report["evidence"] = json!(result.excess);
    } else {
        report["missing"] = json!(result.missing);
    }
    report
}
