//! The EKS port over the account.

use async_trait::async_trait;
use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::node_role::{Compute, Sighting, Source, Use, UseKind, UseListing};
use ecr_audit::ports::Eks;
use jiff::Timestamp;

use crate::account::clusters::Cluster;
use crate::account::{Account, Reading, Tags};
use crate::memory_account::MemoryAccount;

/// A node role with the use that makes it one.
type RoleUse = (RoleArn, Use);

/// What EKS lists.
const KINDS: [UseKind; 4] =
    [UseKind::Nodegroup, UseKind::AccessEntry, UseKind::AutoMode, UseKind::FargateProfile];

#[async_trait]
impl Eks for MemoryAccount {
    async fn nodegroup(
        &self,
        region: &str,
        cluster_name: &str,
        nodegroup_name: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        self.one_use(region, cluster_name, UseKind::Nodegroup, |use_, _| {
            use_.name == nodegroup_name
        })
    }

    async fn fargate_profile(
        &self,
        region: &str,
        cluster_name: &str,
        fargate_profile_name: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        self.one_use(region, cluster_name, UseKind::FargateProfile, |use_, _| {
            use_.name == fargate_profile_name
        })
    }

    async fn auto_mode(
        &self,
        region: &str,
        cluster_name: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        self.one_use(region, cluster_name, UseKind::AutoMode, |_, _| true)
    }

    async fn access_entry(
        &self,
        region: &str,
        cluster_name: &str,
        principal_arn: &str,
    ) -> Result<Option<RoleUse>, PortError> {
        self.one_use(region, cluster_name, UseKind::AccessEntry, |_, role_arn| {
            role_arn.as_str() == principal_arn
        })
    }

    async fn cluster_tags(
        &self,
        region: &str,
        cluster_name: &str,
    ) -> Result<Option<Tags>, PortError> {
        let account = self.lock();
        let place = (region.to_owned(), cluster_name.to_owned());
        if let Some(cluster) = account.clusters.get(&place) {
            return Ok(Some(cluster.tags.clone()));
        }
        let source = Source::regional(UseKind::AutoMode, region);
        account.whole(&Reading::Uses(source), "eks:DescribeCluster")?;
        Ok(None)
    }

    async fn uses(&self, region: &str, now: Timestamp) -> UseListing {
        let account = self.lock();
        let sightings = account
            .clusters
            .iter()
            .filter(|((place, _), _)| place == region)
            .flat_map(|((_, name), cluster)| cluster_uses(region, name, cluster))
            .map(|(role_arn, seen)| Sighting { role_arn, seen, at: now });
        listing(&account, KINDS.map(|kind| Source::regional(kind, region)), sightings, now)
    }
}

impl MemoryAccount {
    fn one_use(
        &self,
        region: &str,
        cluster_name: &str,
        kind: UseKind,
        is_it: impl Fn(&Use, &RoleArn) -> bool,
    ) -> Result<Option<RoleUse>, PortError> {
        let account = self.lock();
        let place = (region.to_owned(), cluster_name.to_owned());
        let found = account.clusters.get(&place).and_then(|cluster| {
            cluster_uses(region, cluster_name, cluster)
                .into_iter()
                .find(|(role_arn, seen)| seen.source.kind == kind && is_it(seen, role_arn))
        });
        if found.is_none() {
            let call = match kind {
                UseKind::Nodegroup => "eks:DescribeNodegroup",
                UseKind::AccessEntry => "eks:DescribeAccessEntry",
                UseKind::FargateProfile => "eks:DescribeFargateProfile",
                _ => "eks:DescribeCluster",
            };
            account.whole(&Reading::Uses(Source::regional(kind, region)), call)?;
        }
        Ok(found)
    }
}

/// A listing of these sources: complete, but for those that the account cannot read.
pub(crate) fn listing(
    account: &Account,
    sources: impl IntoIterator<Item = Source>,
    sightings: impl Iterator<Item = Sighting>,
    now: Timestamp,
) -> UseListing {
    let mut listing =
        UseListing { began: Some(now), sightings: sightings.collect(), ..UseListing::default() };
    for source in sources {
        match account.gap(&Reading::Uses(source.clone())) {
            Some(reason) => drop(listing.incomplete.insert(source, reason.to_owned())),
            None => drop(listing.complete.insert(source)),
        }
    }
    listing
}

fn cluster_uses(region: &str, cluster_name: &str, cluster: &Cluster) -> Vec<RoleUse> {
    let one = |kind, name: &str, compute, tags: &Tags| Use {
        source: Source::regional(kind, region),
        cluster_name: Some(cluster_name.to_owned()),
        name: name.to_owned(),
        compute,
        tags: tags.clone(),
        cluster_tags: cluster.tags.clone(),
    };
    let nodegroups = cluster.nodegroups.iter().map(|(name, nodegroup)| {
        let seen = one(UseKind::Nodegroup, name, Compute::Ec2, &nodegroup.tags);
        (nodegroup.node_role.clone(), seen)
    });
    let fargate_profiles = cluster.fargate_profiles.iter().map(|(name, profile)| {
        let seen = one(UseKind::FargateProfile, name, Compute::Fargate, &profile.tags);
        (profile.pod_execution_role.clone(), seen)
    });
    let auto_mode = cluster
        .auto_mode_role
        .iter()
        .map(|role_arn| (role_arn.clone(), one(UseKind::AutoMode, "", Compute::Ec2, &Tags::new())));
    let access_entries = cluster.access_entries.iter().filter_map(|(principal_arn, entry)| {
        let role_arn = RoleArn::parse(principal_arn).ok()?;
        Some((
            role_arn,
            one(
                UseKind::AccessEntry,
                "",
                Compute::of_access_entry(&entry.entry_type)?,
                &entry.tags,
            ),
        ))
    });
    let access_entries = access_entries.filter(|_| !cluster.is_config_map);
    nodegroups.chain(fargate_profiles).chain(auto_mode).chain(access_entries).collect()
}
