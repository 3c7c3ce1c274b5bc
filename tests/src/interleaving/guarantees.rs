//! What holds after every life, however it was lived: guarantees 1 to 5 of the design.

use std::collections::BTreeMap;

use ecr_audit::arn::RoleArn;
use ecr_audit::asff::{asff, finding_id};
use ecr_audit::assess::{RoleState, assess};
use ecr_audit::node_role::Use;
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::ports::{Clock, Eks, Iam, Ledger};
use ecr_audit::standard::{Check, Severity, Status};
use futures::FutureExt;
use serde_json::Value;

use super::life::World;

/// Checks every guarantee; the error names the broken one.
pub fn check(world: &World, roles: &[RoleArn]) -> Result<(), String> {
    outboxes_are_empty(world)?;
    findings_are_true(world, roles)?;
    records_are_those_told(world)?;
    alerts_are_told_once(world)?;
    nothing_is_archived_without_cause(world)?;
    ages_are_kept(world)
}

/// Where every event came and no use ended, no sweep is needed: what was acknowledged is true.
pub fn events_alone_suffice(world: &World, roles: &[RoleArn]) -> Result<(), String> {
    outboxes_are_empty(world)?;
    findings_are_true(world, roles)?;
    records_are_those_told(world)
}

/// 1. Whatever was acknowledged is recorded and delivered.
fn outboxes_are_empty(world: &World) -> Result<(), String> {
    let records = world.ledger.all_records().now_or_never().unwrap().unwrap().records;
    match records.iter().find(|known| !known.record.outbox.is_empty()) {
        Some(known) => Err(format!("1: the outbox of {} is not empty", known.record.role_arn)),
        None => Ok(()),
    }
}

/// 2. Every finding is that of an observer who sees everything.
fn findings_are_true(world: &World, roles: &[RoleArn]) -> Result<(), String> {
    let held: BTreeMap<String, Value> =
        world.security_hub.findings().into_iter().map(|held| (held.id, held.asff)).collect();
    let now = world.clock.now();
    let listing = world.account.uses("eu-west-1", now).now_or_never().unwrap();
    for role_arn in roles {
        let uses: Vec<Use> = listing
            .sightings
            .iter()
            .filter(|sighting| sighting.role_arn == *role_arn)
            .map(|sighting| sighting.seen.clone())
            .collect();
        let role = world.account.role(&role_arn.role_name()).now_or_never().unwrap().unwrap();
        let role = role.ok_or("the role is there")?;
        let state = RoleState {
            role: &role,
            uses: &uses,
            registry: &[],
            unread: &[],
            organization: &OrganizationPolicies::default(),
            now,
        };
        let truth = assess(&state, &world.settings);
        for check in Check::ALL {
            let id = finding_id(role_arn, check);
            let Some(finding) = held.get(&id) else {
                if uses.is_empty() {
                    continue;
                }
                return Err(format!("2: there is no finding {id}"));
            };
            let archived = finding["RecordState"] == "ARCHIVED";
            if archived != uses.is_empty() {
                return Err(format!("2: {id} is {}", finding["RecordState"]));
            }
            if archived {
                continue;
            }
            let result = &truth.checks[&check];
            let severity = match result.status {
                Status::Passed | Status::NotAvailable => Severity::Informational,
                Status::Warning | Status::Failed => result.severity,
            };
            let actions: Vec<&str> =
                result.excess.iter().map(|excess| excess.action.as_str()).collect();
            let told = finding["ProductFields"]["pullwatch/Excess"].as_str().unwrap_or_default();
            if finding["Compliance"]["Status"] != result.status.as_str()
                || finding["Severity"]["Label"] != severity.as_str()
                || told != actions.join(", ")
            {
                return Err(format!(
                    "2: {id} is {} {} {told}, and should be {} {severity} {}",
                    finding["Compliance"]["Status"],
                    finding["Severity"]["Label"],
                    result.status,
                    actions.join(", ")
                ));
            }
        }
    }
    Ok(())
}

/// 2. And what the ledger remembers of a finding is what Security Hub holds.
fn records_are_those_told(world: &World) -> Result<(), String> {
    let held: BTreeMap<String, Value> =
        world.security_hub.findings().into_iter().map(|held| (held.id, held.asff)).collect();
    let records = world.ledger.all_records().now_or_never().unwrap().unwrap().records;
    for (check, known) in records.iter().flat_map(|known| &known.record.checks) {
        let id = finding_id(&known.finding.role.arn, *check);
        let told = held.get(&id).map(|finding| &finding["UpdatedAt"]);
        let remembered = asff(&known.finding);
        if told != Some(&remembered["UpdatedAt"]) {
            return Err(format!("2: the ledger remembers another {id} than Security Hub holds"));
        }
    }
    Ok(())
}

/// 3. A transition is published once, and once more for each publish that may have been cut off.
fn alerts_are_told_once(world: &World) -> Result<(), String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for alert in world.topics.alerts() {
        *times.entry(alert.id).or_default() += 1;
    }
    let repeated: usize = times.values().map(|times| times - 1).sum();
    if repeated > world.life.kills {
        return Err(format!("3: {repeated} alerts too many, {} kills", world.life.kills));
    }
    Ok(())
}

/// 4. Nothing is archived while its role is worn.
fn nothing_is_archived_without_cause(world: &World) -> Result<(), String> {
    let archived = world
        .security_hub
        .imports()
        .into_iter()
        .find(|import| import.asff["RecordState"] == "ARCHIVED");
    match archived {
        Some(import) if !world.ever_gone.get() => {
            Err(format!("4: {} was archived", import.asff["Id"]))
        }
        _ => Ok(()),
    }
}

/// 5. A finding keeps its age.
fn ages_are_kept(world: &World) -> Result<(), String> {
    let mut ages: BTreeMap<String, Value> = BTreeMap::new();
    for import in world.security_hub.imports() {
        let id = import.asff["Id"].to_string();
        let age = import.asff["CreatedAt"].clone();
        if *ages.entry(id.clone()).or_insert_with(|| age.clone()) != age {
            return Err(format!("5: the age of {id} changed"));
        }
    }
    Ok(())
}
