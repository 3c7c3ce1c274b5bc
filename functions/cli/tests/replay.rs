//! `pullwatch replay`: an event's journey offline, with and without a memory of the last one.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod pullwatch;

use std::path::Path;

use pullwatch::{Run, copy_for, folder_for, mixed_account, pullwatch, write};
use serde_json::{Value, json};

const WORKERS: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";

/// An event as EventBridge delivers it.
fn event(name: &str, account: &str, parameters: &Value) -> String {
    let detail = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::111122223333:assumed-role/Deployer/pipeline",
            "accountId": account,
        },
        "eventTime": "2026-01-15T10:00:00Z", "eventSource": "iam.amazonaws.com",
        "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.10",
        "userAgent": "example", "requestParameters": parameters, "responseElements": null,
        "eventID": format!("00000000-0000-4000-8000-0000000000{:02}", name.len()),
        "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": account, "eventCategory": "Management",
    });
    json!({
        "version": "0", "id": "00000000-0000-4000-8000-000000000000",
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam", "account": account,
        "time": "2026-01-15T10:00:00Z", "region": "us-east-1", "resources": [], "detail": detail,
    })
    .to_string()
}

fn attach(folder: &Path, role_name: &str) -> String {
    let policy = "arn:aws:iam::111122223333:policy/NodeEcr";
    let parameters = json!({ "roleName": role_name, "policyArn": policy });
    write(folder, "attach.json", &event("AttachRolePolicy", "111122223333", &parameters))
}

fn replay(further: &[&str]) -> Run {
    let folder = mixed_account();
    let arguments = ["replay", "--format", "json", "--snapshot", folder.to_str().unwrap()];
    pullwatch(&[&arguments[..], further].concat())
}

#[test]
fn an_event_leads_to_findings_and_an_alert() {
    let folder = folder_for("replay-attach");
    let run = replay(&[&attach(&folder, "prod-workers")]);
    assert_eq!(run.status, 0, "{}\n{}", run.told, run.output);
    let report = run.json();
    assert_eq!(report["assessed"], json!([WORKERS]));
    let statuses: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["Compliance"]["Status"])
        .collect();
    assert_eq!(statuses, ["PASSED", "FAILED"]);
    let alerts = report["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0]["subject"].as_str().unwrap().starts_with("[HIGH]"));
    assert!(alerts[0]["text"].as_str().unwrap().contains("assumed-role/Deployer/pipeline"));
    assert!(alerts[0]["attributes"].is_object());
}

#[test]
fn with_a_ledger_the_second_time_is_silent() {
    let folder = folder_for("replay-ledger");
    let ledger = folder.join("ledger.json");
    let event = attach(&folder, "prod-workers");
    let arguments = ["--ledger", ledger.to_str().unwrap(), &event];
    assert_eq!(replay(&arguments).json()["alerts"].as_array().unwrap().len(), 1);
    let again = replay(&arguments).json();
    assert_eq!(again["assessed"], json!([WORKERS]));
    assert_eq!(again["alerts"], json!([]));
    assert_eq!(again["findings"], json!([]));
    let damaged = write(&folder, "damaged.json", "{");
    assert_eq!(replay(&["--ledger", &damaged, &event]).status, 2);
}

/// Whatever is no ledger of an earlier replay stays as it is, and so does the ledger itself where
/// something failed.
#[test]
fn a_file_that_is_no_ledger_is_not_overwritten() {
    let folder = folder_for("replay-no-ledger");
    let event = attach(&folder, "prod-workers");
    for text in [r#"{"Version":"2012-10-17","Statement":[]}"#, "{}", "[]", "", r#"{"ledger":{}}"#] {
        let mine = write(&folder, "mine.json", text);
        let run = replay(&["--ledger", &mine, &event]);
        assert_eq!((run.status, run.output.as_str()), (2, ""), "{text}");
        assert!(run.told.contains("mine.json` is no ledger"), "{}", run.told);
        assert_eq!(std::fs::read_to_string(&mine).unwrap(), text);
    }
    let broken = write(&folder, "broken.json", "{\"detail\":");
    let ledger = folder.join("ledger.json");
    let arguments = ["--ledger", ledger.to_str().unwrap(), &broken, &event];
    let run = replay(&arguments);
    assert_eq!(run.status, 2);
    assert!(!ledger.exists(), "nothing is written where an event failed");
    assert!(run.told.contains("ledger.json` stays as it was"), "{}", run.told);
    assert_eq!(replay(&["--ledger", ledger.to_str().unwrap(), &event]).status, 0);
    let held = std::fs::read_to_string(&ledger).unwrap();
    assert_eq!(replay(&arguments).status, 2);
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), held);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 4, "nothing is left beside it");
}

