//! `pullwatch audit` on a snapshot: verdicts worked out by hand, exit statuses, output forms, and
//! what damage and gaps do to them.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod pullwatch;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pullwatch::{copy_for, mixed_account, pullwatch, write};
use serde_json::Value;

const EXPECTED: &str = include_str!("snapshots/mixed-account.expected.json");

/// The verdicts of an audit: `FAILED HIGH` by role name and check.
fn verdicts(report: &Value) -> BTreeMap<String, BTreeMap<String, String>> {
    let roles = report["roles"].as_array().unwrap().iter();
    roles
        .map(|role| {
            let name = role["role"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let checks = role["checks"].as_object().unwrap().iter();
            let told = |result: &Value| {
                let text = |key: &str| result[key].as_str().unwrap().to_owned();
                text("status") + " " + &text("severity")
            };
            (name, checks.map(|(check, result)| (check.clone(), told(result))).collect())
        })
        .collect()
}

fn audit(folder: &Path, further: &[&str]) -> pullwatch::Run {
    let arguments = ["audit", "--format", "json", "--snapshot", folder.to_str().unwrap()];
    pullwatch(&[&arguments[..], further].concat())
}

fn status_of<'report>(report: &'report Value, role: &str, check: &str) -> &'report str {
    let roles = report["roles"].as_array().unwrap();
    let ends = format!("/{role}");
    let found = roles.iter().find(|entry| entry["role"].as_str().unwrap().ends_with(&ends));
    found.unwrap()["checks"][check]["status"].as_str().unwrap()
}

#[test]
fn every_verdict_is_the_one_worked_out_by_hand() {
    let run = audit(&mixed_account(), &[]);
    let expected: BTreeMap<_, _> = serde_json::from_str(EXPECTED).unwrap();
    assert_eq!(verdicts(&run.json()), expected);
    assert_eq!(run.status, 1);
}

