//! What cannot be read, sent or kept, from a recorded event to what comes of it: each fault has
//! the answer that the design names, and none ends in PASSED, ARCHIVED, RESOLVED or silence.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use change_events::read_batch;
use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::finding::Finding;
use ecr_audit::journey::{Handled, handle, sweep};
use ecr_audit::ports::{ImportOutcome, Ports, SecurityHub, StoredFinding};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, MemorySecurityHub, Nodegroup, Tags, World};
use serde_json::{Value, json};
use tests::FaultyIam;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";
const NODE_ECR: &str = "arn:aws:iam::111122223333:policy/NodeEcr";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;

/// A day after the recorded events: late enough to be believed at once.
const LATE: &str = "2026-01-16T10:00:00Z";

/// Security Hub that refuses what is brought, as long as it has a reason.
struct RefusingSecurityHub<'hub> {
    hub: &'hub MemorySecurityHub,
    reason: &'hub Mutex<Option<String>>,
}

#[async_trait]
impl SecurityHub for RefusingSecurityHub<'_> {
    async fn import(&self, findings: &[Finding]) -> Result<Vec<ImportOutcome>, PortError> {
        let reason = self.reason.lock().unwrap().clone();
        match reason {
            Some(reason) => Ok(vec![ImportOutcome::Refused(reason); findings.len()]),
            None => self.hub.import(findings).await,
        }
    }

    async fn resolve(&self, findings: &[Finding]) -> Result<(), PortError> {
        self.hub.resolve(findings).await
    }

    async fn reopen(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        self.hub.reopen(findings, note).await
    }

    async fn note(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        self.hub.note(findings, note).await
    }

    async fn read_back(&self, ids: &[String]) -> Result<Vec<StoredFinding>, PortError> {
        self.hub.read_back(ids).await
    }
}

/// The account of the recorded events: a nodegroup wears a role that can pull.
struct Faults {
    world: World,
    settings: Settings,
    iam_fault: Mutex<Option<PortError>>,
    refusal: Mutex<Option<String>>,
    messages: RefCell<usize>,
}

impl Faults {
    /// The world after its nodegroup was heard of.
    fn new() -> Self {
        let role_arn = RoleArn::parse(ROLE).unwrap();
        let now: Timestamp = LATE.parse().unwrap();
        let mut account = Account::new(ACCOUNT, "aws");
        account.create_policy(NODE_ECR, PUSH).unwrap();
        account.create_role(&role_arn, now).unwrap();
        account.attach_role_policy("prod-workers", PULL_ONLY).unwrap();
        account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
        let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
        let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
        settings.regions = vec![REGION.to_owned()];
        let faults = Self {
            world: World::new(account, now),
            settings,
            iam_fault: Mutex::new(None),
            refusal: Mutex::new(None),
            messages: RefCell::new(0),
        };
        assert!(faults.hear("eks/CreateNodegroup", 1).failed.is_empty());
        assert_eq!(faults.statuses()["read-only"], ("PASSED".to_owned(), "RESOLVED".to_owned()));
        faults
    }

