//! What is to be sent is held for one sender at a time, however slow SNS is.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use change_events::read_batch;
use ecr_audit::alert::Alert;
use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::journey::{handle, sweep};
use ecr_audit::ledger::Message;
use ecr_audit::ports::{Clock, Ledger, Ports, Topics};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, Nodegroup, Tags, World};
use serde_json::json;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const ROLES: usize = 20;
const NODE_ECR: &str = "arn:aws:iam::111122223333:policy/NodeEcr";
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;

/// How long SNS takes for a message. A call with all its tries takes 40 seconds at most.
const SLOW: SignedDuration = SignedDuration::from_secs(15);

/// SNS that is slow. It notes how much is left of the lease of what it has taken.
struct SlowTopics<'world> {
    world: &'world World,
    left: Mutex<Vec<SignedDuration>>,
}

#[async_trait]
impl Topics for SlowTopics<'_> {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        self.world.clock.advance(SLOW);
        let now = self.world.clock.now();
        let records = self.world.ledger.all_records().await?.records;
        let entries = records.iter().flat_map(|known| &known.record.outbox);
        let is_it = |message: &Message| match message {
            Message::Owners { alert: kept } => kept.id == alert.id,
            _ => false,
        };
        let mut entries = entries.filter(|entry| is_it(&entry.message));
        let until = entries.next().and_then(|entry| entry.leased_until).expect("it is held");
        self.left.lock().unwrap().push(until.duration_since(now));
        self.world.topics.alert(alert).await
    }

    async fn digest(&self, owner: &str, alerts: &[Alert]) -> Result<(), PortError> {
        self.world.topics.digest(owner, alerts).await
    }

    async fn operators(&self, subject: &str, text: &str) -> Result<(), PortError> {
        self.world.topics.operators(subject, text).await
    }
}

#[test]
fn nothing_is_sent_after_its_lease_and_everything_is_sent_once() {
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_policy(NODE_ECR, &PUSH.replace("PutImage", "BatchGetImage")).unwrap();
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let names: Vec<String> = (0..ROLES).map(|number| format!("workers-{number:02}")).collect();
    for name in &names {
        let role_arn = RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/{name}")).unwrap();
        account.create_role(&role_arn, now).unwrap();
        account.attach_role_policy(name, NODE_ECR).unwrap();
        // Many alerts of one owner would be one digest.
        account.tag_role(name, "owner", name).unwrap();
        let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", name, nodegroup).unwrap();
    }
    let world = World::new(account, now);
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    assert_eq!(world.topics.alerts(), [], "they wait for a digest");
    world.account.change(|account| account.create_policy_version(NODE_ECR, PUSH, true)).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/iam/CreatePolicyVersion.json");
    let body = std::fs::read_to_string(path).unwrap();
    let batch = read_batch(&json!({ "Records": [{ "messageId": "a", "body": body }] }), ACCOUNT);

    let topics = SlowTopics { world: &world, left: Mutex::default() };
    let ports = Ports { topics: &topics, ..world.ports() };
    let mut receipts = 1;
    while !block_on(handle(&ports, &settings, &batch.arrivals)).failed.is_empty() {
        world.clock.advance(SignedDuration::from_mins(6));
        receipts += 1;
        assert!(receipts < ROLES, "the alerts are never sent");
    }
    let ids: BTreeSet<String> = world.topics.alerts().into_iter().map(|alert| alert.id).collect();
    assert_eq!((world.topics.alerts().len(), ids.len()), (ROLES, ROLES));
    assert!(receipts > 1, "SNS was not slow enough for the test");
    let left = topics.left.lock().unwrap();
    assert!(left.iter().all(SignedDuration::is_positive), "{left:?}");
}
