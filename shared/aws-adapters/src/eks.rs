//! The EKS port: nodegroups, access entries, Auto Mode and Fargate profiles of any region. A
//! resource in any state counts; one that is gone has no description.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_eks::Client;
use aws_sdk_eks::types::{AuthenticationMode, Cluster};
use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::node_role::{Compute, Sighting, Source, Use, UseKind, UseListing};
use ecr_audit::ports::Eks;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::answer::{answer, found, sent};
use crate::aws::Aws;

/// EKS says by this code that something does not exist.
const ABSENT: &[&str] = &["ResourceNotFoundException"];

/// How many descriptions of one cluster are asked for at once, and how many clusters.
const DESCRIBED_AT_ONCE: usize = 4;
const CLUSTERS_AT_ONCE: usize = 2;

/// What EKS lists.
const KINDS: [UseKind; 4] =
    [UseKind::Nodegroup, UseKind::AccessEntry, UseKind::AutoMode, UseKind::FargateProfile];

type RoleUse = (RoleArn, Use);
type Tags = BTreeMap<String, String>;

/// EKS by the SDK.
#[derive(Clone, Debug)]
pub struct AwsEks {
    aws: Aws,
}

impl AwsEks {
    /// EKS of the connection's account, in whichever region is asked for.
    pub fn new(aws: &Aws) -> Self {
        Self { aws: aws.clone() }
    }

    fn region(&self, region: &str) -> Region {
        let client = Client::new(self.aws.in_region(region).config());
        Region { client, name: region.to_owned() }
    }
}

#[async_trait]
impl Eks for AwsEks {
    async fn nodegroup(
        &self,
        region: &str,
        cluster_name: &str,
        nodegroup_name: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        let region = self.region(region);
        let found = region.nodegroup(cluster_name, nodegroup_name).await?;
        region.with_cluster_tags(found).await
    }

    async fn fargate_profile(
        &self,
        region: &str,
        cluster_name: &str,
        fargate_profile_name: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        let region = self.region(region);
        let found = region.fargate_profile(cluster_name, fargate_profile_name).await?;
        region.with_cluster_tags(found).await
    }

    async fn auto_mode(
        &self,
        region: &str,
        cluster_name: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        let region = self.region(region);
        match region.cluster(cluster_name).await? {
            Some(cluster) => region.auto_mode(cluster_name, &cluster),
            None => Ok(None),
        }
    }

    async fn access_entry(
        &self,
        region: &str,
        cluster_name: &str,
        principal_arn: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        let region = self.region(region);
        let Some(cluster) = region.cluster(cluster_name).await? else {
            return Ok(None);
        };
        if !has_access_entries(&cluster) {
            return Ok(None);
        }
        let found = region.access_entry(cluster_name, principal_arn).await?;
        Ok(found.map(|found| tagged(found, &cluster)))
    }

    async fn cluster_tags(
        &self,
        region: &str,
        cluster_name: &str,
    ) -> Result<Option<BTreeMap<String, String>>, PortError> {
        let cluster = self.region(region).cluster(cluster_name).await?;
        Ok(cluster.map(|cluster| cluster.tags.unwrap_or_default().into_iter().collect()))
    }

    async fn uses(&self, region: &str, now: Timestamp) -> UseListing {
        let region = self.region(region);
        let mut walk = Walk::default();
        match region.cluster_names().await {
            Ok(names) => {
                let walks: Vec<_> = names.iter().map(|name| region.walk(name)).collect();
                let mut walks = stream::iter(walks).buffered(CLUSTERS_AT_ONCE);
                while let Some(other) = walks.next().await {
                    walk.add(other);
                }
            }
            Err(error) => walk.failed_whole(&error),
        }
        walk.listing(&region.name, now)
    }
}

/// EKS in one region.
struct Region {
    client: Client,
    name: String,
}

