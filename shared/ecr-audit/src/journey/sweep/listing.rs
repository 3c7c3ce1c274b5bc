//! The first steps of a sweep: what each region and IAM's instance profiles tell of uses.

use std::collections::BTreeMap;

use crate::arn::RoleArn;
use crate::journey::affected::settings_sighting;
use crate::node_role::{Compute, Sighting, Source, Use, UseKind, UseListing};
use crate::ports::{ClusterInstances, Ec2, InstanceProfile, Ports};
use crate::settings::Settings;
use crate::sweep_part::{InstancesListed, Listed};

/// Every use in the account, with the sources that answered on every page.
pub async fn list_uses(ports: &Ports<'_>, ec2: &dyn Ec2, settings: &Settings) -> UseListing {
    let mut listed = list_instance_profiles(ports).await;
    for region in &settings.regions {
        listed.merge(list_region(ports, ec2, region).await);
    }
    uses_of(ports, settings, listed).await
}

/// What EKS and EC2 tell of one region.
pub async fn list_region(ports: &Ports<'_>, ec2: &dyn Ec2, region: &str) -> Listed {
    let now = ports.clock.now();
    let mut listed = Listed { uses: ports.eks.uses(region, now).await, ..Listed::default() };
    match ec2.cluster_instances(region).await {
        Ok(instances) => {
            let instances = InstancesListed { at: now, instances };
            listed.instances.insert(region.to_owned(), instances);
        }
        Err(error) => {
            let source = Source::regional(UseKind::Instance, region);
            listed.uses.incomplete.insert(source, error.to_string());
        }
    }
    listed
}

/// What IAM tells of instance profiles: those tagged for a cluster are uses, and all lead from
/// instances to roles.
pub async fn list_instance_profiles(ports: &Ports<'_>) -> Listed {
    let now = ports.clock.now();
    let source = Source::global(UseKind::InstanceProfile);
    let mut listed = Listed::default();
    listed.uses.began = Some(now);
    match ports.iam.instance_profiles().await {
        Ok(profiles) => {
            let uses = profiles.iter().flat_map(InstanceProfile::uses);
            listed.uses.sightings =
                uses.map(|(role_arn, seen)| Sighting { role_arn, seen, at: now }).collect();
            listed.uses.complete.insert(source);
            listed.profile_roles = profiles
                .into_iter()
                .filter_map(|profile| Some((profile.arn, profile.role_arn?)))
                .collect();
        }
        Err(error) => drop(listed.uses.incomplete.insert(source, error.to_string())),
    }
    listed
}

/// All uses, those of instances and of the settings among them.
pub async fn uses_of(ports: &Ports<'_>, settings: &Settings, listed: Listed) -> UseListing {
    let now = ports.clock.now();
    let mut uses = listed.uses;
    let mut roles: BTreeMap<String, Option<RoleArn>> =
        listed.profile_roles.into_iter().map(|(arn, role_arn)| (arn, Some(role_arn))).collect();
    for (region, listed) in listed.instances {
        uses.merge(instance_uses(ports, &region, listed, &mut roles).await);
    }
    for role_arn in &settings.extra_node_role_arns {
        uses.sightings.push(settings_sighting(role_arn, now));
    }
    uses.complete.insert(Source::global(UseKind::Settings));
    uses
}

/// Instances know their instance profile, and only IAM knows the profile's role.
async fn instance_uses(
    ports: &Ports<'_>,
    region: &str,
    listed: InstancesListed,
    roles: &mut BTreeMap<String, Option<RoleArn>>,
) -> UseListing {
    let source = Source::regional(UseKind::Instance, region);
    let mut uses = UseListing { began: Some(listed.at), ..UseListing::default() };
    for ClusterInstances { cluster_name, instance_profile_arn } in listed.instances {
        let name = instance_profile_arn.rsplit('/').next().unwrap_or_default().to_owned();
        // A profile that is on no list was made since, or could not be listed.
        if !roles.contains_key(&instance_profile_arn) {
            match ports.iam.instance_profile(&name).await {
                Ok(profile) => {
                    let role_arn = profile.and_then(|profile| profile.role_arn);
                    roles.insert(instance_profile_arn.clone(), role_arn);
                }
                Err(error) => {
                    uses.incomplete.insert(source.clone(), error.to_string());
                    continue;
                }
            }
        }
        if let Some(Some(role_arn)) = roles.get(&instance_profile_arn) {
            let seen = Use {
                source: source.clone(),
                cluster_name: Some(cluster_name),
                name,
                compute: Compute::Ec2,
                tags: BTreeMap::new(),
                cluster_tags: BTreeMap::new(),
            };
            uses.sightings.push(Sighting { role_arn: role_arn.clone(), seen, at: listed.at });
        }
    }
    if uses.incomplete.is_empty() {
        uses.complete.insert(source);
    }
    uses
}

/// The listings that did not answer on every page, in words.
pub fn unlisted(uses: &UseListing) -> Vec<String> {
    let in_words = |(source, reason): (&Source, &String)| {
        let place = source.region.as_deref().map(|region| format!(" in {region}"));
        format!("{}{}: {reason}", source.kind.in_words(), place.unwrap_or_default())
    };
    uses.incomplete.iter().map(in_words).collect()
}
