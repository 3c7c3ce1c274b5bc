//! Security Hub in memory, with the rules of the real one that a caller can fall foul of: an
//! import that is not newer is ignored in silence, and an import cannot set a workflow. What AWS
//! refuses, it refuses.

mod refusal;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ecr_audit::asff::{asff, finding_id};
use ecr_audit::error::PortError;
use ecr_audit::finding::{Finding, Held, RecordState};
use ecr_audit::ports::{ImportOutcome, SecurityHub, StoredFinding};
use ecr_audit::standard::Status;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use refusal::refusal;

/// Security Hub of one region in memory. It records every import.
#[derive(Debug, Default)]
pub struct MemorySecurityHub {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_disabled: bool,
    held: BTreeMap<String, HeldFinding>,
    imports: Vec<Import>,
    batches: Vec<usize>,
}

/// A finding as Security Hub holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFinding {
    /// The finding's Id.
    pub id: String,
    /// Its whole ASFF, with the workflow that Security Hub gave it.
    pub asff: Value,
    /// NEW, NOTIFIED, SUPPRESSED or RESOLVED.
    pub workflow_status: String,
    updated_at: Timestamp,
    record_state: RecordState,
    compliance_status: Status,
}

/// An import that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// What was sent.
    pub asff: Value,
    /// Whether it became what Security Hub holds; the caller is told the same either way.
    pub took_effect: bool,
}

impl MemorySecurityHub {
    /// Security Hub that holds these findings.
    pub fn holding(findings: Vec<HeldFinding>) -> Self {
        let held = findings.into_iter().map(|finding| (finding.id.clone(), finding)).collect();
        Self { state: Mutex::new(State { held, ..State::default() }) }
    }

    /// Every import since the beginning, oldest first.
    pub fn imports(&self) -> Vec<Import> {
        self.lock().imports.clone()
    }

    /// How many findings each call brought, call by call.
    pub fn batches(&self) -> Vec<usize> {
        self.lock().batches.clone()
    }

    /// Every finding it holds, by Id.
    pub fn findings(&self) -> Vec<HeldFinding> {
        self.lock().held.values().cloned().collect()
    }

    /// What a person does in the console: sets a finding's workflow. False: there is no such one.
    pub fn set_workflow(&self, id: &str, workflow_status: &str) -> bool {
        self.lock().held.get_mut(id).map(|held| held.set_workflow(workflow_status)).is_some()
    }

    /// Forgets a finding, as Security Hub does with one that nobody updates for 90 days.
    pub fn expire(&self, id: &str) -> bool {
        self.lock().held.remove(id).is_some()
    }

    /// Switches Security Hub off or on.
    pub fn set_enabled(&self, is_enabled: bool) {
        self.lock().is_disabled = !is_enabled;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enabled(&self, call: &str) -> Result<MutexGuard<'_, State>, PortError> {
        let state = self.lock();
        if state.is_disabled {
            let reason = "Account 111122223333 is not subscribed to AWS Security Hub".to_owned();
            return Err(PortError::NotEnabled { call: call.to_owned(), reason });
        }
        Ok(state)
    }
}

impl State {
    fn import(&mut self, finding: &Finding) -> ImportOutcome {
        let id = finding_id(&finding.role.arn, finding.check);
        let asff = asff(finding);
        if let Some(reason) = refusal(&asff) {
            return ImportOutcome::Refused(format!("InvalidInput: {reason}"));
        }
        let before = self.held.get(&id);
        let took_effect = before.is_none_or(|held| held.updated_at < finding.updated_at);
        if took_effect {
            let workflow_status = match before {
                Some(held) => workflow_after_update(held, finding).to_owned(),
                None => asff["Workflow"]["Status"].as_str().unwrap_or("NEW").to_owned(),
            };
            let mut held = HeldFinding {
                id: id.clone(),
                asff: asff.clone(),
                workflow_status: String::new(),
                updated_at: finding.updated_at,
                record_state: finding.record_state,
                compliance_status: finding.result.status,
            };
            held.set_workflow(&workflow_status);
            // A note is no part of an import, and stays.
            if let Some(note) = self.held.get(&held.id).and_then(|held| held.asff.get("Note")) {
                held.asff["Note"] = note.clone();
            }
            self.held.insert(id, held);
        }
        self.imports.push(Import { asff, took_effect });
        ImportOutcome::Imported
    }
}

impl HeldFinding {
    fn set_workflow(&mut self, workflow_status: &str) {
        workflow_status.clone_into(&mut self.workflow_status);
        self.asff["Workflow"] = json!({ "Status": workflow_status });
    }
}

/// Security Hub sets NOTIFIED and RESOLVED back to NEW when a finding comes back to life or stops
/// passing; SUPPRESSED stays.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Workflow.html>
fn workflow_after_update<'held>(held: &'held HeldFinding, finding: &Finding) -> &'held str {
    let is_back =
        held.record_state == RecordState::Archived && finding.record_state == RecordState::Active;
    let stops_passing =
        held.compliance_status == Status::Passed && finding.result.status != Status::Passed;
    let is_settled = matches!(held.workflow_status.as_str(), "NOTIFIED" | "RESOLVED");
    if is_settled && (is_back || stops_passing) { "NEW" } else { &held.workflow_status }
}

#[async_trait]
impl SecurityHub for MemorySecurityHub {
    async fn import(&self, findings: &[Finding]) -> Result<Vec<ImportOutcome>, PortError> {
        let mut state = self.enabled("securityhub:BatchImportFindings")?;
        state.batches.push(findings.len());
        Ok(findings.iter().map(|finding| state.import(finding)).collect())
    }

    async fn resolve(&self, findings: &[Finding]) -> Result<(), PortError> {
        let mut state = self.enabled("securityhub:BatchUpdateFindings")?;
        for finding in findings {
            let id = finding_id(&finding.role.arn, finding.check);
            if let Some(held) = state.held.get_mut(&id)
                && held.compliance_status == Status::Passed
                && matches!(held.workflow_status.as_str(), "NEW" | "NOTIFIED")
            {
                held.set_workflow("RESOLVED");
            }
        }
        Ok(())
    }

    async fn reopen(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        let mut state = self.enabled("securityhub:BatchUpdateFindings")?;
        for finding in findings {
            let id = finding_id(&finding.role.arn, finding.check);
            if let Some(held) = state.held.get_mut(&id)
                && held.workflow_status == "SUPPRESSED"
            {
                held.set_workflow("NEW");
                held.asff["Note"] = json!({ "Text": note, "UpdatedBy": "pullwatch" });
            }
        }
        Ok(())
    }

    async fn note(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        let mut state = self.enabled("securityhub:BatchUpdateFindings")?;
        for finding in findings {
            if let Some(held) = state.held.get_mut(&finding_id(&finding.role.arn, finding.check)) {
                held.asff["Note"] = json!({ "Text": note, "UpdatedBy": "pullwatch" });
            }
        }
        Ok(())
    }

    async fn read_back(&self, ids: &[String]) -> Result<Vec<StoredFinding>, PortError> {
        let state = self.enabled("securityhub:GetFindings")?;
        let held = ids.iter().filter_map(|id| state.held.get(id));
        Ok(held
            .map(|held| StoredFinding {
                id: held.id.clone(),
                updated_at: held.asff["UpdatedAt"].as_str().and_then(|text| text.parse().ok()),
                workflow: Held::read(&held.workflow_status),
                record_state: Held::read(held.asff["RecordState"].as_str().unwrap_or_default()),
                compliance: Held::Known(held.compliance_status),
            })
            .collect())
    }
}
