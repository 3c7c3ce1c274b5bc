//! What an IAM event costs: on a role that no node wears, its share of one read of the ledger; on
//! a node role, no call of EKS or ECR; on many node roles, one reading of what they share and one
//! import per fifty of them.

use async_trait::async_trait;
use change_events::read_batch;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::error::PortError;
use ecr_audit::journey::{handle, sweep};
use ecr_audit::node_role::{Use, UseListing};
use ecr_audit::ports::{Ecr, Eks, Iam, InstanceProfile, Page, Ports};
use ecr_audit::role_policies::{RegistryDocument, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, Nodegroup, Tags, World};
use serde_json::{Value, json};
use tests::FaultyIam;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;

/// A service that nobody may ask.
struct Unasked;

type Found = Result<Option<(RoleArn, Use)>, PortError>;

#[async_trait]
impl Iam for Unasked {
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError> {
        panic!("IAM is asked for {role_name}")
    }

    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError> {
        panic!("IAM is asked for the roles with {policy_arn}")
    }

    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError> {
        panic!("IAM is asked for {name}")
    }

    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError> {
        panic!("IAM is asked for instance profiles")
    }

    async fn roles_page(&self, _marker: Option<&str>) -> Result<Page<RolePolicies>, PortError> {
        panic!("IAM is asked for roles")
    }

    async fn managed_policies_page(
        &self,
        _marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError> {
        panic!("IAM is asked for managed policies")
    }
}

#[async_trait]
impl Eks for Unasked {
    async fn nodegroup(&self, _region: &str, cluster_name: &str, _name: &str) -> Found {
        panic!("EKS is asked for a nodegroup of {cluster_name}")
    }

    async fn fargate_profile(&self, _region: &str, cluster_name: &str, _name: &str) -> Found {
        panic!("EKS is asked for a Fargate profile of {cluster_name}")
    }

    async fn auto_mode(&self, _region: &str, cluster_name: &str) -> Found {
        panic!("EKS is asked for {cluster_name}")
    }

    async fn access_entry(&self, _region: &str, cluster_name: &str, _principal: &str) -> Found {
        panic!("EKS is asked for an access entry of {cluster_name}")
    }

    async fn cluster_tags(
        &self,
        _region: &str,
        cluster_name: &str,
    ) -> Result<Option<Tags>, PortError> {
        panic!("EKS is asked for the tags of {cluster_name}")
    }

    async fn uses(&self, region: &str, _now: Timestamp) -> UseListing {
        panic!("EKS is asked for every use in {region}")
    }
}

#[async_trait]
impl Ecr for Unasked {
    async fn repository_policy(
        &self,
        _region: &str,
        repository_name: &str,
        _now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        panic!("ECR is asked for {repository_name}")
    }

    async fn registry_policy(
        &self,
        region: &str,
        _now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        panic!("ECR is asked for the registry's policy in {region}")
    }

    async fn repository_names(&self, region: &str) -> Result<Vec<String>, PortError> {
        panic!("ECR is asked for the repositories in {region}")
    }

