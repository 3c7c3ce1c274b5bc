//! Snapshots file by file: what is read, what is tolerated, and what a damaged file costs.

use std::fs;
use std::path::{Path, PathBuf};

use ecr_audit::arn::RoleName;
use ecr_audit::ports::{Ecr, Eks, Iam};
use futures::FutureExt;
use jiff::Timestamp;
use memory_adapters::{MemoryAccount, Reading, Snapshot, SnapshotError};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const ROLES: &str = r#"{"RoleDetailList": [{
    "RoleName": "workers", "RoleId": "AROAEXAMPLE", "Path": "/eks/",
    "Arn": "arn:aws-cn:iam::111122223333:role/eks/workers", "CreateDate": 1762157700,
    "Tags": [{"Key": "owner", "Value": "team"}],
    "RolePolicyList": [{"PolicyName": "pull", "PolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D"}],
    "AttachedManagedPolicies": [{"PolicyArn": "arn:aws-cn:iam::aws:policy/AmazonEKS_CNI_Policy"}]
}], "Policies": []}"#;

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("memory answers at once")
}

fn folder(test: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    for (name, text) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    folder
}

fn snapshot(test: &str, files: &[(&str, &str)]) -> Snapshot {
    let files = [&[("authorization-details.json", ROLES)], files].concat();
    Snapshot::read(&folder(test, &files)).unwrap()
}

fn has_gap(snapshot: &Snapshot, reading: &Reading) -> bool {
    snapshot.account.gaps().any(|(gap, _)| gap == reading)
}

#[test]
fn account_and_partition_are_those_of_the_roles() {
    let snapshot = snapshot("arns", &[]);
    assert_eq!((snapshot.account.id(), snapshot.account.partition()), ("111122223333", "aws-cn"));
    let memory = MemoryAccount::new(snapshot.account);
    let role = now(memory.role(&RoleName::new("workers"))).unwrap().unwrap();
    assert_eq!(role.created.unwrap().as_second(), 1_762_157_700);
    assert_eq!(role.tags["owner"], "team");
    // The embedded copies are those of another partition.
    assert_eq!(role.identity[0].document, None);
    assert_eq!(role.identity[1].document.as_deref(), Some("{\"Statement\":[]}"));
}

#[test]
fn names_come_from_inside_the_files() {
    let nodegroup = r#"{"nodegroup": {"nodegroupName": "workers", "clusterName": "prod",
        "nodegroupArn": "arn:aws-cn:eks:cn-northwest-1:111122223333:nodegroup/prod/workers/0",
        "nodeRole": "arn:aws-cn:iam::111122223333:role/eks/workers", "createdAt": 1.5}}"#;
    let policy =
        r#"{"registryId": "111122223333", "repositoryName": "team/a", "policyText": "{}"}"#;
    let snapshot = snapshot(
        "names",
        &[
            ("eks/somewhere/some-cluster/nodegroups/some.json", nodegroup),
            ("ecr/cn-north-1/repository-policies/deep/down/some.json", policy),
            (
                "ecr/cn-north-1/registry-policy.json",
                &policy.replace("111122223333", "444455556666"),
            ),
        ],
    );
    assert_eq!(snapshot.problems, []);
    assert!(snapshot.notes.iter().any(|note| note.contains("444455556666")));
    assert_eq!(snapshot.regions(), ["cn-north-1", "cn-northwest-1"]);
    let memory = MemoryAccount::new(snapshot.account);
    assert!(now(memory.nodegroup("cn-northwest-1", "prod", "workers")).unwrap().is_some());
    let document = now(memory.repository_policy("cn-north-1", "team/a", NOW)).unwrap();
    assert_eq!(document.unwrap().document, "{}");
    assert_eq!(now(memory.registry_policy("cn-north-1", NOW)).unwrap(), None);
}

