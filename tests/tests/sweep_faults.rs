//! What goes wrong in a sweep: what is not known stays as it was, the rest is done, and the
//! operators hear of what does not pass by itself.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use change_events::read_batch;
use ecr_audit::alert::Alert;
use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::journey::{MOST_RECEIPTS, SweepMessage, SweepSummary, handle, handle_step, sweep};
use ecr_audit::node_role::{Source, UseKind, UseListing};
use ecr_audit::ports::{Clock, ClusterInstances, Ec2, Ledger, Ports, Topics};
use ecr_audit::settings::Settings;
use ecr_audit::sweep_part::Listed;
use ecr_audit::sweep_step::{Place, SweepStep};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{
    Account, Cluster, MemoryLedger, MemoryTopics, Nodegroup, Reading, Tags, World,
};
use serde_json::json;
use tests::{FaultyIam, do_steps, run_of};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const POWER_USER: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser";

/// What EKS, EC2 and ECR answer where an organization has closed a region.
const CLOSED: &str = "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/pullwatch/sweep \
                      is not authorized to perform this action with an explicit deny in a service \
                      control policy";

fn role_arn(number: usize) -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/eks/workers-{number:02}")).unwrap()
}

fn nodegroup(number: usize) -> Nodegroup {
    Nodegroup { node_role: role_arn(number), tags: Tags::new() }
}

/// An account with so many node roles, each of which can only pull.
fn world(roles: usize) -> World {
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    for number in 0..roles {
        let role_arn = role_arn(number);
        let name = role_arn.role_name();
        account.create_role(&role_arn, now).unwrap();
        account.attach_role_policy(name.as_str(), PULL_ONLY).unwrap();
        account.create_nodegroup(REGION, "prod", name.as_str(), nodegroup(number)).unwrap();
    }
    World::new(account, now)
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// EC2 that answers this, whatever is there.
struct OneAnswer<'world> {
    world: &'world World,
    answer: Result<Vec<ClusterInstances>, PortError>,
}

impl<'world> OneAnswer<'world> {
    fn denied(world: &'world World, words: &str) -> Self {
        let code = "UnauthorizedOperation";
        let error = PortError::answered("ec2:DescribeInstances", 403, code, words);
        Self { world, answer: Err(error) }
    }
}

#[async_trait]
impl Ec2 for OneAnswer<'_> {
    async fn cluster_instances(&self, _region: &str) -> Result<Vec<ClusterInstances>, PortError> {
        self.answer.clone()
    }

    async fn enabled_regions(&self, region: &str) -> Result<Vec<String>, PortError> {
        self.world.account.enabled_regions(region).await
    }
}

fn message(world: &World, step: &SweepStep, receipts: u32) -> SweepMessage {
    SweepMessage { id: world.clock.unique_id(), step: step.clone(), receipts }
}

/// A sweep as the schedule asks for it, and those that make up for its failures.
fn do_sweep(world: &World, ports: &Ports<'_>, ec2: &dyn Ec2) -> Vec<(SweepStep, SweepSummary)> {
    world.sweep_requests.ask("the schedule");
    do_steps(world, ports, ec2, &settings(), false)
}

/// The statuses and states of all findings.
fn told(world: &World) -> BTreeSet<String> {
    let told = |finding: &serde_json::Value| {
        let status = finding["Compliance"]["Status"].as_str().unwrap();
        format!("{status} {}", finding["RecordState"].as_str().unwrap())
    };
    world.findings().iter().map(told).collect()
}

/// Everything else is done, and it is tried three times in all before the operators hear of it.
#[test]
fn a_sweep_that_met_failures_is_tried_again_and_then_the_operators_hear_of_it() {
    let world = world(1);
    let ec2 = OneAnswer::denied(&world, "You are not authorized.");
    let done = do_sweep(&world, &world.ports(), &ec2);
    let makes_up: Vec<bool> = done
        .iter()
        .filter_map(|(step, _)| match step {
            SweepStep::Begin { makes_up, .. } => Some(*makes_up),
            _ => None,
        })
        .collect();
    assert_eq!(makes_up, [false, true, true]);
    assert_eq!(world.findings().len(), 2, "what could be read was assessed");
    let run = run_of(&world);
    assert!(run.ended && run.is_last_attempt(), "{run:?}");
    let [failure] = &run.failures[..] else { panic!("{run:?}") };
    assert!(failure.contains("UnauthorizedOperation") && failure.contains(REGION), "{failure}");

    // What fails for good makes no later sweep a first one, whose alerts wait for a digest.
    assert!(block_on(world.ledger.last_sweep()).unwrap().is_some());
    world.clock.advance(SignedDuration::from_hours(6));
    let attach = |account: &mut Account| account.attach_role_policy("workers-00", POWER_USER);
    world.account.change(attach).unwrap();
    let done = do_sweep(&world, &world.ports(), &ec2);
    assert_eq!((world.topics.alerts().len(), world.topics.digests().len()), (1, 0));
    let sweeps = done.iter().filter(|(step, _)| matches!(step, SweepStep::Begin { .. }));
    assert_eq!(sweeps.count(), 3, "it is tried again from the first attempt on");
}

