//! A sweep in steps, each a message of its queue: what is known of the account after the last one,
//! whoever came in between, whatever time ran out.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::error::PortError;
use ecr_audit::journey::{Arrival, SweepMessage, SweepSummary, handle, handle_step};
use ecr_audit::ports::{Clock, Iam, InstanceProfile, Ledger, Page, Ports};
use ecr_audit::role_policies::{RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use ecr_audit::sweep_step::{Place, SweepStep};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, Nodegroup, Tags, World};
use tests::{do_steps, run_of};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const POWER_USER: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";

fn role_arn(number: usize) -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/eks/workers-{number:02}")).unwrap()
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
        let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", name.as_str(), nodegroup).unwrap();
    }
    World::new(account, now)
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// IAM that counts who is read by himself, and lets something happen after a page of roles.
struct WatchedIam<'world> {
    world: &'world World,
    read_alone: Mutex<Vec<RoleName>>,
    after_page: Mutex<Option<Arrival>>,
}

impl<'world> WatchedIam<'world> {
    fn new(world: &'world World) -> Self {
        Self { world, read_alone: Mutex::default(), after_page: Mutex::default() }
    }

    fn ports(&self) -> Ports<'_> {
        Ports { iam: self, ..self.world.ports() }
    }
}

#[async_trait]
impl Iam for WatchedIam<'_> {
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError> {
        self.read_alone.lock().unwrap().push(role_name.clone());
        self.world.account.role(role_name).await
    }

    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError> {
        self.world.account.roles_with_policy(policy_arn).await
    }

    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError> {
        self.world.account.instance_profile(name).await
    }

    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError> {
        self.world.account.instance_profiles().await
    }

    async fn roles_page(&self, marker: Option<&str>) -> Result<Page<RolePolicies>, PortError> {
        let page = self.world.account.roles_page(marker).await;
        let event = self.after_page.lock().unwrap().take();
        if let Some(arrival) = event {
            let attach =
                |account: &mut Account| account.attach_role_policy("workers-00", POWER_USER);
            self.world.account.change(attach).unwrap();
            let handled = handle(&self.world.ports(), &settings(), &[arrival]).await;
            assert!(handled.failed.is_empty(), "{handled:?}");
        }
        page
    }

    async fn managed_policies_page(
        &self,
        marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError> {
        self.world.account.managed_policies_page(marker).await
    }
}

