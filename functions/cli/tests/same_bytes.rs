//! `audit --format asff` and `replay --format json` print what the functions send. The functions'
//! own journey is gone here in memory, from the same snapshot; that an import's body is these very
//! findings is held in aws-adapters, by `tests/replay/security_hub.rs`.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod pullwatch;

use std::collections::BTreeMap;

use change_events::read_batch;
use ecr_audit::arn::RoleArn;
use ecr_audit::journey::sweep::list_uses;
use ecr_audit::journey::{handle, sweep};
use ecr_audit::ledger::Record;
use ecr_audit::message::alert_message;
use ecr_audit::node_role::UseListing;
use ecr_audit::ports::Clock;
use ecr_audit::settings::Settings;
use ecr_audit::standard::Standard;
use ecr_audit::uses::standing_uses;
use futures::executor::block_on;
use memory_adapters::{Snapshot, World};
use pullwatch::{mixed_account, pullwatch};
use serde_json::{Value, json};

const NOW: &str = "2026-01-15T10:30:00Z";
const WORKERS: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";

/// The account of the snapshot, and the settings that its stack would have.
fn deployed(standard: Standard) -> (World, Settings) {
    let snapshot = Snapshot::read(&mixed_account()).unwrap();
    let mut settings = Settings::for_account("111122223333", "aws", "us-east-1");
    settings.regions = snapshot.account.regions();
    settings.standard = standard;
    (World::new(snapshot.account, NOW.parse().unwrap()), settings)
}

/// What was imported, by Id.
fn imported(world: &World) -> BTreeMap<String, Value> {
    let imports = world.security_hub.imports().into_iter();
    imports.map(|import| (import.asff["Id"].to_string(), import.asff)).collect()
}

fn by_id(findings: &Value) -> BTreeMap<String, Value> {
    let findings = findings.as_array().unwrap().iter();
    findings.map(|finding| (finding["Id"].to_string(), finding.clone())).collect()
}

/// Without its times, which are those of the run.
fn timeless(mut findings: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for finding in findings.values_mut() {
        for time in ["CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"] {
            assert!(finding.as_object_mut().unwrap().remove(time).is_some(), "{time}: {finding}");
        }
    }
    findings
}

#[test]
fn an_audit_prints_the_findings_that_a_sweep_imports() {
    let folder = mixed_account();
    for standard in Standard::ALL {
        let (world, settings) = deployed(standard);
        // The snapshot has gaps, and the sweep says so; what it could tell is imported.
        let _ = block_on(sweep(&world.ports(), &world.account, &settings));
        let (folder, standard) = (folder.to_str().unwrap(), standard.to_string());
        let run = ["audit", "--format", "asff", "--snapshot", folder, "--standard", &standard];
        let printed = by_id(&pullwatch(&run).json());
        assert_eq!(printed.len(), 18, "{standard}");
        assert_eq!(timeless(printed), timeless(imported(&world)), "{standard}");
    }
}

#[test]
fn a_replay_prints_the_findings_and_the_mail_that_the_function_sends() {
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let event = format!("{events}/iam/AttachRolePolicy.json");
    let folder = mixed_account();
    let folder = folder.to_str().unwrap();
    let arguments =
        ["replay", "--format", "json", "--snapshot", folder, "--now", NOW, event.as_str()];
    let report = pullwatch(&arguments).json();

    let (world, settings) = deployed(Standard::ReadOnly);
    know_uses(&world, &settings);
    let body = std::fs::read_to_string(&event).unwrap();
    let record = json!({
        "messageId": "1", "body": body, "attributes": {"ApproximateReceiveCount": "2"},
    });
    let batch = read_batch(&json!({"Records": [record]}), "111122223333");
    let handled = block_on(handle(&world.ports(), &settings, &batch.arrivals));
    assert!(handled.failed.is_empty(), "{handled:?}");

    let printed = by_id(&report["findings"]);
    assert_eq!(printed.len(), 2);
    assert_eq!(printed, imported(&world));
    let sent = world.topics.alerts();
    assert_eq!((sent.len(), report["alerts"].as_array().unwrap().len()), (1, 1));
    let message = alert_message(&sent[0]);
    let texts: Value = serde_json::from_str(&message.message).unwrap();
    let alert = &report["alerts"][0];
    assert_eq!(alert["subject"], message.subject);
    assert_eq!(alert["attributes"], json!(message.attributes));
    assert_eq!(without_id(&alert["text"]), without_id(&texts["email"]));
}

/// The last line of a mail is the id of the run's own transition.
fn without_id(mail: &Value) -> String {
    let (mail, last) = mail.as_str().unwrap().trim_end().rsplit_once('\n').unwrap();
    assert!(last.starts_with("Id  "), "{last}");
    mail.to_owned()
}

/// What a sweep had found before the event came: why the role is a node role.
fn know_uses(world: &World, settings: &Settings) {
    let ports = world.ports();
    let mut record = Record::new(RoleArn::parse(WORKERS).unwrap());
    let mut listing = block_on(list_uses(&ports, &world.account, settings));
    listing.sightings.retain(|sighting| sighting.role_arn == record.role_arn);
    record.uses = standing_uses(&[], &listing.sightings, &UseListing::default());
    assert!(!record.uses.is_empty());
    block_on(ports.ledger.write(&record, 0, &world.clock.unique_id())).unwrap();
}
