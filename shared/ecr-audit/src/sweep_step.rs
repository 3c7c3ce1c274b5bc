//! A sweep in steps. Each is one message of the sweep's queue and one invocation, so that none
//! has to hold or finish the whole account. Between them, the ledger keeps how far the sweep has
//! come and what each place told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;
use crate::node_role::UseListing;
use crate::ports::ClusterInstances;

/// One step, as the queue carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum SweepStep {
    /// Finds out which places there are to list. While another sweep is under way, a new one is
    /// only noted and begins after it.
    Begin {
        /// Why there is to be a sweep.
        reason: String,
        /// How many sweeps before this one met failures that it is to make up for.
        #[serde(default)]
        attempt: u32,
    },
    /// Lists one place into the ledger.
    List {
        /// The sweep's id.
        sweep: String,
        /// What is listed.
        place: Place,
    },
    /// Reads the roles of IAM, from a marker on, and assesses those that are node roles.
    Assess {
        /// The sweep's id.
        sweep: String,
        /// Where IAM's list goes on; absent for its beginning.
        #[serde(default)]
        marker: Option<String>,
    },
    /// Reads the findings back, sends the digests, and notes that the sweep is complete.
    Finish {
        /// The sweep's id.
        sweep: String,
    },
}

/// What one listing step lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The uses, repository policies and registry policy of one region.
    Region(String),
    /// The instance profiles of IAM.
    InstanceProfiles,
}

/// How far the latest sweep has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRun {
    /// The sweep's id.
    pub id: String,
    /// How many sweeps before this one met failures that it is to make up for.
    pub attempt: u32,
    /// When it was last heard of.
    pub touched: Timestamp,
    /// The places that are still to be listed.
    pub pending: BTreeSet<Place>,
    /// What could not be read or assessed.
    pub failures: Vec<String>,
    /// Why another sweep was asked for meanwhile, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// Whether its last step is done.
    pub ended: bool,
}

/// A part of what a place told, small enough for one item of the ledger, or the roles that one
/// invocation has assessed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepPart {
    /// The sweep that it belongs to.
    pub sweep: String,
    /// Unique within the sweep; the next sweep's part of that name replaces this one.
    pub name: String,
    /// What was listed.
    #[serde(default)]
    pub listed: Listed,
    /// The roles that were assessed, by their ledger keys.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assessed: BTreeSet<String>,
}

/// What the listings of one or many places told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The uses, but for those of instances.
    pub uses: UseListing,
    /// The instances by region: their roles are found by their instance profiles.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<String, InstancesListed>,
    /// The roles that instance profiles hold, by the profiles' ARNs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub profile_roles: BTreeMap<String, RoleArn>,
}

/// The instances of one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstancesListed {
    /// When the listing began.
    pub at: Timestamp,
    /// The instances that are tagged for a cluster.
    pub instances: Vec<ClusterInstances>,
}

/// After how long without a sign a sweep counts as dead: a step's message comes again after an
/// hour and a half.
const DEAD_AFTER: SignedDuration = SignedDuration::from_hours(4);

/// How many failures a run keeps; the log has them all.
const FAILURES_KEPT: usize = 50;

/// How many bytes of JSON a part has at most; an item of DynamoDB has 400 KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const PART_BYTES: usize = 300_000;

impl SweepStep {
    /// The step that begins a sweep.
    pub fn begin(reason: &str) -> Self {
        Self::Begin { reason: reason.to_owned(), attempt: 0 }
    }
}

impl SweepRun {
    /// A sweep that has just begun.
    pub fn new(id: &str, attempt: u32, places: BTreeSet<Place>, now: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            attempt,
            touched: now,
            pending: places,
            failures: Vec::new(),
            again: None,
            ended: false,
        }
    }

    /// Whether steps of it are still to come.
    pub fn is_under_way(&self, now: Timestamp) -> bool {
        !self.ended && now.duration_since(self.touched) < DEAD_AFTER
    }

    /// The steps that come next: the places that are still to be listed, else the assessments.
    pub fn next_steps(&self) -> Vec<SweepStep> {
        if self.ended {
            return Vec::new();
        }
        if self.pending.is_empty() {
            return vec![SweepStep::Assess { sweep: self.id.clone(), marker: None }];
        }
        let list = |place: &Place| SweepStep::List { sweep: self.id.clone(), place: place.clone() };
        self.pending.iter().map(list).collect()
    }

    /// Keeps what failed.
    pub fn note_failures(&mut self, failures: impl IntoIterator<Item = String>) {
        for failure in failures {
            if self.failures.len() < FAILURES_KEPT && !self.failures.contains(&failure) {
                self.failures.push(failure);
            }
        }
    }
}

impl Place {
    /// The name of the place's parts.
    pub fn name(&self) -> String {
        match self {
            Self::Region(region) => format!("region/{region}"),
            Self::InstanceProfiles => "instance-profiles".to_owned(),
        }
    }
}