/// Many organizations close the regions that nobody is to use, and EC2 names these all the same.
#[test]
fn a_region_that_the_organization_closes_is_let_go_where_nobody_named_it() {
    for (regions, is_complete) in [(Vec::new(), true), (vec![REGION.to_owned()], false)] {
        let world = closed(world(0));
        let settings = Settings { regions, ..settings() };
        world.sweep_requests.ask("the schedule");
        let ec2 = OneAnswer::denied(&world, CLOSED);
        do_steps(&world, &world.ports(), &ec2, &settings, false);
        assert_eq!(run_of(&world).failures.is_empty(), is_complete, "{:?}", run_of(&world));
    }
}

/// From now on, all that EKS and ECR are asked for in the region is denied by the organization.
fn closed(world: World) -> World {
    world.account.change(|account| {
        let kinds = UseKind::ALL.into_iter().filter(|kind| kind.is_regional());
        for kind in kinds {
            account.cannot_read(Reading::Uses(Source::regional(kind, REGION)), CLOSED);
        }
        account.cannot_read(Reading::RepositoryPolicies(REGION.to_owned()), CLOSED);
        account.cannot_read(Reading::RegistryPolicy(REGION.to_owned()), CLOSED);
    });
    world
}

#[test]
fn one_call_that_the_organization_denies_is_a_failure() {
    let world = world(1);
    let settings = Settings { regions: Vec::new(), ..settings() };
    world.sweep_requests.ask("the schedule");
    let ec2 = OneAnswer::denied(&world, CLOSED);
    do_steps(&world, &world.ports(), &ec2, &settings, false);
    assert_eq!(run_of(&world).failures.len(), 1, "{:?}", run_of(&world));
}

#[test]
fn a_region_that_is_closed_over_known_uses_is_a_failure() {
    let world = world(1);
    let settings = Settings { regions: Vec::new(), ..settings() };
    block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    let world = closed(world);
    world.clock.advance(SignedDuration::from_hours(6));
    world.sweep_requests.ask("the schedule");
    let ec2 = OneAnswer::denied(&world, CLOSED);
    do_steps(&world, &world.ports(), &ec2, &settings, false);
    assert!(!run_of(&world).failures.is_empty());
    assert_eq!(told(&world), BTreeSet::from(["PASSED ACTIVE".to_owned()]), "no use ended");
}

#[test]
fn an_instance_profile_that_cannot_be_read_is_a_failure() {
    let world = world(1);
    let denied = PortError::lasting("iam:GetInstanceProfile", "AccessDenied");
    let iam = FaultyIam { instance_profile: Some(denied), ..FaultyIam::new(&world.account) };
    let ports = Ports { iam: &iam, ..world.ports() };
    // It was made after the instance profiles were listed.
    let instance = ClusterInstances {
        cluster_name: "prod".to_owned(),
        instance_profile_arn: format!("arn:aws:iam::{ACCOUNT}:instance-profile/new"),
    };
    let ec2 = OneAnswer { world: &world, answer: Ok(vec![instance]) };
    do_sweep(&world, &ports, &ec2);
    let run = run_of(&world);
    let [failure] = &run.failures[..] else { panic!("{run:?}") };
    assert!(failure.contains("iam:GetInstanceProfile") && failure.contains(REGION), "{failure}");
}

/// Each step in turn ends its invocation whenever it is tried: its sweep goes on without it.
#[test]
fn a_step_that_fails_whenever_it_is_tried_is_given_up() {
    for given_up in ["list", "assess", "finish"] {
        let world = world(2);
        let (ports, settings) = (world.ports(), settings());
        block_on(sweep(&ports, &world.account, &settings)).unwrap();
        let findings = world.findings();
        world.clock.advance(SignedDuration::from_hours(6));
        world.sweep_requests.ask("the schedule");
        let mut steps: Vec<SweepStep> = world.sweep_requests.take();
        let mut taken = 0;
        while let Some(step) = steps.pop() {
            let name = serde_json::to_value(&step).unwrap()["step"].clone();
            let receipts =
                if name == given_up && run_of(&world).attempt == 0 { MOST_RECEIPTS } else { 1 };
            if let SweepStep::List { sweep, place, .. } = &step
                && receipts > 1
            {
                keep_half(&world, sweep, place);
            }
            let message = message(&world, &step, receipts);
            block_on(handle_step(&ports, &world.account, &settings, &message, None)).unwrap();
            steps.extend(world.sweep_requests.take());
            taken += 1;
            assert!(taken < 50, "the sweeps never end");
        }
        let run = run_of(&world);
        assert_eq!(
            (run.ended, run.attempt, run.is_complete()),
            (true, 1, true),
            "{given_up}: {run:?}"
        );
        assert_eq!(world.findings(), findings, "{given_up}: no use ended, nothing is told anew");
    }
}

