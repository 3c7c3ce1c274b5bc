//! Changes -> the roles they touch, each once, with everything that the batch tells of it.

mod by_ledger;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::arn::{RoleArn, RoleName};
use crate::change::{Change, ProfileEffect, ReportedChange};
use crate::error::PortError;
use crate::journey::Arrival;
use crate::journey::cluster_tags::ClusterPlace;
use crate::journey::registry_changes::{PolicyPlace, Replaced};
use crate::journey::role::RoleTask;
use crate::node_role::{Compute, Sighting, Source, Use, UseKind};
use crate::ports::{InstanceProfile, Ports, Versioned};
use crate::settings::Settings;
use crate::sweep_step::SweepStep;
use crate::visibility::{Expectation, ExpectedEffect, FRESH, shows_profile};

/// What a batch touches.
pub struct Affected {
    /// The roles, each once.
    pub tasks: Vec<RoleTask>,
    /// The policies of repositories and registries that became others.
    pub replaced: Vec<Replaced>,
    /// The messages that could not be followed, with the reason.
    pub failed: BTreeMap<String, String>,
}

/// Follows every change of every message to the roles it touches.
pub async fn affected(ports: &Ports<'_>, settings: &Settings, arrivals: &[Arrival]) -> Affected {
    let mut batch = Batch {
        ports,
        settings,
        tasks: BTreeMap::new(),
        policies: BTreeMap::new(),
        clusters: BTreeMap::new(),
        records: None,
        failed: BTreeMap::new(),
    };
    for arrival in arrivals {
        for reported in &arrival.changes {
            if let Err(reason) = batch.follow(arrival, reported).await {
                batch.failed.entry(arrival.message_id.clone()).or_insert(reason);
            }
        }
    }
    let replaced = batch.follow_policies().await;
    batch.follow_clusters().await;
    Affected { tasks: batch.tasks.into_values().collect(), replaced, failed: batch.failed }
}

/// A message with one of its changes.
type Told<'batch> = (&'batch Arrival, &'batch ReportedChange);

struct Batch<'batch> {
    ports: &'batch Ports<'batch>,
    settings: &'batch Settings,
    tasks: BTreeMap<String, RoleTask>,
    /// The policies of repositories and registries that were named, each with what names it.
    policies: BTreeMap<PolicyPlace, Vec<Told<'batch>>>,
    /// The clusters that were named, each with what names it.
    clusters: BTreeMap<ClusterPlace, Vec<Told<'batch>>>,
    /// Every record, once it was asked for.
    records: Option<Arc<Vec<Versioned>>>,
    /// The messages that could not be followed, with the reason.
    failed: BTreeMap<String, String>,
}

impl<'batch> Batch<'batch> {
    async fn follow(
        &mut self,
        arrival: &'batch Arrival,
        reported: &'batch ReportedChange,
    ) -> Result<(), String> {
        self.lead(arrival, reported).await.map_err(|error| match error {
            Lost::Port(error) => error.to_string(),
            Lost::TooFresh(what) => format!("{what} is not visible yet"),
        })
    }

    async fn lead(
        &mut self,
        arrival: &'batch Arrival,
        reported: &'batch ReportedChange,
    ) -> Result<(), Lost> {
        let now = self.ports.clock.now();
        match &reported.change {
            Change::Role { role_name, effect } => {
                let expected = ExpectedEffect::Role(effect.clone());
                self.touch(role_name, arrival, reported, Some(expected));
            }
            Change::ManagedPolicy { policy_arn, default_version } => {
                let role_names = self.ports.iam.roles_with_policy(policy_arn).await?;
                for role_name in role_names {
                    let expected =
                        default_version.as_ref().map(|version| ExpectedEffect::PolicyVersion {
                            policy_arn: policy_arn.clone(),
                            version: version.clone(),
                        });
                    self.touch(&role_name, arrival, reported, expected);
                }
            }
            Change::InstanceProfile { instance_profile_name, role_name, effect } => {
                let profile = self.ports.iam.instance_profile(instance_profile_name).await?;
                let is_shown = effect.as_ref().is_none_or(|effect| {
                    shows_profile(profile.as_ref(), effect, role_name.as_ref())
                });
                if !is_shown && is_fresh(arrival, reported, now) {
                    let what =
                        format!("the change to the instance profile {instance_profile_name}");
                    return Err(Lost::TooFresh(what));
                }
                let is_new = *effect == Some(ProfileEffect::RoleAdded);
                for (role_arn, seen) in profile.iter().flat_map(InstanceProfile::uses) {
                    let sighting = Sighting { role_arn, seen, at: now };
                    self.sight(arrival, reported, sighting, is_new);
                }
                if let Some(role_name) = role_name {
                    self.touch(role_name, arrival, reported, None);
                }
            }
            Change::Nodegroup { region, cluster_name, nodegroup_name, role_arn } => {
                let found = self.ports.eks.nodegroup(region, cluster_name, nodegroup_name).await?;
                self.found(arrival, reported, now, found, role_arn.as_ref(), "CreateNodegroup")?;
            }
            Change::FargateProfile { region, cluster_name, fargate_profile_name, role_arn } => {
                let found = self
                    .ports
                    .eks
                    .fargate_profile(region, cluster_name, fargate_profile_name)
                    .await?;
                self.found(
                    arrival,
                    reported,
                    now,
                    found,
                    role_arn.as_ref(),
                    "CreateFargateProfile",
                )?;
            }
            Change::Cluster { region, cluster_name, role_arn } => {
                let found = self.ports.eks.auto_mode(region, cluster_name).await?;
                // Whoever names the role has switched Auto Mode on, or keeps it so.
                let creates = if role_arn.is_some() { &reported.event.name } else { "" };
                self.found(arrival, reported, now, found, role_arn.as_ref(), creates)?;
                self.name_cluster(region, cluster_name, (arrival, reported));
            }
            Change::AccessEntry { region, cluster_name, principal_arn } => {
                let found =
                    self.ports.eks.access_entry(region, cluster_name, principal_arn).await?;
                let role_arn = RoleArn::parse(principal_arn).ok();
                // An entry of another type is no use, so its absence says nothing of lag.
                let creates = if found.is_some() { "CreateAccessEntry" } else { "" };
                self.found(arrival, reported, now, found, role_arn.as_ref(), creates)?;
            }
            Change::RepositoryPolicy { region, repository_name } => {
                self.name_policy(region, Some(repository_name), (arrival, reported));
            }
            Change::RegistryPolicy { region } => {
                self.name_policy(region, None, (arrival, reported));
            }
            Change::Recheck { role_arn } => {
                self.touch(&role_arn.role_name(), arrival, reported, None);
            }
            Change::Unclear { reason } => {
                let reason = format!("{} ({}): {reason}", reported.event.name, reported.event.id);
                self.ports.sweep_requests.send(&SweepStep::begin(&reason)).await?;
            }
        }
        Ok(())
    }