#[test]
fn the_scope_of_a_registry_policy_is_not_guessed() {
    let policy = r#"{"registryId": "111122223333", "policyText": "{}"}"#;
    let setting =
        |scope: &str| format!(r#"{{"name": "REGISTRY_POLICY_SCOPE", "value": "{scope}"}}"#);
    for (scope, covers_all_actions) in
        [(None, None), (Some("V1"), Some(false)), (Some("V2"), Some(true))]
    {
        let setting = scope.map(setting);
        let mut files = vec![("ecr/cn-north-1/registry-policy.json", policy)];
        files.extend(setting.iter().map(|text| ("ecr/cn-north-1/account-setting.json", &**text)));
        let memory = MemoryAccount::new(snapshot("scope", &files).account);
        let document = now(memory.registry_policy("cn-north-1", NOW)).unwrap().unwrap();
        assert_eq!(document.covers_all_actions, covers_all_actions, "{scope:?}");
    }
}

#[test]
fn each_damaged_file_costs_what_it_would_have_told_and_no_more() {
    let uses = |name: &str| {
        let (kind, region) = (name, "eu-west-1");
        let source = serde_json::json!({ "kind": kind, "region": region });
        Reading::Uses(serde_json::from_value(source).unwrap())
    };
    let region = || "eu-west-1".to_owned();
    for (name, gap) in [
        ("eks/eu-west-1/prod/cluster.json", uses("auto-mode")),
        ("eks/eu-west-1/prod/nodegroups/a.json", uses("nodegroup")),
        ("eks/eu-west-1/prod/fargate-profiles/a.json", uses("fargate-profile")),
        ("eks/eu-west-1/prod/access-entries/a.json", uses("access-entry")),
        ("ec2/eu-west-1/instances.json", uses("instance")),
        ("ecr/eu-west-1/repositories.json", Reading::RepositoryPolicies(region())),
        ("ecr/eu-west-1/repository-policies/a.json", Reading::RepositoryPolicies(region())),
        ("ecr/eu-west-1/registry-policy.json", Reading::RegistryPolicy(region())),
        ("ecr/eu-west-1/account-setting.json", Reading::RegistryPolicy(region())),
    ] {
        for (damage, text) in [("empty", ""), ("broken", "{\"a\": [1,"), ("two", "{} {}")] {
            if damage == "two" && name.ends_with("s.json") {
                continue; // Lists may have several pages.
            }
            let snapshot = snapshot("damaged", &[(name, text)]);
            assert_eq!(snapshot.problems.len(), 1, "{name} {damage}");
            assert_eq!(snapshot.problems[0].file, name);
            assert!(has_gap(&snapshot, &gap), "{name} {damage}");
            assert_eq!(snapshot.account.gaps().count(), 1, "{name} {damage}");
        }
    }
}

#[test]
fn a_damaged_role_is_lost_alone() {
    let text = ROLES.replace("\"Policies\"", "\"x\"").replacen(
        "[{",
        r#"[{"RoleName": "broken", "Arn": "arn:aws-cn:iam::111122223333:role/broken", "Tags": 5}, {"#,
        1,
    );
    let snapshot =
        Snapshot::read(&folder("damaged-role", &[("authorization-details.json", &text)])).unwrap();
    assert_eq!(snapshot.problems[0].place, "RoleDetailList[0]");
    let memory = MemoryAccount::new(snapshot.account);
    assert!(now(memory.role(&RoleName::new("broken"))).is_err());
    assert!(now(memory.role(&RoleName::new("workers"))).unwrap().is_some());
    assert_eq!(now(memory.role(&RoleName::new("nobody"))).unwrap(), None);
}

#[test]
fn a_list_that_breaks_off_is_not_the_whole_list() {
    let text = ROLES.replacen('{', "{\"IsTruncated\": true,", 1);
    let snapshot =
        Snapshot::read(&folder("truncated", &[("authorization-details.json", &text)])).unwrap();
    assert!(has_gap(&snapshot, &Reading::Roles));
}

#[test]
fn control_policies_stand_level_by_level() {
    let described = r#"{"Policy": {"Content": "{\"Statement\":[]}"}}"#;
    let snapshot = snapshot(
        "organization",
        &[
            ("organizations/scps/10-unit.json", "{}"),
            ("organizations/scps/0-root.json", described),
            ("organizations/scps/0-second.json", "{}"),
            ("organizations/rcps/0-root.json", "{}"),
        ],
    );
    let levels: Vec<usize> = snapshot.organization.scps.iter().map(Vec::len).collect();
    assert_eq!(levels, [2, 1]);
    assert_eq!(snapshot.organization.scps[0][0].document, "{\"Statement\":[]}");
    assert_eq!(snapshot.organization.rcps.len(), 1);
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let read = |test: &str, files: &[(&str, &str)]| Snapshot::read(&folder(test, files)).err();
    assert!(matches!(
        read("no-details", &[("x.json", "{}")]),
        Some(SnapshotError::NoAuthorizationDetails(_))
    ));
    let nothing = [("authorization-details.json", "{\"RoleDetailList\": []}")];
    assert!(matches!(read("no-account", &nothing), Some(SnapshotError::NoAccount(_))));
}
