//! The settings of a run at a desk: the defaults of the deployed functions, with what the
//! arguments say.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ecr_audit::arn::RoleArn;
use ecr_audit::settings::Settings;
use ecr_audit::standard::Standard;
use jiff::Timestamp;

use crate::error::CliError;

/// What can be chosen for a run.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingsArguments {
    /// A role that counts as a node role, whatever EKS says; repeatable.
    #[arg(long = "role", value_name = "ARN", value_parser = RoleArn::parse)]
    pub roles: Vec<RoleArn>,
    /// How much is too much.
    #[arg(long, default_value_t = Standard::default(), value_parser = standards())]
    pub standard: Standard,
    /// Another account whose repositories are known to admit this account's nodes; repeatable.
    #[arg(long = "registry-account", value_name = "ACCOUNT", value_parser = account)]
    pub registry_accounts: Vec<String>,
}

impl SettingsArguments {
    /// The settings for an account.
    pub fn settings(
        &self,
        account: &str,
        partition: &str,
        regions: Vec<String>,
    ) -> Result<Settings, CliError> {
        let mut settings = Settings::for_account(account, partition, home_region(partition));
        if !regions.is_empty() {
            settings.regions = regions;
        }
        settings.standard = self.standard;
        settings.registry_accounts.clone_from(&self.registry_accounts);
        for role_arn in &self.roles {
            if role_arn.account() != account || role_arn.partition() != partition {
                let (role_arn, account) = (role_arn.to_string(), account.to_owned());
                return Err(CliError::ForeignRole { role_arn, account });
            }
            settings.extra_node_role_arns.push(role_arn.clone());
        }
        Ok(settings)
    }
}

/// The standards, by their names.
pub fn standards() -> impl TypedValueParser<Value = Standard> {
    PossibleValuesParser::new(Standard::ALL.map(Standard::as_str))
        .try_map(|name| name.parse::<Standard>())
}

/// An instant.
pub fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "expected a time such as 2026-01-15T10:00:00Z".to_owned())
}

/// The partitions of AWS.
pub const PARTITIONS: &[&str] =
    &["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// One of the partitions.
pub fn partition(text: &str) -> Result<String, String> {
    if PARTITIONS.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(format!("the partitions of AWS are {}", PARTITIONS.join(", ")))
    }
}

/// Twelve digits.
pub fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has twelve digits".to_owned())
    }
}

/// The region where a partition's IAM lives.
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
pub fn home_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-f" => "us-isof-south-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}