/// The registry of the snapshot was not read, so the event does not end in PASSED.
#[test]
fn an_event_over_an_unread_registry_does_not_pass() {
    let folder = copy_for("replay-unread-registry");
    std::fs::remove_file(folder.join("ecr/eu-west-1/repositories.json")).unwrap();
    let denied = r#"{"listings": {"ecr/eu-west-1/repositories":
        {"state": "denied", "reason": "AccessDenied"}}}"#;
    write(&folder, "snapshot.json", denied);
    let event = attach(&folder, "spot-workers");
    let snapshot = folder.to_str().unwrap();
    let run = pullwatch(&["replay", "--format", "json", "--snapshot", snapshot, &event]);
    let findings = run.json()["findings"].clone();
    let statuses: Vec<&Value> = (findings.as_array().unwrap().iter())
        .map(|finding| &finding["Compliance"]["Status"])
        .collect();
    assert_eq!(statuses, ["NOT_AVAILABLE", "NOT_AVAILABLE"], "{}", run.output);
}

#[test]
fn a_role_that_no_node_wears_gets_no_finding() {
    let folder = folder_for("replay-other-role");
    let file = attach(&folder, "ci-runner");
    let report = replay(&[&file]).json();
    assert_eq!(report["findings"], json!([]));
    assert_eq!(report["alerts"], json!([]));
    let why = "it touches no node role";
    assert_eq!(report["led_nowhere"], json!([{ "event": file, "why": why }]));
    let repository =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/ecr/SetRepositoryPolicy.json");
    let account = mixed_account();
    for file in [file.as_str(), repository.to_str().unwrap()] {
        let run = pullwatch(&["replay", "--snapshot", account.to_str().unwrap(), file]);
        assert_eq!(run.output, format!("no role    {file}: {why}\n"));
    }
}

#[test]
fn a_line_tells_findings_apart() {
    let folder = folder_for("replay-lines");
    let account = mixed_account();
    let file = attach(&folder, "prod-workers");
    let run = pullwatch(&["replay", "--snapshot", account.to_str().unwrap(), &file]);
    for line in [
        "finding    PASSED       prod-workers  can-pull",
        "finding    FAILED HIGH  prod-workers  read-only",
    ] {
        assert!(run.output.lines().any(|told| told == line), "{line}\n{}", run.output);
    }
}

#[test]
fn an_event_may_come_from_any_editor() {
    let folder = folder_for("replay-encodings");
    let text = std::fs::read_to_string(attach(&folder, "prod-workers")).unwrap();
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in
        [("bom.json", format!("\u{feff}{text}").into_bytes()), ("utf16.json", utf16)]
    {
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        let run = replay(&[file.to_str().unwrap()]);
        assert_eq!(run.status, 0, "{name}: {}", run.output);
        assert_eq!(run.json()["assessed"], json!([WORKERS]), "{name}");
    }
    let empty = replay(&[&write(&folder, "empty.json", "")]);
    assert_eq!((empty.status, &empty.json()["failed"][0]["error"]), (2, &json!("is empty")));
}

#[test]
fn what_is_let_go_and_what_is_broken_are_told_apart() {
    let folder = folder_for("replay-broken");
    let nothing = json!({ "roleName": "prod-workers" });
    let ignored = write(&folder, "let-go.json", &event("FlyToTheMoon", "111122223333", &nothing));
    let run = replay(&[&ignored]);
    assert_eq!(run.status, 0, "{}\n{}", run.told, run.output);
    assert_eq!(run.json()["ignored"][0]["event"], json!(ignored));
    assert!(!run.json()["ignored"][0]["why"].as_str().unwrap().is_empty());

    let broken = write(&folder, "broken.json", "{\"detail\":");
    let run = replay(&[&broken, &attach(&folder, "prod-workers")]);
    assert_eq!(run.status, 2);
    assert_eq!(run.json()["failed"][0]["event"], json!(broken));
    assert_eq!(run.json()["assessed"], json!([WORKERS]), "the others go on");

    let missing = folder.join("missing.json");
    assert_eq!(replay(&[missing.to_str().unwrap()]).status, 2);
}

#[test]
fn every_fixture_of_the_project_gets_an_answer() {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    for kind in ["iam", "eks", "ecr", "ignored", "broken"] {
        for entry in std::fs::read_dir(events.join(kind)).unwrap() {
            let file = entry.unwrap().path();
            let name = file.to_str().unwrap();
            let run = replay(&[name]);
            let report = run.json();
            let count = |key: &str| report[key].as_array().unwrap().len();
            let expected = match kind {
                "ignored" => (0, 1, 0),
                // What is ours and cut is a sweep; what is not ours comes again.
                "broken" if count("sweeps") == 1 => (0, 0, 0),
                "broken" => (2, 0, 1),
                _ => (0, 0, 0),
            };
            assert_eq!((run.status, count("ignored"), count("failed")), expected, "{name}");
        }
    }
}
