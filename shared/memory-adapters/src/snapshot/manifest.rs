//! `snapshot.json`: of which account the snapshot is, when it was taken, and which listings are
//! complete. It is pullwatch's own file; a snapshot made by hand needs none.

use std::collections::BTreeMap;

use ecr_audit::node_role::{Source, UseKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Snapshot;
use super::folder::File;
use crate::account::Reading;

/// What `snapshot.json` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The account's twelve digits.
    #[serde(default)]
    pub account: String,
    /// `aws`, `aws-cn`, …
    #[serde(default)]
    pub partition: String,
    /// The regions that were read.
    #[serde(default)]
    pub regions: Vec<String>,
    /// When it was taken.
    #[serde(default)]
    pub time: Option<Timestamp>,
    /// The version of pullwatch that took it.
    #[serde(default)]
    pub version: String,
    /// What became of each listing, by its path in the snapshot without `.json`:
    /// `authorization-details`, `eks/eu-west-1/clusters`, `eks/eu-west-1/prod/nodegroups`.
    #[serde(default)]
    pub listings: BTreeMap<String, Listing>,
}

/// What became of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ListingForm")]
pub struct Listing {
    /// Whether it reached its end.
    pub state: ListingState,
    /// Why it did not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Whether a listing reached its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListingState {
    /// It did.
    Complete,
    /// The caller may not list it.
    Denied,
    /// It broke off.
    Failed,
}

/// A listing as somebody may write it by hand: `"complete"`, or an object with its reason.
#[derive(Deserialize)]
#[serde(untagged)]
enum ListingForm {
    Word(ListingState),
    Object {
        #[serde(alias = "status")]
        state: ListingState,
        #[serde(default)]
        reason: String,
    },
}

impl From<ListingForm> for Listing {
    fn from(form: ListingForm) -> Self {
        match form {
            ListingForm::Word(state) => Self { state, reason: String::new() },
            ListingForm::Object { state, reason } => Self { state, reason },
        }
    }
}

impl Snapshot {
    pub(super) fn read_manifest(&mut self, file: &File) {
        let document = match file.document() {
            Ok(document) => document,
            Err(damage) => return self.problem(file, &damage.place, &damage.reason, &[]),
        };
        let manifest: Manifest = match serde_json::from_value(document) {
            Ok(manifest) => manifest,
            Err(error) => return self.problem(file, "", &error.to_string(), &[]),
        };
        if !manifest.account.is_empty() {
            self.account.id.clone_from(&manifest.account);
        }
        if !manifest.partition.is_empty() {
            self.account.partition.clone_from(&manifest.partition);
        }
        for (name, listing) in &manifest.listings {
            let reason = match (listing.state, listing.reason.as_str()) {
                (ListingState::Complete, _) => continue,
                (ListingState::Denied, "") => "was denied".to_owned(),
                (ListingState::Failed, "") => "failed".to_owned(),
                (ListingState::Denied, reason) => format!("was denied: {reason}"),
                (ListingState::Failed, reason) => format!("failed: {reason}"),
            };
            // snapshot.json only tells of it: it is AWS that did not answer, then or just now.
            self.problem_of("", name, &reason, &readings(name));
        }
        self.manifest = Some(manifest);
    }
}

/// What cannot be read where the listing of this name is not complete.
fn readings(name: &str) -> Vec<Reading> {
    let uses = |kind, region: &&str| Reading::Uses(Source::regional(kind, region));
    let repositories = |region: &&str| Reading::RepositoryPolicies((*region).to_owned());
    let registry = |region: &&str| Reading::RegistryPolicy((*region).to_owned());
    let name = name.strip_suffix(".json").unwrap_or(name);
    match &name.trim_matches('/').split('/').collect::<Vec<_>>()[..] {
        ["authorization-details"] => vec![Reading::Roles],
        ["iam", "instance-profiles", ..] => {
            vec![Reading::Uses(Source::global(UseKind::InstanceProfile))]
        }
        ["eks", region, _, "nodegroups", ..] => vec![uses(UseKind::Nodegroup, region)],
        ["eks", region, _, "fargate-profiles", ..] => vec![uses(UseKind::FargateProfile, region)],
        ["eks", region, _, "access-entries", ..] => vec![uses(UseKind::AccessEntry, region)],
        ["eks", region, _, "cluster"] => vec![uses(UseKind::AutoMode, region)],
        ["eks", region, ..] => vec![
            uses(UseKind::Nodegroup, region),
            uses(UseKind::FargateProfile, region),
            uses(UseKind::AccessEntry, region),
            uses(UseKind::AutoMode, region),
        ],
        ["ec2", region, ..] => vec![uses(UseKind::Instance, region)],
        ["ecr", region, "registry-policy" | "account-setting"] => vec![registry(region)],
        ["ecr", region, "repositories" | "repository-policies", ..] => vec![repositories(region)],
        ["ecr", region] => vec![repositories(region), registry(region)],
        _ => Vec::new(),
    }
}
