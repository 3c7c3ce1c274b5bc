//! The SNS topics: the owners', those of their own, and the operators'.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use ecr_audit::alert::Alert;
use ecr_audit::error::PortError;
use ecr_audit::message::{Attribute, SnsMessage, alert_message, digest_message};
use ecr_audit::ports::Topics;
use ecr_audit::topic_arn::TopicArn;

use crate::answer::answer;
use crate::aws::Aws;

const CALL: &str = "sns:Publish";

/// The topics by the SDK.
#[derive(Clone, Debug)]
pub struct AwsTopics {
    aws: Aws,
    client: Client,
    alert_topic_arn: String,
    operators_topic_arn: String,
}

impl AwsTopics {
    /// These topics, both of the connection's region.
    pub fn new(aws: &Aws, alert_topic_arn: &str, operators_topic_arn: &str) -> Self {
        Self {
            aws: aws.clone(),
            client: Client::new(aws.config()),
            alert_topic_arn: alert_topic_arn.to_owned(),
            operators_topic_arn: operators_topic_arn.to_owned(),
        }
    }

    /// Publishes to the owners' own topic, in its region, or to the stack's.
    async fn publish(
        &self,
        topic: Option<&TopicArn>,
        message: SnsMessage,
    ) -> Result<(), PortError> {
        let client = match topic {
            Some(topic) => Client::new(self.aws.in_region(topic.region()).config()),
            None => Client::clone(&self.client),
        };
        let published = client
            .publish()
            .topic_arn(topic.map_or(self.alert_topic_arn.as_str(), TopicArn::as_str))
            .subject(message.subject)
            .message(message.message)
            .message_structure("json")
            .set_message_attributes(Some(attributes(&message.attributes)?))
            .send()
            .await;
        answer(CALL, published).map(drop)
    }
}

#[async_trait]
impl Topics for AwsTopics {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        self.publish(alert.topic.as_ref(), alert_message(alert)).await
    }

    async fn digest(&self, owner: &str, alerts: &[Alert]) -> Result<(), PortError> {
        let topic = alerts.first().and_then(|alert| alert.topic.as_ref());
        self.publish(topic, digest_message(owner, alerts)).await
    }

    async fn operators(&self, subject: &str, text: &str) -> Result<(), PortError> {
        let published = self
            .client
            .publish()
            .topic_arn(&self.operators_topic_arn)
            .subject(subject)
            .message(text)
            .send()
            .await;
        answer(CALL, published).map(drop)
    }
}

fn attributes(
    attributes: &BTreeMap<String, Attribute>,
) -> Result<HashMap<String, MessageAttributeValue>, PortError> {
    // SNS refuses an attribute without a value, such as that of a tag without one.
    let valued = attributes.iter().filter(|(_, value)| **value != Attribute::Text(String::new()));
    let encoded = valued.map(|(name, value)| {
        let (data_type, value) = match value {
            Attribute::Text(text) => ("String", text.clone()),
            Attribute::List(list) => ("String.Array", serde_json::json!(list).to_string()),
        };
        let value =
            MessageAttributeValue::builder().data_type(data_type).string_value(value).build();
        value.map(|value| (name.clone(), value)).map_err(|error| PortError::lasting(CALL, error))
    });
    encoded.collect()
}
