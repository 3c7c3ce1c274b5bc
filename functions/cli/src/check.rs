//! `pullwatch check`: would this policy document pass on a node role? Each file is judged by
//! itself, as the only policy of a role, by the check `read-only`.

mod document;
mod table;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use ecr_audit::arn::RoleArn;
use ecr_audit::assess::{RoleState, assess};
use ecr_audit::assessment::CheckResult;
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::role_policies::{PolicyName, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Standard, Status};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::check::document::Document;
use crate::error::CliError;
use crate::output::{self, Format};
use crate::settings::{account, home_region, partition, standards, time};

/// What to check, and for whom.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 1 where some file FAILED; else 2 where one could not be judged; \
                        else 0."
)]
pub struct CheckArguments {
    /// Files, each a policy document as JSON, as IAM's API encodes it, or as `aws iam
    /// get-policy-version` and `get-role-policy` print it; `-` is the standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How much is too much.
    #[arg(long, default_value_t = Standard::default(), value_parser = standards())]
    standard: Standard,
    /// The account of the role that would hold the policy; else each that the document names.
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<String>,
    /// The partition of that account; else each that the document names.
    #[arg(long, value_name = "PARTITION", value_parser = partition)]
    partition: Option<String>,
    /// The time to judge at; by default now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
    /// For whom the output is.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A file with its answer.
#[derive(Debug)]
struct Judged {
    file: String,
    /// Whose role was to hold it, where it could be judged.
    role_arn: Option<RoleArn>,
    result: CheckResult,
}

/// Checks every file; the status is 1 where some FAILED, else 2 where some could not be judged.
pub fn run(arguments: &CheckArguments, output: &mut dyn Write) -> Result<u8, CliError> {
    let now = arguments.now.unwrap_or_else(Timestamp::now);
    let mut judged = Vec::new();
    for file in &arguments.files {
        judged.push(match Document::read(file) {
            Ok(document) => judge(&document, arguments, now)?,
            Err(reason) => Judged {
                file: file.display().to_string(),
                role_arn: None,
                result: CheckResult::not_available(Check::ReadOnly, arguments.standard, &reason),
            },
        });
    }
    match arguments.format {
        Format::Table => table::write(&judged, arguments.standard, output)?,
        Format::Json => {
            let files: Vec<Value> = judged.iter().map(report).collect();
            output::json(output, &json!({ "files": files }))?;
        }
    }
    let has = |status| judged.iter().any(|judged| judged.result.status == status);
    Ok(match (has(Status::Failed), has(Status::NotAvailable)) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    })
}

/// On how many roles a document is tried at most.
const MANY: usize = 200;

/// The worst answer of the roles that could hold the document.
fn judge(
    document: &Document,
    arguments: &CheckArguments,
    now: Timestamp,
) -> Result<Judged, CliError> {
    let one = |given: &Option<String>, named: Vec<String>| {
        given.as_ref().map_or(named, |given| vec![given.clone()])
    };
    let accounts = one(&arguments.account, document.accounts());
    let partitions = one(&arguments.partition, document.partitions());
    if accounts.len() * partitions.len() > MANY {
        let reason = "names too many accounts to try them all: choose one with --account";
        let result = CheckResult::not_available(Check::ReadOnly, arguments.standard, reason);
        return Ok(Judged { file: document.file.clone(), role_arn: None, result });
    }
    let mut worst: Option<(RoleArn, CheckResult)> = None;
    for partition in &partitions {
        for account in &accounts {
            let (role_arn, result) =
                judge_in(document, partition, account, arguments.standard, now)?;
            if worst.as_ref().is_none_or(|(_, held)| badness(held) < badness(&result)) {
                worst = Some((role_arn, result));
            }
        }
    }
    let unjudged = || CheckResult::not_available(Check::ReadOnly, arguments.standard, "not judged");
    let (role_arn, mut result) = match worst {
        Some((role_arn, result)) => (Some(role_arn), result),
        None => (None, unjudged()),
    };
    result.notes.extend(document.looks_like());
    if let Some(role_arn) = role_arn.as_ref().filter(|_| accounts.len() * partitions.len() > 1) {
        result.notes.push(format!(
            "It names several accounts or partitions; this is the worst answer, that of a role of \
             {} in {}. --account and --partition choose another one.",
            role_arn.account(),
            role_arn.partition()
        ));
    }
    Ok(Judged { file: document.file.clone(), role_arn, result })
}

/// How bad an answer is: FAILED before what is not known.
fn badness(result: &CheckResult) -> impl Ord + use<> {
    let by_status = match result.status {
        Status::Passed => 0,
        Status::Warning => 1,
        Status::NotAvailable => 2,
        Status::Failed => 3,
    };
    (by_status, result.severity)
}

fn judge_in(
    document: &Document,
    partition: &str,
    account: &str,
    standard: Standard,
    now: Timestamp,
) -> Result<(RoleArn, CheckResult), CliError> {
    let mut settings = Settings::for_account(account, partition, home_region(partition));
    settings.standard = standard;
    let role_arn = RoleArn::parse(&format!("arn:{partition}:iam::{account}:role/checked"));
    let role_arn = role_arn.map_err(|error| CliError::File {
        file: PathBuf::from(&document.file),
        reason: format!("cannot be judged: {error}"),
    })?;
    let role = RolePolicies {
        role_arn: role_arn.clone(),
        role_id: String::new(),
        created: None,
        tags: std::collections::BTreeMap::new(),
        identity: vec![RolePolicy {
            policy: PolicyName::inline(&document.name),
            version: None,
            document: Some(document.text.clone()),
        }],
        boundary: None,
    };
    let organization = OrganizationPolicies::default();
    let (uses, registry, unread) = (&[], &[], &[]);
    let state = RoleState { role: &role, uses, registry, unread, organization: &organization, now };
    let mut assessment = assess(&state, &settings);
    let result = assessment
        .checks
        .remove(&Check::ReadOnly)
        .unwrap_or_else(|| CheckResult::not_available(Check::ReadOnly, standard, "was not judged"));
    Ok((role_arn, result))
}

fn report(judged: &Judged) -> Value {
    let Judged { file, role_arn, result } = judged;
    json!({
        "file": file,
        "account": role_arn.as_ref().map(RoleArn::account),
        "partition": role_arn.as_ref().map(RoleArn::partition),
        "standard": result.fingerprint.standard,
        "status": result.status,
        "severity": result.severity,
        "excess": result.excess.iter().map(|excess| &excess.action).collect::<Vec<_>>(),
        "notes": result.reasons.iter().chain(&result.notes).collect::<Vec<_>>(),
        "standards": result.standards,
        "evidence": result.excess,
    })
}
