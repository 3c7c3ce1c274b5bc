//! What the operators chose, as values: partition, account and regions are never written into
//! code. `Settings::from_pairs` reads the environment's names and tells every mistake at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;
use crate::organization::OrganizationPolicies;
use crate::standard::Standard;

/// What the operators chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The account that is watched: twelve digits.
    pub account: String,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The partition's IAM home region.
    pub home_region: String,
    /// The regions that have clusters or repositories.
    pub regions: Vec<String>,
    /// Where findings are posted.
    pub security_hub_region: String,
    /// How much is too much.
    pub standard: Standard,
    /// Record findings, send no alert.
    pub observe: bool,
    /// Tag keys that name an owner, the first that is there wins.
    pub owner_tag_keys: Vec<String>,
    /// The owner of what no tag gives to anybody.
    pub default_owner: Option<String>,
    /// Roles that are node roles by decree.
    pub extra_node_role_arns: Vec<RoleArn>,
    /// Other accounts whose repositories are known to admit this account's nodes.
    pub registry_accounts: Vec<String>,
    /// The organization's policies, where they are given.
    pub organization: OrganizationPolicies,
}

/// Every mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings cannot be used: {}", .0.join("; "))]
pub struct SettingsError(pub Vec<String>);

impl Settings {
    /// Settings for an account with everything else at its default.
    pub fn for_account(account: &str, partition: &str, home_region: &str) -> Self {
        Self {
            account: account.to_owned(),
            partition: partition.to_owned(),
            home_region: home_region.to_owned(),
            regions: vec![home_region.to_owned()],
            security_hub_region: home_region.to_owned(),
            standard: Standard::default(),
            observe: false,
            owner_tag_keys: ["owner", "Owner", "team", "contact"].map(str::to_owned).to_vec(),
            default_owner: None,
            extra_node_role_arns: Vec::new(),
            registry_accounts: Vec::new(),
            organization: OrganizationPolicies::default(),
        }
    }

    /// Reads the settings from the variables of a function's environment, by the names that
    /// `template.yaml` gives them. A list is separated by commas; an empty value counts as absent.
    pub fn from_pairs(
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut variables = Variables {
            values: pairs
                .into_iter()
                .filter(|(key, value)| key.starts_with("PULLWATCH_") && !value.trim().is_empty())
                .collect(),
            mistakes: Vec::new(),
        };
        let account = variables.required("PULLWATCH_ACCOUNT");
        if !account.is_empty() && !is_account(&account) {
            variables.mistake("PULLWATCH_ACCOUNT", &account, "twelve digits");
        }
        let home_region = variables.required("PULLWATCH_HOME_REGION");
        let partition =
            variables.optional("PULLWATCH_PARTITION").unwrap_or_else(|| "aws".to_owned());
        let mut settings = Self::for_account(&account, &partition, &home_region);
        if let Some(regions) = variables.list("PULLWATCH_REGIONS") {
            settings.regions = regions;
        }
        if let Some(region) = variables.optional("PULLWATCH_SECURITY_HUB_REGION") {
            settings.security_hub_region = region;
        }
        if let Some(text) = variables.optional("PULLWATCH_STANDARD") {
            match text.parse() {
                Ok(standard) => settings.standard = standard,
                Err(_) => {
                    variables.mistake(
                        "PULLWATCH_STANDARD",
                        &text,
                        "read-only, pull-only or c-0223",
                    );
                }
            }
        }
        match variables.optional("PULLWATCH_OBSERVE").as_deref() {
            None | Some("false") => {}
            Some("true") => settings.observe = true,
            Some(other) => variables.mistake("PULLWATCH_OBSERVE", other, "true or false"),
        }
        if let Some(keys) = variables.list("PULLWATCH_OWNER_TAG_KEYS") {
            settings.owner_tag_keys = keys;
        }
        settings.default_owner = variables.optional("PULLWATCH_DEFAULT_OWNER");
        for text in variables.list("PULLWATCH_EXTRA_NODE_ROLE_ARNS").unwrap_or_default() {
            match RoleArn::parse(&text) {
                Ok(arn) if arn.account() == settings.account => {
                    settings.extra_node_role_arns.push(arn);
                }
                _ => variables.mistake(
                    "PULLWATCH_EXTRA_NODE_ROLE_ARNS",
                    &text,
                    "ARNs of roles of the watched account",
                ),
            }
        }
        for text in variables.list("PULLWATCH_REGISTRY_ACCOUNTS").unwrap_or_default() {
            if is_account(&text) {
                settings.registry_accounts.push(text);
            } else {
                variables.mistake(
                    "PULLWATCH_REGISTRY_ACCOUNTS",
                    &text,
                    "accounts of twelve digits",
                );
            }
        }
        if variables.mistakes.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError(variables.mistakes))
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

struct Variables {
    values: BTreeMap<String, String>,
    mistakes: Vec<String>,
}

impl Variables {
    fn optional(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.trim().to_owned())
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.mistakes.push(format!("{name} is not set"));
            String::new()
        })
    }

    fn list(&self, name: &str) -> Option<Vec<String>> {
        let text = self.optional(name)?;
        Some(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    fn mistake(&mut self, name: &str, value: &str, expected: &str) {
        self.mistakes.push(format!("{name} is `{value}`; expected {expected}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_pairs(
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let settings = read(&[
            ("PULLWATCH_ACCOUNT", "111122223333"),
            ("PULLWATCH_HOME_REGION", "us-east-1"),
            ("PULLWATCH_REGIONS", "eu-west-1, us-east-1"),
            ("PULLWATCH_DEFAULT_OWNER", ""),
        ])
        .unwrap();
        assert_eq!(settings.regions, ["eu-west-1", "us-east-1"]);
        assert_eq!(settings.security_hub_region, "us-east-1");
        assert_eq!(settings.standard, Standard::ReadOnly);
        assert_eq!(settings.default_owner, None);
    }

    #[test]
    fn one_error_names_every_mistake() {
        let SettingsError(mistakes) = read(&[
            ("PULLWATCH_ACCOUNT", "1111"),
            ("PULLWATCH_STANDARD", "strict"),
            ("PULLWATCH_OBSERVE", "yes"),
            ("PULLWATCH_REGISTRY_ACCOUNTS", "602401143452,me"),
        ])
        .unwrap_err();
        assert_eq!(mistakes.len(), 5, "{mistakes:?}");
    }
}
