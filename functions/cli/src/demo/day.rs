//! The scenes of the day, and what pullwatch tells in each.

use ecr_audit::alert::Alert;
use jiff::Timestamp;
use memory_adapters::{MemoryAccount, Nodegroup, Tags};
use serde_json::Value;

use super::account::{CLUSTER, REGION, WORKERS, aws_policy, role};
use super::events::{GRACE, PIPELINE, create_nodegroup, role_policy};
use memory_adapters::World;

/// Something that happens.
pub struct Scene {
    /// When.
    pub time: Timestamp,
    /// In a few words.
    pub headline: &'static str,
    /// Who did it, or what it is for.
    pub aside: &'static str,
    /// What it changes in the account.
    pub change: fn(&MemoryAccount),
    /// The event that tells of it; none for the sweep.
    pub event: Option<Value>,
    /// What of pullwatch's answer is shown whole.
    pub shows: Shows,
}

/// What of pullwatch's answer is shown whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Only that there is one.
    Summary,
    /// The e-mails.
    Mail,
    /// The failed finding and the e-mails.
    Everything,
}

/// What pullwatch has told since the day began, or in one scene.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Findings that took effect.
    pub findings: Vec<Value>,
    /// Alerts.
    pub alerts: Vec<Alert>,
}

impl Told {
    /// Everything a world was told so far.
    pub fn by(world: &World) -> Self {
        let imports = world.security_hub.imports().into_iter();
        let findings = imports.filter(|told| told.took_effect).map(|told| told.asff).collect();
        Self { findings, alerts: world.topics.alerts() }
    }

    /// What was told since an earlier moment.
    pub fn since(mut self, before: &Self) -> Self {
        self.findings.drain(..before.findings.len());
        self.alerts.drain(..before.alerts.len());
        self
    }
}

/// The day.
pub fn scenes() -> Vec<Scene> {
    let power_user = aws_policy("AmazonEC2ContainerRegistryPowerUser");
    let (created, attached, detached) = (at("09:12:04"), at("14:03:27"), at("16:40:51"));
    let attach = role_policy(attached, GRACE, "AttachRolePolicy", "prod-workers", &power_user);
    let detach = role_policy(detached, PIPELINE, "DetachRolePolicy", "prod-workers", &power_user);
    vec![
        Scene {
            time: at("06:00:00"),
            headline: "The first sweep walks over the whole account",
            aside: "cluster prod runs its batch pods on Fargate",
            change: |_| {},
            event: None,
            shows: Shows::Summary,
        },
        Scene {
            time: created,
            headline: "CreateNodegroup: prod gets the nodegroup workers",
            aside: "by assumed-role/Deployer/pipeline, with Terraform",
            change: create_workers,
            event: Some(create_nodegroup(created, PIPELINE, "workers")),
            shows: Shows::Summary,
        },
        Scene {
            time: attached,
            headline: "AttachRolePolicy: AmazonEC2ContainerRegistryPowerUser to prod-workers",
            aside: "by assumed-role/Developer/grace.hopper, with the AWS CLI",
            change: attach_power_user,
            event: Some(attach.clone()),
            shows: Shows::Everything,
        },
        Scene {
            time: attached + jiff::SignedDuration::from_secs(70),
            headline: "EventBridge delivers the same event a second time",
            aside: "which it may",
            change: |_| {},
            event: Some(attach),
            shows: Shows::Summary,
        },
        Scene {
            time: detached,
            headline: "DetachRolePolicy: AmazonEC2ContainerRegistryPowerUser from prod-workers",
            aside: "by assumed-role/Deployer/pipeline, with Terraform",
            change: detach_power_user,
            event: Some(detach),
            shows: Shows::Mail,
        },
    ]
}

fn create_workers(account: &MemoryAccount) {
    let tags = Tags::from([("owner".to_owned(), "team-payments".to_owned())]);
    let nodegroup = Nodegroup { node_role: role(WORKERS), tags };
    account
        .change(|account| account.create_nodegroup(REGION, CLUSTER, "workers", nodegroup))
        .expect("the demo creates its nodegroup once");
}

fn attach_power_user(account: &MemoryAccount) {
    let policy = aws_policy("AmazonEC2ContainerRegistryPowerUser");
    account
        .change(|account| account.attach_role_policy("prod-workers", &policy))
        .expect("the demo's role and policy are there");
}

fn detach_power_user(account: &MemoryAccount) {
    let policy = aws_policy("AmazonEC2ContainerRegistryPowerUser");
    account
        .change(|account| account.detach_role_policy("prod-workers", &policy))
        .expect("the demo detaches what it attached");
}

fn at(time: &str) -> Timestamp {
    format!("2026-01-15T{time}Z").parse().expect("the demo's times are well-formed")
}
