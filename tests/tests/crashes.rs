//! The table of transitions with a crash at every place: a role in every state, everything that
//! can happen to it, and the function killed before and after each call that it makes. The message
//! comes again, and what is told in the end is what would have been told without the crash.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ecr_audit::arn::RoleArn;
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::error::PortError;
use ecr_audit::exception::TAG;
use ecr_audit::journey::{Arrival, Handled, handle, sweep};
use ecr_audit::ports::{Clock, Ports};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::SignedDuration;
use memory_adapters::{Account, Cluster, Nodegroup, Tags, World};
use serde_json::{Value, json};
use tests::FaultyIam;
use tests::interleaving::{Gate, Planted};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";

/// What can become of the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It can pull, and only pull.
    Clean,
    /// It can push.
    Push,
    /// It can push and delete.
    PushAndDelete,
    /// It cannot pull.
    NoPull,
    /// It can push, and a tag excepts that.
    Excepted,
    /// It can push, and a person suppresses the finding before the event comes.
    Suppressed,
    /// IAM denies the read.
    Unreadable,
    /// No nodegroup wears it.
    NoUse,
    /// It is deleted.
    Gone,
}

const TURNS: [Turn; 9] = [
    Turn::Clean,
    Turn::Push,
    Turn::PushAndDelete,
    Turn::NoPull,
    Turn::Excepted,
    Turn::Suppressed,
    Turn::Unreadable,
    Turn::NoUse,
    Turn::Gone,
];

/// The states that the role can be in when something happens, by what led to them.
const STATES: [&[Turn]; 13] = [
    &[],
    &[Turn::Clean],
    &[Turn::Push],
    &[Turn::NoPull],
    &[Turn::Excepted],
    &[Turn::Suppressed],
    &[Turn::Unreadable],
    &[Turn::NoUse],
    &[Turn::Push, Turn::Clean],
    &[Turn::Push, Turn::Unreadable],
    &[Turn::Push, Turn::NoUse],
    &[Turn::Push, Turn::Gone],
    &[Turn::Suppressed, Turn::Clean],
];

fn role_arn() -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/eks/workers")).unwrap()
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// An account whose first sweep is done; the role is not worn yet.
fn world() -> World {
    let now = "2026-01-15T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let world = World::new(account, now);
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    world
}

/// Makes the account what the turn says, whatever it was.
fn happen(world: &World, turn: Turn) {
    world.account.change(|account| {
        // Some of these are not there, which is no matter.
        let _ = account.delete_nodegroup(REGION, "prod", "workers");
        let _ = account.delete_role("workers");
        if turn == Turn::Gone {
            return;
        }
        account.create_role(&role_arn(), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
        if turn != Turn::NoPull {
            account.attach_role_policy("workers", PULL_ONLY).unwrap();
        }
        let actions: &[&str] = match turn {
            Turn::Push | Turn::Excepted | Turn::Suppressed => &["ecr:PutImage"],
            Turn::PushAndDelete => &["ecr:PutImage", "ecr:DeleteRepository"],
            _ => &["s3:GetObject"],
        };
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        account.put_role_policy("workers", "more", &document).unwrap();
        if turn == Turn::Excepted {
            account.tag_role("workers", TAG, "2026-03-31 migration").unwrap();
        }
        if turn != Turn::NoUse {
            let nodegroup = Nodegroup { node_role: role_arn(), tags: Tags::new() };
            account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
        }
    });
    if turn == Turn::Suppressed {
        let id = format!("{}/pullwatch/read-only", role_arn());
        world.security_hub.set_workflow(&id, "SUPPRESSED");
    }
}

/// The message that tells of it.
fn message(world: &World, turn: Turn) -> Arrival {
    let role_name = role_arn().role_name();
    let nodegroup = Change::Nodegroup {
        region: REGION.to_owned(),
        cluster_name: "prod".to_owned(),
        nodegroup_name: "workers".to_owned(),
        role_arn: Some(role_arn()),
    };
    let of_role = |effect| Change::Role { role_name: role_name.clone(), effect };
    let changes = match turn {
        Turn::Gone => vec![of_role(RoleEffect::Deleted), nodegroup],
        _ => vec![nodegroup],
    };
    let event = |change| ReportedChange {
        change,
        event: Event {
            id: world.clock.unique_id(),
            name: "CreateNodegroup".to_owned(),
            time: world.clock.now(),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            actor: Actor { principal: "user/ada".to_owned(), ..Actor::default() },
        },
    };
    Arrival {
        message_id: world.clock.unique_id(),
        is_first_receipt: false,
        changes: changes.into_iter().map(event).collect(),
    }
}

/// Handles a message; killed after some steps, where a number is given. Between two steps one
/// call is made, or answered.
fn handled(world: &World, turn: Turn, arrival: &Arrival, steps: Option<usize>) -> Option<Handled> {
    let planted = Planted::Nothing;
    let denied = || PortError::answered("iam:GetRole", 403, "AccessDenied", "not authorized");
    let fault = (turn == Turn::Unreadable).then(denied);
    let iam = FaultyIam::of_roles(&world.account, fault);
    let (iam, account) = (Gate { port: &iam, planted }, Gate { port: &world.account, planted });
    let ledger = Gate { port: &world.ledger, planted };
    let security_hub = Gate { port: &world.security_hub, planted };
    let topics = Gate { port: &world.topics, planted };
    let ports = Ports {
        iam: &iam,
        eks: &account,
        ecr: &account,
        ledger: &ledger,
        security_hub: &security_hub,
        topics: &topics,
        ..world.ports()
    };
    let (settings, arrivals) = (settings(), std::slice::from_ref(arrival));
    let mut task = pin!(handle(&ports, &settings, arrivals));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..steps.unwrap_or(usize::MAX) {
        if let Poll::Ready(handled) = task.as_mut().poll(&mut context) {
            return Some(handled);
        }
    }
    None
}

/// The world in a state, with something that has happened and is not told yet.
fn before(state: &[Turn], turn: Turn) -> (World, Arrival) {
    let world = world();
    for earlier in state {
        if *earlier == Turn::Suppressed {
            happen(&world, Turn::Push);
            to_end(&world, Turn::Push);
        }
        happen(&world, *earlier);
        to_end(&world, *earlier);
    }
    happen(&world, turn);
    let arrival = message(&world, turn);
    (world, arrival)
}

fn to_end(world: &World, turn: Turn) {
    let handled = handled(world, turn, &message(world, turn), None).unwrap();
    assert!(handled.failed.is_empty(), "{turn:?}: {handled:?}");
    world.clock.advance(SignedDuration::from_mins(20));
}

/// What there is to see in the end.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// Status, record state, severity, workflow and excess of each finding.
    findings: BTreeMap<String, Vec<Value>>,
    /// What each alert says, once.
    alerts: Vec<String>,
    /// What the operators were told, once.
    operators: Vec<String>,
}

