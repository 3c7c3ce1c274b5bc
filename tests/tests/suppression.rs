//! A person suppresses a finding in Security Hub's console. pullwatch stays silent about it while
//! it is no worse than what was suppressed, whatever else happens, and speaks when it is.

use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::asff::finding_id;
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::journey::{Arrival, handle, sweep};
use ecr_audit::mail::mail;
use ecr_audit::message::document;
use ecr_audit::ports::Clock;
use ecr_audit::settings::Settings;
use ecr_audit::standard::Check;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, HeldFinding, Nodegroup, Tags, World};
use serde_json::json;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";

/// A role whose finding a person may suppress.
struct Watched {
    world: World,
    settings: Settings,
}

fn role_arn() -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/workers")).unwrap()
}

fn id() -> String {
    finding_id(&role_arn(), Check::ReadOnly)
}

impl Watched {
    /// A role that can push, after its first sweep.
    fn new() -> Self {
        // As fine as a real clock, finer than what Security Hub keeps.
        let now: Timestamp = "2026-01-15T10:00:00.123456789Z".parse().unwrap();
        let mut account = Account::new(ACCOUNT, "aws");
        account.create_role(&role_arn(), now).unwrap();
        account.attach_role_policy("workers", PULL_ONLY).unwrap();
        account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
        let nodegroup = Nodegroup { node_role: role_arn(), tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
        let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
        settings.regions = vec![REGION.to_owned()];
        let watched = Self { world: World::new(account, now), settings };
        watched.sweep();
        watched.grants(&["ecr:PutImage"]);
        assert_eq!((watched.alerts(), watched.workflow().as_str()), (1, "NEW"));
        watched
    }

    fn sweep(&self) {
        self.world.clock.advance(SignedDuration::from_hours(1));
        block_on(sweep(&self.world.ports(), &self.world.account, &self.settings)).unwrap();
    }

    /// Somebody puts an inline policy with these actions, and the event comes.
    fn grants(&self, actions: &[&str]) {
        self.world.clock.advance(SignedDuration::from_mins(20));
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        self.world.account.change(|account| {
            account.put_role_policy("workers", "more", &document).unwrap();
        });
        self.hear();
    }

    /// An event of the role comes.
    fn hear(&self) {
        let id = self.clock_id();
        let effect = RoleEffect::InlinePolicyPut { policy_name: "more".to_owned(), document: None };
        let change = Change::Role { role_name: RoleName::new("workers"), effect };
        let event = Event {
            id: id.clone(),
            name: "PutRolePolicy".to_owned(),
            time: "2026-01-15T10:00:00Z".parse().unwrap(),
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            actor: Actor { principal: "user/ada".to_owned(), ..Actor::default() },
        };
        let arrival = Arrival {
            message_id: id,
            is_first_receipt: false,
            changes: vec![ReportedChange { change, event }],
        };
        let handled = block_on(handle(&self.world.ports(), &self.settings, &[arrival]));
        assert!(handled.failed.is_empty(), "{handled:?}");
    }

    fn clock_id(&self) -> String {
        self.world.clock.unique_id()
    }

    fn suppress(&self) {
        assert!(self.world.security_hub.set_workflow(&id(), "SUPPRESSED"));
    }

    fn finding(&self) -> HeldFinding {
        let mut findings = self.world.security_hub.findings().into_iter();
        findings.find(|held| held.id == id()).expect("Security Hub holds the finding")
    }

    fn workflow(&self) -> String {
        self.finding().workflow_status
    }

    fn status(&self) -> String {
        self.finding().asff["Compliance"]["Status"].as_str().unwrap().to_owned()
    }

    fn alerts(&self) -> usize {
        self.world.topics.alerts().len()
    }
}

#[test]
fn what_is_no_worse_than_what_was_suppressed_stays_silent() {
    let watched = Watched::new();
    watched.suppress();
    // It is resolved, comes back, and is swept meanwhile: nobody is told, and nothing is lost.
    for (actions, status) in [
        (&["s3:GetObject"][..], "PASSED"),
        (&["ecr:PutImage"], "FAILED"),
        (&["s3:GetObject"], "PASSED"),
        (&["ecr:TagResource"], "FAILED"),
    ] {
        let before = watched.alerts();
        watched.grants(actions);
        assert_eq!(watched.status(), status);
        if actions == ["ecr:TagResource"] {
            // Another right than the suppressed one.
            assert_eq!((watched.alerts(), watched.workflow().as_str()), (before + 1, "NEW"));
        } else {
            assert_eq!((watched.alerts(), watched.workflow().as_str()), (1, "SUPPRESSED"));
            watched.sweep();
            assert_eq!((watched.alerts(), watched.workflow().as_str()), (1, "SUPPRESSED"));
        }
    }
}

#[test]
fn what_is_worse_is_new_again_with_a_note_and_the_alert_says_so() {
    let watched = Watched::new();
    watched.suppress();
    watched.grants(&["ecr:PutImage", "ecr:SetRepositoryPolicy"]);
    assert_eq!((watched.alerts(), watched.workflow().as_str()), (2, "NEW"));
    let note = watched.finding().asff["Note"]["Text"].as_str().unwrap().to_owned();
    assert!(note.contains("This is worse than what was suppressed"), "{note}");

    let alert = watched.world.topics.alerts().pop().unwrap();
    assert_eq!(alert.transitions[0].added, ["ecr:SetRepositoryPolicy"]);
    assert_eq!(document(&alert)["transitions"][0]["was_suppressed"], true);
    let text = mail(&alert).text;
    assert!(text.contains("The finding was suppressed in Security Hub."), "{text}");

    // The suppression is over: what comes next is told as ever.
    watched.grants(&["s3:GetObject"]);
    assert_eq!((watched.alerts(), watched.workflow().as_str()), (3, "RESOLVED"));
    watched.grants(&["ecr:PutImage"]);
    assert_eq!((watched.alerts(), watched.workflow().as_str()), (4, "NEW"));
    assert!(!watched.world.topics.alerts().pop().unwrap().transitions[0].was_suppressed);
}

/// The sweep notices what nobody told of, before anything worse comes.
#[test]
fn a_suppression_that_a_sweep_noticed_is_bound_to_what_it_found() {
    let watched = Watched::new();
    watched.suppress();
    watched.sweep();
    let records = watched.world.ledger.state();
    let text = serde_json::to_string(&records).unwrap();
    assert!(text.contains("\"suppressed\""), "{text}");
    watched.grants(&["ecr:PutImage", "ecr:BatchDeleteImage"]);
    assert_eq!((watched.alerts(), watched.workflow().as_str()), (2, "NEW"));
}

#[test]
fn whoever_lifts_the_suppression_is_told_again() {
    let watched = Watched::new();
    watched.suppress();
    watched.grants(&["s3:GetObject"]);
    assert_eq!(watched.alerts(), 1);
    assert!(watched.world.security_hub.set_workflow(&id(), "NEW"));
    watched.grants(&["ecr:PutImage"]);
    assert_eq!(watched.alerts(), 2);
}

#[test]
fn a_suppressed_role_that_goes_is_archived_in_silence() {
    let watched = Watched::new();
    watched.suppress();
    watched.world.account.change(|account| account.delete_role("workers").unwrap());
    watched.hear();
    assert_eq!(watched.finding().asff["RecordState"], "ARCHIVED");
    assert_eq!((watched.alerts(), watched.workflow().as_str()), (1, "SUPPRESSED"));
}

/// No suppression can be read where Security Hub is off; then owners are told.
#[test]
fn without_security_hub_nothing_is_suppressed() {
    let watched = Watched::new();
    watched.suppress();
    watched.world.security_hub.set_enabled(false);
    watched.grants(&["s3:GetObject"]);
    assert_eq!(watched.alerts(), 2);
}

/// Before an alert, the role's other finding is looked for too.
#[test]
fn a_lost_finding_of_the_same_role_comes_back_with_the_alert() {
    let watched = Watched::new();
    let other = finding_id(&role_arn(), Check::CanPull);
    assert!(watched.world.security_hub.expire(&other));
    watched.grants(&["ecr:PutImage", "ecr:SetRepositoryPolicy"]);
    assert!(watched.world.security_hub.findings().iter().any(|held| held.id == other));
}

/// What was imported again by a sweep can be suppressed as well as what an event brought.
#[test]
fn a_finding_that_a_sweep_brought_back_can_be_suppressed() {
    let watched = Watched::new();
    assert!(watched.world.security_hub.expire(&id()));
    watched.sweep();
    watched.suppress();
    watched.grants(&["s3:GetObject"]);
    watched.grants(&["ecr:PutImage"]);
    assert_eq!((watched.alerts(), watched.workflow().as_str()), (1, "SUPPRESSED"));
}
