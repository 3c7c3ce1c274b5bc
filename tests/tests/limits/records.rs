//! What is remembered of a role fits into its item of the ledger, whatever those may do who can
//! write the role's policies and tags: a record that DynamoDB refuses would silence the role.

use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::journey::{Arrival, handle, sweep};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, Nodegroup, Tags, World};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const NAME: &str = "workers";

/// Half of what an item of DynamoDB holds, before it is packed.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const HALF_AN_ITEM: usize = 200 * 1024;

/// A text that no packing makes shorter.
fn noise(random: &mut fastrand::Rng, length: usize) -> String {
    std::iter::repeat_with(|| random.alphanumeric()).take(length).collect()
}

fn watched() -> (World, Settings) {
    let now: Timestamp = "2026-01-15T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    let role_arn = RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/{NAME}")).unwrap();
    account.create_role(&role_arn, now).unwrap();
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
    let world = World::new(account, now);
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    world.clock.advance(SignedDuration::from_hours(1));
    (world, settings)
}

/// A change of the role, told with texts as long as an event can hold.
fn told(random: &mut fastrand::Rng, second: i64, effect: RoleEffect) -> ReportedChange {
    let start: Timestamp = "2026-01-15T10:30:00Z".parse().unwrap();
    ReportedChange {
        change: Change::Role { role_name: RoleName::new(NAME), effect },
        event: Event {
            id: format!("event-{second}"),
            name: "PutRolePolicy".to_owned(),
            time: start + SignedDuration::from_secs(second),
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            actor: Actor {
                principal: noise(random, 10_000),
                arn: Some(noise(random, 10_000)),
                source: Some(noise(random, 10_000)),
                tool: Some(noise(random, 10_000)),
                user_agent: Some(noise(random, 10_000)),
            },
        },
    }
}

fn put(name: &str, document: &Value) -> RoleEffect {
    RoleEffect::InlinePolicyPut {
        policy_name: name.to_owned(),
        document: Some(document.to_string()),
    }
}

fn hear(world: &World, settings: &Settings, changes: Vec<ReportedChange>) {
    let arrival = Arrival { message_id: "1".to_owned(), is_first_receipt: false, changes };
    let handled = block_on(handle(&world.ports(), settings, &[arrival]));
    assert!(handled.failed.is_empty(), "{handled:?}");
    assert_eq!(world.topics.alerts().len(), 1, "the failure is told");
    let bytes = world.ledger.largest_record();
    eprintln!("{bytes} bytes");
    assert!(bytes < HALF_AN_ITEM, "a record of {bytes} bytes");
}

/// Whoever may write inline policies writes nineteen long ones before the one that matters.
#[test]
fn many_long_changes_of_a_role_fit_into_its_record() {
    let (world, settings) = watched();
    let random = &mut fastrand::Rng::with_seed(1);
    let mut changes = Vec::new();
    for second in 0..19 {
        let document =
            json!({"Version": "2012-10-17", "Id": noise(random, 10_000), "Statement": []});
        changes.push(told(random, second, put("harmless", &document)));
    }
    let tags = (0..50).map(|_| (noise(random, 128), noise(random, 256))).collect();
    changes.push(told(random, 19, RoleEffect::Tagged { tags }));
    let statement = json!({"Effect": "Allow", "Action": "ecr:*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": statement});
    world.account.change(|account| {
        account.put_role_policy(NAME, "push", &document.to_string()).unwrap();
    });
    changes.push(told(random, 20, put("push", &document)));
    hear(&world, &settings, changes);
}

/// Whoever may write every policy and tag of the role fills them all: each grants everything, in
/// many statements, on many conditions, with long names.
#[test]
fn a_role_whose_policies_and_tags_are_full_fits_into_its_record() {
    let (world, settings) = watched();
    let random = &mut fastrand::Rng::with_seed(2);
    let mut policies = Vec::new();
    for policy in 0..20 {
        let mut statements =
            vec![json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})];
        // A managed policy has 6,144 characters.
        while json!(statements).to_string().len() < 5_900 {
            let sid = noise(random, 60);
            let key = format!("aws:RequestTag/{}", noise(random, 40));
            let condition = json!({"StringEquals": {key: noise(random, 60 + policy * 20)}});
            statements.push(json!({
                "Sid": sid, "Effect": "Allow", "Action": "ecr:*", "Resource": "*",
                "Condition": condition,
            }));
        }
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{}", noise(random, 128));
        policies.push((arn, json!({"Version": "2012-10-17", "Statement": statements}).to_string()));
    }
    let tags: Vec<_> = (0..50).map(|_| (noise(random, 128), noise(random, 256))).collect();
    world.account.change(|account| {
        for (arn, document) in &policies {
            account.create_policy(arn, document).unwrap();
            account.attach_role_policy(NAME, arn).unwrap();
        }
        for (key, value) in &tags {
            account.tag_role(NAME, key, value).unwrap();
        }
    });
    let attached = policies.iter().zip(0..).map(|((arn, _), second)| {
        told(random, second, RoleEffect::PolicyAttached { policy_arn: arn.clone() })
    });
    let changes = attached.collect();
    hear(&world, &settings, changes);
}
