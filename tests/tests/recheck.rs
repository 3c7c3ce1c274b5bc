//! Somebody chooses the custom action "Re-check now" in Security Hub: from the recorded event, over
//! the queue, to the note that stands on the role's findings.

use std::path::Path;

use async_trait::async_trait;
use change_events::read_batch;
use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::finding::Finding;
use ecr_audit::journey::{Arrival, handle, sweep};
use ecr_audit::ports::{ImportOutcome, Ports, SecurityHub, StoredFinding};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::SignedDuration;
use memory_adapters::{Account, Cluster, MemorySecurityHub, Nodegroup, Tags, World};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";
const RECHECK: &str = "security-hub/CustomAction.json";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// The account of the recorded event, swept twenty minutes before it: the role can push.
fn world() -> World {
    let role_arn = RoleArn::parse(ROLE).unwrap();
    let now = "2026-01-15T10:49:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_role(&role_arn, now).unwrap();
    account.attach_role_policy("prod-workers", PULL_ONLY).unwrap();
    account.put_role_policy("prod-workers", "push", PUSH).unwrap();
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
    let world = World::new(account, now);
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    world.clock.advance(SignedDuration::from_mins(20));
    world
}

/// A recorded event, as it comes over the queue.
fn arrivals(event: &str) -> Vec<Arrival> {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let body = std::fs::read_to_string(events.join(event)).unwrap();
    let record = json!({
        "messageId": "message-1", "body": body, "attributes": {"ApproximateReceiveCount": "1"},
    });
    let batch = read_batch(&json!({"Records": [record]}), ACCOUNT);
    assert!(batch.broken.is_empty(), "{:?}", batch.broken);
    batch.arrivals
}

/// A recorded event comes over the queue. Whether its message is done.
fn hear(world: &World, event: &str) -> bool {
    block_on(handle(&world.ports(), &settings(), &arrivals(event))).failed.is_empty()
}

fn held(world: &World, check: &str) -> Value {
    let id = format!("{ROLE}/pullwatch/{check}");
    world.security_hub.findings().into_iter().find(|held| held.id == id).unwrap().asff
}

fn note(world: &World, check: &str) -> Value {
    held(world, check)["Note"].clone()
}

fn by_pullwatch(text: &str) -> Value {
    json!({"Text": text, "UpdatedBy": "pullwatch"})
}

#[test]
fn the_answer_stands_in_the_note_of_each_finding() {
    let world = world();
    assert_eq!(note(&world, "read-only"), Value::Null);
    let (imports, digests) = (world.security_hub.imports().len(), world.topics.digests().len());

    // Nothing is different: no import, no mail, and an answer.
    assert!(hear(&world, RECHECK));
    let text = "Looked at again, 2026-01-15 11:09:00 UTC: FAILED, HIGH.";
    assert_eq!(note(&world, "read-only"), by_pullwatch(text));
    let text = "Looked at again, 2026-01-15 11:09:00 UTC: PASSED, INFORMATIONAL.";
    assert_eq!(note(&world, "can-pull"), by_pullwatch(text));
    assert_eq!(world.security_hub.imports().len(), imports);
    assert_eq!((world.topics.digests().len(), world.topics.alerts().len()), (digests, 0));

    // What a person has suppressed stays so, and is answered.
    let id = format!("{ROLE}/pullwatch/read-only");
    assert!(world.security_hub.set_workflow(&id, "SUPPRESSED"));
    world.clock.advance(SignedDuration::from_mins(1));
    assert!(hear(&world, RECHECK));
    let text = "Looked at again, 2026-01-15 11:10:00 UTC: FAILED, HIGH.";
    assert_eq!(note(&world, "read-only"), by_pullwatch(text));
    assert_eq!(held(&world, "read-only")["Workflow"]["Status"], "SUPPRESSED");

    // Somebody has put it right.
    world.account.change(|account| account.delete_role_policy("prod-workers", "push").unwrap());
    world.clock.advance(SignedDuration::from_mins(1));
    assert!(hear(&world, RECHECK));
    let text = "Looked at again, 2026-01-15 11:11:00 UTC: PASSED, INFORMATIONAL.";
    assert_eq!(note(&world, "read-only"), by_pullwatch(text));

    // Somebody has deleted the role.
    world.account.change(|account| {
        account.detach_role_policy("prod-workers", PULL_ONLY).unwrap();
        account.delete_role("prod-workers").unwrap();
    });
    world.clock.advance(SignedDuration::from_mins(1));
    assert!(hear(&world, RECHECK));
    let text = "Looked at again, 2026-01-15 11:12:00 UTC: the role is gone, or is no longer a \
                node role.";
    assert_eq!(note(&world, "read-only"), by_pullwatch(text));
}

/// Any other event leaves a person's note alone.
#[test]
fn nothing_but_the_custom_action_writes_a_note() {
    let world = world();
    world.account.change(|account| account.delete_role_policy("prod-workers", "push").unwrap());
    world.clock.advance(SignedDuration::from_hours(1));
    assert!(hear(&world, "iam/DeleteRolePolicy.json"));
    assert_eq!(held(&world, "read-only")["Compliance"]["Status"], "PASSED");
    assert_eq!(note(&world, "read-only"), Value::Null);
}

/// Security Hub that takes no note.
struct MuteSecurityHub<'hub> {
    hub: &'hub MemorySecurityHub,
    fault: &'hub PortError,
}

#[async_trait]
impl SecurityHub for MuteSecurityHub<'_> {
    async fn import(&self, findings: &[Finding]) -> Result<Vec<ImportOutcome>, PortError> {
        self.hub.import(findings).await
    }

    async fn resolve(&self, findings: &[Finding]) -> Result<(), PortError> {
        self.hub.resolve(findings).await
    }

    async fn reopen(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        self.hub.reopen(findings, note).await
    }

    async fn note(&self, _: &[Finding], _: &str) -> Result<(), PortError> {
        Err(self.fault.clone())
    }

    async fn read_back(&self, ids: &[String]) -> Result<Vec<StoredFinding>, PortError> {
        self.hub.read_back(ids).await
    }
}

/// Somebody waits for the answer: what may pass is tried again, what stays is let go, for the
/// finding itself is right.
#[test]
fn a_note_that_may_yet_be_written_makes_the_message_come_again() {
    let call = "securityhub:BatchUpdateFindings";
    for (fault, is_done) in [
        (PortError::answered(call, 429, "TooManyRequestsException", "slow down"), false),
        (PortError::answered(call, 403, "AccessDeniedException", "not authorized"), true),
    ] {
        let world = world();
        let hub = MuteSecurityHub { hub: &world.security_hub, fault: &fault };
        let ports = Ports { security_hub: &hub, ..world.ports() };
        let handled = block_on(handle(&ports, &settings(), &arrivals(RECHECK)));
        assert_eq!(handled.failed.is_empty(), is_done, "{fault}: {handled:?}");
        assert_eq!(note(&world, "read-only"), Value::Null);
        // It comes again, and by then Security Hub takes it.
        assert!(hear(&world, RECHECK));
        let text = "Looked at again, 2026-01-15 11:09:00 UTC: FAILED, HIGH.";
        assert_eq!(note(&world, "read-only"), by_pullwatch(text));
    }
}
