//! Roles of one name under different paths. IAM has at most one of them at a time, CloudTrail tells
//! the name alone, and EKS goes on naming the ARN of a role that is gone.

use ecr_audit::alert::TransitionKind;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::error::PortError;
use ecr_audit::journey::{Arrival, Handled, handle, sweep};
use ecr_audit::ports::Ports;
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{AccessEntry, Account, Cluster, MemorySecurityHub, Nodegroup, Tags, World};
use serde_json::Value;
use tests::FaultyIam;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const NAME: &str = "workers";
const OLD: &str = "arn:aws:iam::111122223333:role/old/workers";
const NEW: &str = "arn:aws:iam::111122223333:role/new/workers";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}"#;

/// The account holds a role that can pull, or everything, and whoever wears it.
fn account(role: &str, policy: fn(&mut Account)) -> Account {
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    create(&mut account, role, policy);
    account
}

fn create(account: &mut Account, role: &str, policy: fn(&mut Account)) {
    account.create_role(&arn(role), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    policy(account);
}

fn pulls(account: &mut Account) {
    account.attach_role_policy(NAME, PULL_ONLY).unwrap();
}

fn does_everything(account: &mut Account) {
    account.put_role_policy(NAME, "Everything", EVERYTHING).unwrap();
}

fn delete_role(account: &mut Account) {
    let _ = account.detach_role_policy(NAME, PULL_ONLY);
    let _ = account.delete_role_policy(NAME, "Everything");
    account.delete_role(NAME).unwrap();
}

fn enter(account: &mut Account, role: &str) {
    let entry = AccessEntry { entry_type: "EC2_LINUX".to_owned(), tags: Tags::new() };
    account.create_access_entry(REGION, "prod", role, entry).unwrap();
}

fn wear(account: &mut Account, nodegroup: &str, role: &str) {
    let worn = Nodegroup { node_role: arn(role), tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", nodegroup, worn).unwrap();
}

fn arn(text: &str) -> RoleArn {
    RoleArn::parse(text).unwrap()
}

/// A world that was swept once.
fn swept(account: Account) -> World {
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let world = World::new(account, now);
    complete_sweep(&world);
    world
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

fn complete_sweep(world: &World) {
    world.clock.advance(SignedDuration::from_hours(24));
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
}

/// A change is heard of, an hour after it was made.
fn hear(ports: &Ports<'_>, name: &str, change: Change) -> Handled {
    let event = Event {
        id: ports.clock.unique_id(),
        name: name.to_owned(),
        time: ports.clock.now() - SignedDuration::from_hours(1),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        actor: Actor { principal: "user/ada".to_owned(), ..Actor::default() },
    };
    let arrival = Arrival {
        message_id: "message-1".to_owned(),
        is_first_receipt: true,
        changes: vec![ReportedChange { change, event }],
    };
    block_on(handle(ports, &settings(), &[arrival]))
}

fn entry_created(role: &str) -> Change {
    Change::AccessEntry {
        region: REGION.to_owned(),
        cluster_name: "prod".to_owned(),
        principal_arn: role.to_owned(),
    }
}

fn role_created() -> Change {
    let effect = RoleEffect::Created { role_id: None };
    Change::Role { role_name: RoleName::new(NAME), effect }
}

fn held(world: &World, role: &str) -> Option<Value> {
    let id = format!("{role}/pullwatch/read-only");
    let held = world.security_hub.findings().into_iter().find(|held| held.id == id);
    held.map(|held| held.asff)
}

/// What Security Hub holds of the check read-only.
fn finding(world: &World, role: &str) -> String {
    held(world, role).map_or("-".to_owned(), |finding| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        text(&finding["Compliance"]["Status"]) + " " + &text(&finding["RecordState"])
    })
}

/// Each alert: its role, and what it tells.
fn alerts(world: &World) -> Vec<(String, Vec<TransitionKind>)> {
    let told = |alert: &ecr_audit::alert::Alert| {
        let kinds = alert.transitions.iter().map(|transition| transition.kind).collect();
        (alert.role.arn.to_string(), kinds)
    };
    world.topics.alerts().iter().map(told).collect()
}

/// EKS keeps the entry of a role that is gone, so the old use never ends.
#[test]
fn a_role_anew_under_another_path_is_assessed_while_an_entry_names_the_old_one() {
    let mut before = account(OLD, pulls);
    enter(&mut before, OLD);
    let world = swept(before);
    assert_eq!(finding(&world, OLD), "PASSED ACTIVE");
    world.account.change(|account| {
        delete_role(account);
        create(account, NEW, does_everything);
        enter(account, NEW);
    });
    let handled = hear(&world.ports(), "CreateAccessEntry", entry_created(NEW));
    assert_eq!(handled.failed, [].into());
    assert_eq!(handled.assessed, [arn(OLD), arn(NEW)].into());
    let told = |world: &World| (finding(world, OLD), finding(world, NEW));
    assert_eq!(told(&world), ("PASSED ARCHIVED".to_owned(), "FAILED ACTIVE".to_owned()));
    assert_eq!(alerts(&world), [(NEW.to_owned(), vec![TransitionKind::New])]);

    let (imports, state) = (world.security_hub.imports().len(), told(&world));
    for _ in 0..2 {
        complete_sweep(&world);
        assert_eq!(told(&world), state);
    }
    assert_eq!(world.security_hub.imports().len(), imports, "nothing became different");
    assert_eq!(alerts(&world).len(), 1);
}

#[test]
fn one_sweep_archives_the_old_role_and_assesses_the_new_one() {
    let mut before = account(OLD, does_everything);
    wear(&mut before, "one", OLD);
    let world = swept(before);
    assert_eq!(finding(&world, OLD), "FAILED ACTIVE");
    world.account.change(|account| {
        account.delete_nodegroup(REGION, "prod", "one").unwrap();
        delete_role(account);
        create(account, NEW, does_everything);
        wear(account, "two", NEW);
    });
    complete_sweep(&world);
    assert_eq!(finding(&world, OLD), "FAILED ARCHIVED");
    assert_eq!(finding(&world, NEW), "FAILED ACTIVE");
    let gone = (OLD.to_owned(), vec![TransitionKind::Gone]);
    let new = (NEW.to_owned(), vec![TransitionKind::New]);
    let mut told = alerts(&world);
    told.sort_by_key(|(role, _)| role == NEW);
    assert_eq!(told, [gone, new]);
}

/// Of two ARNs that uses name from the first, IAM has one, whichever is named first.
#[test]
fn the_role_that_iam_has_is_assessed_among_those_that_uses_name() {
    for (there, absent) in [(OLD, NEW), (NEW, OLD)] {
        let mut before = account(there, does_everything);
        enter(&mut before, there);
        wear(&mut before, "one", absent);
        let world = swept(before);
        assert_eq!(finding(&world, there), "FAILED ACTIVE");
        assert_eq!(finding(&world, absent), "-");
    }
}

/// The archiving of the old role's finding is lost: the next sweep sees it, and archives it again.
#[test]
fn a_finding_of_the_old_role_is_read_back_too() {
    let mut before = account(OLD, does_everything);
    enter(&mut before, OLD);
    let mut world = swept(before);
    let earlier = world.security_hub.findings();
    world.account.change(|account| {
        delete_role(account);
        create(account, NEW, does_everything);
        enter(account, NEW);
    });
    hear(&world.ports(), "CreateAccessEntry", entry_created(NEW));
    assert_eq!(finding(&world, OLD), "FAILED ARCHIVED");
    world.security_hub = MemorySecurityHub::holding(earlier);
    assert_eq!(finding(&world, OLD), "FAILED ACTIVE");
    complete_sweep(&world);
    assert_eq!(finding(&world, OLD), "FAILED ARCHIVED");
    assert_eq!(finding(&world, NEW), "FAILED ACTIVE");
    let imports = world.security_hub.imports().len();
    complete_sweep(&world);
    assert_eq!(world.security_hub.imports().len(), imports, "it is repaired once");
}

/// The entry that EKS kept makes it a node role as soon as it is there again.
#[test]
fn a_role_back_under_its_old_path_continues_its_findings() {
    let mut before = account(OLD, does_everything);
    enter(&mut before, OLD);
    let world = swept(before);
    let created_at = held(&world, OLD).unwrap()["CreatedAt"].clone();
    let moved = |from: &str, to: &str| {
        assert_eq!(finding(&world, from), "FAILED ACTIVE");
        world.account.change(|account| {
            delete_role(account);
            create(account, to, does_everything);
        });
    };
    moved(OLD, NEW);
    world.account.change(|account| enter(account, NEW));
    hear(&world.ports(), "CreateAccessEntry", entry_created(NEW));
    moved(NEW, OLD);
    let handled = hear(&world.ports(), "CreateRole", role_created());
    assert_eq!(handled.failed, [].into());
    assert_eq!(finding(&world, NEW), "FAILED ARCHIVED");
    assert_eq!(finding(&world, OLD), "FAILED ACTIVE");
    let back = held(&world, OLD).unwrap();
    assert_eq!(back["CreatedAt"], created_at);
    assert!(back["Description"].as_str().unwrap().contains("created anew"), "{back:#}");
}

/// Which of the two roles is there cannot be told, and neither passes or is archived for that.
#[test]
fn a_denied_read_archives_neither_and_passes_over_neither() {
    let mut before = account(OLD, does_everything);
    enter(&mut before, OLD);
    let world = swept(before);
    world.account.change(|account| {
        delete_role(account);
        create(account, NEW, does_everything);
        enter(account, NEW);
    });
    let denied = PortError::answered("iam:GetRole", 403, "AccessDenied", "not authorized");
    let iam = FaultyIam::of_roles(&world.account, Some(denied));
    let ports = Ports { iam: &iam, ..world.ports() };
    assert_eq!(hear(&ports, "CreateAccessEntry", entry_created(NEW)).failed, [].into());
    assert_eq!(finding(&world, OLD), "FAILED ACTIVE");
    assert_eq!(finding(&world, NEW), "NOT_AVAILABLE ACTIVE");

    hear(&world.ports(), "CreateAccessEntry", entry_created(NEW));
    assert_eq!(finding(&world, OLD), "FAILED ARCHIVED");
    assert_eq!(finding(&world, NEW), "FAILED ACTIVE");
}

/// An old path's record is kept as long as somebody names it, and a few of those that nobody does.
#[test]
fn a_name_that_wanders_from_path_to_path_stays_small() {
    let mut before = account(OLD, does_everything);
    wear(&mut before, "one", OLD);
    let world = swept(before);
    let mut lengths = Vec::new();
    for number in 0..20 {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/path-{number:02}/{NAME}");
        world.account.change(|account| {
            account.delete_nodegroup(REGION, "prod", "one").unwrap();
            delete_role(account);
            create(account, &role, does_everything);
            wear(account, "one", &role);
        });
        complete_sweep(&world);
        assert_eq!(finding(&world, &role), "FAILED ACTIVE");
        lengths.push(serde_json::to_string(&world.ledger.state()).unwrap().len());
    }
    assert!(lengths[19] < lengths[9] * 11 / 10, "{lengths:?}");
    let active = world.security_hub.findings().into_iter();
    assert_eq!(active.filter(|held| held.asff["RecordState"] == "ACTIVE").count(), 2);
}
