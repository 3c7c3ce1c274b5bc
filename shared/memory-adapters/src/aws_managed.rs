//! The AWS managed policies that node roles carry, embedded with their source and date. IAM's
//! own answer always comes before this copy.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static POLICIES: LazyLock<BTreeMap<String, AwsManagedPolicy>> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!("../data/aws-managed-policies.json"))
        .expect("the embedded AWS managed policies are valid JSON");
    file.policies
        .into_iter()
        .map(|entry| {
            let document = entry.document.to_string();
            let policy =
                AwsManagedPolicy { version: entry.version, document, date: file.date.clone() };
            (entry.arn, policy)
        })
        .collect()
});

/// The default version of an AWS managed policy, as it was on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsManagedPolicy {
    /// Such as `v3`.
    pub version: String,
    /// The document as JSON text.
    pub document: String,
    /// Year and month of the copy.
    pub date: String,
}

#[derive(Deserialize)]
struct File {
    date: String,
    policies: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    arn: String,
    version: String,
    document: serde_json::Value,
}

/// The embedded policy with this ARN. A policy of another partition than `aws` is not among them:
/// its document may differ.
pub fn aws_managed_policy(arn: &str) -> Option<&'static AwsManagedPolicy> {
    POLICIES.get(arn)
}

/// Every embedded policy with its ARN.
pub fn aws_managed_policies() -> impl Iterator<Item = (&'static str, &'static AwsManagedPolicy)> {
    POLICIES.iter().map(|(arn, policy)| (arn.as_str(), policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_of_a_node_are_there() {
        let worker = aws_managed_policy("arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy");
        assert_eq!(worker.map(|policy| policy.version.as_str()), Some("v3"));
        assert!(aws_managed_policies().count() >= 25);
        assert!(
            aws_managed_policy("arn:aws-cn:iam::aws:policy/AmazonEKSWorkerNodePolicy").is_none()
        );
    }
}
