//! What a sweep finds although no event told of it: each has its cause, and what has none is told
//! once, when an event has had its time to come.

use change_events::read_batch;
use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::journey::{SweepSummary, handle, sweep};
use ecr_audit::ports::{Clock, Ports};
use ecr_audit::settings::Settings;
use ecr_audit::standard::Standard;
use futures::executor::block_on;
use jiff::SignedDuration;
use memory_adapters::{Account, Cluster, Nodegroup, Tags, World};
use serde_json::json;
use tests::FaultyIam;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const NAME: &str = "prod-workers";
const ROLE: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";
const NODE_ECR: &str = "arn:aws:iam::111122223333:policy/NodeEcr";
const OF_AWS: &str = "arn:aws:iam::aws:policy/AmazonExample";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

fn role() -> RoleArn {
    RoleArn::parse(ROLE).unwrap()
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// A nodegroup wears a role that can pull, and a sweep has seen it.
fn swept() -> World {
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_policy(NODE_ECR, PUSH).unwrap();
    account.create_policy(OF_AWS, NOTHING).unwrap();
    account.create_role(&role(), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    account.attach_role_policy(NAME, PULL_ONLY).unwrap();
    account.attach_role_policy(NAME, OF_AWS).unwrap();
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let nodegroup = Nodegroup { node_role: role(), tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
    // After the recorded events, which are of the day before.
    let world = World::new(account, "2026-01-16T06:00:00Z".parse().unwrap());
    sweep_on_the_next_day(&world, &settings());
    world
}

fn sweep_on_the_next_day(world: &World, settings: &Settings) -> SweepSummary {
    world.clock.set(world.clock.now() + SignedDuration::from_hours(24));
    block_on(sweep(&world.ports(), &world.account, settings)).unwrap()
}

/// The roles that the next two sweeps cannot explain.
fn unexplained(world: &World, settings: &Settings) -> Vec<String> {
    let found = sweep_on_the_next_day(world, settings).unexplained;
    assert!(found.is_empty(), "an event may still be under way: {found:?}");
    let told = sweep_on_the_next_day(world, settings).unexplained;
    let again = sweep_on_the_next_day(world, settings).unexplained;
    assert!(again.is_empty(), "told twice: {again:?}");
    told.iter().map(ToString::to_string).collect()
}

fn hear(world: &World, body: &str) {
    hear_by_receipt(world, body, 1);
}

/// A message that came back once: what is read is believed.
fn hear_again(world: &World, body: &str) {
    hear_by_receipt(world, body, 2);
}

fn hear_by_receipt(world: &World, body: &str, receipt: u32) {
    let record = json!({
        "messageId": "1",
        "body": body,
        "attributes": { "ApproximateReceiveCount": receipt.to_string() },
    });
    let batch = read_batch(&json!({ "Records": [record] }), ACCOUNT);
    let handled = block_on(handle(&world.ports(), &settings(), &batch.arrivals));
    assert!(handled.failed.is_empty(), "{handled:?}");
}

fn status(world: &World, role_arn: &str) -> String {
    let id = format!("{role_arn}/pullwatch/read-only");
    let held = world.security_hub.findings().into_iter().find(|finding| finding.id == id);
    held.unwrap().asff["Compliance"]["Status"].as_str().unwrap().to_owned()
}

/// What the role's finding says of the change that led to it.
fn change(world: &World) -> String {
    let id = format!("{ROLE}/pullwatch/read-only");
    let held = world.security_hub.findings().into_iter().find(|finding| finding.id == id);
    held.unwrap().asff["ProductFields"]["pullwatch/Change"].as_str().unwrap().to_owned()
}

#[test]
fn a_change_without_an_event_is_told_once() {
    let world = swept();
    world.account.change(|account| account.attach_role_policy(NAME, NODE_ECR)).unwrap();
    assert_eq!(unexplained(&world, &settings()), [ROLE]);
    assert_eq!(status(&world, ROLE), "FAILED");
}

#[test]
fn an_event_that_comes_after_the_sweep_explains_it() {
    let world = swept();
    world.account.change(|account| account.attach_role_policy(NAME, NODE_ECR)).unwrap();
    sweep_on_the_next_day(&world, &settings());
    hear(&world, include_str!("../../events/iam/AttachRolePolicy.json"));
    assert_eq!(unexplained(&world, &settings()), [""; 0]);
    assert_eq!(status(&world, ROLE), "FAILED");
}

/// Whoever tagged the role in January is not to be named for what nobody heard of in February.
#[test]
fn an_event_whose_effect_was_seen_long_ago_explains_nothing_later() {
    let world = swept();
    let tagged = |account: &mut Account| account.tag_role(NAME, "owner", "team-payments");
    world.account.change(tagged).unwrap();
    hear(&world, include_str!("../../events/iam/TagRole.json"));
    for _ in 0..10 {
        sweep_on_the_next_day(&world, &settings());
    }
    world.account.change(|account| account.attach_role_policy(NAME, NODE_ECR)).unwrap();
    assert_eq!(unexplained(&world, &settings()), [ROLE]);
    let told = world.topics.alerts().pop().expect("owners are told of the failure");
    assert_eq!(told.changes, []);
}

/// The same of an event whose effect never came to be seen: its tag was taken away since.
#[test]
fn an_event_whose_effect_was_overtaken_explains_nothing_later() {
    let world = swept();
    hear(&world, include_str!("../../events/iam/TagRole.json"));
    world.account.change(|account| account.attach_role_policy(NAME, NODE_ECR)).unwrap();
    assert_eq!(unexplained(&world, &settings()), [ROLE]);
}

/// IAM shows a change only after the second receipt of its event, which is believed: the event
/// still is the cause of what the next sweep finds.
#[test]
fn an_event_whose_effect_is_seen_later_explains_it() {
    let world = swept();
    let body = include_str!("../../events/iam/AttachRolePolicy.json");
    let body = body.replace("2026-01-15T10:01:00Z", "2026-01-17T05:58:00Z");
    hear_again(&world, &body);
    world.account.change(|account| account.attach_role_policy(NAME, NODE_ECR)).unwrap();
    assert_eq!(unexplained(&world, &settings()), [""; 0]);
    let told = world.topics.alerts().pop().expect("owners are told of the failure");
    let names: Vec<&str> = told.changes.iter().map(|known| known.event.name.as_str()).collect();
    assert_eq!(names, ["AttachRolePolicy"]);
}

#[test]
fn a_new_version_of_awss_own_policy_explains_it() {
    let world = swept();
    let newer = |account: &mut Account| account.create_policy_version(OF_AWS, PUSH, true);
    world.account.change(newer).unwrap();
    assert_eq!(unexplained(&world, &settings()), [""; 0]);
    assert_eq!(status(&world, ROLE), "FAILED");
}

#[test]
fn the_end_of_an_exception_explains_it() {
    let world = swept();
    world.account.change(|account| account.attach_role_policy(NAME, NODE_ECR)).unwrap();
    hear(&world, include_str!("../../events/iam/AttachRolePolicy.json"));
    let tag = |account: &mut Account| {
        account.tag_role(NAME, "pullwatch:exception", "2026-01-21 migration")
    };
    world.account.change(tag).unwrap();
    hear(&world, include_str!("../../events/iam/TagRole.json"));
    assert_eq!(status(&world, ROLE), "WARNING");
    world.clock.set("2026-01-21T06:00:00Z".parse().unwrap());
    assert_eq!(unexplained(&world, &settings()), [""; 0]);
    assert_eq!(status(&world, ROLE), "FAILED");
}

/// Gives the role an inline policy, of which no event tells, and lets a sweep see it. The last sweep
/// is then of January 20, at six.
fn with_inline(statement: &serde_json::Value) -> World {
    let world = swept();
    let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    let put = |account: &mut Account| account.put_role_policy(NAME, "dated", &document);
    world.account.change(put).unwrap();
    // What the policy does at once is of no interest.
    for _ in 0..3 {
        sweep_on_the_next_day(&world, &settings());
    }
    world
}

fn dated(effect: &str, action: &str, operator: &str, key: &str, date: &str) -> serde_json::Value {
    json!({ "Effect": effect, "Action": action, "Resource": "*",
            "Condition": { operator: { key: date } } })
}

#[test]
fn a_date_in_a_condition_that_passes_explains_it() {
    for (operator, key) in [
        ("DateGreaterThan", "aws:CurrentTime"),
        ("DateGreaterThan", "aws:TokenIssueTime"),
        ("NumericGreaterThan", "aws:EpochTime"),
    ] {
        // 2026-01-21T00:00:00Z
        let world = with_inline(&dated("Allow", "ecr:PutImage", operator, key, "1768953600"));
        assert_eq!(status(&world, ROLE), "PASSED", "{key}");
        sweep_on_the_next_day(&world, &settings());
        assert_eq!(status(&world, ROLE), "FAILED", "{key}");
        assert_eq!(unexplained(&world, &settings()), [""; 0], "{key}");
        let told = world.topics.alerts().pop().expect("owners are told of the failure");
        let sentence = told.occasion.without_event().unwrap();
        assert!(sentence.contains("date that a condition of one names has passed"), "{sentence}");
        assert_eq!(change(&world), "a date that a condition names has passed");
    }
}

/// What IAM's console denies to sessions of before a time, it denies to none twelve hours later.
#[test]
fn the_end_of_revoked_sessions_explains_it() {
    let revoked =
        dated("Deny", "*", "DateLessThan", "aws:TokenIssueTime", "2026-01-20T00:00:00.000Z");
    let world = with_inline(&revoked);
    let pulls = |expected: &str| {
        let id = format!("{ROLE}/pullwatch/can-pull");
        let held = world.security_hub.findings().into_iter().find(|finding| finding.id == id);
        assert_eq!(held.unwrap().asff["Compliance"]["Status"], expected);
    };
    pulls("WARNING");
    assert_eq!(unexplained(&world, &settings()), [""; 0]);
    pulls("PASSED");
}

/// A date that has passed explains no more than what it brought about.
#[test]
fn a_date_without_effect_explains_no_change() {
    let world = with_inline(&dated(
        "Allow",
        "ecr:DescribeImages",
        "DateGreaterThan",
        "aws:CurrentTime",
        "2026-01-21",
    ));
    world.account.change(|account| account.attach_role_policy(NAME, NODE_ECR)).unwrap();
    assert_eq!(unexplained(&world, &settings()), [ROLE]);
    let told = world.topics.alerts().pop().expect("owners are told of the failure");
    assert!(!told.occasion.date_passed);
}

/// Whoever adds a policy and hides its effect behind a date that passes before the next sweep has
/// changed a policy all the same: nobody heard of it, and the operators are told.
#[test]
fn a_date_does_not_explain_a_policy_that_nobody_heard_of() {
    let soon = |at: &str| {
        let statement = dated("Allow", "ecr:PutImage", "DateGreaterThan", "aws:CurrentTime", at);
        json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
    };
    let other =
        dated("Allow", "ecr:DeleteRepository", "DateGreaterThan", "aws:CurrentTime", "2027-01-01");
    for (world, at) in
        [(swept(), "2026-01-17T06:01:00Z"), (with_inline(&other), "2026-01-20T06:01:00Z")]
    {
        let put = |account: &mut Account| account.put_role_policy(NAME, "hidden", &soon(at));
        world.account.change(put).unwrap();
        assert_eq!(unexplained(&world, &settings()), [ROLE]);
        assert_eq!(status(&world, ROLE), "FAILED");
        let told = world.topics.alerts().pop().expect("owners are told of the failure");
        assert!(!told.occasion.date_passed);
        assert_eq!(change(&world), "no event reported a change; a sweep found it");
    }
}

/// The first look after a policy became another one is what the date is measured from.
#[test]
fn a_date_explains_what_was_judged_at_the_last_look_although_it_was_changed_before() {
    let push = dated("Allow", "ecr:PutImage", "DateGreaterThan", "aws:CurrentTime", "2026-01-23");
    let world = with_inline(&push);
    let read =
        dated("Allow", "ecr:DescribeImages", "DateLessThan", "aws:CurrentTime", "2026-01-01");
    let both = json!({ "Version": "2012-10-17", "Statement": [push, read] }).to_string();
    let put = |account: &mut Account| account.put_role_policy(NAME, "dated", &both);
    world.account.change(put).unwrap();
    sweep_on_the_next_day(&world, &settings());
    assert_eq!(status(&world, ROLE), "PASSED");
    sweep_on_the_next_day(&world, &settings());
    assert_eq!(unexplained(&world, &settings()), [""; 0]);
    assert_eq!(status(&world, ROLE), "FAILED");
    assert_eq!(change(&world), "a date that a condition names has passed");
}

/// A look that failed moves the finding's date, and not that of its verdict.
#[test]
fn a_date_that_passed_before_a_failed_look_explains_it() {
    let push = dated("Allow", "ecr:PutImage", "DateGreaterThan", "aws:CurrentTime", "2026-01-21");
    let world = with_inline(&push);
    let denied = PortError::answered("iam:GetRole", 403, "AccessDenied", "not authorized");
    let iam = FaultyIam::of_roles(&world.account, Some(denied));
    let ports = Ports { iam: &iam, ..world.ports() };
    world.clock.set("2026-01-21T00:30:00Z".parse().unwrap());
    block_on(sweep(&ports, &world.account, &settings())).unwrap_err();
    assert_eq!(status(&world, ROLE), "PASSED", "the last verdict stands");
    let records = block_on(world.ports().ledger.all_records()).unwrap().records;
    let told = records[0].record.checks.values().map(|known| known.finding.updated_at);
    assert_eq!(told.max(), Some(world.clock.now()), "the failure was told");
    assert_eq!(unexplained(&world, &settings()), [""; 0]);
    assert_eq!(status(&world, ROLE), "FAILED");
    assert_eq!(change(&world), "a date that a condition names has passed");
}

/// A record of before the digest was kept is read, and no date is its verdict's cause.
#[test]
fn a_record_without_a_digest_leaves_it_unexplained() {
    let push = dated("Allow", "ecr:PutImage", "DateGreaterThan", "aws:CurrentTime", "2026-01-21");
    let world = with_inline(&push);
    let ledger = world.ports().ledger;
    for known in block_on(ledger.all_records()).unwrap().records {
        let mut stored = serde_json::to_value(&known.record).unwrap();
        for check in stored["checks"].as_object_mut().unwrap().values_mut() {
            assert!(check.as_object_mut().unwrap().remove("basis").is_some());
        }
        let record = serde_json::from_value(stored).expect("an older record is read");
        block_on(ledger.write(&record, known.version, "older")).unwrap();
    }
    assert_eq!(unexplained(&world, &settings()), [ROLE]);
}

/// Where the answer hangs on when a session began, it hangs on it a day later in the same words.
#[test]
fn a_sweep_writes_nothing_because_the_clock_went_on() {
    let statements = json!([
        dated("Allow", "ecr:PutImage", "DateGreaterThan", "aws:CurrentTime", "2026-01-01"),
        dated("Allow", "ecr:DeleteRepository", "DateLessThan", "aws:TokenIssueTime", "2027-01-01"),
        dated(
            "Allow",
            "ecr:BatchDeleteImage",
            "DateGreaterThan",
            "aws:TokenIssueTime",
            "2026-01-20T05:00:00Z"
        ),
    ]);
    let world = with_inline(&statements);
    let written = || {
        let records = block_on(world.ports().ledger.all_records()).unwrap().records;
        records.into_iter().map(|known| (known.version, known.record)).collect::<Vec<_>>()
    };
    let before = written();
    world.clock.set(world.clock.now() + SignedDuration::from_mins(90));
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    assert_eq!(written(), before);
}

#[test]
fn another_standard_explains_it() {
    let world = swept();
    let mut stricter = settings();
    stricter.standard = Standard::C0223;
    assert_eq!(unexplained(&world, &stricter), [""; 0]);
    assert_eq!(status(&world, ROLE), "FAILED");
}

const OTHER: &str = "arn:aws:iam::111122223333:role/others";

fn create_other(account: &mut Account) {
    let other = RoleArn::parse(OTHER).unwrap();
    account.create_role(&other, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    account.attach_role_policy("others", NODE_ECR).unwrap();
}

#[test]
fn a_role_that_instances_alone_show_is_discovered() {
    let world = swept();
    world.account.change(|account| {
        create_other(account);
        account.create_instance_profile("others", "/", Tags::new()).unwrap();
        account.add_role_to_instance_profile("others", "others").unwrap();
        let tags = [("kubernetes.io/cluster/prod".to_owned(), "owned".to_owned())].into();
        let profile = "arn:aws:iam::111122223333:instance-profile/others";
        account.run_instance(REGION, Some(profile), tags);
    });
    assert_eq!(unexplained(&world, &settings()), [""; 0]);
    assert_eq!(status(&world, OTHER), "FAILED");
}

#[test]
fn a_nodegroup_that_no_event_told_of_is_unexplained() {
    let world = swept();
    world.account.change(|account| {
        create_other(account);
        let nodegroup = Nodegroup { node_role: RoleArn::parse(OTHER).unwrap(), tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", "others", nodegroup).unwrap();
    });
    assert_eq!(unexplained(&world, &settings()), [OTHER]);
    assert_eq!(status(&world, OTHER), "FAILED");
}
