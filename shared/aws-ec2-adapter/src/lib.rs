//! The EC2 port of `ecr-audit` kept by AWS: the instances that are tagged for a cluster. Apart
//! from `aws-adapters`, because the SDK of EC2 is larger than all others together: only the sweep
//! and the command line link it.

pub mod snapshot;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::iter::successors;

use async_trait::async_trait;
use aws_config::{Region, SdkConfig};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{Filter, Instance};
use ecr_audit::error::PortError;
use ecr_audit::node_role::cluster_names;
use ecr_audit::ports::{ClusterInstances, Ec2};

const CALL: &str = "ec2:DescribeInstances";

/// Every state but terminated: a stopped instance wears its role again when it is started.
const STATES: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

/// The tags that bind an instance to a cluster.
const TAG_KEYS: [&str; 2] = ["kubernetes.io/cluster/*", "eks:cluster-name"];

/// How many instances a page holds: the most that EC2 gives. Without it, EC2 tries to answer with
/// all at once, which takes long and fills the memory of a function.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>
const INSTANCES_AT_ONCE: i32 = 1000;

/// EC2 by the SDK.
#[derive(Clone, Debug)]
pub struct AwsEc2 {
    config: SdkConfig,
}

impl AwsEc2 {
    /// EC2 of this connection's account, in whichever region is asked for.
    pub fn new(config: &SdkConfig) -> Self {
        Self { config: config.clone() }
    }

    fn client(&self, region: &str) -> Client {
        let region = Region::new(region.to_owned());
        Client::new(&self.config.to_builder().region(region).build())
    }
}

#[async_trait]
impl Ec2 for AwsEc2 {
    async fn cluster_instances(&self, region: &str) -> Result<Vec<ClusterInstances>, PortError> {
        let mut pages = self
            .client(region)
            .describe_instances()
            .filters(filter("instance-state-name", &STATES))
            .filters(filter("tag-key", &TAG_KEYS))
            .into_paginator()
            .page_size(INSTANCES_AT_ONCE)
            .send();
        let mut found = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let reservations = page.map_err(|error| failure(CALL, &error))?.reservations;
            for reservation in reservations.unwrap_or_default() {
                found.extend(reservation.instances().iter().flat_map(cluster_instances));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html>
    async fn enabled_regions(&self, region: &str) -> Result<Vec<String>, PortError> {
        let described = self.client(region).describe_regions().send().await;
        let output = described.map_err(|error| failure("ec2:DescribeRegions", &error))?;
        let regions = output.regions.unwrap_or_default().into_iter();
        let mut names: Vec<String> = regions.filter_map(|region| region.region_name).collect();
        names.sort();
        Ok(names)
    }
}

fn filter(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// One entry for each cluster that the instance's tags name.
fn cluster_instances(instance: &Instance) -> Vec<ClusterInstances> {
    let Some(profile_arn) = instance.iam_instance_profile().and_then(|profile| profile.arn())
    else {
        return Vec::new();
    };
    let tags: BTreeMap<String, String> = instance
        .tags()
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect();
    cluster_names(&tags)
        .into_iter()
        .map(|cluster_name| ClusterInstances {
            cluster_name,
            instance_profile_arn: profile_arn.to_owned(),
        })
        .collect()
}

/// As `aws-adapters` tells failures apart.
fn failure<E>(call: &str, error: &SdkError<E>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(refusal) => {
            let error = refusal.err();
            let status = refusal.raw().status().as_u16();
            if let Some(code) = error.code() {
                PortError::answered(call, status, code, error.message().unwrap_or_default())
            } else {
                // Not EC2's words: a proxy's page, or an answer that the SDK cannot read.
                PortError::answered(
                    call,
                    status,
                    &format!("HTTP status {status}"),
                    &in_words(error),
                )
            }
        }
        // The SDK refuses to ask this.
        SdkError::ConstructionFailure(_) => PortError::lasting(call, in_words(error)),
        // Nothing was heard, or half of it: the network, a timeout, missing credentials.
        _ => PortError::transient(call, in_words(error)),
    }
}

/// An error with what led to it. The SDK's own form would show the insides of its types.
fn in_words(error: &(dyn Error + 'static)) -> String {
    let chain = successors(Some(error), |error| (*error).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