/// What is told, and how often the message that came most often.
fn told(world: &World) -> (Told, usize) {
    let mut findings = BTreeMap::new();
    for held in world.security_hub.findings() {
        let asff = &held.asff;
        findings.insert(
            held.id.clone(),
            vec![
                asff["Compliance"].clone(),
                asff["RecordState"].clone(),
                asff["FindingProviderFields"].clone(),
                asff["Workflow"].clone(),
                asff["ProductFields"]["pullwatch/Excess"].clone(),
                asff["ProductFields"]["pullwatch/ChangedBy"].clone(),
            ],
        );
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut is_first = |message: &str| {
        let times = times.entry(message.to_owned()).or_default();
        *times += 1;
        *times == 1
    };
    let mut alerts = Vec::new();
    for alert in world.topics.alerts() {
        if is_first(&alert.id) {
            alerts.push(json!([alert.transitions, alert.changes.len()]).to_string());
        }
    }
    let mut operators = Vec::new();
    for line in world.topics.operators_lines() {
        if is_first(&line.text) {
            operators.push(line.subject);
        }
    }
    let most = times.values().copied().max().unwrap_or(0);
    (Told { findings, alerts, operators }, most)
}

#[test]
fn a_crash_at_any_place_changes_nothing_of_what_is_told() {
    let mut crashes = 0;
    for state in STATES {
        for turn in TURNS {
            let (world, arrival) = before(state, turn);
            let handled_whole = handled(&world, turn, &arrival, None).unwrap();
            assert!(handled_whole.failed.is_empty(), "{state:?} -> {turn:?}: {handled_whole:?}");
            let (expected, times) = told(&world);
            assert!(times <= 1, "{state:?} -> {turn:?}: a message came {times} times");
            for steps in 1.. {
                let (world, arrival) = before(state, turn);
                if handled(&world, turn, &arrival, Some(steps)).is_some() {
                    break;
                }
                crashes += 1;
                // The lease of the dead sender runs out before the message comes again.
                world.clock.advance(SignedDuration::from_mins(3));
                let again = handled(&world, turn, &arrival, None).unwrap();
                let place = format!("{state:?} -> {turn:?}, killed at step {steps}");
                assert!(again.failed.is_empty(), "{place}: {again:?}");
                let (found, times) = told(&world);
                assert_eq!(found, expected, "{place}");
                // Once more where its success could not be noted.
                assert!(times <= 2, "{place}: a message came {times} times");
            }
        }
    }
    println!("{crashes} crashes");
    assert!(crashes > 500, "{crashes} crashes show nothing");
}
