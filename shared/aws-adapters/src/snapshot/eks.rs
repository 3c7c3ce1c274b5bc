//! EKS's part of a snapshot: clusters, nodegroups, Fargate profiles and access entries of a
//! region. A resource in any state is saved; one that went since it was listed is left out.

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{
    AccessConfigResponse, AccessEntry, AuthenticationMode, Cluster, ComputeConfigResponse,
    FargateProfile, Nodegroup,
};
use ecr_audit::error::PortError;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::error::SaveError;
use super::names::Names;
use super::printed::{date, object, tag_map};
use super::{Listings, Place};
use crate::answer::{answer, found, sent};

/// EKS says by this code that something does not exist.
const ABSENT: &[&str] = &["ResourceNotFoundException"];

/// How many descriptions of one cluster are asked for at once.
const DESCRIBED_AT_ONCE: usize = 4;

/// What a description holds, or that the resource is gone.
type Described = Result<Option<Value>, PortError>;

/// Saves every cluster of a region with what belongs to it.
pub(super) async fn save(
    place: &Place<'_>,
    listings: &mut Listings,
    reading: &(dyn Fn(&str) + Sync),
) -> Result<(), SaveError> {
    reading("clusters");
    let client = &Client::new(place.aws.config());
    let clusters = cluster_names(client).await;
    let mut folders = Names::default();
    for name in clusters.iter().flatten() {
        reading(&format!("cluster {name}"));
        let cluster = OneCluster { client, name, place, folder: &folders.unique(name) };
        cluster.save(listings).await?;
    }
    listings.note(format!("eks/{}/clusters", place.region), clusters.map(drop));
    Ok(())
}

/// A cluster that is being saved.
struct OneCluster<'a> {
    client: &'a Client,
    name: &'a str,
    place: &'a Place<'a>,
    /// Its folder's name.
    folder: &'a str,
}

impl OneCluster<'_> {
    async fn save(&self, listings: &mut Listings) -> Result<(), SaveError> {
        let cluster = match cluster(self.client, self.name).await {
            // It was deleted since it was listed, and all that belonged to it.
            Ok(None) => return Ok(()),
            Ok(Some(cluster)) => Some(cluster),
            Err(error) => {
                listings.note(self.listing("cluster"), Err(error));
                None
            }
        };
        self.save_each(
            "nodegroups",
            nodegroup_names(self.client, self.name).await,
            async |name| nodegroup(self.client, self.name, &name).await,
            listings,
        )
        .await?;
        self.save_each(
            "fargate-profiles",
            fargate_profile_names(self.client, self.name).await,
            async |name| fargate_profile(self.client, self.name, &name).await,
            listings,
        )
        .await?;
        if cluster.as_ref().is_none_or(has_access_entries) {
            self.save_each(
                "access-entries",
                principal_arns(self.client, self.name).await,
                async |arn| access_entry(self.client, self.name, &arn).await,
                listings,
            )
            .await?;
        }
        if let Some(cluster) = cluster {
            let printed = json!({ "cluster": printed_cluster(cluster) });
            self.place
                .folder
                .write(&["eks", self.place.region, self.folder, "cluster.json"], &printed)?;
            listings.note(self.listing("cluster"), Ok(()));
        }
        Ok(())
    }

    /// Saves what a list names, a file each. One description that fails leaves the listing
    /// incomplete, with the others in it.
    async fn save_each(
        &self,
        listing: &str,
        names: Result<Vec<String>, PortError>,
        describe: impl AsyncFn(String) -> Described,
        listings: &mut Listings,
    ) -> Result<(), SaveError> {
        let names = match names {
            Ok(names) => names,
            Err(error) => {
                listings.note(self.listing(listing), Err(error));
                return Ok(());
            }
        };
        let mut files = Names::default();
        let describe = &describe;
        let mut described = stream::iter(names)
            .map(|name| async move { (describe(name.clone()).await, name) })
            .buffered(DESCRIBED_AT_ONCE);
        while let Some((printed, name)) = described.next().await {
            match printed {
                Ok(Some(printed)) => {
                    // The last part of an access entry's ARN is its role's name.
                    let short = name.rsplit('/').next().unwrap_or(&name);
                    let file = format!("{}.json", files.unique(short));
                    let path = ["eks", self.place.region, self.folder, listing, &file];
                    self.place.folder.write(&path, &printed)?;
                }
                Ok(None) => {}
                Err(error) => listings.note(self.listing(listing), Err(error)),
            }
        }
        listings.note(self.listing(listing), Ok(()));
        Ok(())
    }

    fn listing(&self, name: &str) -> String {
        format!("eks/{}/{}/{name}", self.place.region, self.folder)
    }
}

/// A cluster that authenticates by ConfigMap alone has no access entries and refuses to list them.
/// <https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html>
fn has_access_entries(cluster: &Cluster) -> bool {
    let mode = cluster.access_config().and_then(|config| config.authentication_mode());
    mode != Some(&AuthenticationMode::ConfigMap)
}

async fn cluster_names(client: &Client) -> Result<Vec<String>, PortError> {
    let mut pages = client.list_clusters().into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        names.extend(answer("eks:ListClusters", page)?.clusters.unwrap_or_default());
    }
    Ok(names)
}

async fn cluster(client: &Client, name: &str) -> Result<Option<Cluster>, PortError> {
    let call = "eks:DescribeCluster";
    let described = client.describe_cluster().name(name).send().await;
    match found(call, ABSENT, described)? {
        Some(output) => sent(call, "cluster", output.cluster).map(Some),
        None => Ok(None),
    }
}

