//! One life of a small account: what happens in it, and who looks at it meanwhile.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use ecr_audit::arn::RoleArn;
use ecr_audit::change::ReportedChange;
use ecr_audit::change::{Actor, Change, Event, RoleEffect};
use ecr_audit::journey::{Arrival, SweepMessage, handle, handle_step};
use ecr_audit::ports::{Clock, Ledger, Ports};
use ecr_audit::settings::Settings;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{
    Account, Cluster, ManualClock, MemoryAccount, MemoryLedger, MemorySecurityHub,
    MemorySweepRequests, MemoryTopics, Nodegroup, Tags,
};

use super::gate::{Gate, Planted};
use super::guarantees;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const CLUSTER: &str = "prod";
const POWER_USER: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;

/// What was counted in one life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// How often a function or a sweep was killed.
    pub kills: usize,
    /// How many events never came.
    pub lost: usize,
    /// How often the turn went from one to another.
    pub turns: usize,
}

/// Everything a life is lived in.
pub struct World {
    pub account: MemoryAccount,
    pub ledger: MemoryLedger,
    pub security_hub: MemorySecurityHub,
    pub topics: MemoryTopics,
    pub sweep_requests: MemorySweepRequests,
    /// The messages of the sweep's queue.
    pub steps: RefCell<Vec<SweepMessage>>,
    pub clock: ManualClock,
    pub settings: Settings,
    pub life: Life,
    /// Whether every event comes and no use ends, so that events alone have to suffice.
    pub is_calm: bool,
    pub lost: Cell<usize>,
    /// Whether a node role was ever deleted or lost its last use.
    pub ever_gone: Cell<bool>,
}

/// A function at work. It ends with the ids of the messages that have to come again.
type Task<'world> = Pin<Box<dyn Future<Output = BTreeSet<String>> + 'world>>;

struct Running<'world> {
    task: Task<'world>,
    work: Work,
    /// The turn before which it does not go on: AWS keeps it waiting while others come and go.
    waits_until: usize,
}

/// What a function was given.
enum Work {
    Changes(Vec<Arrival>),
    Step(SweepMessage),
}

/// The two roles of the account.
pub fn roles() -> [RoleArn; 2] {
    ["workers", "spot"]
        .map(|name| RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/eks/{name}")).unwrap())
}

fn worn(role_arn: &RoleArn) -> Nodegroup {
    Nodegroup { node_role: role_arn.clone(), tags: Tags::new() }
}

fn world(seed: u64) -> World {
    let now: Timestamp = "2026-01-15T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_cluster(REGION, CLUSTER, Cluster::default()).unwrap();
    for role_arn in roles() {
        let name = role_arn.role_name();
        account.create_role(&role_arn, now).unwrap();
        account.attach_role_policy(name.as_str(), PULL_ONLY).unwrap();
        account.create_nodegroup(REGION, CLUSTER, name.as_str(), worn(&role_arn)).unwrap();
    }
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    World {
        account: MemoryAccount::new(account),
        ledger: MemoryLedger::without_regions(),
        security_hub: MemorySecurityHub::default(),
        topics: MemoryTopics::default(),
        sweep_requests: MemorySweepRequests::default(),
        steps: RefCell::default(),
        clock: ManualClock::new(now, &format!("life-{seed}")),
        settings,
        life: Life::default(),
        is_calm: seed.is_multiple_of(2),
        lost: Cell::new(0),
        ever_gone: Cell::new(false),
    }
}

/// The gates before each port of a world.
struct Gates<'world> {
    account: Gate<'world, MemoryAccount>,
    ledger: Gate<'world, MemoryLedger>,
    security_hub: Gate<'world, MemorySecurityHub>,
    topics: Gate<'world, MemoryTopics>,
    sweep_requests: Gate<'world, MemorySweepRequests>,
}

