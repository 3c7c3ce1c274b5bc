//! Every event in `events/` is read as this table says; every row of the code has its file, and
//! every file is known here.

use std::collections::BTreeSet;

use change_events::{ReadError, Reading, event_names, read};
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::change::{Change, ProfileEffect, RoleEffect};

use crate::files::{ACCOUNT, WITH_EFFECT, changes, file, files};

const POLICY: &str = "arn:aws:iam::111122223333:policy/NodeEcr";

const SERVICE_LINKED: &str = "a service-linked role is AWS's own, and no node wears one";

const PUSH_DOCUMENT: &str = concat!(
    r#"{"Version": "2012-10-17", "Statement": [{"Sid": "AllowPush", "Effect": "Allow", "#,
    r#""Action": ["ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"], "Resource": "*"}]}"#,
);

fn change(folder: &str, name: &str) -> Change {
    let mut changes = changes(&file(folder, name));
    assert_eq!(changes.len(), 1, "{name}");
    let reported = changes.remove(0);
    let event = reported.event;
    assert_eq!(event.name, name);
    assert_eq!(event.account, ACCOUNT);
    assert!(event.id.starts_with("0b9d6c1e-"), "{name} has CloudTrail's id");
    assert!(event.time.to_string().starts_with("2026-01-15T1"), "{name}");
    assert_eq!(event.actor.principal, "assumed-role/Deployer/pipeline");
    assert_eq!(event.actor.tool.as_deref(), Some("Terraform"));
    assert_eq!(event.actor.source.as_deref(), Some("192.0.2.10"));
    reported.change
}

fn role_arn() -> RoleArn {
    RoleArn::parse("arn:aws:iam::111122223333:role/eks/prod-workers").unwrap()
}

fn names(texts: &[&'static str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn every_row_has_its_file_and_every_file_its_row() {
    for (folder, source) in WITH_EFFECT {
        let rows: BTreeSet<String> = event_names()
            .filter(|row| row.has_effect && row.source == source)
            .map(|row| row.name.to_owned())
            .collect();
        assert_eq!(rows, files(folder).into_keys().collect(), "{folder}");
    }
    let ignored = files("ignored");
    for row in event_names().filter(|row| !row.has_effect) {
        let file = format!("{}-{}", row.source.trim_start_matches("aws."), row.name);
        assert!(ignored.contains_key(&file), "events/ignored/{file}.json is missing");
    }
}

#[test]
fn a_name_has_one_row() {
    let mut seen = BTreeSet::new();
    for row in event_names() {
        assert!(seen.insert((row.source, row.name)), "{} of {} has two rows", row.name, row.source);
    }
}

#[test]
fn iam_events_are_read() {
    let of_role = |effect| Change::Role { role_name: RoleName::new("prod-workers"), effect };
    let policy_arn = || POLICY.to_owned();
    let policy_name = || "Push".to_owned();
    let profile = |role_name: Option<&str>, effect| Change::InstanceProfile {
        instance_profile_name: "prod-workers-profile".to_owned(),
        role_name: role_name.map(RoleName::new),
        effect: Some(effect),
    };
    let cluster_tag = || "kubernetes.io/cluster/prod".to_owned();
    let tagged = ProfileEffect::Tagged { tags: [(cluster_tag(), "owned".to_owned())].into() };
    let untagged = ProfileEffect::Untagged { tag_keys: vec![cluster_tag()] };
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
        ("AddRoleToInstanceProfile", profile(Some("prod-workers"), ProfileEffect::RoleAdded)),
        (
            "RemoveRoleFromInstanceProfile",
            profile(Some("prod-workers"), ProfileEffect::RoleRemoved),
        ),
        ("DeleteInstanceProfile", profile(None, ProfileEffect::Deleted)),
        ("TagInstanceProfile", profile(None, tagged)),
        ("UntagInstanceProfile", profile(None, untagged)),
        (
            "PutRolePolicy",
            of_role(RoleEffect::InlinePolicyPut {
                policy_name: policy_name(),
                document: Some(PUSH_DOCUMENT.to_owned()),
            }),
        ),
    ];
    check("iam", &expected);
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
    let expected = [
        ("CreateNodegroup", nodegroup(Some(role_arn()))),
        ("DeleteNodegroup", nodegroup(Some(role_arn()))),
        ("UpdateNodegroupConfig", nodegroup(None)),
        ("TagResource", nodegroup(None)),
        ("CreateCluster", cluster(Some(role_arn()))),
        ("UpdateClusterConfig", cluster(Some(role_arn()))),
        ("DeleteCluster", cluster(Some(role_arn()))),
        ("UntagResource", cluster(None)),
        ("CreateFargateProfile", profile.clone()),
        ("DeleteFargateProfile", profile),
        ("CreateAccessEntry", entry.clone()),
        ("DeleteAccessEntry", entry),
    ];
    check("eks", &expected);
}

