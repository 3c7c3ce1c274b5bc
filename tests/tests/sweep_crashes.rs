//! A sweep with a crash at every place: each of its steps in turn is killed before and after each
//! call that it makes. Its message comes again, and what is told and remembered in the end is what
//! would have been without the crash.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::journey::{SweepMessage, handle_step, sweep};
use ecr_audit::ports::{Clock, ClusterInstances, Ec2, Ledger, Ports};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, MemoryAccount, Nodegroup, Tags, World};
use serde_json::{Value, json};
use tests::interleaving::{Gate, Planted};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const POWER_USER: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser";
const ROLES: [(&str, &str); 4] =
    [("workers-00", "ada"), ("workers-01", "bob"), ("workers-02", "bob"), ("workers-03", "cid")];

/// What the sweep meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meets {
    /// An account that nobody has looked at: owners get digests.
    EverythingNew,
    /// A verdict that became worse, a role that is gone, and a finding that Security Hub has lost.
    Changes,
    /// The same, and EC2 denies its instances.
    ChangesAndDenial,
}

/// EC2 that answers, or does not.
struct SomeEc2<'world> {
    account: &'world MemoryAccount,
    is_denied: bool,
}

#[async_trait::async_trait]
impl Ec2 for SomeEc2<'_> {
    async fn cluster_instances(&self, region: &str) -> Result<Vec<ClusterInstances>, PortError> {
        if self.is_denied {
            return Err(PortError::lasting("ec2:DescribeInstances", "UnauthorizedOperation"));
        }
        self.account.cluster_instances(region).await
    }

    async fn enabled_regions(&self, region: &str) -> Result<Vec<String>, PortError> {
        self.account.enabled_regions(region).await
    }
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

fn world(meets: Meets) -> World {
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    for (name, owner) in ROLES {
        let role_arn = RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/eks/{name}")).unwrap();
        account.create_role(&role_arn, now).unwrap();
        account.attach_role_policy(name, PULL_ONLY).unwrap();
        account.tag_role(name, "owner", owner).unwrap();
        let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", name, nodegroup).unwrap();
    }
    let push = |account: &mut Account, names: &[&str]| {
        for name in names {
            account.attach_role_policy(name, POWER_USER).unwrap();
        }
    };
    let world = World::new(account, now);
    if meets == Meets::EverythingNew {
        world.account.change(|account| push(account, &["workers-00", "workers-01", "workers-02"]));
        return world;
    }
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    world.clock.advance(SignedDuration::from_hours(6));
    world.account.change(|account| {
        push(account, &["workers-00"]);
        account.delete_nodegroup(REGION, "prod", "workers-01").unwrap();
        account.delete_role("workers-01").unwrap();
    });
    let lost = format!("arn:aws:iam::{ACCOUNT}:role/eks/workers-02/pullwatch/can-pull");
    assert!(world.security_hub.expire(&lost));
    world
}

/// Does a step; killed after some turns, where a number is given. Between two turns one call is
/// made, or answered. Returns whether it came to its end.
fn done(world: &World, meets: Meets, message: &SweepMessage, turns: Option<usize>) -> bool {
    let planted = Planted::Nothing;
    let account = Gate { port: &world.account, planted };
    let ledger = Gate { port: &world.ledger, planted };
    let security_hub = Gate { port: &world.security_hub, planted };
    let topics = Gate { port: &world.topics, planted };
    let sweep_requests = Gate { port: &world.sweep_requests, planted };
    let ports = Ports {
        iam: &account,
        eks: &account,
        ecr: &account,
        ledger: &ledger,
        security_hub: &security_hub,
        topics: &topics,
        sweep_requests: &sweep_requests,
        clock: &world.clock,
    };
    let is_denied = meets == Meets::ChangesAndDenial;
    let ec2 = SomeEc2 { account: &world.account, is_denied };
    let settings = settings();
    // Time for one page of roles, so that the assessment goes on in a second step.
    let until = Some(world.clock.now());
    let mut task = pin!(handle_step(&ports, &ec2, &settings, message, until));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..turns.unwrap_or(usize::MAX) {
        if let Poll::Ready(outcome) = task.as_mut().poll(&mut context) {
            outcome.unwrap();
            return true;
        }
    }
    false
}