impl Region {
    async fn cluster_names(&self) -> Result<Vec<String>, PortError> {
        let mut pages = self.client.list_clusters().into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            names.extend(answer("eks:ListClusters", page)?.clusters.unwrap_or_default());
        }
        Ok(names)
    }

    /// Everything that one cluster says of node roles. A part that fails is noted and does not
    /// keep the others from being read.
    async fn walk(&self, cluster_name: &str) -> Walk {
        let mut walk = Walk::default();
        let cluster = match self.cluster(cluster_name).await {
            Ok(Some(cluster)) => cluster,
            // It was deleted since it was listed, and its uses with it.
            Ok(None) => return walk,
            Err(error) => {
                walk.failed_whole(&error);
                return walk;
            }
        };
        match self.auto_mode(cluster_name, &cluster) {
            Ok(found) => walk.found.extend(found),
            Err(error) => walk.failed(UseKind::AutoMode, &error),
        }
        match self.nodegroup_names(cluster_name).await {
            Ok(names) => {
                let each = names.iter().map(|name| self.nodegroup(cluster_name, name)).collect();
                let described = some_at_once(each).await;
                walk.keep(UseKind::Nodegroup, described);
            }
            Err(error) => walk.failed(UseKind::Nodegroup, &error),
        }
        match self.fargate_profile_names(cluster_name).await {
            Ok(names) => {
                let each =
                    names.iter().map(|name| self.fargate_profile(cluster_name, name)).collect();
                let described = some_at_once(each).await;
                walk.keep(UseKind::FargateProfile, described);
            }
            Err(error) => walk.failed(UseKind::FargateProfile, &error),
        }
        if has_access_entries(&cluster) {
            match self.access_entry_roles(cluster_name).await {
                Ok(arns) => {
                    let each =
                        arns.iter().map(|arn| self.access_entry(cluster_name, arn)).collect();
                    let described = some_at_once(each).await;
                    walk.keep(UseKind::AccessEntry, described);
                }
                Err(error) => walk.failed(UseKind::AccessEntry, &error),
            }
        }
        walk.found = walk.found.into_iter().map(|found| tagged(found, &cluster)).collect();
        walk
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>, PortError> {
        let call = "eks:DescribeCluster";
        let described = self.client.describe_cluster().name(name).send().await;
        match found(call, ABSENT, described)? {
            Some(output) => sent(call, "cluster", output.cluster).map(Some),
            None => Ok(None),
        }
    }

    fn auto_mode(
        &self,
        cluster_name: &str,
        cluster: &Cluster,
    ) -> Result<Option<RoleUse>, PortError> {
        let compute_config = cluster.compute_config();
        let is_enabled = compute_config.is_some_and(|config| config.enabled() == Some(true));
        // Auto Mode without node pools of EKS's own has no role here.
        match compute_config.and_then(|config| config.node_role_arn()) {
            Some(arn) if is_enabled => {
                let arn = role_arn("eks:DescribeCluster", arn)?;
                let seen = self.seen(UseKind::AutoMode, cluster_name, "", Compute::Ec2, None);
                Ok(Some(tagged((arn, seen), cluster)))
            }
            _ => Ok(None),
        }
    }

    async fn nodegroup_names(&self, cluster_name: &str) -> Result<Vec<String>, PortError> {
        let mut pages =
            self.client.list_nodegroups().cluster_name(cluster_name).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = found("eks:ListNodegroups", ABSENT, page)? else { break };
            names.extend(page.nodegroups.unwrap_or_default());
        }
        Ok(names)
    }

    async fn nodegroup(
        &self,
        cluster_name: &str,
        name: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        let call = "eks:DescribeNodegroup";
        let described = self
            .client
            .describe_nodegroup()
            .cluster_name(cluster_name)
            .nodegroup_name(name)
            .send()
            .await;
        let Some(output) = found(call, ABSENT, described)? else {
            return Ok(None);
        };
        let nodegroup = sent(call, "nodegroup", output.nodegroup)?;
        let arn = role_arn(call, &sent(call, "nodeRole", nodegroup.node_role)?)?;
        let kind = UseKind::Nodegroup;
        Ok(Some((arn, self.seen(kind, cluster_name, name, Compute::Ec2, nodegroup.tags))))
    }

    async fn fargate_profile_names(&self, cluster_name: &str) -> Result<Vec<String>, PortError> {
        let mut pages =
            self.client.list_fargate_profiles().cluster_name(cluster_name).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = found("eks:ListFargateProfiles", ABSENT, page)? else { break };
            names.extend(page.fargate_profile_names.unwrap_or_default());
        }
        Ok(names)
    }

    async fn fargate_profile(
        &self,
        cluster_name: &str,
        name: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        let call = "eks:DescribeFargateProfile";
        let described = self
            .client
            .describe_fargate_profile()
            .cluster_name(cluster_name)
            .fargate_profile_name(name)
            .send()
            .await;
        let Some(output) = found(call, ABSENT, described)? else {
            return Ok(None);
        };
        let profile = sent(call, "fargateProfile", output.fargate_profile)?;
        let arn = sent(call, "podExecutionRoleArn", profile.pod_execution_role_arn)?;
        let arn = role_arn(call, &arn)?;
        let kind = UseKind::FargateProfile;
        Ok(Some((arn, self.seen(kind, cluster_name, name, Compute::Fargate, profile.tags))))
    }

    /// The roles that have an access entry; users have them too, and are no node roles.
    async fn access_entry_roles(&self, cluster_name: &str) -> Result<Vec<String>, PortError> {
        let mut pages =
            self.client.list_access_entries().cluster_name(cluster_name).into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = found("eks:ListAccessEntries", ABSENT, page)? else { break };
            arns.extend(page.access_entries.unwrap_or_default());
        }
        arns.retain(|arn| RoleArn::parse(arn).is_ok());
        Ok(arns)
    }

    async fn access_entry(
        &self,
        cluster_name: &str,
        principal_arn: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        let call = "eks:DescribeAccessEntry";
        let described = self
            .client
            .describe_access_entry()
            .cluster_name(cluster_name)
            .principal_arn(principal_arn)
            .send()
            .await;
        let Some(output) = found(call, ABSENT, described)? else {
            return Ok(None);
        };
        let entry = sent(call, "accessEntry", output.access_entry)?;
        let Some(compute) = Compute::of_access_entry(&sent(call, "type", entry.r#type)?) else {
            return Ok(None);
        };
        let arn = role_arn(call, &sent(call, "principalArn", entry.principal_arn)?)?;
        let kind = UseKind::AccessEntry;
        Ok(Some((arn, self.seen(kind, cluster_name, "", compute, entry.tags))))
    }

    /// A use without its cluster's tags.
    fn seen(
        &self,
        kind: UseKind,
        cluster_name: &str,
        name: &str,
        compute: Compute,
        tags: Option<HashMap<String, String>>,
    ) -> Use {
        Use {
            source: Source::regional(kind, &self.name),
            cluster_name: Some(cluster_name.to_owned()),
            name: name.to_owned(),
            compute,
            tags: tags.unwrap_or_default().into_iter().collect(),
            cluster_tags: Tags::new(),
        }
    }

    async fn with_cluster_tags(
        &self,
        found: Option<RoleUse>,
    ) -> Result<Option<RoleUse>, PortError> {
        let Some(found) = found else { return Ok(None) };
        let cluster_name = found.1.cluster_name.as_deref().unwrap_or_default();
        Ok(Some(match self.cluster(cluster_name).await? {
            Some(cluster) => tagged(found, &cluster),
            None => found,
        }))
    }
}

