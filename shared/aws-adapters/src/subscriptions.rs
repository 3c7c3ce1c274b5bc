//! The subscriptions to the alerts' topic, made at a desk.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>

use std::collections::HashMap;

use aws_sdk_sns::Client;
use ecr_audit::error::PortError;
use ecr_audit::subscription::Subscription;
use ecr_audit::topic_arn::TopicArn;

use crate::answer::{answer, sent};
use crate::aws::Aws;

/// CloudFormation makes a topic's name of the stack's, the topic's in `template.yaml`, and letters
/// of its own.
const NAME_IN_STACK: &str = "-AlertTopic-";

/// Makes a subscription, and answers with its ARN. Made again with the same filter, it is the one
/// that is there.
pub async fn subscribe(aws: &Aws, subscription: &Subscription) -> Result<String, PortError> {
    let call = "sns:Subscribe";
    let attributes = subscription.attributes().map(|(name, value)| (name.to_owned(), value));
    let aws = aws.in_region(subscription.topic().region());
    let client = Client::new(aws.config());
    let made = client
        .subscribe()
        .topic_arn(subscription.topic().as_str())
        .protocol(subscription.subscriber().protocol())
        .endpoint(subscription.subscriber().endpoint())
        .set_attributes(Some(HashMap::from(attributes)))
        .return_subscription_arn(true)
        .send()
        .await;
    sent(call, "SubscriptionArn", answer(call, made)?.subscription_arn)
}

/// The topics of alerts in the connection's region, one for each stack of pullwatch.
pub async fn alert_topics(aws: &Aws) -> Result<Vec<TopicArn>, PortError> {
    let client = Client::new(aws.config());
    let mut pages = client.list_topics().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let topics = answer("sns:ListTopics", page)?.topics.unwrap_or_default();
        let topics = topics.iter().filter_map(|topic| TopicArn::parse(topic.topic_arn()?).ok());
        found.extend(topics.filter(|topic| topic.name().contains(NAME_IN_STACK)));
    }
    Ok(found)
}