    async fn policies(
        &self,
        region: &str,
        _now: Timestamp,
    ) -> Result<Vec<RegistryDocument>, PortError> {
        panic!("ECR is asked for every policy in {region}")
    }
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// An account whose one node role was found by a sweep.
fn swept_world() -> World {
    let role_arn = RoleArn::parse(ROLE).unwrap();
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_role(&role_arn, now).unwrap();
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
    let world = World::new(account, now);
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    world
}

/// A batch as the queue gives it out, of the recorded event on roles of these names.
fn batch(role_names: impl Iterator<Item = String>) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/iam/PutRolePolicy.json");
    let event = std::fs::read_to_string(path).unwrap();
    let record = |(index, role_name): (usize, String)| {
        let body = event.replace("prod-workers", &role_name);
        assert_ne!(body, event.replace("prod-workers", ""));
        let attributes = json!({ "ApproximateReceiveCount": "1" });
        json!({ "messageId": format!("message-{index}"), "body": body, "attributes": attributes })
    };
    json!({ "Records": role_names.enumerate().map(record).collect::<Vec<_>>() })
}

fn hear(ports: &Ports<'_>, records: &Value, messages: usize) {
    let batch = read_batch(records, ACCOUNT);
    assert_eq!((batch.arrivals.len(), batch.broken.len()), (messages, 0));
    let handled = block_on(handle(ports, &settings(), &batch.arrivals));
    assert!(handled.failed.is_empty(), "{:?}", handled.failed);
}

#[test]
fn a_thousand_events_on_other_roles_cost_a_thousand_reads_in_ten_calls() {
    let world = swept_world();
    let before = world.ledger.reads().len();
    let ports = Ports { iam: &Unasked, eks: &Unasked, ecr: &Unasked, ..world.ports() };
    for hundred in 0..10 {
        let names = (0..100).map(|number| format!("service-{}", hundred * 100 + number));
        hear(&ports, &batch(names), 100);
    }
    assert_eq!(world.ledger.reads()[before..], [100; 10]);
}

/// Its last use has ended and its findings are archived: there is nothing more to tell of it.
#[test]
fn an_event_on_a_former_node_role_costs_one_read() {
    let world = swept_world();
    world.account.change(|account| account.delete_nodegroup(REGION, "prod", "workers")).unwrap();
    world.clock.advance(SignedDuration::from_hours(24));
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    let archived = |finding: &Value| finding["RecordState"] == "ARCHIVED";
    assert!(world.findings().iter().all(archived));
    let (reads, ledger) = (world.ledger.reads().len(), world.ledger.state());
    let ports = Ports { iam: &Unasked, eks: &Unasked, ecr: &Unasked, ..world.ports() };
    hear(&ports, &batch(std::iter::once("prod-workers".to_owned())), 1);
    assert_eq!(world.ledger.reads()[reads..], [1]);
    assert_eq!(world.ledger.state(), ledger);
}

#[test]
fn an_event_on_a_node_role_asks_neither_eks_nor_ecr() {
    let world = swept_world();
    world.account.change(|account| account.put_role_policy("prod-workers", "Push", PUSH)).unwrap();
    let alerts = world.topics.alerts().len();
    let ports = Ports { eks: &Unasked, ecr: &Unasked, ..world.ports() };
    hear(&ports, &batch(std::iter::once("prod-workers".to_owned())), 1);
    assert_eq!(world.topics.alerts().len(), alerts + 1);
}

/// One version of a policy that many node roles hold: an import takes a hundred findings, and each
/// role has two.
#[test]
fn many_roles_are_read_and_imported_together() {
    const POLICY: &str = "arn:aws:iam::111122223333:policy/NodeEcr";
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_policy(POLICY, &PUSH.replace("PutImage", "BatchGetImage")).unwrap();
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    for number in 0..60 {
        let name = format!("workers-{number}");
        let node_role = RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/{name}")).unwrap();
        account.create_role(&node_role, now).unwrap();
        account.attach_role_policy(&name, POLICY).unwrap();
        let nodegroup = Nodegroup { node_role, tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", &name, nodegroup).unwrap();
    }
    let world = World::new(account, now);
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    let before = world.security_hub.batches().len();
    let digests = world.topics.digests().len();
    let (reads, listings) = (world.ledger.reads().len(), world.ledger.listings());
    world.account.change(|account| account.create_policy_version(POLICY, PUSH, true)).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/iam/CreatePolicyVersion.json");
    let body = std::fs::read_to_string(path).unwrap();
    let record = json!({ "messageId": "version", "body": body, "attributes": {} });
    let iam = FaultyIam::new(&world.account);
    hear(&Ports { iam: &iam, ..world.ports() }, &json!({ "Records": [record] }), 1);
    // Their records, then IAM, where the policy is read once, then the policies of registries.
    assert_eq!(world.ledger.reads()[reads..], [60, 50, 10]);
    assert_eq!(*iam.together.lock().unwrap(), [50, 10]);
    assert_eq!(world.ledger.listings(), (listings.0, listings.1 + 2));
    let batches = &world.security_hub.batches()[before..];
    assert!(batches.len() == 2 && batches.iter().all(|findings| *findings <= 100), "{batches:?}");
    let failed = |finding: &&Value| finding["Compliance"]["Status"] == "FAILED";
    assert!(world.findings().iter().filter(failed).count() >= 60);
    // Their owner reads two mails, and not sixty.
    let told: Vec<usize> =
        world.topics.digests()[digests..].iter().map(|digest| digest.alerts.len()).collect();
    assert_eq!((told, world.topics.alerts().len()), (vec![50, 10], 0));
}