async fn nodegroup_names(client: &Client, cluster: &str) -> Result<Vec<String>, PortError> {
    let mut pages = client.list_nodegroups().cluster_name(cluster).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let Some(page) = found("eks:ListNodegroups", ABSENT, page)? else { break };
        names.extend(page.nodegroups.unwrap_or_default());
    }
    Ok(names)
}

async fn nodegroup(client: &Client, cluster: &str, name: &str) -> Described {
    let call = "eks:DescribeNodegroup";
    let described =
        client.describe_nodegroup().cluster_name(cluster).nodegroup_name(name).send().await;
    let Some(output) = found(call, ABSENT, described)? else { return Ok(None) };
    let nodegroup = sent(call, "nodegroup", output.nodegroup)?;
    Ok(Some(json!({ "nodegroup": printed_nodegroup(nodegroup) })))
}

async fn fargate_profile_names(client: &Client, cluster: &str) -> Result<Vec<String>, PortError> {
    let mut pages = client.list_fargate_profiles().cluster_name(cluster).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let Some(page) = found("eks:ListFargateProfiles", ABSENT, page)? else { break };
        names.extend(page.fargate_profile_names.unwrap_or_default());
    }
    Ok(names)
}

async fn fargate_profile(client: &Client, cluster: &str, name: &str) -> Described {
    let call = "eks:DescribeFargateProfile";
    let described = client
        .describe_fargate_profile()
        .cluster_name(cluster)
        .fargate_profile_name(name)
        .send()
        .await;
    let Some(output) = found(call, ABSENT, described)? else { return Ok(None) };
    let profile = sent(call, "fargateProfile", output.fargate_profile)?;
    Ok(Some(json!({ "fargateProfile": printed_fargate_profile(profile) })))
}

async fn principal_arns(client: &Client, cluster: &str) -> Result<Vec<String>, PortError> {
    let mut pages = client.list_access_entries().cluster_name(cluster).into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        let Some(page) = found("eks:ListAccessEntries", ABSENT, page)? else { break };
        arns.extend(page.access_entries.unwrap_or_default());
    }
    Ok(arns)
}

async fn access_entry(client: &Client, cluster: &str, principal_arn: &str) -> Described {
    let call = "eks:DescribeAccessEntry";
    let described =
        client.describe_access_entry().cluster_name(cluster).principal_arn(principal_arn);
    let Some(output) = found(call, ABSENT, described.send().await)? else { return Ok(None) };
    let entry = sent(call, "accessEntry", output.access_entry)?;
    Ok(Some(json!({ "accessEntry": printed_access_entry(entry) })))
}

fn printed_cluster(cluster: Cluster) -> Value {
    let status = cluster.status.map(|status| status.as_str().to_owned());
    object([
        ("name", cluster.name.into()),
        ("arn", cluster.arn.into()),
        ("createdAt", date(cluster.created_at)),
        ("version", cluster.version.into()),
        ("roleArn", cluster.role_arn.into()),
        ("status", status.into()),
        ("platformVersion", cluster.platform_version.into()),
        ("accessConfig", cluster.access_config.map_or(Value::Null, access_config)),
        ("computeConfig", cluster.compute_config.map_or(Value::Null, compute_config)),
        ("tags", tag_map(cluster.tags)),
    ])
}

fn access_config(config: AccessConfigResponse) -> Value {
    let mode = config.authentication_mode.map(|mode| mode.as_str().to_owned());
    object([("authenticationMode", mode.into())])
}

fn compute_config(config: ComputeConfigResponse) -> Value {
    object([
        ("enabled", config.enabled.into()),
        ("nodePools", config.node_pools.into()),
        ("nodeRoleArn", config.node_role_arn.into()),
    ])
}

fn printed_nodegroup(nodegroup: Nodegroup) -> Value {
    let status = nodegroup.status.map(|status| status.as_str().to_owned());
    object([
        ("nodegroupName", nodegroup.nodegroup_name.into()),
        ("nodegroupArn", nodegroup.nodegroup_arn.into()),
        ("clusterName", nodegroup.cluster_name.into()),
        ("createdAt", date(nodegroup.created_at)),
        ("modifiedAt", date(nodegroup.modified_at)),
        ("status", status.into()),
        ("instanceTypes", nodegroup.instance_types.into()),
        ("nodeRole", nodegroup.node_role.into()),
        ("tags", tag_map(nodegroup.tags)),
    ])
}

fn printed_fargate_profile(profile: FargateProfile) -> Value {
    let status = profile.status.map(|status| status.as_str().to_owned());
    object([
        ("fargateProfileName", profile.fargate_profile_name.into()),
        ("fargateProfileArn", profile.fargate_profile_arn.into()),
        ("clusterName", profile.cluster_name.into()),
        ("createdAt", date(profile.created_at)),
        ("podExecutionRoleArn", profile.pod_execution_role_arn.into()),
        ("status", status.into()),
        ("tags", tag_map(profile.tags)),
    ])
}

fn printed_access_entry(entry: AccessEntry) -> Value {
    object([
        ("clusterName", entry.cluster_name.into()),
        ("principalArn", entry.principal_arn.into()),
        ("kubernetesGroups", entry.kubernetes_groups.into()),
        ("accessEntryArn", entry.access_entry_arn.into()),
        ("createdAt", date(entry.created_at)),
        ("modifiedAt", date(entry.modified_at)),
        ("tags", tag_map(entry.tags)),
        ("username", entry.username.into()),
        ("type", entry.r#type.into()),
    ])
}
