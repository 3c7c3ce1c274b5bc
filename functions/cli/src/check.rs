//! `pullwatch check`: would this policy document pass on a node role? Each file is judged by
//! itself, as the only policy of a role, by the check `read-only`.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::Cell;
use ecr_audit::arn::RoleArn;
use ecr_audit::assess::{RoleState, assess};
use ecr_audit::assessment::CheckResult;
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::role_policies::{PolicyName, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Standard, Status};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output::{self, Format};
use crate::settings::{account, home_region};

/// What to check, and for whom.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Files, each a policy document as JSON; `-` is the standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How much is too much: read-only, pull-only or c-0223.
    #[arg(long, default_value_t = Standard::default())]
    standard: Standard,
    /// The account of the role that would hold the policy.
    #[arg(long, default_value = "111122223333", value_parser = account)]
    account: String,
    /// The partition of that account.
    #[arg(long, default_value = "aws")]
    partition: String,
    /// For whom the output is.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Checks every file; the status is 1 where some FAILED, else 2 where some could not be judged.
pub fn run(arguments: &CheckArguments, output: &mut dyn Write) -> Result<u8, CliError> {
    let CheckArguments { account, partition, .. } = arguments;
    let mut settings = Settings::for_account(account, partition, home_region(partition));
    settings.standard = arguments.standard;
    let mut judged = Vec::new();
    for file in &arguments.files {
        let result = match read(file) {
            Ok(document) => judge(file, &document, &settings)?,
            Err(reason) => CheckResult::not_available(Check::ReadOnly, settings.standard, &reason),
        };
        judged.push((file.display().to_string(), result));
    }
    match arguments.format {
        Format::Table => write_table(&judged, output)?,
        Format::Json => {
            let files: Vec<Value> = judged.iter().map(report).collect();
            output::json(output, &json!({ "files": files }))?;
        }
    }
    let has = |status| judged.iter().any(|(_, result)| result.status == status);
    Ok(match (has(Status::Failed), has(Status::NotAvailable)) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    })
}

fn read(file: &Path) -> Result<String, String> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    let bytes = bytes.map_err(|error| format!("cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str::<Value>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("is not JSON: {error}")),
    }
}

fn judge(file: &Path, document: &str, settings: &Settings) -> Result<CheckResult, CliError> {
    let role_arn = format!("arn:{}:iam::{}:role/checked", settings.partition, settings.account);
    let role_arn = RoleArn::parse(&role_arn).map_err(|error| CliError::File {
        file: file.to_owned(),
        reason: format!("cannot be judged: {error}"),
    })?;
    let name = PolicyName::inline(&file.file_name().unwrap_or_default().to_string_lossy());
    let role = RolePolicies {
        role_arn,
        role_id: String::new(),
        created: None,
        tags: std::collections::BTreeMap::new(),
        identity: vec![RolePolicy {
            policy: name.clone(),
            version: None,
            document: Some(document.to_owned()),
        }],
        boundary: None,
    };
    let organization = OrganizationPolicies::default();
    let (uses, registry, unread) = (&[], &[], &[]);
    let state = RoleState { role: &role, uses, registry, unread, organization: &organization };
    let mut assessment = assess(&state, settings);
    let mut result = assessment.checks.remove(&Check::ReadOnly).unwrap_or_else(|| {
        CheckResult::not_available(Check::ReadOnly, settings.standard, "was not judged")
    });
    for line in result.reasons.iter_mut().chain(&mut result.notes) {
        *line = without_name(line, name.as_str());
    }
    Ok(result)
}

/// A line that does not name the policy: it is told beside its file.
fn without_name(line: &str, name: &str) -> String {
    let ways = [format!("{name}: "), format!("the document of {name} ")];
    ways.iter().find_map(|way| line.strip_prefix(way)).unwrap_or(line).to_owned()
}

fn report((file, result): &(String, CheckResult)) -> Value {
    json!({
        "file": file,
        "status": result.status,
        "severity": result.severity,
        "excess": result.excess.iter().map(|excess| &excess.action).collect::<Vec<_>>(),
        "notes": result.reasons.iter().chain(&result.notes).collect::<Vec<_>>(),
        "standards": result.standards,
        "evidence": result.excess,
    })
}

fn write_table(judged: &[(String, CheckResult)], output: &mut dyn Write) -> Result<(), CliError> {
    let mut table = output::table(&["FILE", "READ-ONLY", "BEYOND THE STANDARD"]);
    for (file, result) in judged {
        let excess: Vec<&str> = result.excess.iter().map(|excess| excess.action.as_str()).collect();
        table.add_row(vec![
            Cell::new(file),
            output::status_cell(result.status, result.severity),
            Cell::new(excess.join("\n")),
        ]);
    }
    writeln!(output, "{table}")?;
    for (file, result) in judged {
        for line in result.reasons.iter().chain(&result.notes) {
            writeln!(output, "{file}: {line}")?;
        }
    }
    Ok(())
}
