//! What a sweep's places told, in parts that fit into items of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;
use crate::instance_profile::ClusterInstances;
use crate::node_role::UseListing;

/// How many bytes of JSON a part has at most; an item of DynamoDB has 400 KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const PART_BYTES: usize = 300_000;

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
