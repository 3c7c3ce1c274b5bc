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
fn a_file_that_nothing_reads_is_a_problem_with_what_it_could_have_told() {
    let region = || "eu-west-1".to_owned();
    let registry = [Reading::RepositoryPolicies(region()), Reading::RegistryPolicy(region())];
    for (name, gaps) in [
        ("eks/eu-west-1/prod/nodegroup/a.json", 4),
        ("ec2/eu-west-1/instance.json", 1),
        ("ecr/eu-west-1/repository-policy/a.json", 2),
        ("ecr/a.json", 1),
        ("iam/profiles.json", 2),
        ("organizations/scp/0-root.json", 0),
    ] {
        let snapshot = snapshot("unread", &[(name, "{}"), ("README.md", "by hand")]);
        let [problem] = &snapshot.problems[..] else { panic!("{name}: {:?}", snapshot.problems) };
        assert_eq!((problem.file.as_str(), problem.place.as_str()), (name, ""));
        assert!(problem.reason.contains("misspelt"), "{name}: {}", problem.reason);
        assert_eq!(snapshot.account.gaps().count(), gaps, "{name}");
        if name.starts_with("ecr/eu-west-1") {
            assert!(registry.iter().all(|gap| has_gap(&snapshot, gap)), "{name}");
        }
        assert_eq!(snapshot.notes.len(), 1, "beside the folders a file is only noted");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_a_loop_is_told() {
    use std::os::unix::fs::symlink;
    let nodegroup = r#"{"nodegroup": {"nodegroupName": "workers", "clusterName": "prod",
        "nodeRole": "arn:aws-cn:iam::111122223333:role/eks/workers"}}"#;
    let elsewhere = folder("linked-elsewhere", &[("cn-north-1/prod/nodegroups/a.json", nodegroup)]);
    let files = [("authorization-details.json", ROLES)];
    let linked = folder("linked", &files);
    symlink(&elsewhere, linked.join("eks")).unwrap();
    let snapshot = Snapshot::read(&linked).unwrap();
    assert_eq!(snapshot.problems, []);
    let memory = MemoryAccount::new(snapshot.account);
    assert!(now(memory.nodegroup("cn-north-1", "prod", "workers")).unwrap().is_some());

    let looped = folder("looped", &files);
    fs::create_dir(looped.join("ecr")).unwrap();
    symlink(&looped, looped.join("ecr/again")).unwrap();
    symlink(looped.join("nowhere"), looped.join("ec2")).unwrap();
    let snapshot = Snapshot::read(&looped).unwrap();
    let files: Vec<&str> = snapshot.problems.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["ec2", "ecr/again"]);
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

