//! Events of repository and registry policies: none is acknowledged before every role is recorded
//! that the old or the new document can touch, and many cost little more than one.

use ecr_audit::arn::RoleArn;
use ecr_audit::change::{Actor, Change, Event, ReportedChange};
use ecr_audit::error::PortError;
use ecr_audit::journey::{Arrival, Handled, handle, sweep};
use ecr_audit::ports::{Clock, Ledger, Ports};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, Nodegroup, Tags, World};
use tests::FaultyIam;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/workers";
const REPOSITORY: &str = "payments/api";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const NODES_PUSH: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/workers"},"Action":"ecr:PutImage"}]}"#;

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// An account with one node role and one repository, swept a day ago.
fn swept(before: fn(&mut Account)) -> World {
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let role_arn = RoleArn::parse(ROLE).unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_role(&role_arn, now).unwrap();
    account.attach_role_policy("workers", PULL_ONLY).unwrap();
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
    account.create_repository(REGION, REPOSITORY, Tags::new()).unwrap();
    before(&mut account);
    let world = World::new(account, now);
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    world.clock.advance(SignedDuration::from_hours(24));
    world
}

fn set_policy(account: &mut Account) {
    account.set_repository_policy(REGION, REPOSITORY, NODES_PUSH).unwrap();
}

fn delete_policy(account: &mut Account) {
    account.delete_repository_policy(REGION, REPOSITORY).unwrap();
}

/// An hour-old message about the policy of a repository.
fn message(world: &World, name: &str, repository_name: &str) -> Arrival {
    let event = Event {
        id: format!("event of {repository_name}"),
        name: name.to_owned(),
        time: world.clock.now() - SignedDuration::from_hours(1),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        actor: Actor { principal: "user/ada".to_owned(), ..Actor::default() },
    };
    let repository_name = repository_name.to_owned();
    let change = Change::RepositoryPolicy {
        region: REGION.to_owned(),
        repository_name: repository_name.clone(),
    };
    Arrival {
        message_id: repository_name,
        is_first_receipt: true,
        changes: vec![ReportedChange { change, event }],
    }
}

fn hear(world: &World, iam_fault: Option<PortError>, arrivals: &[Arrival]) -> Handled {
    let iam = FaultyIam::of_roles(&world.account, iam_fault);
    let ports = Ports { iam: &iam, ..world.ports() };
    block_on(handle(&ports, &settings(), arrivals))
}

/// Every message is done, and none of them led to a role.
fn assert_led_nowhere(handled: &Handled, messages: &[Arrival]) {
    let led_nowhere = messages.iter().map(|arrival| arrival.message_id.clone()).collect();
    assert_eq!(*handled, Handled { led_nowhere, ..Handled::default() });
}

fn throttled() -> PortError {
    PortError::answered("iam:GetRole", 400, "Throttling", "Rate exceeded")
}

fn finding(world: &World) -> String {
    let id = format!("{ROLE}/pullwatch/read-only");
    let held = world.security_hub.findings().into_iter().find(|held| held.id == id).unwrap();
    held.asff["Compliance"]["Status"].as_str().unwrap().to_owned()
}

/// The message comes again because the role could not be read; what the policy was, nobody can
/// read any more but in the ledger.
#[test]
fn an_event_whose_first_try_fails_is_followed_when_it_comes_again() {
    type Change = fn(&mut Account);
    let cases: [(&str, Change, &str, Change, &str); 3] = [
        ("DeleteRepositoryPolicy", set_policy, "FAILED", delete_policy, "PASSED"),
        ("SetRepositoryPolicy", |_| {}, "PASSED", set_policy, "FAILED"),
        (
            "DeleteRepository",
            set_policy,
            "FAILED",
            |account| account.delete_repository(REGION, REPOSITORY).unwrap(),
            "PASSED",
        ),
    ];
    for (name, before, told_before, change, told_after) in cases {
        let world = swept(before);
        assert_eq!(finding(&world), told_before, "before {name}");
        world.account.change(change);
        let mut message = message(&world, name, REPOSITORY);
        for _ in 0..2 {
            let handled = hear(&world, Some(throttled()), std::slice::from_ref(&message));
            assert_eq!(handled.failed.len(), 1, "{name}");
            assert_eq!(finding(&world), told_before, "{name}: nothing was read");
            message.is_first_receipt = false;
        }
        let handled = hear(&world, None, std::slice::from_ref(&message));
        assert_eq!(handled.failed, [].into(), "{name}");
        assert_eq!(finding(&world), told_after, "after {name}");
        let kept = block_on(world.ledger.registry_documents()).unwrap();
        assert_eq!(kept.len(), usize::from(told_after == "FAILED"), "after {name}");
        assert!(kept.iter().all(|document| document.unfollowed.is_empty()), "after {name}");
    }
}

/// Between the two tries the policy becomes a third one, which touches nobody.
#[test]
fn what_was_never_followed_is_not_forgotten_when_the_policy_changes_again() {
    let world = swept(set_policy);
    let other = NODES_PUSH.replace("role/workers", "role/ci");
    let set_other = |account: &mut Account| {
        account.set_repository_policy(REGION, REPOSITORY, &other).unwrap();
    };
    world.account.change(set_other);
    let message = message(&world, "SetRepositoryPolicy", REPOSITORY);
    assert_eq!(hear(&world, Some(throttled()), std::slice::from_ref(&message)).failed.len(), 1);
    world.account.change(delete_policy);
    assert_eq!(hear(&world, None, &[message]).failed, [].into());
    assert_eq!(finding(&world), "PASSED");
}

#[test]
fn a_hundred_new_repositories_without_a_policy_scan_no_ledger() {
    let world = swept(|_| {});
    let names: Vec<String> = (0..100).map(|number| format!("new-{number}")).collect();
    world.account.change(|account| {
        for name in &names {
            account.create_repository(REGION, name, Tags::new()).unwrap();
        }
    });
    let messages: Vec<Arrival> =
        names.iter().map(|name| message(&world, "CreateRepository", name)).collect();
    let (records, documents) = world.ledger.listings();
    assert_led_nowhere(&hear(&world, None, &messages), &messages);
    assert_eq!(world.ledger.listings(), (records, documents + 1));
}

/// Every repository with a policy of its own that touches the node role: it is assessed once.
#[test]
fn a_hundred_new_policies_scan_the_ledger_once() {
    let world = swept(|_| {});
    let names: Vec<String> = (0..100).map(|number| format!("new-{number}")).collect();
    world.account.change(|account| {
        for name in &names {
            account.create_repository(REGION, name, Tags::new()).unwrap();
            account.set_repository_policy(REGION, name, NODES_PUSH).unwrap();
        }
    });
    let messages: Vec<Arrival> =
        names.iter().map(|name| message(&world, "SetRepositoryPolicy", name)).collect();
    let (records, documents) = world.ledger.listings();
    assert_eq!(hear(&world, None, &messages).failed, [].into());
    assert_eq!(finding(&world), "FAILED");
    // The documents once to know what was there before, and once for the assessment.
    assert_eq!(world.ledger.listings(), (records + 1, documents + 2));
}

/// What was read before the event, and still stands, is not what the event brought.
#[test]
fn a_policy_that_is_set_to_what_it_was_asks_nobody() {
    let world = swept(set_policy);
    let listings = world.ledger.listings();
    let message = message(&world, "SetRepositoryPolicy", REPOSITORY);
    // IAM would fail the message.
    let messages = [message];
    assert_led_nowhere(&hear(&world, Some(throttled()), &messages), &messages);
    assert_eq!(world.ledger.listings(), (listings.0, listings.1 + 1));
}
