//! The regions in which a role's repositories may lie.

use std::collections::BTreeSet;

use crate::assess::RoleState;
use crate::settings::Settings;

/// The regions of each partition where ECR and EKS answer, in the order of their names.
/// Source: botocore's endpoints.json, 1.44, October 2026.
const REGIONS: [(&str, &[&str]); 6] = [
    (
        "aws",
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
    ("aws-cn", &["cn-north-1", "cn-northwest-1"]),
    ("aws-us-gov", &["us-gov-east-1", "us-gov-west-1"]),
    ("aws-iso", &["us-iso-east-1", "us-iso-west-1"]),
    ("aws-iso-b", &["us-isob-east-1"]),
    ("aws-iso-f", &["us-isof-east-1", "us-isof-south-1"]),
];

/// Every region of the partition, those with clusters first, then the home region.
pub fn regions(state: &RoleState<'_>, settings: &Settings) -> Vec<String> {
    let of_partition = REGIONS
        .iter()
        .find(|(partition, _)| *partition == state.role.role_arn.partition())
        .map_or(&[][..], |(_, regions)| *regions);
    let mut regions: Vec<String> = Vec::new();
    let preferred = with_clusters(state).into_iter().chain([settings.home_region.as_str()]);
    let watched = settings.regions.iter().map(String::as_str);
    for region in preferred.chain(watched).chain(of_partition.iter().copied()) {
        if !region.is_empty() && !regions.iter().any(|known| known == region) {
            regions.push(region.to_owned());
        }
    }
    regions
}

/// The regions in which nodes of the role were seen.
pub fn with_clusters<'state>(state: &RoleState<'state>) -> BTreeSet<&'state str> {
    state.uses.iter().filter_map(|seen| seen.source.region.as_deref()).collect()
}