/// What the listing of this name costs, and the words that tell it.
fn listed(test: &str, listing: &str) -> (Vec<Reading>, String) {
    let manifest = format!(r#"{{"time": "15 January", "listings": {{{listing}}}}}"#);
    let snapshot = snapshot(test, &[("snapshot.json", &manifest)]);
    let gaps = snapshot.account.gaps().map(|(gap, _)| gap.clone()).collect();
    let told: Vec<String> = snapshot.problems.iter().map(ToString::to_string).collect();
    (gaps, told.join("\n"))
}

#[test]
fn a_damaged_field_of_snapshot_json_hides_no_listing() {
    let region = || "eu-west-1".to_owned();
    let policies = || vec![Reading::RepositoryPolicies(region())];
    let registry = vec![Reading::RepositoryPolicies(region()), Reading::RegistryPolicy(region())];
    for (listing, gaps, words) in [
        (r#""ecr/eu-west-1/repository-policies": "denied""#, policies(), "was denied"),
        (
            r#""ecr/eu-west-1/repository-policies": "partial""#,
            policies(),
            "`partial` is no state: expected complete, denied or failed",
        ),
        (r#""ecr/eu-west-1/repository-policies": 5"#, policies(), "`5` is no state"),
        (r#""ecr/eu-west-1/repository-policies": {"reason": "no"}"#, policies(), "has no state"),
        (r#""ecr/eu-west-1/repositry-policies": "denied""#, registry, "was denied"),
        (r#""what/nobody/knows": "denied""#, vec![Reading::Everything], "was denied"),
        (r#""ecr/eu-west-1/repository-policies": "complete""#, vec![], ""),
    ] {
        let (found, told) = listed("damaged-listing", listing);
        assert_eq!(found, gaps, "{listing}");
        assert!(told.contains(words), "{listing}: {told}");
        let time = "snapshot.json: time: `15 January` is no time: expected a time such as \
                    2026-01-15T10:00:00Z";
        assert!(told.contains(time), "{listing}: {told}");
        assert!(!told.contains("untagged enum"), "{told}");
    }
}

#[test]
fn a_snapshot_json_that_cannot_be_read_leaves_nothing_known_to_be_complete() {
    for text in ["", "{", "[1, 2]", "7", "{} {}", r#"{"listings": ["denied"]}"#] {
        let snapshot = snapshot("unreadable-manifest", &[("snapshot.json", text)]);
        assert!(has_gap(&snapshot, &Reading::Everything), "{text}");
        assert_eq!(snapshot.problems[0].file, "snapshot.json", "{text}");
        let told = &snapshot.problems[0].reason;
        assert!(told.ends_with("so no listing is known to be complete"), "{told}");
        let memory = MemoryAccount::new(snapshot.account);
        assert!(now(memory.policies("eu-west-1", NOW)).is_err(), "{text}");
        assert!(now(memory.role(&RoleName::new("workers"))).unwrap().is_some(), "{text}");
        assert!(now(memory.role(&RoleName::new("nobody"))).is_err(), "{text}");
    }
}

#[test]
fn an_account_that_is_not_the_roles_is_refused() {
    let read = |manifest: &str| {
        let files = [("authorization-details.json", ROLES), ("snapshot.json", manifest)];
        Snapshot::read(&folder("other-account", &files)).err().map(|error| error.to_string())
    };
    assert_eq!(read(r#"{"account": "111122223333", "partition": "aws-cn"}"#), None);
    for (manifest, words) in [
        (r#"{"account": "banana"}"#, "`banana` is no account: expected twelve digits"),
        (
            r#"{"account": 111122223333}"#,
            "`111122223333` is no account: expected twelve digits in quotes",
        ),
        (
            r#"{"account": "444455556666"}"#,
            "account 444455556666, but the roles are of 111122223333",
        ),
        (r#"{"partition": "aws"}"#, "partition aws, but the roles are of aws-cn"),
        (r#"{"partition": "a/b"}"#, "`a/b` is no partition"),
    ] {
        let told = read(manifest).unwrap_or_default();
        assert!(told.contains("snapshot.json") && told.contains(words), "{manifest}: {told}");
    }
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let read = |test: &str, files: &[(&str, &str)]| Snapshot::read(&folder(test, files)).err();
    assert!(matches!(
        read("no-details", &[("x.json", "{}")]),
        Some(SnapshotError::NoAuthorizationDetails(_))
    ));
    let nothing = [("authorization-details.json", "{\"RoleDetailList\": []}")];
    assert!(matches!(read("no-account", &nothing), Some(SnapshotError::NoAccount { .. })));
}

const CUT: &str = "{\"RoleDetailList\": [\n  {\"RoleName\": \"work";

/// Without the one file that names the roles, the other files still tell the account.
#[test]
fn a_cut_file_of_roles_is_named_with_its_place() {
    let nodegroup = nodegroup("workers", "workers");
    let files =
        [("authorization-details.json", CUT), ("eks/eu-west-1/prod/nodegroups/a.json", &nodegroup)];
    let snapshot = Snapshot::read(&folder("cut-details", &files)).unwrap();
    assert_eq!((snapshot.account.id(), snapshot.account.partition()), ("111122223333", "aws-cn"));
    let [problem] = &snapshot.problems[..] else { panic!("{:?}", snapshot.problems) };
    let named = (problem.file.as_str(), problem.place.as_str());
    assert_eq!(named, ("authorization-details.json", "line 2 column 20"));
    assert!(has_gap(&snapshot, &Reading::Roles));

    // Where nothing else tells the account either, the damage is named all the same.
    let nothing = [("authorization-details.json", CUT)];
    let error = Snapshot::read(&folder("cut-alone", &nothing)).unwrap_err().to_string();
    assert!(error.contains("authorization-details.json: line 2 column 20"), "{error}");
}

fn nodegroup(name: &str, role_name: &str) -> String {
    format!(
        r#"{{"nodegroup": {{"nodegroupName": "{name}", "clusterName": "prod",
            "nodegroupArn": "arn:aws-cn:eks:eu-west-1:111122223333:nodegroup/prod/{name}/0",
            "nodeRole": "arn:aws-cn:iam::111122223333:role/eks/{role_name}"}}}}"#
    )
}

#[test]
fn two_files_that_tell_the_same_are_no_contradiction() {
    let workers = nodegroup("workers", "workers");
    let files = [
        ("eks/eu-west-1/prod/nodegroups/a.json", workers.as_str()),
        ("eks/eu-west-1/prod/nodegroups/b.json", workers.as_str()),
    ];
    assert_eq!(snapshot("told-alike", &files).problems, []);
}

/// Neither file takes the place of the other: both are named, and both roles are worn.
#[test]
fn two_files_that_contradict_each_other_are_named_and_both_count() {
    let (one, other) = (nodegroup("workers", "workers"), nodegroup("workers", "admin"));
    let files = [
        ("eks/eu-west-1/prod/nodegroups/a.json", one.as_str()),
        ("eks/eu-west-1/prod/nodegroups/b.json", other.as_str()),
    ];
    let snapshot = snapshot("contradiction", &files);
    let [problem] = &snapshot.problems[..] else { panic!("{:?}", snapshot.problems) };
    let told = problem.to_string();
    assert!(told.contains("nodegroups/a.json") && told.contains("nodegroups/b.json"), "{told}");
    let memory = MemoryAccount::new(snapshot.account);
    let listing = now(memory.uses("eu-west-1", NOW));
    let roles: Vec<String> = (listing.sightings.iter())
        .map(|sighting| sighting.role_arn.role_name().to_string())
        .collect();
    assert_eq!(roles, ["workers", "admin"]);
    assert_eq!(listing.incomplete.len(), 1);
}

#[test]
fn a_role_that_is_told_twice_is_read_in_neither_way() {
    let again = ROLES.replace("AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly");
    let pages = format!("{ROLES}{again}");
    let snapshot =
        Snapshot::read(&folder("role-twice", &[("authorization-details.json", &pages)])).unwrap();
    assert_eq!(snapshot.problems[0].place, "RoleDetailList[0]");
    let memory = MemoryAccount::new(snapshot.account);
    let error = now(memory.role(&RoleName::new("workers"))).unwrap_err().to_string();
    assert!(error.contains("authorization-details.json"), "{error}");
}

#[test]
fn what_is_of_another_account_than_the_snapshot_is_a_problem() {
    let nodegroup = nodegroup("workers", "workers").replace("111122223333", "444455556666");
    let files = [("eks/eu-west-1/prod/nodegroups/a.json", nodegroup.as_str())];
    let snapshot = snapshot("foreign", &files);
    assert_eq!(snapshot.account.id(), "111122223333");
    let told: Vec<String> = snapshot.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("is not of the account 111122223333"), "{told:?}");
    let memory = MemoryAccount::new(snapshot.account);
    assert_eq!(now(memory.uses("eu-west-1", NOW)).sightings, []);
}

/// What the file holds and is damaged is not made up for by pullwatch's own copy.
#[test]
fn a_damaged_policy_of_aws_is_not_read_from_the_own_copy() {
    let roles = ROLES.replace("aws-cn", "aws");
    let arn = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
    for (number, (damaged, place)) in [
        (format!(r#"[{{"Arn": "{arn}", "PolicyVersionList": 5}}]"#), "Policies[0]"),
        (format!(r#"[{{"Arn": "{arn}", "PolicyVersionList": [{{}}]}}]"#), "Policies[0]"),
        (r#"[{"PolicyVersionList": []}]"#.to_owned(), "Policies[0]"),
        ("5".to_owned(), "Policies is not a list"),
    ]
    .into_iter()
    .enumerate()
    {
        let details = roles.replace("\"Policies\": []", &format!("\"Policies\": {damaged}"));
        let test = format!("damaged-policy-{number}");
        let snapshot =
            Snapshot::read(&folder(&test, &[("authorization-details.json", &details)])).unwrap();
        let memory = MemoryAccount::new(snapshot.account);
        let error = now(memory.role(&RoleName::new("workers"))).unwrap_err().to_string();
        assert!(error.contains("authorization-details.json") && error.contains(place), "{error}");
    }
}
