//! Events whose effect IAM does not show yet, because its reads lag: on the first receipt nothing is
//! recorded and the message comes again, and from the second on what is read is believed.

use async_trait::async_trait;
use change_events::read_batch;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::error::PortError;
use ecr_audit::journey::{Handled, handle};
use ecr_audit::ports::{Iam, InstanceProfile, Page, Ports};
use ecr_audit::role_policies::{RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{
    AccessEntry, Account, Cluster, FargateProfile, MemoryAccount, Nodegroup, Tags, World,
};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const NAME: &str = "prod-workers";
const ROLE: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";
const PROFILE: &str = "prod-workers-profile";
const CLUSTER_TAG: &str = "kubernetes.io/cluster/prod";
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;

type Change = fn(&mut Account);

/// Each event with the account before it, and with what the event tells.
const OF_PROFILES: &[(&str, Change, Change)] = &[
    ("iam/AddRoleToInstanceProfile", tagged_profile, add_role),
    ("iam/RemoveRoleFromInstanceProfile", full_profile, remove_role),
    ("iam/DeleteInstanceProfile", tagged_profile, delete_profile),
    ("iam/TagInstanceProfile", plain_profile, tag_profile),
    ("iam/UntagInstanceProfile", full_profile, untag_profile),
];

/// Events that name a role which was made a moment ago.
const OF_NEW_ROLES: &[(&str, Change)] = &[
    ("iam/AddRoleToInstanceProfile", full_profile),
    ("eks/CreateNodegroup", nodegroup),
    ("eks/CreateFargateProfile", fargate_profile),
    ("eks/CreateAccessEntry", access_entry),
    ("eks/CreateCluster", auto_mode),
    ("eks/UpdateClusterConfig", auto_mode),
];

#[test]
fn a_change_of_an_instance_profile_that_is_not_visible_yet_comes_again_once() {
    for (event, before, change) in OF_PROFILES {
        let mut account = account();
        create_role(&mut account);
        before(&mut account);
        let world = world(account, event);
        let lagging = MemoryAccount::new(world.account.account());
        world.account.change(*change);
        let lagging = Ports { iam: &lagging, ..world.ports() };
        let ledger = world.ledger.state();
        let handled = hear(&lagging, event, 1);
        assert_eq!(handled.failed.len(), 1, "{event}");
        assert!(handled.failed.values().all(|why| why.contains("not visible")), "{handled:?}");
        assert_eq!(world.ledger.state(), ledger, "{event}");

        assert_eq!(hear(&lagging, event, 2).failed, [].into(), "{event} is believed");
        assert_eq!(hear(&world.ports(), event, 1).failed, [].into(), "{event} is visible");
    }
}

#[test]
fn a_node_role_that_is_not_visible_yet_comes_again_once() {
    for (event, worn) in OF_NEW_ROLES {
        let lagging = MemoryAccount::new(account());
        let mut account = account();
        create_role(&mut account);
        worn(&mut account);
        let world = world(account, event);
        let lagging = Lagging { role: &lagging, profile: &world.account };
        let lagging = Ports { iam: &lagging, ..world.ports() };
        let ledger = world.ledger.state();
        let handled = hear(&lagging, event, 1);
        assert_eq!(handled.failed.len(), 1, "{event}");
        assert!(handled.failed.values().all(|why| why.contains("not visible")), "{handled:?}");
        assert_eq!(world.ledger.state(), ledger, "{event}");

        assert_eq!(hear(&lagging, event, 2).failed, [].into(), "{event} is believed");
        assert_eq!(hear(&world.ports(), event, 1).failed, [].into(), "{event} is visible");
        let findings = world.security_hub.findings();
        let failed = findings.iter().filter(|held| held.asff["Compliance"]["Status"] == "FAILED");
        assert_eq!(failed.count(), 2, "{event}");
    }
}

/// EKS is asked before the change of Auto Mode has come to it.
#[test]
fn auto_mode_that_is_not_visible_yet_comes_again_once() {
    for event in ["eks/CreateCluster", "eks/UpdateClusterConfig"] {
        let mut account = account();
        create_role(&mut account);
        let world = world(account, event);
        assert_eq!(hear(&world.ports(), event, 1).failed.len(), 1, "{event}");
        assert_eq!(hear(&world.ports(), event, 2).failed, [].into(), "{event} is believed");
    }
}

// ---- The world of the recorded events ----

/// IAM whose reads of roles lag, and of instance profiles do not.
struct Lagging<'account> {
    role: &'account MemoryAccount,
    profile: &'account MemoryAccount,
}