/// What a walk over clusters has seen, and which kinds it could not see whole.
#[derive(Default)]
struct Walk {
    found: Vec<RoleUse>,
    failures: BTreeMap<UseKind, String>,
}

impl Walk {
    fn keep(&mut self, kind: UseKind, described: Vec<Result<Option<RoleUse>, PortError>>) {
        for described in described {
            match described {
                Ok(found) => self.found.extend(found),
                Err(error) => self.failed(kind, &error),
            }
        }
    }

    fn failed_whole(&mut self, error: &PortError) {
        for kind in KINDS {
            self.failed(kind, error);
        }
    }

    fn failed(&mut self, kind: UseKind, error: &PortError) {
        self.failures.entry(kind).or_insert_with(|| error.to_string());
    }

    fn add(&mut self, other: Self) {
        self.found.extend(other.found);
        for (kind, reason) in other.failures {
            self.failures.entry(kind).or_insert(reason);
        }
    }

    fn listing(self, region: &str, now: Timestamp) -> UseListing {
        let source = |kind: &UseKind| Source::regional(*kind, region);
        let sighting = |(role_arn, seen)| Sighting { role_arn, seen, at: now };
        let whole = KINDS.iter().filter(|kind| !self.failures.contains_key(kind));
        UseListing {
            began: Some(now),
            complete: whole.map(source).collect(),
            incomplete: self
                .failures
                .iter()
                .map(|(kind, why)| (source(kind), why.clone()))
                .collect(),
            sightings: self.found.into_iter().map(sighting).collect(),
        }
    }
}

/// Waits for descriptions, some at once, in their order.
async fn some_at_once<F>(descriptions: Vec<F>) -> Vec<Result<Option<RoleUse>, PortError>>
where
    F: Future<Output = Result<Option<RoleUse>, PortError>>,
{
    stream::iter(descriptions).buffered(DESCRIBED_AT_ONCE).collect().await
}

/// A cluster that authenticates by ConfigMap alone has no access entries and refuses to list them.
/// <https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html>
fn has_access_entries(cluster: &Cluster) -> bool {
    let mode = cluster.access_config().and_then(|config| config.authentication_mode());
    mode != Some(&AuthenticationMode::ConfigMap)
}

fn tagged((role_arn, seen): RoleUse, cluster: &Cluster) -> RoleUse {
    let tags = cluster.tags().into_iter().flatten();
    let cluster_tags = tags.map(|(key, value)| (key.clone(), value.clone())).collect();
    (role_arn, Use { cluster_tags, ..seen })
}

fn role_arn(call: &str, arn: &str) -> Result<RoleArn, PortError> {
    RoleArn::parse(arn).map_err(|error| PortError::lasting(call, error))
}