#[test]
fn ecr_events_are_read() {
    let repository = Change::RepositoryPolicy {
        region: "eu-west-1".to_owned(),
        repository_name: "payments/api".to_owned(),
    };
    let registry = Change::RegistryPolicy { region: "eu-west-1".to_owned() };
    let expected = [
        ("SetRepositoryPolicy", &repository),
        ("DeleteRepositoryPolicy", &repository),
        ("CreateRepository", &repository),
        ("DeleteRepository", &repository),
        ("PutRegistryPolicy", &registry),
        ("DeleteRegistryPolicy", &registry),
        ("PutAccountSetting", &registry),
    ];
    check("ecr", &expected.map(|(name, expected)| (name, expected.clone())));
}

#[test]
fn organizations_events_ask_for_a_sweep() {
    let reason = "the organization's service or resource control policies changed".to_owned();
    let expected = [
        "AttachPolicy",
        "DetachPolicy",
        "UpdatePolicy",
        "EnablePolicyType",
        "DisablePolicyType",
        "MoveAccount",
    ];
    check(
        "organizations",
        &expected.map(|name| (name, Change::Unclear { reason: reason.clone() })),
    );
}

#[test]
fn a_person_in_security_hub_asks_to_look_again() {
    assert_eq!(files("security-hub").len(), 1);
    let changes = changes(&file("security-hub", "CustomAction"));
    assert_eq!(changes.len(), 1, "two findings of one role are one request");
    assert_eq!(changes[0].change, Change::Recheck { role_arn: role_arn() });
    assert_eq!(changes[0].event.name, change_events::CUSTOM_ACTION);
    assert_eq!(changes[0].event.actor.principal, "somebody in Security Hub");
}