/// Does a sweep and what follows it. One step is killed, where it is given by its number, after so
/// many turns; returns whether it was.
fn swept(world: &World, meets: Meets, killed: Option<(usize, usize)>) -> bool {
    let mut queue = VecDeque::new();
    let mut was_killed = false;
    world.sweep_requests.ask("the schedule");
    for number in 0.. {
        let sent = world.sweep_requests.take().into_iter();
        queue.extend(sent.map(|step| (world.clock.unique_id(), step, 1)));
        let Some((id, step, receipts)) = queue.pop_front() else { break };
        let message = SweepMessage { id: id.clone(), step: step.clone(), receipts };
        let turns = killed.filter(|(step, _)| *step == number).map(|(_, turns)| turns);
        if !done(world, meets, &message, turns) {
            was_killed = true;
            // The lease of the dead sender runs out before the message comes again.
            world.clock.advance(SignedDuration::from_mins(90));
            queue.push_back((id, step, receipts + 1));
        }
        assert!(number < 100, "the sweeps never end");
    }
    was_killed
}

/// What there is to see and to remember in the end.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    findings: BTreeMap<String, [Value; 3]>,
    /// What was published, and to whom.
    published: Vec<String>,
    ledger: Vec<String>,
    run: String,
}

/// What is seen, and how often the message that was published most often.
fn seen(world: &World) -> (Seen, usize) {
    let findings = world.security_hub.findings().into_iter().map(|held| {
        let parts = ["Compliance", "RecordState", "Workflow"].map(|part| held.asff[part].clone());
        (held.id, parts)
    });
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut publish = |message: Value| *times.entry(message.to_string()).or_default() += 1;
    for alert in world.topics.alerts() {
        publish(json!([alert.owners, alert.role.arn, alert.transitions]));
    }
    for digest in world.topics.digests() {
        for alert in &digest.alerts {
            publish(json!([digest.owner, alert.role.arn, alert.transitions]));
        }
    }
    for line in world.topics.operators_lines() {
        publish(json!([line.subject, line.text]));
    }
    let records = block_on(world.ledger.all_records()).unwrap().records;
    let ledger = records.iter().map(|known| {
        let record = &known.record;
        let of_check = |(check, known): (_, &ecr_audit::ledger::CheckRecord)| {
            format!("{check:?} {:?} {:?}", known.finding.result, known.finding.record_state)
        };
        let checks: Vec<String> = record.checks.iter().map(of_check).collect();
        format!("{} {} {checks:?} {:?}", record.role_arn, record.uses.len(), record.outbox)
    });
    let (run, _) = block_on(world.ledger.sweep_run()).unwrap().unwrap();
    let is_noted = block_on(world.ledger.last_sweep()).unwrap().is_some();
    let run = format!("{} {} {:?} {is_noted}", run.ended, run.attempt, run.failures);
    let most = times.values().copied().max().unwrap_or(0);
    let published = times.into_keys().collect();
    (Seen { findings: findings.collect(), published, ledger: ledger.collect(), run }, most)
}

#[test]
fn a_crash_at_any_place_of_a_sweep_changes_nothing_of_what_is_told() {
    let mut crashes = 0;
    for meets in [Meets::EverythingNew, Meets::Changes, Meets::ChangesAndDenial] {
        let whole = world(meets);
        assert!(!swept(&whole, meets, None));
        let (expected, times) = seen(&whole);
        assert_eq!(times, 1, "{meets:?}: {expected:?}");
        assert!(expected.ledger.iter().all(|record| record.ends_with("[]")), "{expected:?}");
        for step in 0.. {
            for turns in 1.. {
                let world = world(meets);
                if !swept(&world, meets, Some((step, turns))) {
                    break;
                }
                crashes += 1;
                let place = format!("{meets:?}, step {step} killed after {turns} turns");
                let (found, times) = seen(&world);
                assert_eq!(found.published, expected.published, "{place}");
                assert_eq!(found.findings, expected.findings, "{place}");
                assert_eq!(found.ledger, expected.ledger, "{place}");
                assert_eq!(found.run, expected.run, "{place}");
                // Once more where its success could not be noted.
                assert!(times <= 2, "{place}: a message came {times} times");
            }
            // begin, three listings, two assessments, finish
            if step == 6 {
                break;
            }
        }
    }
    println!("{crashes} crashes");
    assert!(crashes > 300, "{crashes} crashes show nothing");
}