#[test]
fn the_json_form_is_the_designs() {
    let report = audit(&mixed_account(), &[]).json();
    let roles = report["roles"].as_array().unwrap();
    let workers = roles
        .iter()
        .find(|role| role["role"] == "arn:aws:iam::111122223333:role/eks/prod-workers")
        .unwrap();
    assert_eq!(workers["uses"][0]["source"]["kind"], "nodegroup");
    assert_eq!(workers["uses"][0]["cluster_name"], "prod");
    let read_only = &workers["checks"]["read-only"];
    let excess: Vec<&str> =
        read_only["excess"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(
        excess,
        [
            "ecr:PutImage",
            "ecr:CompleteLayerUpload",
            "ecr:InitiateLayerUpload",
            "ecr:UploadLayerPart"
        ]
    );
    assert_eq!(
        read_only["standards"],
        serde_json::json!({"read-only": "FAILED", "pull-only": "FAILED", "c-0223": "FAILED"})
    );
    let auto = roles.iter().find(|role| role["uses"][0]["source"]["kind"] == "auto-mode").unwrap();
    assert_eq!(
        auto["checks"]["read-only"]["standards"],
        serde_json::json!({"read-only": "PASSED", "pull-only": "PASSED", "c-0223": "FAILED"})
    );
}

#[test]
fn the_table_names_every_role_and_is_not_coloured_into_a_pipe() {
    let folder = mixed_account();
    let run = pullwatch(&["audit", "--snapshot", folder.to_str().unwrap()]);
    for name in ["prod-workers", "FAILED CRITICAL", "nodegroup spot", "statement AllowPush"] {
        assert!(run.output.contains(name), "{name}\n{}", run.output);
    }
    assert!(!run.output.contains('\u{1b}'));
    assert!(!run.output.contains("ci-runner  "), "a role that no node wears is not judged");
}

#[test]
fn a_role_on_the_command_line_is_a_node_role_without_any_eks_file() {
    let folder = copy_for("role-argument");
    fs::remove_dir_all(folder.join("eks")).unwrap();
    let run = audit(&folder, &["--role", "arn:aws:iam::111122223333:role/ci-runner"]);
    assert_eq!(status_of(&run.json(), "ci-runner", "read-only"), "FAILED");
    assert_eq!(run.status, 1);
    let run = audit(&folder, &["--role", "arn:aws:iam::111122223333:role/nobody"]);
    assert_eq!(status_of(&run.json(), "nobody", "can-pull"), "NOT_AVAILABLE");
    let run = audit(&folder, &["--role", "arn:aws:iam::444455556666:role/ci-runner"]);
    assert_eq!((run.status, run.output.as_str()), (2, ""));
}

#[test]
fn an_account_without_node_roles_passes_and_says_so() {
    let folder = copy_for("no-node-roles");
    for part in ["eks", "ec2", "iam"] {
        fs::remove_dir_all(folder.join(part)).unwrap();
    }
    let run = audit(&folder, &[]);
    assert_eq!(run.json()["roles"], serde_json::json!([]));
    assert_eq!(run.status, 0);
    assert!(run.told.contains("no node role"), "{}", run.told);
}

#[test]
fn a_damaged_file_is_named_with_its_place_and_the_rest_is_audited() {
    let folder = copy_for("damaged-nodegroup");
    write(&folder, "eks/eu-west-1/prod/nodegroups/spot2.json", "{\n  \"nodegroup\": {\n");
    let run = audit(&folder, &[]);
    let place = "eks/eu-west-1/prod/nodegroups/spot2.json: line 3 column 0";
    assert!(run.told.contains(place), "{}", run.told);
    assert_eq!(status_of(&run.json(), "prod-workers", "read-only"), "FAILED");
    assert!(run.json()["incomplete"][0].as_str().unwrap().contains("nodegroup in eu-west-1"));
}

#[test]
fn without_authorization_details_that_can_be_read_nothing_passes() {
    for (name, text) in [
        ("damaged", "{\"RoleDetailList\": ["),
        ("empty", ""),
        ("truncated", "[{}]"),
        ("html", "<p>"),
    ] {
        let folder = copy_for(&format!("authorization-details-{name}"));
        write(&folder, "authorization-details.json", text);
        write(&folder, "snapshot.json", r#"{"account": "111122223333", "partition": "aws"}"#);
        let run = audit(&folder, &[]);
        assert_eq!(run.status, 2, "{name}");
        for (role, checks) in verdicts(&run.json()) {
            for status in checks.values() {
                assert_eq!(status, "NOT_AVAILABLE INFORMATIONAL", "{name} {role}");
            }
        }
    }
}

#[test]
fn an_incomplete_listing_is_reported_and_never_taken_as_empty() {
    let folder = copy_for("incomplete-listing");
    fs::remove_dir_all(folder.join("eks")).unwrap();
    fs::remove_dir_all(folder.join("ec2")).unwrap();
    fs::remove_dir_all(folder.join("iam")).unwrap();
    let listings = r#"{"account": "111122223333", "listings": {
        "eks/eu-west-1/clusters": {"state": "denied", "reason": "AccessDeniedException"},
        "ec2/eu-west-1/instances": "complete"}}"#;
    write(&folder, "snapshot.json", listings);
    let run = audit(&folder, &[]);
    assert_eq!(run.status, 2);
    assert!(run.told.contains("AccessDeniedException"), "{}", run.told);
    assert!(run.json()["incomplete"].as_array().unwrap().len() >= 4);
    // It is AWS that did not answer: no file is at fault.
    let line = "pullwatch: eks/eu-west-1/clusters: was denied: AccessDeniedException";
    assert_eq!(run.told.lines().filter(|told| *told == line).count(), 1, "{}", run.told);
    assert!(!run.output.contains("snapshot.json"), "{}", run.output);
}

