//! Changes -> the roles they touch, each once, with everything that the batch tells of it.

use std::collections::BTreeMap;

use crate::arn::{RoleArn, RoleName};
use crate::change::{Change, ReportedChange};
use crate::error::PortError;
use crate::journey::Arrival;
use crate::journey::role::RoleTask;
use crate::node_role::{Compute, Sighting, Source, Use, UseKind};
use crate::ports::{AllRecords, InstanceProfile, Ports};
use crate::registry_documents;
use crate::settings::Settings;
use crate::sweep_step::SweepStep;
use crate::visibility::{Expectation, ExpectedEffect, FRESH};

/// What a batch touches.
pub struct Affected {
    /// The roles, each once.
    pub tasks: Vec<RoleTask>,
    /// The messages that could not be followed, with the reason.
    pub failed: BTreeMap<String, String>,
}

/// Follows every change of every message to the roles it touches.
pub async fn affected(ports: &Ports<'_>, settings: &Settings, arrivals: &[Arrival]) -> Affected {
    let mut batch = Batch { ports, settings, tasks: BTreeMap::new() };
    let mut failed = BTreeMap::new();
    for arrival in arrivals {
        for reported in &arrival.changes {
            if let Err(reason) = batch.follow(arrival, reported).await {
                failed.entry(arrival.message_id.clone()).or_insert(reason);
            }
        }
    }
    Affected { tasks: batch.tasks.into_values().collect(), failed }
}

struct Batch<'batch> {
    ports: &'batch Ports<'batch>,
    settings: &'batch Settings,
    tasks: BTreeMap<String, RoleTask>,
}

impl Batch<'_> {
    async fn follow(&mut self, arrival: &Arrival, reported: &ReportedChange) -> Result<(), String> {
        self.lead(arrival, reported).await.map_err(|error| match error {
            Lost::Port(error) => error.to_string(),
            Lost::TooFresh(what) => format!("{what} is not visible yet"),
        })
    }

    async fn lead(&mut self, arrival: &Arrival, reported: &ReportedChange) -> Result<(), Lost> {
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
            Change::InstanceProfile { instance_profile_name, role_name } => {
                let profile = self.ports.iam.instance_profile(instance_profile_name).await?;
                for (role_arn, seen) in profile.iter().flat_map(InstanceProfile::uses) {
                    self.sight(arrival, reported, Sighting { role_arn, seen, at: now });
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
                let creates = if role_arn.is_some() { "CreateCluster" } else { "" };
                self.found(arrival, reported, now, found, role_arn.as_ref(), creates)?;
            }
            Change::AccessEntry { region, cluster_name, principal_arn } => {
                let found =
                    self.ports.eks.access_entry(region, cluster_name, principal_arn).await?;
                let role_arn = RoleArn::parse(principal_arn).ok();
                // An entry of another type is no use, so its absence says nothing of lag.
                self.found(arrival, reported, now, found, role_arn.as_ref(), "")?;
            }
            Change::RepositoryPolicy { region, repository_name } => {
                let document =
                    self.ports.ecr.repository_policy(region, repository_name, now).await?;
                self.registry_document(
                    arrival,
                    reported,
                    region,
                    Some(repository_name),
                    document,
                    now,
                )
                .await?;
            }
            Change::RegistryPolicy { region } => {
                let document = self.ports.ecr.registry_policy(region, now).await?;
                self.registry_document(arrival, reported, region, None, document, now).await?;
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
        if let Some((role_arn, seen)) = found {
            self.sight(arrival, reported, Sighting { role_arn, seen, at: now });
            return Ok(());
        }
        let is_fresh = now.duration_since(reported.event.time) < FRESH;
        if reported.event.name == creating_call && arrival.is_first_receipt && is_fresh {
            return Err(Lost::TooFresh(creating_call.to_owned()));
        }
        if let Some(role_arn) = role_arn {
            self.touch(&role_arn.role_name(), arrival, reported, None);
        }
        Ok(())
    }

    /// A repository's or registry's policy was read: it is kept, and the node roles that the old
    /// or the new document can touch are assessed.
    async fn registry_document(
        &mut self,
        arrival: &Arrival,
        reported: &ReportedChange,
        region: &str,
        repository_name: Option<&str>,
        document: Option<crate::role_policies::RegistryDocument>,
        now: jiff::Timestamp,
    ) -> Result<(), Lost> {
        let ledger = self.ports.ledger;
        let old = ledger.registry_documents().await?.into_iter().find(|known| {
            known.region == region && known.repository_name.as_deref() == repository_name
        });
        // What is damaged keeps the next sweep from being complete.
        let AllRecords { records, damaged } = ledger.all_records().await?;
        for reason in damaged {
            tracing::error!(reason, "the change was not held against a role's record");
        }
        let kept = document.as_ref().filter(|document| {
            registry_documents::can_touch_account(&document.document, &self.settings.account)
        });
        for known in records {
            let touches = |document: &crate::role_policies::RegistryDocument| {
                registry_documents::can_touch(&document.document, &known.record.role_arn)
            };
            if old.as_ref().is_some_and(touches) || kept.is_some_and(touches) {
                self.touch(&known.record.role_arn.role_name(), arrival, reported, None);
            }
        }
        ledger.keep_registry_document(region, repository_name, kept, now).await?;
        Ok(())
    }

    fn sight(&mut self, arrival: &Arrival, reported: &ReportedChange, sighting: Sighting) {
        let role_name = sighting.role_arn.role_name();
        self.touch(&role_name, arrival, reported, None).sightings.push(sighting);
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
