//! The ARN of an SNS topic. Its region is where the topic is called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The ARN of a standard topic: `arn:PARTITION:sns:REGION:ACCOUNT:NAME`. A FIFO topic is none:
/// nobody can subscribe to one by e-mail.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicArn(String);

/// What is wrong with a text that should be a topic's ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the ARN of a standard SNS topic; expected arn:PARTITION:sns:REGION:ACCOUNT:NAME"
)]
pub struct NotATopicArn(String);

impl TopicArn {
    /// Reads the ARN of a topic.
    pub fn parse(text: &str) -> Result<Self, NotATopicArn> {
        let fields: Vec<&str> = text.split(':').collect();
        let is_word = |word: &str, also: &[u8]| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
        };
        let valid = matches!(
            fields[..],
            ["arn", partition, "sns", region, account, name]
                if is_word(partition, b"-")
                    && is_word(region, b"-")
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && name.len() <= 256
                    && is_word(name, b"-_")
        );
        if valid { Ok(Self(text.to_owned())) } else { Err(NotATopicArn(text.to_owned())) }
    }

    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        self.field(1)
    }

    /// Where the topic is.
    pub fn region(&self) -> &str {
        self.field(3)
    }

    /// The name, without what is before it.
    pub fn name(&self) -> &str {
        self.field(5)
    }

    fn field(&self, index: usize) -> &str {
        self.0.split(':').nth(index).unwrap_or_default()
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl TryFrom<String> for TopicArn {
    type Error = NotATopicArn;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<TopicArn> for String {
    fn from(topic_arn: TopicArn) -> Self {
        topic_arn.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_knows_its_region_and_name() {
        let topic = TopicArn::parse("arn:aws-cn:sns:cn-north-1:111122223333:team_a-1").unwrap();
        assert_eq!(topic.partition(), "aws-cn");
        assert_eq!(topic.region(), "cn-north-1");
        assert_eq!(topic.name(), "team_a-1");
    }

    #[test]
    fn what_is_no_standard_topic_is_refused() {
        for text in [
            "",
            "payments",
            "arn:aws:sqs:us-east-1:111122223333:payments",
            "arn:aws:sns::111122223333:payments",
            "arn:aws:sns:us-east-1:1111:payments",
            "arn:aws:sns:us-east-1:111122223333:",
            "arn:aws:sns:us-east-1:111122223333:payments.fifo",
            "arn:aws:sns:us-east-1:111122223333:*",
            "arn:aws:sns:us-east-1:111122223333:payments:6b0e71bd-7e97-4d97-80ce-4a0994e55286",
            " arn:aws:sns:us-east-1:111122223333:payments",
        ] {
            assert!(TopicArn::parse(text).is_err(), "{text}");
        }
    }
}
