//! What `template.yaml` tells a function: the settings, and where its parts are.

use std::collections::BTreeMap;

use ecr_audit::settings::{Settings, SettingsError};

/// The names of the stack's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// What the operators chose.
    pub settings: Settings,
    /// The DynamoDB table.
    pub ledger_table: String,
    /// The topic of the owners.
    pub alert_topic_arn: String,
    /// The topic of the operators.
    pub operators_topic_arn: String,
    /// The queue that wakes the sweep.
    pub sweep_queue_url: String,
    /// The queue that the function reads.
    pub queue_url: String,
}

impl Environment {
    /// Reads the variables of a function. One error names every mistake.
    pub fn from_pairs(
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let pairs: BTreeMap<String, String> = pairs.into_iter().collect();
        let mut mistakes = Vec::new();
        let mut required = |name: &str| match pairs.get(name).map(|value| value.trim()) {
            Some(value) if !value.is_empty() => value.to_owned(),
            _ => {
                mistakes.push(format!("{name} is not set"));
                String::new()
            }
        };
        let ledger_table = required("PULLWATCH_LEDGER_TABLE");
        let alert_topic_arn = required("PULLWATCH_ALERT_TOPIC_ARN");
        let operators_topic_arn = required("PULLWATCH_OPERATORS_TOPIC_ARN");
        let sweep_queue_url = required("PULLWATCH_SWEEP_QUEUE_URL");
        let queue_url = required("PULLWATCH_QUEUE_URL");
        match Settings::from_pairs(pairs) {
            Ok(settings) if mistakes.is_empty() => Ok(Self {
                settings,
                ledger_table,
                alert_topic_arn,
                operators_topic_arn,
                sweep_queue_url,
                queue_url,
            }),
            Ok(_) => Err(SettingsError(mistakes)),
            Err(SettingsError(others)) => {
                mistakes.extend(others);
                Err(SettingsError(mistakes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 7] = [
        ("PULLWATCH_ACCOUNT", "111122223333"),
        ("PULLWATCH_HOME_REGION", "us-east-1"),
        ("PULLWATCH_LEDGER_TABLE", "pullwatch-ledger"),
        ("PULLWATCH_ALERT_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:alerts"),
        ("PULLWATCH_OPERATORS_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:operators"),
        ("PULLWATCH_SWEEP_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/111122223333/sweep"),
        ("PULLWATCH_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/111122223333/iam"),
    ];

    fn read(pairs: &[(&str, &str)]) -> Result<Environment, SettingsError> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Environment::from_pairs(pairs)
    }

    #[test]
    fn a_whole_environment_is_read_with_its_settings() {
        let environment = read(&WHOLE).unwrap();
        assert_eq!(
            environment,
            Environment {
                settings: Settings::for_account("111122223333", "aws", "us-east-1"),
                ledger_table: WHOLE[2].1.to_owned(),
                alert_topic_arn: WHOLE[3].1.to_owned(),
                operators_topic_arn: WHOLE[4].1.to_owned(),
                sweep_queue_url: WHOLE[5].1.to_owned(),
                queue_url: WHOLE[6].1.to_owned(),
            }
        );
    }

    #[test]
    fn each_missing_or_empty_variable_is_named() {
        for index in 0..WHOLE.len() {
            let (name, _) = WHOLE[index];
            let without: Vec<_> = WHOLE.into_iter().filter(|(key, _)| *key != name).collect();
            let mut empty = WHOLE;
            empty[index].1 = " ";
            for pairs in [&without[..], &empty[..]] {
                let SettingsError(mistakes) = read(pairs).unwrap_err();
                assert_eq!(mistakes.len(), 1, "{mistakes:?}");
                assert!(mistakes[0].contains(name), "{mistakes:?}");
            }
        }
    }

    #[test]
    fn one_error_names_every_mistake() {
        let error = read(&[
            ("PULLWATCH_ACCOUNT", "1111"),
            ("PULLWATCH_OBSERVE", "perhaps"),
            ("PULLWATCH_ALERT_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:alerts"),
        ])
        .unwrap_err();
        assert_eq!(error.0.len(), 7, "{error}");
        for name in [
            "PULLWATCH_LEDGER_TABLE",
            "PULLWATCH_OPERATORS_TOPIC_ARN",
            "PULLWATCH_SWEEP_QUEUE_URL",
            "PULLWATCH_QUEUE_URL",
            "PULLWATCH_ACCOUNT",
            "PULLWATCH_HOME_REGION",
            "PULLWATCH_OBSERVE",
        ] {
            assert!(error.to_string().contains(name), "{name}: {error}");
        }
    }
}
