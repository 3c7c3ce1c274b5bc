//! Why an IAM role is a node role: its uses, where each was seen, and which listing would show
//! that one has ended.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;

/// Why a role is a node role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Use {
    /// Where the use was seen. With `cluster_name` and `name` it identifies the use.
    pub source: Source,
    /// The cluster, where the use belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// The nodegroup, Fargate profile or instance profile; empty for an access entry, Auto Mode
    /// and a role named in the settings.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What runs with the role's credentials.
    pub compute: Compute,
    /// Tags of the nodegroup, profile or entry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Tags of the cluster.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cluster_tags: BTreeMap<String, String>,
}

/// A kind of use in one region: what one complete listing covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// What is listed.
    pub kind: UseKind,
    /// Where it is listed; absent for IAM and the settings, which have no region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// The kinds of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UseKind {
    /// A managed nodegroup's `nodeRole`.
    Nodegroup,
    /// An access entry of a node type.
    AccessEntry,
    /// An Auto Mode cluster's `computeConfig.nodeRoleArn`.
    AutoMode,
    /// A Fargate profile's `podExecutionRoleArn`.
    FargateProfile,
    /// An EC2 instance tagged for a cluster, through its instance profile.
    Instance,
    /// An instance profile tagged for a cluster.
    InstanceProfile,
    /// A role named in the settings.
    Settings,
}

/// What runs with a role's credentials; it decides which context keys its requests carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compute {
    /// EC2 instances: the credentials carry `ec2:*` keys.
    Ec2,
    /// Fargate: no instance profile, no `ec2:*` keys.
    Fargate,
    /// Hybrid nodes: no instance profile, no `ec2:*` keys.
    Hybrid,
    /// Not known.
    Unknown,
}

/// A use that somebody saw, with the role that it makes a node role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The node role.
    pub role_arn: RoleArn,
    /// Why it is one.
    #[serde(rename = "use")]
    pub seen: Use,
    /// When the read that saw it began.
    pub at: Timestamp,
}

/// One walk over the sources of uses: what was seen, and which sources were listed completely.
/// A source that is not among the complete ones ends no use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseListing {
    /// When the walk began; absent where nothing was walked.
    pub began: Option<Timestamp>,
    /// Every use that was seen.
    pub sightings: Vec<Sighting>,
    /// The sources that answered on every page.
    pub complete: BTreeSet<Source>,
    /// The sources that did not, with the reason.
    #[serde(default, with = "pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub incomplete: BTreeMap<Source, String>,
}

/// JSON takes no map whose keys are more than text.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Source;

    pub fn serialize<S: Serializer>(
        reasons: &BTreeMap<Source, String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(reasons)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Source, String>, D::Error> {
        let pairs = Vec::<(Source, String)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

impl Compute {
    /// What runs with the role of an access entry of this type; `None` for a type that is no
    /// node's, such as `STANDARD`.
    /// <https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html>
    pub fn of_access_entry(entry_type: &str) -> Option<Self> {
        match entry_type {
            "EC2" | "EC2_LINUX" | "EC2_WINDOWS" => Some(Self::Ec2),
            "FARGATE_LINUX" => Some(Self::Fargate),
            "HYBRID_LINUX" => Some(Self::Hybrid),
            // SageMaker runs these instances: which keys their credentials carry is not documented.
            "HYPERPOD_LINUX" => Some(Self::Unknown),
            _ => None,
        }
    }
}

/// The clusters that tags name: `kubernetes.io/cluster/NAME` as key, or `eks:cluster-name`.
/// <https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html>
pub fn cluster_names(tags: &BTreeMap<String, String>) -> BTreeSet<String> {
    tags.iter()
        .filter_map(|(key, value)| match key.strip_prefix("kubernetes.io/cluster/") {
            Some(name) => Some(name.to_owned()),
            None => (key == "eks:cluster-name").then(|| value.clone()),
        })
        .filter(|name| !name.is_empty())
        .collect()
}

impl UseKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Nodegroup,
        Self::AccessEntry,
        Self::AutoMode,
        Self::FargateProfile,
        Self::Instance,
        Self::InstanceProfile,
        Self::Settings,
    ];

    /// Whether it is listed region by region.
    pub const fn is_regional(self) -> bool {
        !matches!(self, Self::InstanceProfile | Self::Settings)
    }

    /// The kind in words: `nodegroup`, `access entry`, …
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Nodegroup => "nodegroup",
            Self::AccessEntry => "access entry",
            Self::AutoMode => "Auto Mode",
            Self::FargateProfile => "Fargate profile",
            Self::Instance => "instances",
            Self::InstanceProfile => "instance profile",
            Self::Settings => "settings",
        }
    }
}

impl Source {
    /// A kind of use that has a region.
    pub fn regional(kind: UseKind, region: &str) -> Self {
        Self { kind, region: Some(region.to_owned()) }
    }

    /// A kind of use that has none.
    pub const fn global(kind: UseKind) -> Self {
        Self { kind, region: None }
    }
}

impl Use {
    /// Whether both tell of the same use, whatever its tags and compute were at the time.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.source == other.source
            && self.cluster_name == other.cluster_name
            && self.name == other.name
    }
}

impl UseListing {
    /// Adds what another walk saw. The earlier beginning holds for both.
    pub fn merge(&mut self, other: Self) {
        self.began = match (self.began, other.began) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        self.sightings.extend(other.sightings);
        self.complete.extend(other.complete);
        self.incomplete.extend(other.incomplete);
        self.complete.retain(|source| !self.incomplete.contains_key(source));
    }
}