impl<'world> Gates<'world> {
    fn new(world: &'world World, planted: Planted) -> Self {
        Self {
            account: Gate { port: &world.account, planted },
            ledger: Gate { port: &world.ledger, planted },
            security_hub: Gate { port: &world.security_hub, planted },
            topics: Gate { port: &world.topics, planted },
            sweep_requests: Gate { port: &world.sweep_requests, planted },
        }
    }

    fn ports<'gates>(&'gates self, clock: &'gates ManualClock) -> Ports<'gates> {
        Ports {
            iam: &self.account,
            eks: &self.account,
            ecr: &self.account,
            ledger: &self.ledger,
            security_hub: &self.security_hub,
            topics: &self.topics,
            sweep_requests: &self.sweep_requests,
            clock,
        }
    }
}

/// Lives one life and checks the guarantees. The error names the one that was broken.
pub fn live(seed: u64, planted: Planted) -> Result<Life, String> {
    let mut random = Rng::with_seed(seed);
    let mut world = world(seed);
    let mut queue: Vec<Arrival> = Vec::new();
    // The stack was deployed before: its first sweep is long done.
    complete_sweep(&world, Planted::Nothing)?;
    let rounds = random.usize(2..6);
    for round in 0..rounds {
        for _ in 0..random.usize(1..4) {
            happen(&world, &mut random, &mut queue);
        }
        let (life, left) = at_once(&world, &mut random, planted, queue, round > 0);
        queue = left;
        world.life.kills += life.kills;
        world.life.turns += life.turns;
        world.clock.advance(SignedDuration::from_secs(random.i64(1..400)));
    }
    settle(&world, planted, queue)?;
    guarantees::check(&world, &roles())?;
    Ok(Life { lost: world.lost.get(), ..world.life })
}