    /// A use was looked up. One that is not there may be too new to be seen, or gone.
    fn found(
        &mut self,
        arrival: &Arrival,
        reported: &ReportedChange,
        now: jiff::Timestamp,
        found: Option<(RoleArn, Use)>,
        role_arn: Option<&RoleArn>,
        creating_call: &str,
    ) -> Result<(), Lost> {
        let is_new = reported.event.name == creating_call;
        if let Some((role_arn, seen)) = found {
            self.sight(arrival, reported, Sighting { role_arn, seen, at: now }, is_new);
            return Ok(());
        }
        if is_new && is_fresh(arrival, reported, now) {
            return Err(Lost::TooFresh(format!("what {creating_call} made")));
        }
        if let Some(role_arn) = role_arn {
            self.touch(&role_arn.role_name(), arrival, reported, None);
        }
        Ok(())
    }

    /// A use was seen. A new one lets expect that its role is there.
    fn sight(
        &mut self,
        arrival: &Arrival,
        reported: &ReportedChange,
        sighting: Sighting,
        is_new: bool,
    ) {
        let role_name = sighting.role_arn.role_name();
        let expected = is_new.then(|| ExpectedEffect::Worn(sighting.role_arn.clone()));
        self.touch(&role_name, arrival, reported, expected).sightings.push(sighting);
    }

    fn touch(
        &mut self,
        role_name: &RoleName,
        arrival: &Arrival,
        reported: &ReportedChange,
        expected: Option<ExpectedEffect>,
    ) -> &mut RoleTask {
        let now = self.ports.clock.now();
        let task = self.tasks.entry(role_name.key()).or_insert_with(|| {
            let mut task = RoleTask::new(role_name.clone());
            task.sightings.extend(named_in_settings(self.settings, role_name, now));
            task
        });
        task.message_ids.insert(arrival.message_id.clone());
        if !task.changes.contains(reported) {
            task.changes.push(reported.clone());
        }
        if let Some(effect) = expected {
            task.expectations.push(Expectation::new(
                effect,
                &reported.event,
                arrival.is_first_receipt,
            ));
        }
        task
    }
}

/// Whether what was read need not be believed yet.
fn is_fresh(arrival: &Arrival, reported: &ReportedChange, now: jiff::Timestamp) -> bool {
    arrival.is_first_receipt && now.duration_since(reported.event.time) < FRESH
}

enum Lost {
    Port(PortError),
    TooFresh(String),
}

impl From<PortError> for Lost {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

/// A role that the settings name is a node role from the first event on.
pub fn named_in_settings(
    settings: &Settings,
    role_name: &RoleName,
    now: jiff::Timestamp,
) -> Option<Sighting> {
    let role_arn =
        settings.extra_node_role_arns.iter().find(|arn| arn.role_name() == *role_name)?;
    Some(settings_sighting(role_arn, now))
}

/// The use of a role that the settings name.
pub fn settings_sighting(role_arn: &RoleArn, now: jiff::Timestamp) -> Sighting {
    Sighting {
        role_arn: role_arn.clone(),
        seen: Use {
            source: Source::global(UseKind::Settings),
            cluster_name: None,
            name: String::new(),
            compute: Compute::Unknown,
            tags: BTreeMap::new(),
            cluster_tags: BTreeMap::new(),
        },
        at: now,
    }
}