/// A try of the listing kept its first part, which says that everything was listed, and died.
fn keep_half(world: &World, sweep: &str, place: &Place) {
    let began = Some(world.clock.now());
    let complete = place.sources().into_iter().collect();
    let uses = UseListing { began, complete, ..UseListing::default() };
    for part in (Listed { uses, ..Listed::default() }).into_parts(sweep, &place.name()) {
        block_on(world.ledger.keep_sweep_part(&part)).unwrap();
    }
}

/// The pages of IAM are denied, each role may be read.
#[test]
fn what_is_read_one_by_one_goes_on_in_another_invocation() {
    let world = world(50);
    let denied = PortError::lasting("iam:GetAccountAuthorizationDetails", "AccessDenied");
    let iam = FaultyIam { roles_page: Some(denied), ..FaultyIam::new(&world.account) };
    let ports = Ports { iam: &iam, ..world.ports() };
    world.sweep_requests.ask("the schedule");
    let done = do_steps(&world, &ports, &world.account, &settings(), true);
    let assessed = done.iter().filter(|(step, _)| matches!(step, SweepStep::Assess { .. }));
    let counts: Vec<usize> = assessed.map(|(_, done)| done.assessed.len()).take(3).collect();
    assert_eq!(counts, [20, 20, 10]);
    let read = iam.read.lock().unwrap().len();
    assert_eq!(read, 3 * 50, "each role once in each of three sweeps");
    assert!(!run_of(&world).is_complete());
}

#[test]
fn a_damaged_record_holds_up_no_other_role() {
    let mut world = world(3);
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    let mut state = serde_json::to_value(world.ledger.state()).unwrap();
    state["records"]["workers-01"]["record"] = json!({ "schema": 1 });
    world.ledger = MemoryLedger::new(serde_json::from_value(state).unwrap());
    world.clock.advance(SignedDuration::from_hours(6));
    let attach = |account: &mut Account| account.attach_role_policy("workers-02", POWER_USER);
    world.account.change(attach).unwrap();
    let done = do_sweep(&world, &world.ports(), &world.account);
    assert!(told(&world).contains("FAILED ACTIVE"), "another role was assessed");
    assert!(done.iter().any(|(_, done)| done.assessed.contains(&role_arn(0))));
    let run = run_of(&world);
    assert!(run.failures.iter().any(|failure| failure.contains("workers-01")), "{run:?}");
}

/// Between the listing and the assessments, a use comes back that the listing did not show.
#[test]
fn a_use_that_an_event_saw_again_is_not_ended_by_an_earlier_listing() {
    let world = world(1);
    let (ports, settings) = (world.ports(), settings());
    block_on(sweep(&ports, &world.account, &settings)).unwrap();
    world.clock.advance(SignedDuration::from_hours(6));
    // Whoever deletes it and makes it again, as a change of its disk size does.
    let delete = |account: &mut Account| account.delete_nodegroup(REGION, "prod", "workers-00");
    world.account.change(delete).unwrap();
    world.sweep_requests.ask("the schedule");
    let [begin] = &world.sweep_requests.take()[..] else { panic!() };
    let asked = message(&world, begin, 1);
    block_on(handle_step(&ports, &world.account, &settings, &asked, None)).unwrap();
    for step in world.sweep_requests.take() {
        let listed = message(&world, &step, 1);
        block_on(handle_step(&ports, &world.account, &settings, &listed, None)).unwrap();
    }

    world.clock.advance(SignedDuration::from_secs(30));
    let create = |account: &mut Account| {
        account.create_nodegroup(REGION, "prod", "workers-00", nodegroup(0))
    };
    world.account.change(create).unwrap();
    hear_of_nodegroup(&world, "workers-00");
    do_steps(&world, &ports, &world.account, &settings, false);
    assert_eq!(told(&world), BTreeSet::from(["PASSED ACTIVE".to_owned()]));
}