/// Something changes in the account, and its event is sent: once, twice or never.
fn happen(world: &World, random: &mut Rng, queue: &mut Vec<Arrival>) {
    // Mostly one role, so that functions meet at it.
    let [often, seldom] = roles();
    let role_arn = if random.usize(0..4) > 0 { often } else { seldom };
    let role_name = role_arn.role_name();
    let name = role_name.as_str();
    let choice = random.usize(0..if world.is_calm { 6 } else { 7 });
    let mut is_gone = false;
    let change = world.account.change(|account| match choice {
        0 => account.attach_role_policy(name, POWER_USER).ok().map(|()| {
            ("AttachRolePolicy", RoleEffect::PolicyAttached { policy_arn: POWER_USER.to_owned() })
        }),
        1 => account.detach_role_policy(name, POWER_USER).ok().map(|()| {
            ("DetachRolePolicy", RoleEffect::PolicyDetached { policy_arn: POWER_USER.to_owned() })
        }),
        2 => account.put_role_policy(name, "Push", PUSH).ok().map(|()| {
            (
                "PutRolePolicy",
                RoleEffect::InlinePolicyPut {
                    policy_name: "Push".to_owned(),
                    document: Some(PUSH.to_owned()),
                },
            )
        }),
        3 => account.delete_role_policy(name, "Push").ok().map(|()| {
            ("DeleteRolePolicy", RoleEffect::InlinePolicyDeleted { policy_name: "Push".to_owned() })
        }),
        4 => account.detach_role_policy(name, PULL_ONLY).ok().map(|()| {
            ("DetachRolePolicy", RoleEffect::PolicyDetached { policy_arn: PULL_ONLY.to_owned() })
        }),
        5 => account.attach_role_policy(name, PULL_ONLY).ok().map(|()| {
            ("AttachRolePolicy", RoleEffect::PolicyAttached { policy_arn: PULL_ONLY.to_owned() })
        }),
        _ => {
            is_gone = account.delete_nodegroup(REGION, CLUSTER, name).is_ok();
            if !is_gone {
                account.create_nodegroup(REGION, CLUSTER, name, worn(&role_arn)).unwrap();
            }
            None
        }
    });
    world.ever_gone.set(world.ever_gone.get() || is_gone);
    let (event_name, change) = match change {
        Some((event_name, effect)) => (event_name, Change::Role { role_name, effect }),
        None if choice < 6 => return,
        None => (
            if is_gone { "DeleteNodegroup" } else { "CreateNodegroup" },
            Change::Nodegroup {
                region: REGION.to_owned(),
                cluster_name: CLUSTER.to_owned(),
                nodegroup_name: name.to_owned(),
                role_arn: Some(role_arn.clone()),
            },
        ),
    };
    let event = Event {
        id: world.clock.unique_id(),
        name: event_name.to_owned(),
        time: world.clock.now(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        actor: Actor { principal: "user/ada".to_owned(), ..Actor::default() },
    };
    let times = match random.usize(0..10) {
        0 if !world.is_calm => 0,
        1..3 => 2,
        _ => 1,
    };
    world.lost.set(world.lost.get() + usize::from(times == 0));
    for _ in 0..times {
        queue.push(Arrival {
            message_id: world.clock.unique_id(),
            is_first_receipt: true,
            changes: vec![ReportedChange { change: change.clone(), event: event.clone() }],
        });
    }
}

/// Two functions and, sometimes, the steps of a sweep at once. Returns what is left in the queue.
fn at_once(
    world: &World,
    random: &mut Rng,
    planted: Planted,
    mut queue: Vec<Arrival>,
    may_sweep: bool,
) -> (Life, Vec<Arrival>) {
    let gates = Gates::new(world, planted);
    let ports = gates.ports(&world.clock);
    let mut life = Life::default();
    random.shuffle(&mut queue);
    let mut running: Vec<Running<'_>> = Vec::new();
    for _ in 0..2 {
        let some = queue.len().min(random.usize(0..3));
        let messages: Vec<Arrival> = queue.drain(..some).collect();
        running.push(function(&ports, world, messages));
    }
    if may_sweep && random.bool() {
        world.sweep_requests.ask("the schedule");
    }
    let mut starts = 16;
    loop {
        take_in_steps(world);
        // A function that is done reads on, while others are still at work.
        let has_steps = !world.steps.borrow().is_empty();
        if running.len() < 3 && starts > 0 && has_steps {
            starts -= 1;
            running.push(step(&ports, &gates, world, random));
        } else if running.len() < 2 && starts > 0 && !queue.is_empty() {
            starts -= 1;
            let messages = vec![queue.swap_remove(random.usize(0..queue.len()))];
            running.push(function(&ports, world, messages));
        }
        if running.is_empty() {
            return (life, queue);
        }
        life.turns += 1;
        let awake = |(_, one): &(usize, &Running<'_>)| one.waits_until <= life.turns;
        let awake: Vec<usize> = running.iter().enumerate().filter(awake).map(|one| one.0).collect();
        // Where all wait, one is answered.
        let chosen = random.choice(awake).unwrap_or_else(|| random.usize(0..running.len()));
        if random.usize(0..25) == 0 {
            running[chosen].waits_until = life.turns + random.usize(1..60);
        }
        if random.usize(0..60) == 0 {
            let killed = running.swap_remove(chosen);
            life.kills += 1;
            come_again(world, &mut queue, killed.work, None);
            continue;
        }
        if random.usize(0..12) == 0 && running.len() > 1 {
            happen(world, random, &mut queue);
        }
        if random.usize(0..20) == 0 {
            world.clock.advance(SignedDuration::from_millis(random.i64(1..3000)));
        }
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(failed) = running[chosen].task.as_mut().poll(&mut context) {
            let done = running.swap_remove(chosen);
            come_again(world, &mut queue, done.work, Some(&failed));
        }
    }
}

fn function<'world>(
    ports: &'world Ports<'world>,
    world: &'world World,
    messages: Vec<Arrival>,
) -> Running<'world> {
    let batch = messages.clone();
    let task = async move {
        let handled = handle(ports, &world.settings, &batch).await;
        handled.failed.into_keys().collect()
    };
    Running { task: Box::pin(task), work: Work::Changes(messages), waits_until: 0 }
}