    /// A recorded event arrives, for the first time or again.
    fn hear(&self, event: &str, receipts: usize) -> Handled {
        let path = format!("{}/../events/{event}.json", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read_to_string(path).unwrap();
        *self.messages.borrow_mut() += 1;
        let record = json!({
            "messageId": format!("message-{}", self.messages.borrow()),
            "body": body,
            "attributes": { "ApproximateReceiveCount": receipts.to_string() },
        });
        let batch = read_batch(&json!({ "Records": [record] }), ACCOUNT);
        assert!(batch.broken.is_empty(), "{:?}", batch.broken);
        let Self { world, iam_fault, refusal, .. } = self;
        let fault = iam_fault.lock().unwrap().clone();
        let iam = FaultyIam::of_roles(&world.account, fault);
        let security_hub = RefusingSecurityHub { hub: &world.security_hub, reason: refusal };
        let ports = Ports { iam: &iam, security_hub: &security_hub, ..world.ports() };
        block_on(handle(&ports, &self.settings, &batch.arrivals))
    }

    fn attach_push(&self) {
        self.world
            .account
            .change(|account| account.attach_role_policy("prod-workers", NODE_ECR))
            .unwrap();
    }

    fn iam_answers(&self, fault: PortError) {
        *self.iam_fault.lock().unwrap() = Some(fault);
    }

    fn iam_is_well(&self) {
        *self.iam_fault.lock().unwrap() = None;
    }

    fn held(&self, check: &str) -> Value {
        let findings = self.world.security_hub.findings();
        let held = findings.into_iter().find(|finding| finding.id.ends_with(check));
        held.expect("the finding is there").asff
    }

    /// Compliance and workflow of each check.
    fn statuses(&self) -> BTreeMap<String, (String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let findings = self.world.security_hub.findings().into_iter();
        findings
            .map(|held| {
                let check = held.id.rsplit('/').next().unwrap().to_owned();
                let status = text(&held.asff["Compliance"]["Status"]);
                (check, (status, held.workflow_status))
            })
            .collect()
    }
}

fn denied() -> PortError {
    PortError::answered("iam:GetRole", 403, "AccessDenied", "not authorized to perform iam:GetRole")
}

fn throttled() -> PortError {
    PortError::answered("iam:GetRole", 400, "Throttling", "Rate exceeded")
}

#[test]
fn a_throttled_read_records_nothing_and_the_message_comes_again() {
    let faults = Faults::new();
    let (before, findings) = (faults.world.ledger.state(), faults.world.security_hub.findings());
    faults.attach_push();
    faults.iam_answers(throttled());
    let handled = faults.hear("iam/AttachRolePolicy", 1);
    assert_eq!(handled.failed.len(), 1);
    assert!(handled.failed.values().all(|reason| reason.contains("Throttling")), "{handled:?}");
    assert_eq!(faults.world.ledger.state(), before);
    assert_eq!(faults.world.security_hub.findings(), findings);
    assert_eq!(faults.world.topics.alerts().len(), 0);

    faults.iam_is_well();
    assert!(faults.hear("iam/AttachRolePolicy", 2).failed.is_empty());
    assert_eq!(faults.statuses()["read-only"].0, "FAILED");
    assert_eq!(faults.world.topics.alerts().len(), 1);
}

#[test]
fn a_denied_read_leaves_the_verdict_and_tells_the_operators() {
    let faults = Faults::new();
    faults.attach_push();
    assert!(faults.hear("iam/AttachRolePolicy", 1).failed.is_empty());
    faults
        .world
        .account
        .change(|account| account.detach_role_policy("prod-workers", NODE_ECR))
        .unwrap();
    faults.iam_answers(denied());
    assert!(faults.hear("iam/DetachRolePolicy", 1).failed.is_empty());
    // What was FAILED stays so: nobody saw that it was put right.
    assert_eq!(faults.statuses()["read-only"], ("FAILED".to_owned(), "NEW".to_owned()));
    assert!(faults.held("read-only")["Description"].as_str().unwrap().contains("AccessDenied"));
    assert_eq!(faults.world.topics.alerts().len(), 1, "nobody is told that it is resolved");
    let lines = faults.world.topics.operators_lines();
    assert!(lines.iter().any(|line| line.text.contains("AccessDenied")), "{lines:?}");

    faults.iam_is_well();
    assert!(faults.hear("iam/DetachRolePolicy", 1).failed.is_empty());
    assert_eq!(faults.statuses()["read-only"], ("PASSED".to_owned(), "RESOLVED".to_owned()));
    assert_eq!(faults.world.topics.alerts().len(), 2);
}

#[test]
fn a_role_that_was_never_read_is_not_available() {
    let faults = Faults::new();
    let other = RoleArn::parse("arn:aws:iam::111122223333:role/unread").unwrap();
    faults.world.account.change(|account| {
        account.create_role(&other, LATE.parse().unwrap()).unwrap();
        account.delete_nodegroup(REGION, "prod", "workers").unwrap();
        let nodegroup = Nodegroup { node_role: other.clone(), tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
    });
    faults.iam_answers(denied());
    assert!(faults.hear("eks/CreateNodegroup", 1).failed.is_empty());
    let findings = faults.world.security_hub.findings();
    let of_other: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding.id.starts_with(other.as_str()))
        .map(|finding| &finding.asff)
        .collect();
    assert_eq!(of_other.len(), 2);
    for finding in of_other {
        assert_eq!(finding["Compliance"]["Status"], "NOT_AVAILABLE");
        assert_eq!(finding["RecordState"], "ACTIVE");
    }
}

#[test]
fn a_document_that_is_no_policy_is_named_and_nothing_passes() {
    let faults = Faults::new();
    let broken = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Permit"}"#;
    faults.world.account.change(|account| {
        account.put_role_policy("prod-workers", "broken", broken).unwrap();
    });
    let handled = faults.hear("iam/PutRolePolicy", 2);
    assert!(handled.failed.is_empty(), "{handled:?}");
    // It had passed before, and that verdict is no longer sure.
    let finding = faults.held("read-only");
    let description = finding["Description"].as_str().unwrap();
    assert!(description.contains("inline:broken"), "{description}");
    let lines = faults.world.topics.operators_lines();
    assert!(lines.iter().any(|line| line.text.contains("inline:broken")), "{lines:?}");
}

#[test]
fn a_role_deleted_since_its_event_is_archived_and_its_owner_told() {
    let faults = Faults::new();
    faults.attach_push();
    assert!(faults.hear("iam/AttachRolePolicy", 1).failed.is_empty());
    faults.world.account.change(|account| {
        account.detach_role_policy("prod-workers", NODE_ECR).unwrap();
        account.detach_role_policy("prod-workers", PULL_ONLY).unwrap();
        account.delete_role("prod-workers").unwrap();
    });
    // The event is about a policy; that the role is gone is seen in the read.
    assert!(faults.hear("iam/DetachRolePolicy", 2).failed.is_empty());
    assert_eq!(faults.held("read-only")["RecordState"], "ARCHIVED");
    assert_eq!(faults.statuses()["read-only"].0, "FAILED", "its last verdict stays");
    assert_eq!(faults.world.topics.alerts().len(), 2);
}

#[test]
fn a_fresh_change_that_is_not_visible_yet_comes_again_once() {
    let faults = Faults::new();
    faults.world.clock.set("2026-01-15T10:02:00Z".parse().unwrap());
    let before = faults.world.ledger.state();
    let handled = faults.hear("iam/AttachRolePolicy", 1);
    assert_eq!(handled.failed.len(), 1);
    assert_eq!(faults.world.ledger.state(), before);
    // From the second receipt on, what is read is believed.
    assert!(faults.hear("iam/AttachRolePolicy", 2).failed.is_empty());
    assert_eq!(faults.statuses()["read-only"].0, "PASSED");
}

#[test]
fn a_refused_finding_keeps_its_message_and_the_mail_goes_once() {
    let faults = Faults::new();
    faults.attach_push();
    *faults.refusal.lock().unwrap() = Some("InvalidInput: Title is too long".to_owned());
    let handled = faults.hear("iam/AttachRolePolicy", 1);
    assert_eq!(handled.failed.len(), 1);
    assert!(handled.failed.values().all(|reason| reason.contains("Title is too long")));
    assert_eq!(faults.world.topics.alerts().len(), 1);
    assert_eq!(faults.statuses()["read-only"].0, "PASSED", "Security Hub holds the old one");

    *faults.refusal.lock().unwrap() = None;
    assert!(faults.hear("iam/AttachRolePolicy", 2).failed.is_empty());
    assert_eq!(faults.statuses()["read-only"].0, "FAILED");
    assert_eq!(faults.world.topics.alerts().len(), 1, "nothing repeats");
}

/// Both findings of a role are refused, and nobody reads the same twice.
#[test]
fn where_security_hub_is_off_the_operators_hear_it_once_and_mails_go_on() {
    let faults = Faults::new();
    faults.attach_push();
    faults.world.security_hub.set_enabled(false);
    let imports = faults.world.security_hub.imports().len();
    assert!(faults.hear("iam/AttachRolePolicy", 1).failed.is_empty());
    assert_eq!(faults.world.topics.alerts().len(), 1);
    assert_eq!(faults.world.security_hub.imports().len(), imports);
    let lines = faults.world.topics.operators_lines();
    let subjects: Vec<&str> = lines.iter().map(|line| line.subject.as_str()).collect();
    assert_eq!(subjects, ["pullwatch: Security Hub is not enabled (111122223333)"]);
}

/// So does the first sweep of many roles, and those that follow, until one is answered; that one
/// brings what was missed. Then it may be told again.
#[test]
fn sweeps_without_security_hub_tell_the_operators_once_and_the_next_makes_up_for_it() {
    let faults = Faults::new();
    let more = |numbers: std::ops::Range<u32>| {
        faults.world.account.change(|account| {
            for number in numbers {
                let name = format!("more-{number}");
                let arn = format!("arn:aws:iam::111122223333:role/{name}");
                let node_role = RoleArn::parse(&arn).unwrap();
                account.create_role(&node_role, LATE.parse().unwrap()).unwrap();
                let nodegroup = Nodegroup { node_role, tags: Tags::new() };
                account.create_nodegroup(REGION, "prod", &name, nodegroup).unwrap();
            }
        });
        faults.world.clock.advance(SignedDuration::from_hours(24));
        block_on(sweep(&faults.world.ports(), &faults.world.account, &faults.settings)).unwrap();
        let told = faults.world.topics.operators_lines();
        let off = |line: &&memory_adapters::OperatorsLine| line.subject.contains("not enabled");
        (told.iter().filter(off).count(), faults.world.security_hub.findings().len())
    };
    faults.world.security_hub.set_enabled(false);
    assert_eq!(more(0..5), (1, 2));
    assert_eq!(faults.world.topics.digests().len(), 1);
    assert_eq!(more(5..7), (1, 2), "it was said before");

    faults.world.security_hub.set_enabled(true);
    assert_eq!(more(7..7), (1, 16));
    assert_eq!(faults.world.topics.digests().len(), 1);

    faults.world.security_hub.set_enabled(false);
    assert_eq!(more(7..8), (2, 16), "it was on in between");
}

/// By status and state alone it reads the same before and after.
#[test]
fn what_became_worse_while_security_hub_was_off_is_imported_once_it_is_on() {
    let faults = Faults::new();
    let sweep_an_hour_later = || {
        faults.world.clock.advance(SignedDuration::from_hours(1));
        block_on(sweep(&faults.world.ports(), &faults.world.account, &faults.settings)).unwrap();
        let held = faults.held("read-only");
        let excess = held["ProductFields"]["pullwatch/Excess"].as_str().unwrap().to_owned();
        (held["Severity"]["Label"].as_str().unwrap().to_owned(), excess)
    };
    faults.attach_push();
    let pushes = ("HIGH".to_owned(), "ecr:PutImage".to_owned());
    assert_eq!(sweep_an_hour_later(), pushes);

    faults.world.security_hub.set_enabled(false);
    faults.world.account.change(|account| {
        let document = PUSH.replace("PutImage", "SetRepositoryPolicy");
        account.put_role_policy("prod-workers", "share", &document).unwrap();
    });
    assert_eq!(sweep_an_hour_later(), pushes);

    faults.world.security_hub.set_enabled(true);
    let shares = ("CRITICAL".to_owned(), "ecr:SetRepositoryPolicy, ecr:PutImage".to_owned());
    assert_eq!(sweep_an_hour_later(), shares);
}