#[test]
fn what_has_no_effect_is_let_go_with_its_reason() {
    let expected = [
        (
            "ecr-CreateRepositoryCreationTemplate",
            "a template acts on repositories that are made later",
        ),
        (
            "ecr-DeleteRepositoryCreationTemplate",
            "a template acts on repositories that are made later",
        ),
        ("ecr-PutAccountSetting-scan-type", "the setting is not about policies"),
        ("ecr-SetRepositoryPolicy-other-registry", "the registry is another account's"),
        (
            "ecr-UpdateRepositoryCreationTemplate",
            "a template acts on repositories that are made later",
        ),
        ("eks-AssociateAccessPolicy", "access policies are about Kubernetes, not about ECR"),
        ("eks-CreateAddon", "an add-on's role is worn by pods, not by nodes"),
        ("eks-CreateNodegroup-failed", "the call failed with ResourceInUseException"),
        ("eks-CreatePodIdentityAssociation", "the role is worn by pods, not by nodes"),
        ("eks-DisassociateAccessPolicy", "access policies are about Kubernetes, not about ECR"),
        ("eks-TagResource-addon", "the tagged resource wears no node role"),
        ("eks-UpdateAccessEntry", "an entry's type never changes"),
        ("eks-UpdateClusterVersion", "a version changes no node role"),
        ("eks-UpdateNodegroupVersion", "a nodegroup's role never changes"),
        ("iam-AttachRolePolicy-failed", "the call failed with NoSuchEntityException"),
        ("iam-AttachRolePolicy-service-linked", SERVICE_LINKED),
        ("iam-CreateInstanceProfile", "a new instance profile holds no role"),
        ("iam-CreatePolicy", "a new policy is attached to nothing"),
        ("iam-CreatePolicyVersion-not-default", "the new version is not the default one"),
        ("iam-CreateRole-service-linked", SERVICE_LINKED),
        ("iam-CreateServiceLinkedRole", SERVICE_LINKED),
        ("iam-DeletePolicy", "only a detached policy can be deleted"),
        ("iam-DeletePolicyVersion", "the default version cannot be deleted"),
        ("iam-DeleteRole-failed", "the call failed with AccessDenied"),
        ("iam-DeleteServiceLinkedRole", SERVICE_LINKED),
        ("iam-GetRole-read-only", "the call only reads"),
        (
            "iam-PutUserPolicy-unknown",
            "PutUserPolicy of aws.iam is no event that this version knows",
        ),
        (
            "iam-UpdateAssumeRolePolicy",
            "it changes who may wear the role, not what the role may do",
        ),
        ("iam-UpdateRole", "it changes description and duration alone"),
        ("iam-UpdateRoleDescription", "it changes the description alone"),
        ("organizations-CreatePolicy", "a new policy is attached to nothing"),
        ("organizations-DeletePolicy", "only a detached policy can be deleted"),
        ("organizations-DescribePolicy-read-only", "the call only reads"),
        ("s3-PutObject", "PutObject of aws.s3 is no event that this version knows"),
        (
            "security-hub-no-role-of-the-account",
            "none of the chosen findings is about a role of this account",
        ),
    ];
    for (name, expected) in expected {
        match read(&file("ignored", name), ACCOUNT) {
            Ok(Reading::Ignored { event, why }) => {
                assert_eq!(why, expected, "{name}");
                let is_named = name.contains(&event) || event == change_events::CUSTOM_ACTION;
                assert!(is_named, "{name} is {event}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(names(&expected.map(|(name, _)| name)), files("ignored").into_keys().collect());
}

#[test]
fn what_is_cut_asks_for_a_sweep() {
    let expected = [
        ("cut-no-findings", "detail.findings"),
        ("cut-no-nodegroup-name", "requestParameters.nodegroupName"),
        ("cut-no-parameters", "requestParameters.policyArn"),
        ("cut-no-policy-arn", "requestParameters.policyArn"),
        ("cut-omitted", "requestParameters.policyName"),
        ("cut-parameters-absent", "requestParameters.repositoryName"),
        ("cut-resource-arn", "requestParameters.resourceArn"),
        ("cut-tags", "requestParameters.tags"),
        ("cut-wrong-types", "requestParameters.policyName"),
    ];
    for (name, missing) in expected {
        let changes = changes(&file("broken", name));
        assert_eq!(changes.len(), 1, "{name}");
        let reason = format!("{missing} is missing or cut");
        assert_eq!(changes[0].change, Change::Unclear { reason }, "{name}");
    }
    let cut = files("broken").into_keys().filter(|name| name.starts_with("cut-")).collect();
    assert_eq!(names(&expected.map(|(name, _)| name)), cut);
}

#[test]
fn what_is_broken_is_an_error() {
    for (name, text) in files("broken") {
        if name.starts_with("cut-") {
            continue;
        }
        let error = read(&text, ACCOUNT).expect_err(&name);
        let is_expected = match name.as_str() {
            "not-json" | "not-json-empty" | "not-json-too-deep" => {
                matches!(error, ReadError::NotJson(_))
            }
            "no-envelope" | "no-envelope-but-a-record" => error == ReadError::NoEnvelope("source"),
            "no-account" => error == ReadError::NoEnvelope("account"),
            "no-detail" => error == ReadError::NoEnvelope("detail"),
            "no-event-name" => error == ReadError::NoEnvelope("detail.eventName"),
            "no-time" => error == ReadError::NoTime("yesterday".to_owned()),
            "foreign-account" => matches!(error, ReadError::ForeignAccount { .. }),
            _ => panic!("{name} is not expected"),
        };
        assert!(is_expected, "{name}: {error}");
    }
}

/// Each file of a folder is told of here, and is read as told.
fn check(folder: &str, expected: &[(&'static str, Change)]) {
    for (name, expected) in expected {
        assert_eq!(change(folder, name), *expected, "{name}");
    }
    let told: Vec<&'static str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(&told), files(folder).into_keys().collect(), "{folder}");
}