#[async_trait]
impl Iam for Lagging<'_> {
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError> {
        self.role.role(role_name).await
    }

    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError> {
        self.role.roles_with_policy(policy_arn).await
    }

    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError> {
        self.profile.instance_profile(name).await
    }

    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError> {
        self.profile.instance_profiles().await
    }

    async fn roles_page(&self, marker: Option<&str>) -> Result<Page<RolePolicies>, PortError> {
        self.role.roles_page(marker).await
    }

    async fn managed_policies_page(
        &self,
        marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError> {
        self.role.managed_policies_page(marker).await
    }
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

fn recorded(event: &str) -> Value {
    let path = format!("{}/../events/{event}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The world half a minute after the event.
fn world(account: Account, event: &str) -> World {
    let time = recorded(event)["detail"]["eventTime"].clone();
    let time: Timestamp = time.as_str().unwrap().parse().unwrap();
    World::new(account, time + SignedDuration::from_secs(30))
}

fn hear(ports: &Ports<'_>, event: &str, receipts: usize) -> Handled {
    let record = json!({
        "messageId": "message-1",
        "body": recorded(event).to_string(),
        "attributes": { "ApproximateReceiveCount": receipts.to_string() },
    });
    let batch = read_batch(&json!({ "Records": [record] }), ACCOUNT);
    assert!(batch.broken.is_empty(), "{:?}", batch.broken);
    block_on(handle(ports, &settings(), &batch.arrivals))
}

// ---- What the account is like ----

fn account() -> Account {
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    account
}

fn role() -> RoleArn {
    RoleArn::parse(ROLE).unwrap()
}

fn create_role(account: &mut Account) {
    account.create_role(&role(), "2026-01-15T10:00:00Z".parse().unwrap()).unwrap();
    account.put_role_policy(NAME, "Push", PUSH).unwrap();
}

fn plain_profile(account: &mut Account) {
    account.create_instance_profile(PROFILE, "/", Tags::new()).unwrap();
    add_role(account);
}

fn tagged_profile(account: &mut Account) {
    let tags = [(CLUSTER_TAG.to_owned(), "owned".to_owned())].into();
    account.create_instance_profile(PROFILE, "/", tags).unwrap();
}

fn full_profile(account: &mut Account) {
    tagged_profile(account);
    add_role(account);
}

fn add_role(account: &mut Account) {
    account.add_role_to_instance_profile(PROFILE, NAME).unwrap();
}

fn remove_role(account: &mut Account) {
    account.remove_role_from_instance_profile(PROFILE).unwrap();
}

fn delete_profile(account: &mut Account) {
    account.delete_instance_profile(PROFILE).unwrap();
}

fn tag_profile(account: &mut Account) {
    account.tag_instance_profile(PROFILE, CLUSTER_TAG, "owned").unwrap();
}

fn untag_profile(account: &mut Account) {
    account.untag_instance_profile(PROFILE, CLUSTER_TAG).unwrap();
}

fn nodegroup(account: &mut Account) {
    let nodegroup = Nodegroup { node_role: role(), tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
}

fn fargate_profile(account: &mut Account) {
    let profile = FargateProfile { pod_execution_role: role(), tags: Tags::new() };
    account.create_fargate_profile(REGION, "prod", "batch", profile).unwrap();
}

fn access_entry(account: &mut Account) {
    let entry = AccessEntry { entry_type: "EC2_LINUX".to_owned(), tags: Tags::new() };
    account.create_access_entry(REGION, "prod", ROLE, entry).unwrap();
}

fn auto_mode(account: &mut Account) {
    account.set_auto_mode(REGION, "prod", Some(role())).unwrap();
}