impl Listed {
    /// Adds what another place told.
    pub fn merge(&mut self, other: Self) {
        self.uses.merge(other.uses);
        for (region, listed) in other.instances {
            match self.instances.get_mut(&region) {
                Some(known) => known.instances.extend(listed.instances),
                None => drop(self.instances.insert(region, listed)),
            }
        }
        self.profile_roles.extend(other.profile_roles);
    }

    /// The parts of it, each small enough for an item of the ledger.
    pub fn into_parts(self, sweep: &str, name: &str) -> Vec<SweepPart> {
        let mut parts = Parts::new(sweep, name);
        let UseListing { began, sightings, complete, incomplete } = self.uses;
        let first = &mut parts.current.listed.uses;
        *first = UseListing { began, sightings: Vec::new(), complete, incomplete };
        for sighting in sightings {
            parts.put(&sighting).listed.uses.sightings.push(sighting);
        }
        for (region, InstancesListed { at, instances }) in self.instances {
            // A region without instances is a region that was listed.
            let nothing = || InstancesListed { at, instances: Vec::new() };
            parts.current.listed.instances.insert(region.clone(), nothing());
            for instance in instances {
                let part = parts.put(&instance);
                let of_region = part.listed.instances.entry(region.clone());
                of_region.or_insert_with(nothing).instances.push(instance);
            }
        }
        for (arn, role_arn) in self.profile_roles {
            let part = parts.put(&(&arn, &role_arn));
            part.listed.profile_roles.insert(arn, role_arn);
        }
        parts.done()
    }
}

/// Parts that are being filled.
struct Parts {
    full: Vec<SweepPart>,
    current: SweepPart,
    bytes: usize,
}

impl Parts {
    fn new(sweep: &str, name: &str) -> Self {
        let part =
            SweepPart { sweep: sweep.to_owned(), name: name.to_owned(), ..SweepPart::default() };
        Self { full: Vec::new(), current: part, bytes: 0 }
    }

    /// The part that has room for one more entry.
    fn put(&mut self, entry: &impl Serialize) -> &mut SweepPart {
        let bytes = serde_json::to_string(entry).map_or(0, |json| json.len() + 1);
        if self.bytes + bytes > PART_BYTES {
            let next = SweepPart {
                sweep: self.current.sweep.clone(),
                name: self.current.name.clone(),
                ..SweepPart::default()
            };
            self.full.push(std::mem::replace(&mut self.current, next));
            self.bytes = 0;
        }
        self.bytes += bytes;
        &mut self.current
    }

    fn done(mut self) -> Vec<SweepPart> {
        self.full.push(self.current);
        for (number, part) in self.full.iter_mut().enumerate() {
            part.name = format!("{}/{number:04}", part.name);
        }
        self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_role::{Compute, Sighting, Source, Use, UseKind};

    /// A use with all the tags that a nodegroup and its cluster can have.
    fn sighting(number: usize) -> Sighting {
        let tags = |mark: &str| -> BTreeMap<String, String> {
            (0..50).map(|tag| (format!("{mark}-{tag:0>126}"), "v".repeat(256))).collect()
        };
        Sighting {
            role_arn: RoleArn::parse("arn:aws:iam::111122223333:role/eks/workers").unwrap(),
            seen: Use {
                source: Source::regional(UseKind::Nodegroup, "eu-west-1"),
                cluster_name: Some("prod".to_owned()),
                name: format!("workers-{number}"),
                compute: Compute::Ec2,
                tags: tags("a"),
                cluster_tags: tags("b"),
            },
            at: "2026-01-16T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn parts_fit_into_items_and_together_are_the_whole() {
        let mut listed = Listed::default();
        listed.uses.sightings = (0..40).map(sighting).collect();
        listed.uses.complete.insert(Source::regional(UseKind::Nodegroup, "eu-west-1"));
        listed.uses.incomplete.insert(Source::global(UseKind::Instance), "denied".to_owned());
        let at = "2026-01-16T10:00:00Z".parse().unwrap();
        let profile =
            |number: usize| format!("arn:aws:iam::111122223333:instance-profile/p{number}");
        let instances = (0..3000)
            .map(|number| ClusterInstances {
                cluster_name: "prod".to_owned(),
                instance_profile_arn: profile(number),
            })
            .collect();
        listed.instances.insert("eu-west-1".to_owned(), InstancesListed { at, instances });
        listed.instances.insert("us-east-1".to_owned(), InstancesListed { at, instances: vec![] });
        let role_arn = RoleArn::parse("arn:aws:iam::111122223333:role/eks/workers").unwrap();
        listed.profile_roles =
            (0..3000).map(|number| (profile(number), role_arn.clone())).collect();

        let parts = listed.clone().into_parts("a1", "region/eu-west-1");
        assert!(parts.len() > 5, "{} parts", parts.len());
        let names: BTreeSet<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names.len(), parts.len(), "no part takes another's place");
        let mut whole = Listed::default();
        for part in parts {
            let bytes = serde_json::to_string(&part).unwrap().len();
            assert!(bytes < 390_000, "{} has {bytes} bytes", part.name);
            whole.merge(part.listed);
        }
        assert_eq!(whole, listed);
    }
}
