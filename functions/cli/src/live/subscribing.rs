//! A subscription -> SNS of the account of the current credentials.

use aws_adapters::snapshot::caller::{Caller, connect};
use aws_adapters::subscriptions;
use ecr_audit::subscription::Subscription;
use ecr_audit::topic_arn::TopicArn;

use super::advice::refused;
use super::waiting::wait_for;
use crate::error::CliError;
use crate::settings::home_region;

/// The topic of the one stack of the account, which is in the home region of its IAM.
pub fn alert_topic() -> Result<TopicArn, CliError> {
    wait_for(async {
        let aws = connect().await;
        let Caller { account, partition } = Caller::of(&aws).await.map_err(refused)?;
        let region = home_region(&partition);
        let topics = subscriptions::alert_topics(&aws.in_region(region)).await.map_err(refused)?;
        match &topics[..] {
            [] => Err(CliError::NoTopic { account, region: region.to_owned() }),
            [topic] => Ok(topic.clone()),
            _ => Err(CliError::ManyTopics(topics.into_iter().map(String::from).collect())),
        }
    })?
}

/// Makes the subscription; its ARN.
pub fn subscribe(subscription: &Subscription) -> Result<String, CliError> {
    wait_for(async {
        subscriptions::subscribe(&connect().await, subscription).await.map_err(refused)
    })?
}