#[test]
fn a_damaged_snapshot_json_turns_nothing_into_passed() {
    let denied = r#""listings": {"ecr/eu-west-1/repository-policies": "denied"}"#;
    for (name, text) in [
        ("time", format!(r#"{{"account": "111122223333", "time": "15 January", {denied}}}"#)),
        ("state", r#"{"listings": {"ecr/eu-west-1/repository-policies": "partial"}}"#.to_owned()),
        ("list", r#"{"listings": ["denied"]}"#.to_owned()),
        ("empty", String::new()),
    ] {
        let folder = copy_for(&format!("damaged-manifest-{name}"));
        write(&folder, "snapshot.json", &text);
        let run = audit(&folder, &[]);
        assert!(run.told.contains("snapshot.json"), "{name}: {}", run.told);
        assert!(!run.output.contains(r#""status": "PASSED""#), "{name}: {}", run.output);
    }
}

#[test]
fn a_snapshot_json_of_another_account_is_refused() {
    for (account, words) in [
        ("banana", "`banana` is no account: expected twelve digits"),
        ("444455556666", "the files of two accounts are mixed up"),
    ] {
        let folder = copy_for("manifest-account");
        write(&folder, "snapshot.json", &format!(r#"{{"account": "{account}"}}"#));
        let run = audit(&folder, &[]);
        assert_eq!((run.status, run.output.as_str()), (2, ""));
        assert!(run.told.contains(words), "{}", run.told);
    }
}

#[test]
fn what_keeps_both_checks_from_an_answer_is_told_once() {
    let folder = copy_for("both-checks");
    let listings = r#"{"account": "111122223333", "listings": {
        "authorization-details": {"state": "denied", "reason": "iam:GetRole: AccessDenied"}}}"#;
    write(&folder, "snapshot.json", listings);
    write(&folder, "authorization-details.json", r#"{"RoleDetailList": [], "Policies": []}"#);
    let run = pullwatch::pullwatch(&["audit", "--snapshot", folder.to_str().unwrap()]);
    assert_eq!(run.status, 2);
    let role = run.output.split("role/spot-workers\n").nth(1).unwrap();
    let lines: Vec<&str> = role.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(lines[0], "  read-only, can-pull: NOT_AVAILABLE INFORMATIONAL");
    assert_eq!(lines.len(), 2, "{role}");
    assert!(lines[1].contains("was denied: iam:GetRole: AccessDenied"), "{role}");
    assert!(!lines[1].contains("snapshot.json"), "{role}");
}

#[test]
fn a_file_in_a_misspelt_folder_is_told_in_every_form() {
    let folder = copy_for("misspelt-folder");
    let prod = folder.join("eks/eu-west-1/prod");
    fs::rename(prod.join("nodegroups"), prod.join("nodegroup")).unwrap();
    for format in ["table", "json", "asff"] {
        let arguments = ["audit", "--format", format, "--snapshot", folder.to_str().unwrap()];
        let told = pullwatch(&arguments).told;
        assert!(told.contains("eks/eu-west-1/prod/nodegroup/workers.json: "), "{format}: {told}");
        assert!(told.contains("misspelt"), "{format}: {told}");
    }
    let folder = copy_for("misspelt-alone");
    for part in ["eks/eu-west-1", "ec2", "iam"] {
        fs::remove_dir_all(folder.join(part)).unwrap();
    }
    assert_eq!(audit(&folder, &[]).status, 0, "one role is left, and passes");
    write(&folder, "eks/eu-west-1/prod/nodegroup/a.json", "{}");
    assert_eq!(audit(&folder, &[]).status, 2, "nothing FAILED, but not all was read");
}

#[test]
fn the_detail_below_the_table_breaks_no_word() {
    let folder = mixed_account();
    let run = pullwatch(&["audit", "--snapshot", folder.to_str().unwrap()]);
    assert!(!run.output.contains('…'), "{}", run.output);
    let note = run.output.lines().find(|line| line.contains("Beyond the four actions")).unwrap();
    assert!(note.ends_with('.'), "{note}");
    assert!(
        run.output.contains("policy AdministratorAccess v1, statement [0]\n"),
        "{}",
        run.output
    );
}

#[test]
fn an_unread_repository_policy_leaves_nothing_passed() {
    let folder = copy_for("unread-repository-policy");
    write(&folder, "ecr/eu-west-1/repository-policies/other.json", "");
    let run = audit(&folder, &[]);
    assert_eq!(status_of(&run.json(), "spot-workers", "read-only"), "NOT_AVAILABLE");
    assert_eq!(status_of(&run.json(), "prod-workers", "read-only"), "FAILED");
    assert_eq!(asff_statuses(&folder, &[]), statuses(&run.json()));
}

/// The status of every check, by the name of its role.
fn statuses(report: &Value) -> BTreeMap<String, String> {
    let mut statuses = BTreeMap::new();
    for (role, checks) in verdicts(report) {
        for (check, verdict) in checks {
            let status = verdict.split(' ').next().unwrap().to_owned();
            statuses.insert(format!("{role}/{check}"), status);
        }
    }
    statuses
}

/// The same of the findings that would be imported.
fn asff_statuses(folder: &Path, further: &[&str]) -> BTreeMap<String, String> {
    let arguments = ["audit", "--format", "asff", "--snapshot", folder.to_str().unwrap()];
    let findings = pullwatch(&[&arguments[..], further].concat()).json();
    let told = |finding: &Value| {
        let id = finding["Id"].as_str().unwrap();
        let (role, check) = id.split_once("/pullwatch/").unwrap();
        let status = finding["Compliance"]["Status"].as_str().unwrap().to_owned();
        (format!("{}/{check}", role.rsplit('/').next().unwrap()), status)
    };
    findings.as_array().unwrap().iter().map(told).collect()
}

/// Whatever the output's form, an answer that hangs on a registry that was not read is none.
#[test]
fn a_registry_that_cannot_be_read_passes_in_no_form() {
    let denied = r#"{"listings": {"ecr/eu-west-1/repositories":
        {"state": "denied", "reason": "AccessDenied"}}}"#;
    let no_policy = r#"{"registryId": "111122223333", "policyText": "no JSON"}"#;
    for (name, file, text) in [
        ("registry-denied", "snapshot.json", denied),
        ("registry-damaged", "ecr/eu-west-1/registry-policy.json", no_policy),
    ] {
        let folder = copy_for(name);
        fs::remove_file(folder.join("ecr/eu-west-1/repositories.json")).unwrap();
        write(&folder, file, text);
        let run = audit(&folder, &[]);
        let told = statuses(&run.json());
        assert!(!told.values().any(|status| status == "PASSED"), "{name} {told:?}");
        assert_eq!(told["prod-workers/read-only"], "FAILED", "{name}");
        assert_eq!(asff_statuses(&folder, &[]), told, "{name}");
        assert!(!run.json()["incomplete"].as_array().unwrap().is_empty(), "{name}");
        let table = pullwatch(&["audit", "--snapshot", folder.to_str().unwrap()]).output;
        assert!(!table.contains("PASSED"), "{table}");
        assert!(table.contains("registry of eu-west-1"), "{table}");
    }
}

/// EKS still tells of the nodegroup, and IAM says that there is no such role.
#[test]
fn a_role_that_is_gone_has_no_answer_in_any_form_and_is_told_of() {
    let folder = copy_for("role-gone");
    let nodegroup = r#"{"nodegroup": {"nodegroupName": "left", "clusterName": "prod",
        "nodegroupArn": "arn:aws:eks:eu-west-1:111122223333:nodegroup/prod/left/0",
        "status": "DELETE_FAILED", "nodeRole": "arn:aws:iam::111122223333:role/left-nodes"}}"#;
    write(&folder, "eks/eu-west-1/prod/nodegroups/left.json", nodegroup);
    let run = audit(&folder, &[]);
    let told = statuses(&run.json());
    assert!(!told.keys().any(|check| check.starts_with("left-nodes")), "{told:?}");
    assert_eq!(asff_statuses(&folder, &[]), told);
    let notes = run.json()["notes"].to_string();
    assert!(notes.contains("role/left-nodes") && notes.contains("nodegroup left"), "{notes}");
}

#[test]
fn what_the_command_line_names_and_iam_does_not_know_is_told_in_every_form() {
    let folder = mixed_account();
    let nobody = ["--role", "arn:aws:iam::111122223333:role/nobody"];
    let told = statuses(&audit(&folder, &nobody).json());
    assert_eq!(told["nobody/read-only"], "NOT_AVAILABLE");
    assert_eq!(asff_statuses(&folder, &nobody), told);
}

#[test]
fn two_files_that_contradict_each_other_do_not_pass_in_silence() {
    let folder = copy_for("contradiction");
    let nodegroup = |role: &str| {
        format!(
            r#"{{"nodegroup": {{"nodegroupName": "twice", "clusterName": "prod",
            "nodegroupArn": "arn:aws:eks:eu-west-1:111122223333:nodegroup/prod/twice/0",
            "nodeRole": "arn:aws:iam::111122223333:role/{role}"}}}}"#
        )
    };
    for (name, role) in [("x", "spot-workers"), ("y", "ci-runner")] {
        let file = format!("eks/eu-west-1/prod/nodegroups/{name}.json");
        write(&folder, &file, &nodegroup(role));
    }
    let run = audit(&folder, &[]);
    assert_eq!(status_of(&run.json(), "ci-runner", "read-only"), "FAILED");
    let told = run.told.lines().find(|line| line.contains("nodegroups/y.json")).unwrap();
    assert!(told.contains("nodegroups/x.json"), "{told}");
    assert!(run.json()["incomplete"].to_string().contains("nodegroup in eu-west-1"));
}