#[test]
fn the_steps_together_are_a_sweep() {
    let world = world(2);
    world.sweep_requests.ask("the schedule");
    let done = do_steps(&world, &world.ports(), &world.account, &settings(), false);
    let names: Vec<String> = done
        .iter()
        .map(|(step, _)| serde_json::to_value(step).unwrap()["step"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["begin", "list", "list", "list", "assess", "finish"]);
    assert_eq!(world.findings().len(), 4, "two checks of two roles");
    assert!(run_of(&world).ended);
    assert!(block_on(world.ledger.last_sweep()).unwrap().is_some());
}

#[test]
fn an_invocation_whose_time_is_over_goes_on_in_another() {
    let world = world(10);
    let iam = WatchedIam::new(&world);
    world.sweep_requests.ask("the schedule");
    let done = do_steps(&world, &iam.ports(), &world.account, &settings(), true);
    let assessing: Vec<&(SweepStep, SweepSummary)> =
        done.iter().filter(|(step, _)| matches!(step, SweepStep::Assess { .. })).collect();
    let counts: Vec<usize> = assessing.iter().map(|(_, done)| done.assessed.len()).collect();
    assert_eq!(counts, [3, 3, 3, 1], "three roles stand on a page in memory");
    let SweepStep::Assess { marker: Some(_), .. } = &assessing[1].0 else { panic!("{done:?}") };
    let assessed: BTreeSet<RoleArn> =
        assessing.iter().flat_map(|(_, done)| done.assessed.clone()).collect();
    assert_eq!(assessed, (0..10).map(role_arn).collect());
    assert!(iam.read_alone.lock().unwrap().is_empty(), "a page tells all of a role");
}

/// The event's reading is later than the page's, and was recorded first.
#[test]
fn a_page_does_not_count_for_a_role_that_was_assessed_since() {
    let world = world(1);
    world.sweep_requests.ask("the schedule");
    do_steps(&world, &world.ports(), &world.account, &settings(), false);
    world.clock.advance(SignedDuration::from_hours(6));
    let event = Event {
        id: "c3ac1d50-6d1c-4b21-a96b-000000000001".to_owned(),
        name: "AttachRolePolicy".to_owned(),
        time: "2026-01-16T15:00:00Z".parse().unwrap(),
        account: ACCOUNT.to_owned(),
        region: "us-east-1".to_owned(),
        actor: Actor { principal: "user/ada".to_owned(), ..Actor::default() },
    };
    let effect = RoleEffect::PolicyAttached { policy_arn: POWER_USER.to_owned() };
    let change = Change::Role { role_name: RoleName::new("workers-00"), effect };
    let iam = WatchedIam::new(&world);
    *iam.after_page.lock().unwrap() = Some(Arrival {
        message_id: "a".to_owned(),
        is_first_receipt: true,
        changes: vec![ReportedChange { change, event }],
    });
    world.sweep_requests.ask("the schedule");
    do_steps(&world, &iam.ports(), &world.account, &settings(), false);
    assert!(iam.after_page.lock().unwrap().is_none(), "the event came");
    let failed = |finding: &serde_json::Value| finding["Compliance"]["Status"] == "FAILED";
    assert!(world.findings().iter().any(failed), "the sweep took back what the event had told");
}

#[test]
fn a_request_during_a_sweep_is_followed_by_another_sweep() {
    let world = world(1);
    world.sweep_requests.ask("the schedule");
    let [begin] = &world.sweep_requests.take()[..] else { panic!() };
    let message = SweepMessage { id: "first".to_owned(), step: begin.clone(), receipts: 1 };
    let (ports, settings) = (world.ports(), settings());
    block_on(handle_step(&ports, &world.account, &settings, &message, None)).unwrap();
    let first = world.sweep_requests.take();
    for id in ["second", "third"] {
        let step = SweepStep::begin("an event was cut");
        let message = SweepMessage { id: id.to_owned(), step, receipts: 1 };
        block_on(handle_step(&ports, &world.account, &settings, &message, None)).unwrap();
        assert_eq!(world.sweep_requests.take(), [], "one sweep at a time");
    }
    // The same message again: perhaps its steps were never sent.
    block_on(handle_step(&ports, &world.account, &settings, &message, None)).unwrap();
    assert_eq!(world.sweep_requests.take(), first);
    for step in first {
        let message = SweepMessage { id: "step".to_owned(), step, receipts: 1 };
        block_on(handle_step(&ports, &world.account, &settings, &message, None)).unwrap();
    }
    let done = do_steps(&world, &ports, &world.account, &settings, false);
    let beginnings: Vec<&SweepStep> = done
        .iter()
        .map(|(step, _)| step)
        .filter(|step| matches!(step, SweepStep::Begin { .. }))
        .collect();
    assert_eq!(
        beginnings,
        [&SweepStep::begin("an event was cut")],
        "the two requests are one sweep"
    );
    assert!(run_of(&world).ended && run_of(&world).again.is_none());
}

#[test]
fn a_sweep_that_died_makes_room_for_the_next() {
    let world = world(1);
    let (ports, settings) = (world.ports(), settings());
    world.sweep_requests.ask("the schedule");
    let step = world.sweep_requests.take().remove(0);
    let message = SweepMessage { id: "dies".to_owned(), step, receipts: 1 };
    block_on(handle_step(&ports, &world.account, &settings, &message, None)).unwrap();
    let lost = world.sweep_requests.take();
    assert!(!lost.is_empty());
    world.clock.advance(SignedDuration::from_hours(9));
    world.sweep_requests.ask("the schedule");
    let done = do_steps(&world, &ports, &world.account, &settings, false);
    assert!(run_of(&world).ended);
    // Nobody has to look for it: the log has it, by which the alarm SweepIncomplete rings.
    let [failure] = &done[0].1.failures[..] else { panic!("{done:?}") };
    assert!(failure.contains("dies") && failure.contains(REGION), "{failure}");
    // A step of the dead one that comes after all does nothing.
    let imports = world.security_hub.imports().len();
    for step in lost {
        let message = SweepMessage { id: "late".to_owned(), step, receipts: 1 };
        block_on(handle_step(&ports, &world.account, &settings, &message, None)).unwrap();
    }
    assert_eq!(world.sweep_requests.take(), []);
    assert_eq!(world.security_hub.imports().len(), imports);
}

#[test]
fn the_regions_are_found_where_none_is_named() {
    let world = world(1);
    let spot = RoleArn::parse("arn:aws:iam::111122223333:role/spot").unwrap();
    world.account.change(|account| {
        account.create_role(&spot, world.clock.now()).unwrap();
        account.create_cluster("ap-southeast-2", "far", Cluster::default()).unwrap();
        let nodegroup = Nodegroup { node_role: spot.clone(), tags: Tags::new() };
        account.create_nodegroup("ap-southeast-2", "far", "spot", nodegroup).unwrap();
    });
    let settings = Settings { regions: Vec::new(), ..settings() };
    world.sweep_requests.ask("the schedule");
    let done = do_steps(&world, &world.ports(), &world.account, &settings, false);
    let assessed: BTreeSet<RoleArn> =
        done.into_iter().flat_map(|(_, summary)| summary.assessed).collect();
    assert_eq!(assessed, BTreeSet::from([role_arn(0), spot]));
}

/// A registry is read until the time is over, and the next invocation goes on behind it.
#[test]
fn a_large_registry_is_read_in_several_invocations() {
    const OPEN: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ecr:BatchGetImage"}}"#;
    let world = world(1);
    let repository = |number: usize| format!("team/app-{number:03}");
    world.account.change(|account| {
        for number in 0..200 {
            let name = repository(number);
            account.create_repository(REGION, &name, Tags::new()).unwrap();
            account.set_repository_policy(REGION, &name, OPEN).unwrap();
        }
        account.put_registry_policy(REGION, OPEN);
    });
    let kept = || -> BTreeSet<Option<String>> {
        let documents = block_on(world.ledger.registry_documents()).unwrap();
        documents.into_iter().map(|document| document.repository_name).collect()
    };
    world.sweep_requests.ask("the schedule");
    let done = do_steps(&world, &world.ports(), &world.account, &settings(), true);
    let read_after: Vec<Option<String>> = done
        .into_iter()
        .filter_map(|(step, _)| match step {
            SweepStep::List { place: Place::Registry(_), after, .. } => Some(after),
            _ => None,
        })
        .collect();
    assert_eq!(read_after, [None, Some(repository(79)), Some(repository(159))]);
    let all: BTreeSet<Option<String>> =
        (0..200).map(|number| Some(repository(number))).chain([None]).collect();
    assert_eq!(kept(), all);

    world.clock.advance(SignedDuration::from_hours(6));
    world.account.change(|account| {
        account.delete_repository(REGION, &repository(7)).unwrap();
        account.delete_repository_policy(REGION, &repository(150)).unwrap();
        account.delete_registry_policy(REGION);
    });
    world.sweep_requests.ask("the schedule");
    do_steps(&world, &world.ports(), &world.account, &settings(), true);
    let gone = BTreeSet::from([Some(repository(7)), Some(repository(150)), None]);
    assert_eq!(kept(), all.difference(&gone).cloned().collect());
}
