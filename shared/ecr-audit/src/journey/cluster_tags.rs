//! Clusters whose tags became others -> the roles of all nodes in them, for a cluster's tags name
//! owners where neither the role's nor the nodegroup's do.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::PortError;
use crate::ledger::{Record, RecordedUse};
use crate::node_role::{Source, Use, UseKind};
use crate::ports::Ports;
use crate::settings::Settings;
use crate::tags_read::tags_read;

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterPlace {
    /// Where it is.
    pub region: String,
    /// Its name, which is unique in its region.
    pub cluster_name: String,
}

/// The tags of clusters, as they were read.
pub type ClusterTags = BTreeMap<ClusterPlace, BTreeMap<String, String>>;

/// The kinds of use that come with their cluster's tags.
const KINDS: [UseKind; 4] =
    [UseKind::Nodegroup, UseKind::AccessEntry, UseKind::AutoMode, UseKind::FargateProfile];

impl ClusterPlace {
    /// Whether EKS shows a use in this cluster.
    fn has(&self, seen: &Use) -> bool {
        let is_in_region = |kind| seen.source == Source::regional(kind, &self.region);
        seen.cluster_name.as_ref() == Some(&self.cluster_name)
            && KINDS.into_iter().any(is_in_region)
    }
}

/// Reads the tags of clusters. One that is gone has none.
pub async fn cluster_tags(
    ports: &Ports<'_>,
    clusters: &BTreeSet<ClusterPlace>,
) -> Result<ClusterTags, PortError> {
    let mut all = ClusterTags::new();
    for cluster in clusters {
        let tags = ports.eks.cluster_tags(&cluster.region, &cluster.cluster_name).await?;
        all.extend(tags.map(|tags| (cluster.clone(), tags)));
    }
    Ok(all)
}

/// Whether a role runs nodes in a cluster that had other tags when they were recorded, as far as
/// anybody reads them.
pub fn has_other_tags(
    record: &Record,
    cluster: &ClusterPlace,
    tags: &BTreeMap<String, String>,
    settings: &Settings,
) -> bool {
    let tags = tags_read(tags, settings);
    let mut uses = record.uses.iter().map(|recorded| &recorded.seen);
    uses.any(|seen| cluster.has(seen) && seen.cluster_tags != tags)
}

/// The uses with the tags that their clusters have now.
pub fn with_cluster_tags(
    uses: &[RecordedUse],
    tags: &ClusterTags,
    settings: &Settings,
) -> Vec<RecordedUse> {
    let mut uses = uses.to_vec();
    for recorded in &mut uses {
        let cluster = tags.iter().find(|(cluster, _)| cluster.has(&recorded.seen));
        if let Some((_, tags)) = cluster {
            recorded.seen.cluster_tags = tags_read(tags, settings);
        }
    }
    uses
}
