//! `pullwatch audit`: both checks of every node role.

pub mod table;

use std::collections::BTreeMap;
use std::io::Write;

use clap::{Args, ValueEnum};
use ecr_audit::arn::RoleArn;
use ecr_audit::assessment::CheckResult;
use ecr_audit::journey::{SweepError, sweep};
use ecr_audit::ledger::Record;
use ecr_audit::node_role::Use;
use ecr_audit::ports::{Ledger, Versioned};
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Status};
use ecr_audit::used_by::used_by;
use futures::executor::block_on;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::CliError;
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

/// What a sweep of the account came to.
#[derive(Clone, Debug, Default)]
struct Audit {
    audited: Vec<AuditedRole>,
    /// What could not be listed or read: there may be more than what was audited.
    incomplete: Vec<String>,
    notes: Vec<String>,
}

/// Audits; the status is 1 where some check FAILED, else 2 where something could not be told.
pub fn run(arguments: &AuditArguments, output: &mut dyn Write) -> Result<u8, CliError> {
    let mut source = Source::open(&arguments.source, &arguments.settings)?;
    let now = arguments.now.or(source.time).unwrap_or_else(Timestamp::now);
    let world = World::new(std::mem::take(&mut source.account), now);
    let mut audit = Audit::of(&world, &source.settings)?;
    audit.notes.extend(std::mem::take(&mut source.notes));
    match arguments.format {
        AuditFormat::Table => table::write(&audit.audited, &audit.notes, &source, output)?,
        AuditFormat::Json => output::json(output, &audit.report(&source))?,
        AuditFormat::Asff => {
            output::tell(audit.incomplete.iter().chain(&audit.notes));
            output::json(output, &world.findings())?;
        }
    }
    if arguments.format != AuditFormat::Table && audit.audited.is_empty() {
        output::tell(["no node role was found"]);
    }
    Ok(status(&audit.audited, !(audit.incomplete.is_empty() && source.problems.is_empty())))
}

impl Audit {
    /// Sweeps the account as the deployed functions do, and reads what they would remember: every
    /// form of the output tells of the same answers.
    fn of(world: &World, settings: &Settings) -> Result<Self, CliError> {
        let mut audit = Self::default();
        // What keeps a sweep from its end is told; the findings it made stand.
        if let Err(SweepError(failures)) = block_on(sweep(&world.ports(), &world.account, settings))
        {
            audit.incomplete = failures;
        }
        for Versioned { record, .. } in block_on(world.ledger.all_records())?.records {
            let Record { role_arn, checks, .. } = record;
            let mut uses: Vec<Use> =
                record.uses.into_iter().map(|recorded| recorded.seen).collect();
            uses.sort();
            let checks: BTreeMap<Check, CheckResult> =
                checks.into_iter().map(|(check, known)| (check, known.finding.result)).collect();
            if !checks.is_empty() {
                audit.audited.push(AuditedRole { role_arn, uses, checks });
            } else if !uses.is_empty() {
                let used_by = used_by(&uses).join("; ");
                audit.notes.push(format!(
                    "{role_arn}: does not exist, so there is nothing to judge; it is used by \
                     {used_by}"
                ));
            }
        }
        audit.audited.sort_by(|one, other| one.role_arn.cmp(&other.role_arn));
        Ok(audit)
    }

    fn report(&self, source: &Source) -> Value {
        let roles: Vec<Value> = self
            .audited
            .iter()
            .map(|role| {
                let checks: BTreeMap<&str, Value> = role
                    .checks
                    .iter()
                    .map(|(check, result)| (check.as_str(), check_report(result)))
                    .collect();
                json!({ "role": role.role_arn, "uses": role.uses, "checks": checks })
            })
            .collect();
        json!({
            "account": source.settings.account,
            "partition": source.settings.partition,
            "standard": source.settings.standard,
            "roles": roles,
            "incomplete": self.incomplete,
            "problems": source.problems,
            "notes": self.notes,
        })
    }
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
