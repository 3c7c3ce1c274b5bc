//! Each row of the event tables from its recorded event to the finding: the account changes as the
//! event tells, the event is heard, and the finding says what is true now. That a use has ended a
//! complete listing alone can show, so there it is the next sweep that says so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use change_events::read_batch;
use ecr_audit::arn::RoleArn;
use ecr_audit::journey::{handle, sweep};
use ecr_audit::ports::Clock;
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{AccessEntry, Account, Cluster, FargateProfile, Nodegroup, Tags, World};
use serde_json::json;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const NAME: &str = "prod-workers";
const ROLE: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";
const PROFILE: &str = "prod-workers-profile";
const REPOSITORY: &str = "payments/api";
const NODE_ECR: &str = "arn:aws:iam::111122223333:policy/NodeEcr";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/NodeBoundary";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const PULL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:GetAuthorizationToken"],"Resource":"*"}}"#;
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;
const PUSH_OF_THE_TEAM: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/owner":"team-payments"}}}}"#;
const NODES_PUSH: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/eks/prod-workers"},"Action":"ecr:PutImage"}]}"#;

/// A day after the recorded events: late enough to be believed at once.
const LATE: &str = "2026-01-16T10:00:00Z";

/// A row: the event's file, what the account was like before, what the finding said then, what the
/// event tells, and what the finding says after it. `-` is no finding; ARCHIVED is said by the next
/// sweep where the role is still there.
type Row = (&'static str, Change, &'static str, Change, &'static str);

type Change = fn(&mut Account);

const ROWS: &[Row] = &[
    // ---- IAM: policies ----
    ("iam/AttachRolePolicy", worn, "PASSED", attach, "FAILED"),
    ("iam/DetachRolePolicy", worn_and_pushing, "FAILED", detach, "PASSED"),
    ("iam/PutRolePolicy", worn, "PASSED", put_inline, "FAILED"),
    ("iam/DeleteRolePolicy", worn_with_inline, "FAILED", delete_inline, "PASSED"),
    ("iam/CreatePolicyVersion", worn_and_harmless, "PASSED", new_version, "FAILED"),
    ("iam/SetDefaultPolicyVersion", worn_with_two_versions, "FAILED", first_version, "PASSED"),
    ("iam/PutRolePermissionsBoundary", worn_and_pushing, "FAILED", put_boundary, "PASSED"),
    ("iam/DeleteRolePermissionsBoundary", worn_and_bounded, "PASSED", delete_boundary, "FAILED"),
    ("iam/TagRole", worn_by_tag, "PASSED", tag_role, "FAILED"),
    ("iam/UntagRole", worn_and_tagged, "FAILED", untag_role, "PASSED"),
    // ---- IAM: the role itself ----
    ("iam/CreateRole", worn_but_gone, "-", create_pushing_role, "FAILED"),
    ("iam/AcquireRole", worn_but_gone, "-", create_pushing_role, "FAILED"),
    ("iam/DeleteRole", worn_and_pushing, "FAILED", delete_role, "FAILED ARCHIVED"),
    // ---- IAM: instance profiles ----
    ("iam/AddRoleToInstanceProfile", empty_profile, "-", fill_profile, "FAILED"),
    ("iam/RemoveRoleFromInstanceProfile", in_profile, "FAILED", empty, "FAILED ARCHIVED"),
    ("iam/DeleteInstanceProfile", in_profile, "FAILED", delete_profile, "FAILED ARCHIVED"),
    ("iam/TagInstanceProfile", in_plain_profile, "-", tag_profile, "FAILED"),
    ("iam/UntagInstanceProfile", in_profile, "FAILED", untag_profile, "FAILED ARCHIVED"),
    // ---- EKS ----
    ("eks/CreateNodegroup", in_cluster_and_pushing, "-", create_nodegroup, "FAILED"),
    ("eks/DeleteNodegroup", worn_and_pushing, "FAILED", delete_nodegroup, "FAILED ARCHIVED"),
    ("eks/UpdateNodegroupConfig", worn, "PASSED", attach, "FAILED"),
    ("eks/CreateFargateProfile", in_cluster_and_pushing, "-", create_fargate, "FAILED"),
    ("eks/DeleteFargateProfile", in_fargate, "FAILED", delete_fargate, "FAILED ARCHIVED"),
    ("eks/CreateAccessEntry", in_cluster_and_pushing, "-", create_entry, "FAILED"),
    ("eks/DeleteAccessEntry", in_entry, "FAILED", delete_entry, "FAILED ARCHIVED"),
    ("eks/CreateCluster", pushing, "-", create_auto_cluster, "FAILED"),
    ("eks/UpdateClusterConfig", in_cluster_and_pushing, "-", set_auto_mode, "FAILED"),
    ("eks/DeleteCluster", worn_and_pushing, "FAILED", delete_cluster, "FAILED ARCHIVED"),
    ("eks/TagResource", worn, "PASSED", attach, "FAILED"),
    ("eks/UntagResource", worn_by_auto_mode, "PASSED", attach, "FAILED"),
    // ---- ECR ----
    ("ecr/SetRepositoryPolicy", worn, "PASSED", set_repository_policy, "FAILED"),
    ("ecr/DeleteRepositoryPolicy", in_repository, "FAILED", delete_repository_policy, "PASSED"),
    ("ecr/CreateRepository", worn_without_repository, "PASSED", create_from_template, "FAILED"),
    ("ecr/DeleteRepository", in_repository, "FAILED", delete_repository, "PASSED"),
    ("ecr/PutRegistryPolicy", worn, "PASSED", put_registry_policy, "FAILED"),
    ("ecr/DeleteRegistryPolicy", in_registry, "FAILED", delete_registry_policy, "PASSED"),
    ("ecr/PutAccountSetting", in_narrow_registry, "PASSED", widen_registry, "FAILED"),
    // ---- What asks for a sweep, or for a second look ----
    ("organizations/AttachPolicy", worn, "PASSED", attach, "FAILED"),
    ("organizations/DetachPolicy", worn, "PASSED", attach, "FAILED"),
    ("organizations/UpdatePolicy", worn, "PASSED", attach, "FAILED"),
    ("organizations/EnablePolicyType", worn, "PASSED", attach, "FAILED"),
    ("organizations/DisablePolicyType", worn, "PASSED", attach, "FAILED"),
    ("organizations/MoveAccount", worn, "PASSED", attach, "FAILED"),
    ("security-hub/CustomAction", worn, "PASSED", attach, "FAILED"),
];

#[test]
fn each_event_leads_to_its_finding() {
    let mut wrong = Vec::new();
    for (event, before, told_before, change, told_after) in ROWS {
        let world = world(*before);
        assert!(complete_sweep(&world).is_ok());
        if finding(&world) != *told_before {
            wrong.push(format!("{event}: before it {}", finding(&world)));
        }
        world.account.change(*change);
        hear(&world, event);
        if told_after.ends_with("ARCHIVED") && *event != "iam/DeleteRole" {
            let at_once = finding(&world);
            if at_once != *told_before {
                wrong.push(format!("{event}: {at_once} before any listing shows that it ended"));
            }
            world.clock.set(world.clock.now() + SignedDuration::from_hours(24));
            complete_sweep(&world).unwrap();
        }
        if finding(&world) != *told_after {
            wrong.push(format!("{event}: after it {}, not {told_after}", finding(&world)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_recorded_event_has_its_row() {
    let in_rows: BTreeSet<&str> = ROWS.iter().map(|(event, ..)| *event).collect();
    assert_eq!(in_rows.len(), ROWS.len());
    for folder in ["iam", "eks", "ecr", "organizations", "security-hub"] {
        for file in std::fs::read_dir(events().join(folder)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let event = format!("{folder}/{name}");
            assert!(in_rows.contains(event.as_str()), "{event} has no journey");
        }
    }
}

/// Ways to wear a role, and whether it is a node role by that.
const USES: &[(&str, Change, &str)] = &[
    ("managed nodegroup", worn_and_pushing, "FAILED"),
    ("access entry EC2_LINUX", |account| entry_of(account, "EC2_LINUX"), "FAILED"),
    ("access entry EC2_WINDOWS", |account| entry_of(account, "EC2_WINDOWS"), "FAILED"),
    ("access entry EC2", |account| entry_of(account, "EC2"), "FAILED"),
    ("access entry HYBRID_LINUX", |account| entry_of(account, "HYBRID_LINUX"), "FAILED"),
    ("access entry HYPERPOD_LINUX", |account| entry_of(account, "HYPERPOD_LINUX"), "FAILED"),
    ("access entry FARGATE_LINUX", |account| entry_of(account, "FARGATE_LINUX"), "FAILED"),
    ("access entry STANDARD", |account| entry_of(account, "STANDARD"), "-"),
    ("Auto Mode", auto_and_pushing, "FAILED"),
    ("Fargate profile", in_fargate, "FAILED"),
    ("instance profile with a cluster's tag", in_profile, "FAILED"),
    ("instance profile without one", in_plain_profile, "-"),
    (
        "instance with the tag kubernetes.io/cluster/prod",
        |account| {
            in_instance(account, "kubernetes.io/cluster/prod", "owned");
        },
        "FAILED",
    ),
    (
        "instance with the tag eks:cluster-name",
        |account| {
            in_instance(account, "eks:cluster-name", "prod");
        },
        "FAILED",
    ),
    ("instance without a cluster's tag", |account| in_instance(account, "Name", "prod"), "-"),
    ("terminated instance", in_terminated_instance, "-"),
];

#[test]
fn a_sweep_finds_each_kind_of_use() {
    for (way, before, told) in USES {
        let world = world(*before);
        complete_sweep(&world).unwrap();
        assert_eq!(finding(&world), *told, "{way}");
    }
    let world = world(attach);
    let mut settings = settings();
    settings.extra_node_role_arns = vec![role()];
    block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    assert_eq!(finding(&world), "FAILED", "named in the stack's parameters");
}

#[test]
fn a_second_sweep_over_an_unchanged_account_writes_nothing() {
    for (event, before, ..) in ROWS {
        let world = world(*before);
        complete_sweep(&world).unwrap();
        let imports = world.security_hub.imports().len();
        let (alerts, digests) = (world.topics.alerts().len(), world.topics.digests().len());
        let lines = world.topics.operators_lines().len();
        complete_sweep(&world).unwrap();
        assert_eq!(world.security_hub.imports().len(), imports, "before {event}");
        assert_eq!(world.topics.alerts().len(), alerts, "before {event}");
        assert_eq!(world.topics.digests().len(), digests, "before {event}");
        assert_eq!(world.topics.operators_lines().len(), lines, "before {event}");
    }
}

// ---- The world of the recorded events ----

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

fn world(before: Change) -> World {
    let now: Timestamp = LATE.parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_policy(NODE_ECR, PUSH).unwrap();
    account.create_policy(BOUNDARY, PULL).unwrap();
    create_role(&mut account);
    account.create_repository(REGION, REPOSITORY, Tags::new()).unwrap();
    before(&mut account);
    World::new(account, now)
}

fn complete_sweep(world: &World) -> Result<(), String> {
    let swept = block_on(sweep(&world.ports(), &world.account, &settings()));
    swept.map(drop).map_err(|error| error.to_string())
}

/// Hears a recorded event, and sweeps where it asks for that.
fn hear(world: &World, event: &str) {
    let body = std::fs::read_to_string(events().join(format!("{event}.json"))).unwrap();
    let record = json!({
        "messageId": "message-1", "body": body, "attributes": { "ApproximateReceiveCount": "1" },
    });
    let batch = read_batch(&json!({ "Records": [record] }), ACCOUNT);
    assert!(batch.broken.is_empty(), "{event}: {:?}", batch.broken);
    let handled = block_on(handle(&world.ports(), &settings(), &batch.arrivals));
    assert!(handled.failed.is_empty(), "{event}: {:?}", handled.failed);
    if !world.sweep_requests.reasons().is_empty() {
        complete_sweep(world).unwrap();
    }
}

/// What Security Hub holds of the check read-only.
fn finding(world: &World) -> String {
    let id = format!("{ROLE}/pullwatch/read-only");
    let held = world.security_hub.findings().into_iter().find(|finding| finding.id == id);
    held.map_or("-".to_owned(), |held| {
        let status = held.asff["Compliance"]["Status"].as_str().unwrap().to_owned();
        let archived = if held.asff["RecordState"] == "ARCHIVED" { " ARCHIVED" } else { "" };
        status + archived
    })
}

// ---- What the account is like before, and what the events tell ----

fn role() -> RoleArn {
    RoleArn::parse(ROLE).unwrap()
}

fn create_role(account: &mut Account) {
    account.create_role(&role(), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    account.attach_role_policy(NAME, PULL_ONLY).unwrap();
}

fn attach(account: &mut Account) {
    account.attach_role_policy(NAME, NODE_ECR).unwrap();
}

fn detach(account: &mut Account) {
    account.detach_role_policy(NAME, NODE_ECR).unwrap();
}

fn in_cluster(account: &mut Account) {
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
}

fn create_nodegroup(account: &mut Account) {
    let nodegroup = Nodegroup { node_role: role(), tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
}

fn delete_nodegroup(account: &mut Account) {
    account.delete_nodegroup(REGION, "prod", "workers").unwrap();
}

fn worn(account: &mut Account) {
    in_cluster(account);
    create_nodegroup(account);
}

fn pushing(account: &mut Account) {
    attach(account);
}

fn worn_and_pushing(account: &mut Account) {
    worn(account);
    attach(account);
}

fn in_cluster_and_pushing(account: &mut Account) {
    in_cluster(account);
    attach(account);
}

fn put_inline(account: &mut Account) {
    account.put_role_policy(NAME, "Push", PUSH).unwrap();
}

fn worn_with_inline(account: &mut Account) {
    worn(account);
    put_inline(account);
}

fn delete_inline(account: &mut Account) {
    account.delete_role_policy(NAME, "Push").unwrap();
}

fn worn_and_harmless(account: &mut Account) {
    worn(account);
    account.create_policy_version(NODE_ECR, PULL, true).unwrap();
    attach(account);
}

fn new_version(account: &mut Account) {
    account.create_policy_version(NODE_ECR, PUSH, true).unwrap();
}

fn worn_with_two_versions(account: &mut Account) {
    worn(account);
    account.create_policy_version(NODE_ECR, PULL, false).unwrap();
    attach(account);
}

fn first_version(account: &mut Account) {
    account.set_default_policy_version(NODE_ECR, "v2").unwrap();
}

fn put_boundary(account: &mut Account) {
    account.put_role_permissions_boundary(NAME, BOUNDARY).unwrap();
}

fn worn_and_bounded(account: &mut Account) {
    worn_and_pushing(account);
    put_boundary(account);
}

fn delete_boundary(account: &mut Account) {
    account.delete_role_permissions_boundary(NAME).unwrap();
}

fn worn_by_tag(account: &mut Account) {
    worn(account);
    account.put_role_policy(NAME, "Team", PUSH_OF_THE_TEAM).unwrap();
}

fn tag_role(account: &mut Account) {
    account.tag_role(NAME, "owner", "team-payments").unwrap();
}

fn worn_and_tagged(account: &mut Account) {
    worn_by_tag(account);
    tag_role(account);
}

fn untag_role(account: &mut Account) {
    account.untag_role(NAME, "owner").unwrap();
}

fn worn_but_gone(account: &mut Account) {
    worn(account);
    account.detach_role_policy(NAME, PULL_ONLY).unwrap();
    account.delete_role(NAME).unwrap();
}

fn create_pushing_role(account: &mut Account) {
    create_role(account);
    attach(account);
}

fn delete_role(account: &mut Account) {
    detach(account);
    account.detach_role_policy(NAME, PULL_ONLY).unwrap();
    account.delete_role(NAME).unwrap();
}

fn cluster_tag() -> Tags {
    [("kubernetes.io/cluster/prod".to_owned(), "owned".to_owned())].into()
}

fn empty_profile(account: &mut Account) {
    attach(account);
    account.create_instance_profile(PROFILE, "/", cluster_tag()).unwrap();
}

fn fill_profile(account: &mut Account) {
    account.add_role_to_instance_profile(PROFILE, NAME).unwrap();
}

fn in_profile(account: &mut Account) {
    empty_profile(account);
    fill_profile(account);
}

fn in_plain_profile(account: &mut Account) {
    attach(account);
    account.create_instance_profile(PROFILE, "/", Tags::new()).unwrap();
    fill_profile(account);
}

fn empty(account: &mut Account) {
    account.remove_role_from_instance_profile(PROFILE).unwrap();
}

fn delete_profile(account: &mut Account) {
    empty(account);
    account.delete_instance_profile(PROFILE).unwrap();
}

fn tag_profile(account: &mut Account) {
    account.tag_instance_profile(PROFILE, "kubernetes.io/cluster/prod", "owned").unwrap();
}

fn untag_profile(account: &mut Account) {
    account.untag_instance_profile(PROFILE, "kubernetes.io/cluster/prod").unwrap();
}

fn create_fargate(account: &mut Account) {
    let profile = FargateProfile { pod_execution_role: role(), tags: Tags::new() };
    account.create_fargate_profile(REGION, "prod", "batch", profile).unwrap();
}

fn in_fargate(account: &mut Account) {
    in_cluster_and_pushing(account);
    create_fargate(account);
}

fn delete_fargate(account: &mut Account) {
    account.delete_fargate_profile(REGION, "prod", "batch").unwrap();
}

fn create_entry_of(account: &mut Account, entry_type: &str) {
    let entry = AccessEntry { entry_type: entry_type.to_owned(), tags: Tags::new() };
    account.create_access_entry(REGION, "prod", ROLE, entry).unwrap();
}

fn create_entry(account: &mut Account) {
    create_entry_of(account, "EC2_LINUX");
}

fn entry_of(account: &mut Account, entry_type: &str) {
    in_cluster_and_pushing(account);
    create_entry_of(account, entry_type);
}

fn in_entry(account: &mut Account) {
    entry_of(account, "EC2_LINUX");
}

/// An instance whose profile no tag shows.
fn in_instance(account: &mut Account, key: &str, value: &str) {
    in_plain_profile(account);
    let profile = format!("arn:aws:iam::{ACCOUNT}:instance-profile/{PROFILE}");
    let tags = [(key.to_owned(), value.to_owned())].into();
    account.run_instance(REGION, Some(&profile), tags);
}

fn in_terminated_instance(account: &mut Account) {
    in_plain_profile(account);
    let profile = format!("arn:aws:iam::{ACCOUNT}:instance-profile/{PROFILE}");
    let id = account.run_instance(REGION, Some(&profile), cluster_tag());
    account.terminate_instance(REGION, &id).unwrap();
}

fn auto_and_pushing(account: &mut Account) {
    attach(account);
    create_auto_cluster(account);
}

fn delete_entry(account: &mut Account) {
    account.delete_access_entry(REGION, "prod", ROLE).unwrap();
}

fn create_auto_cluster(account: &mut Account) {
    let cluster = Cluster { auto_mode_role: Some(role()), ..Cluster::default() };
    account.create_cluster(REGION, "prod", cluster).unwrap();
}

fn worn_by_auto_mode(account: &mut Account) {
    create_auto_cluster(account);
}

fn set_auto_mode(account: &mut Account) {
    account.set_auto_mode(REGION, "prod", Some(role())).unwrap();
}

fn delete_cluster(account: &mut Account) {
    delete_nodegroup(account);
    account.delete_cluster(REGION, "prod").unwrap();
}

fn set_repository_policy(account: &mut Account) {
    account.set_repository_policy(REGION, REPOSITORY, NODES_PUSH).unwrap();
}

fn in_repository(account: &mut Account) {
    worn(account);
    set_repository_policy(account);
}

fn delete_repository_policy(account: &mut Account) {
    account.delete_repository_policy(REGION, REPOSITORY).unwrap();
}

fn delete_repository(account: &mut Account) {
    account.delete_repository(REGION, REPOSITORY).unwrap();
}

fn worn_without_repository(account: &mut Account) {
    worn(account);
    delete_repository(account);
}

/// A creation template gives a repository its policy from the first.
fn create_from_template(account: &mut Account) {
    account.create_repository(REGION, REPOSITORY, Tags::new()).unwrap();
    set_repository_policy(account);
}

fn put_registry_policy(account: &mut Account) {
    account.put_registry_policy(REGION, NODES_PUSH);
}

fn in_registry(account: &mut Account) {
    worn(account);
    put_registry_policy(account);
}

fn delete_registry_policy(account: &mut Account) {
    account.delete_registry_policy(REGION);
}

fn in_narrow_registry(account: &mut Account) {
    in_registry(account);
    account.put_registry_policy_scope(REGION, "V1");
}

fn widen_registry(account: &mut Account) {
    account.put_registry_policy_scope(REGION, "V2");
}
