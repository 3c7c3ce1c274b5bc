//! A cluster gets another owner: all its node roles have that owner, however they are worn, and
//! those of other clusters do not.

use std::collections::BTreeMap;

use ecr_audit::arn::RoleArn;
use ecr_audit::change::{Actor, Change, Event, ReportedChange};
use ecr_audit::journey::{Arrival, Handled, handle, sweep};
use ecr_audit::ports::{Clock, Ledger};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{AccessEntry, Account, Cluster, FargateProfile, Nodegroup, Tags, World};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

fn owned_by(owner: &str) -> Tags {
    [("owner".to_owned(), owner.to_owned()), ("cost-center".to_owned(), "4711".to_owned())].into()
}

/// Two clusters of one team. Four roles are worn in `prod`, each in another way, and one in `test`.
fn swept() -> World {
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    let role = |name: &str| RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/{name}")).unwrap();
    for name in ["auto", "entry", "fargate", "nodegroup", "other"] {
        account.create_role(&role(name), now).unwrap();
    }
    for (cluster, auto_mode_role) in [("prod", Some(role("auto"))), ("test", None)] {
        let cluster_of = Cluster { auto_mode_role, tags: owned_by("old"), ..Cluster::default() };
        account.create_cluster(REGION, cluster, cluster_of).unwrap();
    }
    let entry = AccessEntry { entry_type: "EC2_LINUX".to_owned(), tags: Tags::new() };
    account.create_access_entry(REGION, "prod", role("entry").as_str(), entry).unwrap();
    let profile = FargateProfile { pod_execution_role: role("fargate"), tags: Tags::new() };
    account.create_fargate_profile(REGION, "prod", "batch", profile).unwrap();
    for (cluster, name) in [("prod", "nodegroup"), ("test", "other")] {
        let nodegroup = Nodegroup { node_role: role(name), tags: Tags::new() };
        account.create_nodegroup(REGION, cluster, name, nodegroup).unwrap();
    }
    let world = World::new(account, now);
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    world.clock.advance(SignedDuration::from_hours(1));
    world
}

/// The owners that each role's finding names.
fn owners(world: &World) -> BTreeMap<String, String> {
    let findings = world.security_hub.findings().into_iter();
    let of_role = findings.filter(|held| held.id.ends_with("read-only")).map(|held| {
        let role = held.id.split('/').nth(1).unwrap().to_owned();
        let owners = &held.asff["ProductFields"]["pullwatch/Owners"];
        (role, owners.as_str().unwrap_or_default().to_owned())
    });
    of_role.collect()
}

fn all(prod: &str, test: &str) -> BTreeMap<String, String> {
    let roles = ["auto", "entry", "fargate", "nodegroup"].map(|role| (role, prod));
    let roles = roles.into_iter().chain([("other", test)]);
    roles.map(|(role, owner)| (role.to_owned(), owner.to_owned())).collect()
}

/// `TagResource` on the cluster `prod`.
fn hear_of_tags(world: &World) -> Handled {
    let event = Event {
        id: world.clock.unique_id(),
        name: "TagResource".to_owned(),
        time: world.clock.now() - SignedDuration::from_mins(20),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        actor: Actor { principal: "user/ada".to_owned(), ..Actor::default() },
    };
    let (region, cluster_name) = (REGION.to_owned(), "prod".to_owned());
    let change = Change::Cluster { region, cluster_name, role_arn: None };
    let arrival = Arrival {
        message_id: "message-1".to_owned(),
        is_first_receipt: true,
        changes: vec![ReportedChange { change, event }],
    };
    block_on(handle(&world.ports(), &settings(), &[arrival]))
}

#[test]
fn a_clusters_new_owner_stands_on_all_its_node_roles() {
    let world = swept();
    assert_eq!(owners(&world), all("old", "old"));
    world.account.change(|account| account.tag_cluster(REGION, "prod", owned_by("new"))).unwrap();
    let handled = hear_of_tags(&world);
    assert_eq!((handled.failed, handled.assessed.len()), ([].into(), 4));
    assert_eq!(owners(&world), all("new", "old"));

    // A sweep finds nothing else.
    let imports = world.security_hub.imports().len();
    world.clock.advance(SignedDuration::from_hours(24));
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    assert_eq!(world.security_hub.imports().len(), imports);
}

/// The Auto Mode role is seen with its cluster; nothing else is assessed.
#[test]
fn a_tag_that_nobody_reads_touches_no_other_role() {
    let world = swept();
    let mut tags = owned_by("old");
    tags.insert("cost-center".to_owned(), "4712".to_owned());
    world.account.change(|account| account.tag_cluster(REGION, "prod", tags)).unwrap();
    let handled = hear_of_tags(&world);
    assert_eq!((handled.failed, handled.assessed.len()), ([].into(), 1));
}

/// Tags alone say nothing of whether a use still stands.
#[test]
fn a_use_is_not_seen_by_its_clusters_tags() {
    let world = swept();
    let last_seen = |world: &World| {
        let records = block_on(world.ledger.all_records()).unwrap().records.into_iter();
        let nodegroup = records
            .map(|known| known.record)
            .find(|record| record.role_arn.role_name().as_str() == "nodegroup");
        nodegroup.unwrap().uses[0].last_seen
    };
    let before = last_seen(&world);
    world.account.change(|account| account.tag_cluster(REGION, "prod", owned_by("new"))).unwrap();
    hear_of_tags(&world);
    assert_eq!(last_seen(&world), before);
}
