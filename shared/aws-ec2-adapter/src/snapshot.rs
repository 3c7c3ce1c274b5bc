//! EC2's part of a snapshot, as the AWS CLI prints it: the instances that are tagged for a
//! cluster, and which regions there are to read.

use aws_sdk_ec2::types::{IamInstanceProfile, Instance, InstanceState, InstanceStateName, Tag};
use ecr_audit::error::PortError;
use serde_json::{Value, json};

use crate::{AwsEc2, INSTANCES_AT_ONCE, STATES, TAG_KEYS, failure, filter};

impl AwsEc2 {
    /// `describe-instances` of those that are tagged for a cluster, its pages put together.
    pub async fn printed_instances(&self, region: &str) -> Result<Value, PortError> {
        let mut pages = self
            .client(region)
            .describe_instances()
            .filters(filter("instance-state-name", &STATES))
            .filters(filter("tag-key", &TAG_KEYS))
            .into_paginator()
            .page_size(INSTANCES_AT_ONCE)
            .send();
        let mut reservations = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure("ec2:DescribeInstances", &error))?;
            for reservation in page.reservations.unwrap_or_default() {
                let instances: Vec<Value> = reservation.instances().iter().map(instance).collect();
                reservations.push(json!({
                    "ReservationId": reservation.reservation_id,
                    "OwnerId": reservation.owner_id,
                    "Instances": instances,
                }));
            }
        }
        Ok(json!({ "Reservations": reservations }))
    }
}

fn instance(instance: &Instance) -> Value {
    let mut printed = json!({
        "InstanceId": instance.instance_id,
        "State": instance.state.as_ref().map(state),
        "Tags": instance.tags().iter().map(tag).collect::<Vec<_>>(),
    });
    if let Some(profile) = &instance.iam_instance_profile {
        printed["IamInstanceProfile"] = instance_profile(profile);
    }
    printed
}

fn state(state: &InstanceState) -> Value {
    json!({ "Name": state.name.as_ref().map(InstanceStateName::as_str) })
}

fn instance_profile(profile: &IamInstanceProfile) -> Value {
    json!({ "Arn": profile.arn, "Id": profile.id })
}

fn tag(tag: &Tag) -> Value {
    json!({ "Key": tag.key, "Value": tag.value.as_deref().unwrap_or_default() })
}