/// Some step that waits. SQS gives out a message twice now and then, and an invocation may run out
/// of time on any page.
fn step<'world>(
    ports: &'world Ports<'world>,
    gates: &'world Gates<'world>,
    world: &'world World,
    random: &mut Rng,
) -> Running<'world> {
    let mut steps = world.steps.borrow_mut();
    let chosen = random.usize(0..steps.len());
    let message =
        if random.usize(0..8) == 0 { steps[chosen].clone() } else { steps.swap_remove(chosen) };
    let until = (random.usize(0..4) == 0).then(|| world.clock.now());
    let asked = message.clone();
    let task = async move {
        let done = handle_step(ports, &gates.account, &world.settings, &asked, until).await;
        done.err().map(|_| asked.id.clone()).into_iter().collect()
    };
    Running { task: Box::pin(task), work: Work::Step(message), waits_until: 0 }
}

/// What was sent to the sweep's queue arrives there.
fn take_in_steps(world: &World) {
    let sent = world.sweep_requests.take().into_iter();
    let messages = sent.map(|step| SweepMessage { id: world.clock.unique_id(), step, receipts: 1 });
    world.steps.borrow_mut().extend(messages);
}

/// Puts back what failed; of a function that was killed, everything.
fn come_again(
    world: &World,
    queue: &mut Vec<Arrival>,
    work: Work,
    failed: Option<&BTreeSet<String>>,
) {
    let comes = |id: &String| failed.is_none_or(|failed| failed.contains(id));
    match work {
        Work::Changes(messages) => {
            let failed = messages.into_iter().filter(|message| comes(&message.message_id));
            queue.extend(again(failed.collect()));
        }
        Work::Step(message) if comes(&message.id) => {
            let receipts = message.receipts + 1;
            world.steps.borrow_mut().push(SweepMessage { receipts, ..message });
        }
        Work::Step(_) => {}
    }
}

/// Messages that come again.
fn again(messages: Vec<Arrival>) -> Vec<Arrival> {
    messages.into_iter().map(|message| Arrival { is_first_receipt: false, ..message }).collect()
}

/// The account stands still: what is left is delivered, and one sweep completes.
fn settle(world: &World, planted: Planted, mut queue: Vec<Arrival>) -> Result<(), String> {
    let gates = Gates::new(world, planted);
    let ports = gates.ports(&world.clock);
    for _ in 0..4 {
        world.clock.advance(SignedDuration::from_mins(20));
        let handled = to_end(handle(&ports, &world.settings, &queue));
        queue.retain(|message| handled.failed.contains_key(&message.message_id));
        queue = again(queue);
    }
    if !queue.is_empty() {
        return Err(format!("{} messages are never done", queue.len()));
    }
    if world.lost.get() == 0 && !world.ever_gone.get() {
        guarantees::events_alone_suffice(world, &roles())?;
    }
    complete_sweep(world, planted)
}

/// Whatever step waits is done, and then those of one more sweep.
fn complete_sweep(world: &World, planted: Planted) -> Result<(), String> {
    let gates = Gates::new(world, planted);
    let ports = gates.ports(&world.clock);
    for reason in [None, Some("the account stands still")] {
        world.clock.advance(SignedDuration::from_mins(20));
        if let Some(reason) = reason {
            world.sweep_requests.ask(reason);
        }
        take_in_steps(world);
        let mut steps = 0;
        loop {
            let Some(message) = world.steps.borrow_mut().pop() else { break };
            let done = handle_step(&ports, &gates.account, &world.settings, &message, None);
            to_end(done).map_err(|error| error.to_string())?;
            take_in_steps(world);
            steps += 1;
            if steps > 100 {
                return Err("the sweep never ends".to_owned());
            }
        }
    }
    match to_end(world.ledger.sweep_run()).map_err(|error| error.to_string())? {
        Some((run, _)) if run.ended && run.failures.is_empty() => Ok(()),
        run => Err(format!("the sweep is not complete: {run:?}")),
    }
}

fn to_end<Output>(task: impl Future<Output = Output>) -> Output {
    let mut task = Box::pin(task);
    loop {
        if let Poll::Ready(output) = task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
