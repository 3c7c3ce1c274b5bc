//! Every event in `events/` is read as its file's place says, and every row has its file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use change_events::{ReadError, Reading, event_names, read};
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::change::{Change, RoleEffect};
use proptest::prelude::*;

const ACCOUNT: &str = "111122223333";
const POLICY: &str = "arn:aws:iam::111122223333:policy/NodeEcr";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(name)
}

fn files(name: &str) -> BTreeMap<String, String> {
    std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (stem, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn change(service: &str, name: &str) -> Change {
    let text = std::fs::read_to_string(folder(service).join(format!("{name}.json"))).unwrap();
    match read(&text, ACCOUNT) {
        Ok(Reading::Changes(changes)) => {
            assert_eq!(changes.len(), 1, "{name}");
            assert_eq!(changes[0].event.name, name);
            assert_eq!(changes[0].event.actor.principal, "assumed-role/Deployer/pipeline");
            assert_eq!(changes[0].event.actor.tool.as_deref(), Some("Terraform"));
            changes[0].change.clone()
        }
        other => panic!("{name}: {other:?}"),
    }
}

fn role_arn() -> RoleArn {
    RoleArn::parse("arn:aws:iam::111122223333:role/eks/prod-workers").unwrap()
}

#[test]
fn every_row_has_its_file_and_every_file_its_row() {
    for service in ["iam", "eks", "ecr"] {
        let rows: BTreeSet<&str> = event_names()
            .filter(|row| row.has_effect && row.source == format!("aws.{service}"))
            .map(|row| row.name)
            .collect();
        let files = files(service);
        let files: BTreeSet<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(rows, files, "{service}");
    }
    let ignored = files("ignored");
    for row in event_names().filter(|row| !row.has_effect) {
        assert!(ignored.keys().any(|file| file.contains(row.name)), "{}", row.name);
    }
}

#[test]
fn iam_events_are_read() {
    let of_role = |effect| Change::Role { role_name: RoleName::new("prod-workers"), effect };
    let policy_arn = || POLICY.to_owned();
    let policy_name = || "Push".to_owned();
    let profile = |role_name: Option<&str>| Change::InstanceProfile {
        instance_profile_name: "prod-workers-profile".to_owned(),
        role_name: role_name.map(RoleName::new),
    };
    let version =
        Change::ManagedPolicy { policy_arn: policy_arn(), default_version: Some("v4".to_owned()) };
    let created = RoleEffect::Created { role_id: Some("AROAEXAMPLEWORKERS000".to_owned()) };
    let expected = [
        ("AttachRolePolicy", of_role(RoleEffect::PolicyAttached { policy_arn: policy_arn() })),
        ("DetachRolePolicy", of_role(RoleEffect::PolicyDetached { policy_arn: policy_arn() })),
        (
            "DeleteRolePolicy",
            of_role(RoleEffect::InlinePolicyDeleted { policy_name: policy_name() }),
        ),
        ("CreatePolicyVersion", version.clone()),
        ("SetDefaultPolicyVersion", version),
        (
            "PutRolePermissionsBoundary",
            of_role(RoleEffect::BoundarySet {
                policy_arn: "arn:aws:iam::111122223333:policy/NodeBoundary".to_owned(),
            }),
        ),
        ("DeleteRolePermissionsBoundary", of_role(RoleEffect::BoundaryRemoved)),
        ("CreateRole", of_role(created.clone())),
        ("AcquireRole", of_role(created)),
        ("DeleteRole", of_role(RoleEffect::Deleted)),
        (
            "TagRole",
            of_role(RoleEffect::Tagged {
                tags: [("owner".to_owned(), "team-payments".to_owned())].into(),
            }),
        ),
        ("UntagRole", of_role(RoleEffect::Untagged { tag_keys: vec!["owner".to_owned()] })),
        ("AddRoleToInstanceProfile", profile(Some("prod-workers"))),
        ("RemoveRoleFromInstanceProfile", profile(Some("prod-workers"))),
        ("DeleteInstanceProfile", profile(None)),
        ("TagInstanceProfile", profile(None)),
        ("UntagInstanceProfile", profile(None)),
    ];
    for (name, expected) in expected {
        assert_eq!(change("iam", name), expected, "{name}");
    }
    let Change::Role { effect: RoleEffect::InlinePolicyPut { policy_name, document }, .. } =
        change("iam", "PutRolePolicy")
    else {
        panic!("PutRolePolicy is read otherwise");
    };
    assert_eq!(policy_name, "Push");
    assert!(document.unwrap().contains("AllowPush"));
}

#[test]
fn eks_events_are_read() {
    let region = || "eu-west-1".to_owned();
    let cluster_name = || "prod".to_owned();
    let nodegroup = |role_arn| Change::Nodegroup {
        region: region(),
        cluster_name: cluster_name(),
        nodegroup_name: "workers".to_owned(),
        role_arn,
    };
    let cluster =
        |role_arn| Change::Cluster { region: region(), cluster_name: cluster_name(), role_arn };
    let profile = Change::FargateProfile {
        region: region(),
        cluster_name: cluster_name(),
        fargate_profile_name: "batch".to_owned(),
        role_arn: Some(role_arn()),
    };
    let entry = Change::AccessEntry {
        region: region(),
        cluster_name: cluster_name(),
        principal_arn: role_arn().as_str().to_owned(),
    };
    for (name, expected) in [
        ("CreateNodegroup", nodegroup(Some(role_arn()))),
        ("DeleteNodegroup", nodegroup(Some(role_arn()))),
        ("TagResource", nodegroup(None)),
        ("CreateCluster", cluster(Some(role_arn()))),
        ("UpdateClusterConfig", cluster(Some(role_arn()))),
        ("DeleteCluster", cluster(Some(role_arn()))),
        ("UntagResource", cluster(None)),
        ("CreateFargateProfile", profile.clone()),
        ("DeleteFargateProfile", profile),
        ("CreateAccessEntry", entry.clone()),
        ("DeleteAccessEntry", entry),
    ] {
        assert_eq!(change("eks", name), expected, "{name}");
    }
}

#[test]
fn ecr_events_are_read() {
    let repository = Change::RepositoryPolicy {
        region: "eu-west-1".to_owned(),
        repository_name: "payments/api".to_owned(),
    };
    let registry = Change::RegistryPolicy { region: "eu-west-1".to_owned() };
    for (name, expected) in [
        ("SetRepositoryPolicy", &repository),
        ("DeleteRepositoryPolicy", &repository),
        ("DeleteRepository", &repository),
        ("PutRegistryPolicy", &registry),
        ("DeleteRegistryPolicy", &registry),
        ("PutAccountSetting", &registry),
    ] {
        assert_eq!(change("ecr", name), *expected, "{name}");
    }
}

#[test]
fn what_has_no_effect_is_let_go_with_its_reason() {
    for (file, text) in files("ignored") {
        match read(&text, ACCOUNT) {
            Ok(Reading::Ignored { event, why }) => {
                assert!(file.contains(&event), "{file} is {event}");
                assert!(!why.is_empty(), "{file}");
            }
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn what_is_broken_is_an_error_and_what_is_cut_asks_for_a_sweep() {
    for (file, text) in files("broken") {
        let reading = read(&text, ACCOUNT);
        if file.starts_with("cut-") {
            match reading {
                Ok(Reading::Changes(changes)) => {
                    assert!(
                        matches!(changes[..], [ref one] if matches!(one.change, Change::Unclear { .. })),
                        "{file}"
                    );
                }
                other => panic!("{file}: {other:?}"),
            }
            continue;
        }
        let error = reading.expect_err(&file);
        let is_expected = match file.as_str() {
            "not-json" => matches!(error, ReadError::NotJson(_)),
            "no-envelope" => matches!(error, ReadError::NoEnvelope("source")),
            "foreign-account" => matches!(error, ReadError::ForeignAccount { .. }),
            "no-time" => matches!(error, ReadError::NoTime(_)),
            other => panic!("{other} is not expected"),
        };
        assert!(is_expected, "{file}: {error}");
    }
}

fn every_text() -> Vec<String> {
    ["iam", "eks", "ecr", "ignored"]
        .into_iter()
        .flat_map(|name| files(name).into_values())
        .collect()
}

proptest! {
    /// Whatever is cut out of an event or put into it, reading it ends in an answer.
    #[test]
    fn a_damaged_event_is_answered(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), cut in 0_usize..40, put in ".{0,12}") {
        let texts = every_text();
        let text = pick.get(&texts);
        let characters: Vec<char> = text.chars().collect();
        let from = at.index(characters.len());
        let to = (from + cut).min(characters.len());
        let damaged: String = characters[..from].iter().copied().chain(put.chars()).chain(characters[to..].iter().copied()).collect();
        let _ = read(&damaged, ACCOUNT);
    }
}
