//! What the operators chose, as values: partition, account and regions are never written into
//! code. `Settings::from_pairs` reads the environment's names and tells every mistake at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;
use crate::organization::OrganizationPolicies;
use crate::standard::{Severity, Standard};
use crate::topic_arn::TopicArn;

/// What the operators chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The account that is watched: twelve digits.
    pub account: String,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The partition's IAM home region.
    pub home_region: String,
    /// The regions that are swept; none: all that the account has switched on.
    pub regions: Vec<String>,
    /// Where findings are posted.
    pub security_hub_region: String,
    /// How much is too much.
    pub standard: Standard,
    /// Record findings, send no alert.
    pub observe: bool,
    /// The least severity of a failure that owners are told of.
    pub minimum_severity: Severity,
    /// Whether owners are told when a failure has ended.
    pub alert_resolved: bool,
    /// Tag keys that name an owner, the first that is there wins.
    pub owner_tag_keys: Vec<String>,
    /// The owner of what no tag gives to anybody.
    pub default_owner: Option<String>,
    /// The topics that a tag may lead to.
    pub owner_topic_arns: Vec<TopicArn>,
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
            regions: Vec::new(),
            security_hub_region: home_region.to_owned(),
            standard: Standard::default(),
            observe: false,
            minimum_severity: Severity::Low,
            alert_resolved: true,
            owner_tag_keys: ["owner", "Owner", "team", "contact"].map(str::to_owned).to_vec(),
            default_owner: None,
            owner_topic_arns: Vec::new(),
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
            for region in regions.iter().filter(|region| !is_region(region)) {
                variables.mistake("PULLWATCH_REGIONS", region, "regions, such as eu-west-1");
            }
            settings.regions = regions;
        }
        if !home_region.is_empty() && !is_region(&home_region) {
            variables.mistake("PULLWATCH_HOME_REGION", &home_region, "a region");
        }
        if let Some(region) = variables.optional("PULLWATCH_SECURITY_HUB_REGION") {
            if !is_region(&region) {
                variables.mistake("PULLWATCH_SECURITY_HUB_REGION", &region, "a region");
            }
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
        variables.switch("PULLWATCH_OBSERVE", &mut settings.observe);
        settings.minimum_severity = variables.minimum_severity(settings.minimum_severity);
        variables.switch("PULLWATCH_ALERT_RESOLVED", &mut settings.alert_resolved);
        if let Some(keys) = variables.list("PULLWATCH_OWNER_TAG_KEYS") {
            for key in keys.iter().filter(|key| !is_tag_key(key)) {
                variables.mistake("PULLWATCH_OWNER_TAG_KEYS", key, "keys that a tag can have");
            }
            settings.owner_tag_keys = keys;
        }
        settings.default_owner = variables.optional("PULLWATCH_DEFAULT_OWNER");
        if let Some(owner) = settings.default_owner.as_ref().filter(|it| !is_name(it)) {
            variables.mistake("PULLWATCH_DEFAULT_OWNER", owner, "a name of at most 256 characters");
        }
        settings.owner_topic_arns = variables.topics(&partition);
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

fn is_region(text: &str) -> bool {
    let is_letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let words: Vec<&str> = text.split('-').collect();
    words.len() >= 3 && words.iter().all(|word| !word.is_empty() && word.bytes().all(is_letter))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>
fn is_tag_key(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || " _.:/=+-@".contains(letter);
    text.chars().count() <= 128 && text.chars().all(is_letter)
}

fn is_name(text: &str) -> bool {
    text.chars().count() <= 256 && !text.chars().any(char::is_control)
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

    fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let text = self.optional(name)?;
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let items: Vec<String> = items.map(str::to_owned).collect();
        if items.is_empty() {
            self.mistake(name, &text, "at least one, or nothing at all");
        }
        Some(items)
    }

    fn minimum_severity(&mut self, default: Severity) -> Severity {
        let name = "PULLWATCH_MINIMUM_SEVERITY";
        let Some(text) = self.optional(name) else { return default };
        match text.parse() {
            Ok(severity) if severity > Severity::Informational => severity,
            _ => {
                self.mistake(name, &text, "LOW, MEDIUM, HIGH or CRITICAL");
                default
            }
        }
    }

    fn topics(&mut self, partition: &str) -> Vec<TopicArn> {
        let name = "PULLWATCH_OWNER_TOPIC_ARNS";
        let mut topics = Vec::new();
        for text in self.list(name).unwrap_or_default() {
            match TopicArn::parse(&text) {
                Ok(topic) if topic.partition() == partition => topics.push(topic),
                _ => self.mistake(name, &text, "ARNs of standard SNS topics of the partition"),
            }
        }
        topics
    }

    fn switch(&mut self, name: &str, switch: &mut bool) {
        match self.optional(name).as_deref() {
            None => {}
            Some("false") => *switch = false,
            Some("true") => *switch = true,
            Some(other) => self.mistake(name, other, "true or false"),
        }
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
    fn what_is_set_is_what_was_chosen() {
        let settings = read(&[
            ("PULLWATCH_ACCOUNT", "111122223333"),
            ("PULLWATCH_PARTITION", "aws-us-gov"),
            ("PULLWATCH_HOME_REGION", "us-gov-west-1"),
            ("PULLWATCH_SECURITY_HUB_REGION", "us-gov-east-1"),
            ("PULLWATCH_STANDARD", "pull-only"),
            ("PULLWATCH_OBSERVE", "true"),
            ("PULLWATCH_MINIMUM_SEVERITY", "HIGH"),
            ("PULLWATCH_ALERT_RESOLVED", "false"),
            ("PULLWATCH_OWNER_TAG_KEYS", "Team Name,app:owner"),
            ("PULLWATCH_DEFAULT_OWNER", "#zoë @ platform"),
            ("PULLWATCH_OWNER_TOPIC_ARNS", "arn:aws-us-gov:sns:us-gov-east-1:444455556666:web"),
            ("PULLWATCH_REGISTRY_ACCOUNTS", "602401143452"),
            ("OTHER", "1"),
        ])
        .unwrap();
        let expected = Settings {
            security_hub_region: "us-gov-east-1".to_owned(),
            standard: Standard::PullOnly,
            observe: true,
            minimum_severity: Severity::High,
            alert_resolved: false,
            owner_tag_keys: vec!["Team Name".to_owned(), "app:owner".to_owned()],
            default_owner: Some("#zoë @ platform".to_owned()),
            owner_topic_arns: vec![
                TopicArn::parse("arn:aws-us-gov:sns:us-gov-east-1:444455556666:web").unwrap(),
            ],
            registry_accounts: vec!["602401143452".to_owned()],
            ..Settings::for_account("111122223333", "aws-us-gov", "us-gov-west-1")
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn one_error_names_every_mistake() {
        let wrong = [
            ("PULLWATCH_ACCOUNT", "1111"),
            ("PULLWATCH_SECURITY_HUB_REGION", "Ireland"),
            ("PULLWATCH_REGIONS", "us-east-1,eu_west_1"),
            ("PULLWATCH_STANDARD", "strict"),
            ("PULLWATCH_OBSERVE", "yes"),
            ("PULLWATCH_MINIMUM_SEVERITY", "INFORMATIONAL"),
            ("PULLWATCH_ALERT_RESOLVED", "no"),
            ("PULLWATCH_OWNER_TAG_KEYS", "owner,#owner"),
            ("PULLWATCH_DEFAULT_OWNER", "a\nb"),
            ("PULLWATCH_OWNER_TOPIC_ARNS", "arn:aws-cn:sns:cn-north-1:111122223333:web"),
            ("PULLWATCH_EXTRA_NODE_ROLE_ARNS", "arn:aws:iam::444455556666:role/other"),
            ("PULLWATCH_REGISTRY_ACCOUNTS", "602401143452,me"),
        ];
        assert!(read(&[("PULLWATCH_REGIONS", " , ")]).unwrap_err().to_string().contains("REGIONS"));
        let error = read(&wrong).unwrap_err();
        assert_eq!(error.0.len(), wrong.len() + 1, "{error}");
        for name in wrong.iter().map(|(name, _)| *name).chain(["PULLWATCH_HOME_REGION"]) {
            assert_eq!(error.to_string().matches(name).count(), 1, "{name}: {error}");
        }
    }
}