/// The recorded event, of this nodegroup.
fn hear_of_nodegroup(world: &World, name: &str) {
    let path = format!("{}/../events/eks/CreateNodegroup.json", env!("CARGO_MANIFEST_DIR"));
    let body =
        std::fs::read_to_string(path).unwrap().replace("\"workers\"", &format!("\"{name}\""));
    let records = json!({ "Records": [{ "messageId": "a", "body": body }] });
    let batch = read_batch(&records, ACCOUNT);
    let [arrival] = &batch.arrivals[..] else { panic!("{batch:?}") };
    assert!(!arrival.changes.is_empty(), "{batch:?}");
    let handled = block_on(handle(&world.ports(), &settings(), &batch.arrivals));
    assert!(handled.failed.is_empty() && handled.assessed.len() == 1, "{handled:?}");
}

/// Nothing is to be found out about a role that is gone: it costs no read of IAM.
#[test]
fn a_role_that_is_gone_costs_later_sweeps_nothing() {
    let world = world(2);
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    world.account.change(|account| {
        account.delete_nodegroup(REGION, "prod", "workers-01").unwrap();
        account.delete_role("workers-01").unwrap();
    });
    for reads in [1, 0, 0] {
        world.clock.advance(SignedDuration::from_hours(6));
        let iam = FaultyIam::new(&world.account);
        do_sweep(&world, &Ports { iam: &iam, ..world.ports() }, &world.account);
        assert_eq!(iam.read.lock().unwrap().len(), reads);
    }
    let states = BTreeSet::from(["PASSED ACTIVE", "PASSED ARCHIVED"].map(str::to_owned));
    assert_eq!(told(&world), states);
}

/// SNS that takes nothing for one owner.
struct Choosy<'topics> {
    topics: &'topics MemoryTopics,
    refuses: Mutex<Option<&'static str>>,
}

#[async_trait]
impl Topics for Choosy<'_> {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        self.topics.alert(alert).await
    }

    async fn digest(&self, owner: &str, alerts: &[Alert]) -> Result<(), PortError> {
        if *self.refuses.lock().unwrap() == Some(owner) {
            return Err(PortError::transient("sns:Publish", "Throttled"));
        }
        self.topics.digest(owner, alerts).await
    }

    async fn operators(&self, subject: &str, text: &str) -> Result<(), PortError> {
        self.topics.operators(subject, text).await
    }
}

#[test]
fn an_owner_whose_digest_fails_has_nobody_told_twice() {
    let world = world(3);
    let tag = |account: &mut Account| {
        for (role, owner) in [("workers-00", "ada"), ("workers-01", "bob"), ("workers-02", "cid")] {
            account.attach_role_policy(role, POWER_USER).unwrap();
            account.tag_role(role, "owner", owner).unwrap();
        }
    };
    world.account.change(tag);
    let topics = Choosy { topics: &world.topics, refuses: Mutex::new(Some("bob")) };
    let ports = Ports { topics: &topics, ..world.ports() };
    let owners = || -> Vec<String> {
        world.topics.digests().into_iter().map(|digest| digest.owner).collect()
    };
    world.sweep_requests.ask("the schedule");
    // The sweep itself, without those that make up for it.
    for _ in 0..4 {
        for step in world.sweep_requests.take() {
            let message = message(&world, &step, 1);
            block_on(handle_step(&ports, &world.account, &settings(), &message, None)).unwrap();
        }
    }
    assert_eq!(owners(), ["ada", "cid"]);
    assert!(run_of(&world).failures.iter().any(|failure| failure.contains("bob")));
    *topics.refuses.lock().unwrap() = None;
    do_steps(&world, &ports, &world.account, &settings(), false);
    assert_eq!(owners(), ["ada", "cid", "bob"]);
    let records = block_on(world.ledger.all_records()).unwrap().records;
    assert!(records.iter().all(|known| known.record.outbox.is_empty()), "{records:?}");
}

/// A name of the settings that nobody has ever seen is most often a wrong one.
#[test]
fn a_role_of_the_settings_that_does_not_exist_is_not_passed_over() {
    let world = world(0);
    let nobody = RoleArn::parse("arn:aws:iam::111122223333:role/nobody").unwrap();
    let settings = Settings { extra_node_role_arns: vec![nobody], ..settings() };
    block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    assert_eq!(told(&world), BTreeSet::from(["NOT_AVAILABLE ACTIVE".to_owned()]));
    assert!(world.findings()[0].to_string().contains("IAM knows no"));
    assert_eq!(world.topics.operators_lines().len(), 1);

    // It was there, and is gone: then there is nothing to be known.
    let world = self::world(1);
    let settings = Settings { extra_node_role_arns: vec![role_arn(0)], ..self::settings() };
    block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    world.account.change(|account| account.delete_role("workers-00")).unwrap();
    world.clock.advance(SignedDuration::from_hours(6));
    block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    assert_eq!(told(&world), BTreeSet::from(["PASSED ARCHIVED".to_owned()]));
}