/// The roles are lost, but not who wears them, and the place of the damage is told.
#[test]
fn a_cut_file_of_roles_is_told_with_its_place() {
    let folder = copy_for("cut-details");
    let file = folder.join("authorization-details.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, &text[..text.len() - 40]).unwrap();
    let run = audit(&folder, &[]);
    assert_eq!(run.status, 2);
    assert!(run.told.contains("authorization-details.json: line "), "{}", run.told);
    let told = statuses(&run.json());
    assert!(!told.is_empty() && told.values().all(|status| status == "NOT_AVAILABLE"), "{told:?}");
}

#[test]
fn what_is_no_snapshot_is_an_error() {
    let empty = pullwatch::folder_for("no-snapshot");
    for folder in [empty.as_path(), Path::new("/nowhere/at/all")] {
        let run = audit(folder, &[]);
        assert_eq!((run.status, run.output.as_str()), (2, ""));
        assert!(run.told.starts_with("pullwatch: "), "{}", run.told);
    }
}

#[test]
fn pages_and_encodings_of_the_cli_are_read() {
    let folder = copy_for("pages");
    let text = fs::read_to_string(folder.join("authorization-details.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    let page = |part: &str, is_truncated: bool| {
        let mut page = serde_json::json!({ "IsTruncated": is_truncated });
        page[part] = whole[part].clone();
        page
    };
    let pages = [page("RoleDetailList", true), page("Policies", false)];
    let expected: BTreeMap<_, _> = serde_json::from_str(EXPECTED).unwrap();
    // A list of pages, and pages one after the other behind a byte order mark.
    let listed = serde_json::to_string(&pages).unwrap();
    let following = format!("\u{feff}{}\n{}", pages[0], pages[1]);
    for text in [listed, following] {
        write(&folder, "authorization-details.json", &text);
        assert_eq!(verdicts(&audit(&folder, &[]).json()), expected);
    }
}

#[test]
fn the_asff_form_lists_both_findings_of_every_role() {
    let folder = mixed_account();
    let run = pullwatch(&["audit", "--format", "asff", "--snapshot", folder.to_str().unwrap()]);
    assert_eq!(run.status, 1);
    let findings = run.json();
    let failed = findings
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["Compliance"]["Status"] == "FAILED")
        .count();
    let expected = EXPECTED.matches("FAILED").count();
    assert_eq!((findings.as_array().unwrap().len(), failed), (18, expected));
}

#[test]
fn the_organizations_policies_reach_every_output() {
    let folder = copy_for("organization");
    fs::create_dir_all(folder.join("organizations/scps")).unwrap();
    write(
        &folder,
        "organizations/scps/1-no-push.json",
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"*","Resource":"*"},
            {"Effect":"Deny","Action":["ecr:Put*","ecr:*Layer*"],"Resource":"*"}]}"#,
    );
    let report = audit(&folder, &[]).json();
    assert_eq!(status_of(&report, "prod-workers", "read-only"), "PASSED");
    let findings =
        pullwatch(&["audit", "--format", "asff", "--snapshot", folder.to_str().unwrap()]).json();
    let finding = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| {
            finding["Id"].as_str().unwrap().contains("/prod-workers/pullwatch/read-only")
        })
        .unwrap();
    assert_eq!(finding["Compliance"]["Status"], "PASSED");
    // What was given is not among what was left out.
    let not_considered = &finding["ProductFields"]["pullwatch/NotConsidered"];
    assert_eq!(not_considered, "VPC endpoint policies");
}
