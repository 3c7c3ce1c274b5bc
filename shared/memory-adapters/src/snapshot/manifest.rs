//! `snapshot.json`: of which account the snapshot is, when it was taken, and which listings are
//! complete. It is pullwatch's own file; a snapshot made by hand needs none.

use std::collections::BTreeMap;

use ecr_audit::node_role::{Source, UseKind};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Snapshot;
use super::folder::File;
use crate::account::Reading;
use crate::error::SnapshotError;

/// What `snapshot.json` holds. It is read field by field: what is wrong with one hides no other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The account's twelve digits; empty where it is not told.
    pub account: String,
    /// `aws`, `aws-cn`, …; empty where it is not told.
    pub partition: String,
    /// The regions that were read.
    pub regions: Vec<String>,
    /// When it was taken.
    pub time: Option<Timestamp>,
    /// The version of pullwatch that took it.
    pub version: String,
    /// What became of each listing, by its path in the snapshot without `.json`:
    /// `authorization-details`, `eks/eu-west-1/clusters`, `eks/eu-west-1/prod/nodegroups`.
    pub listings: BTreeMap<String, Listing>,
}

/// What became of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Whether it reached its end.
    pub state: ListingState,
    /// Why it did not.
    pub reason: String,
}

/// Whether a listing reached its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingState {
    /// It did.
    Complete,
    /// The caller may not list it.
    Denied,
    /// It broke off.
    Failed,
}

impl Snapshot {
    /// Reads what the file says. Without a part of it that can be read, no listing is known to be
    /// complete; an account that is none, or not the one of the roles, ends the reading.
    pub(super) fn read_manifest(&mut self, file: &File) -> Result<(), SnapshotError> {
        let fields = match file.document() {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => {
                self.tells_nothing(file, "", "is not a JSON object");
                return Ok(());
            }
            Err(damage) => {
                self.tells_nothing(file, &damage.place, &damage.reason);
                return Ok(());
            }
        };
        let manifest = Manifest {
            account: self.told(
                "account",
                &fields,
                is_account,
                "expected twelve digits in quotes",
            )?,
            partition: self.told("partition", &fields, is_partition, "expected such as aws-cn")?,
            regions: self.regions_told(file, &fields),
            time: self.time_told(file, &fields),
            version: fields.get("version").and_then(Value::as_str).unwrap_or_default().to_owned(),
            listings: self.listings_told(file, &fields),
        };
        let account = &mut self.account;
        for (held, told) in
            [(&mut account.id, &manifest.account), (&mut account.partition, &manifest.partition)]
        {
            if held.is_empty() {
                held.clone_from(told);
            }
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
        Ok(())
    }

    /// What should tell which listings are complete cannot be read.
    fn tells_nothing(&mut self, file: &File, place: &str, reason: &str) {
        let reason = format!("{reason}; so no listing is known to be complete");
        self.problem(file, place, &reason, &[Reading::Everything]);
    }

    /// A name of the account, which the roles have told already: whoever writes another one here
    /// has mixed two accounts up.
    fn told(
        &self,
        field: &'static str,
        fields: &Map<String, Value>,
        is_one: fn(&str) -> bool,
        expected: &'static str,
    ) -> Result<String, SnapshotError> {
        let value = match fields.get(field) {
            None | Some(Value::Null) => return Ok(String::new()),
            Some(Value::String(text)) if text.is_empty() => return Ok(String::new()),
            Some(Value::String(text)) if is_one(text) => text,
            Some(other) => {
                return Err(SnapshotError::NoName { field, found: bare(other), expected });
            }
        };
        let of_roles = if field == "account" { &self.account.id } else { &self.account.partition };
        if of_roles.is_empty() || of_roles == value {
            return Ok(value.clone());
        }
        let (told, of_roles) = (value.clone(), of_roles.clone());
        Err(SnapshotError::OtherAccount { field, told, of_roles })
    }

    fn regions_told(&mut self, file: &File, fields: &Map<String, Value>) -> Vec<String> {
        let regions = match fields.get("regions") {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(regions)) => {
                regions.iter().map(|region| region.as_str().map(str::to_owned)).collect()
            }
            Some(_) => None,
        };
        regions.unwrap_or_else(|| {
            let reason = "is no list of regions: expected such as [\"eu-west-1\"]";
            self.tells_nothing(file, "regions", reason);
            Vec::new()
        })
    }

    /// A time that cannot be read takes nothing away: it is only the clock's.
    fn time_told(&mut self, file: &File, fields: &Map<String, Value>) -> Option<Timestamp> {
        let value = fields.get("time").filter(|value| !value.is_null())?;
        let time = value.as_str().and_then(|text| text.parse().ok());
        if time.is_none() {
            let reason = format!(
                "`{}` is no time: expected a time such as 2026-01-15T10:00:00Z",
                bare(value)
            );
            self.problem(file, "time", &reason, &[]);
        }
        time
    }

    fn listings_told(
        &mut self,
        file: &File,
        fields: &Map<String, Value>,
    ) -> BTreeMap<String, Listing> {
        match fields.get("listings") {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(Value::Object(listings)) => {
                listings.iter().map(|(name, form)| (name.clone(), Listing::read(form))).collect()
            }
            Some(_) => {
                let reason = "is no JSON object of listings";
                self.tells_nothing(file, "listings", reason);
                BTreeMap::new()
            }
        }
    }
}

impl Listing {
    /// A listing as somebody may write it by hand: `"complete"`, or an object with its reason. One
    /// that cannot be read is not known to be complete, so it failed.
    fn read(form: &Value) -> Self {
        let state = form.get("state").or_else(|| form.get("status")).unwrap_or(form);
        let reason = form["reason"].as_str().unwrap_or_default().to_owned();
        match state.as_str() {
            Some("complete") => Self { state: ListingState::Complete, reason },
            Some("denied") => Self { state: ListingState::Denied, reason },
            Some("failed") => Self { state: ListingState::Failed, reason },
            _ if state.is_object() => Self::unreadable("has no state"),
            _ => Self::unreadable(&format!("`{}` is no state", bare(state))),
        }
    }

    fn unreadable(what: &str) -> Self {
        let reason = format!("snapshot.json: {what}: expected complete, denied or failed");
        Self { state: ListingState::Failed, reason }
    }
}

/// A value as it is told: a text without its quotes.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_partition(text: &str) -> bool {
    text.starts_with("aws")
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// What a file could have told that nothing reads. Outside of a region's folder, that is anything.
pub(super) fn readings_of_file(name: &str) -> Vec<Reading> {
    match name.split('/').collect::<Vec<_>>()[..] {
        [_] | ["eks" | "ec2" | "ecr", _] => vec![Reading::Everything],
        _ => readings(name),
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
        ["iam", ..] => {
            vec![Reading::Roles, Reading::Uses(Source::global(UseKind::InstanceProfile))]
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
        ["ecr", _, "tags", ..] | ["organizations", ..] => Vec::new(),
        ["ecr", region, ..] => vec![repositories(region), registry(region)],
        // Nobody knows what is missing.
        _ => vec![Reading::Everything],
    }
}
