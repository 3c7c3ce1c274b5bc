//! The Security Hub port, in one region.
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>

use std::collections::BTreeMap;
use std::future::poll_fn;

use async_trait::async_trait;
use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::config::http::HttpResponse;
use aws_sdk_securityhub::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_securityhub::types::{
    AwsSecurityFinding, AwsSecurityFindingFilters, AwsSecurityFindingIdentifier, ComplianceStatus,
    NoteUpdate, RecordState, StringFilter, StringFilterComparison, WorkflowStatus, WorkflowUpdate,
};
use aws_smithy_types::body::SdkBody;
use ecr_audit::asff::{asff, finding_id};
use ecr_audit::error::PortError;
use ecr_audit::finding::{Finding, Held};
use ecr_audit::ports::{ImportOutcome, SecurityHub, StoredFinding};
use serde_json::{Value, json};

use crate::answer::failure;
use crate::aws::Aws;

/// What one import takes: 100 findings in 6 MB. A megabyte is left for what surrounds them.
const FINDINGS_AT_ONCE: usize = 100;
const BYTES_AT_ONCE: usize = 5_000_000;

/// How many values a filter takes, and how many findings an update.
const IDS_AT_ONCE: usize = 20;

/// The stack on which findings are read, in bytes. Only what is touched takes memory.
const LARGE_STACK: usize = 64 << 20;

/// Security Hub says by this code that it is not switched on, or that the account may not do what
/// it asked for. A right that the function's role lacks is AccessDeniedException.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>
const NOT_ENABLED: &str = "InvalidAccessException";

/// What it says in words, where it is not switched on: `Account 111122223333 is not subscribed to
/// AWS Security Hub`.
const NOT_SUBSCRIBED: &str = "not subscribed";

const UPDATE: &str = "securityhub:BatchUpdateFindings";

/// Security Hub by the SDK.
#[derive(Clone, Debug)]
pub struct AwsSecurityHub {
    client: Client,
    account: String,
    region: String,
}

impl AwsSecurityHub {
    /// Security Hub of this account in one region.
    pub fn new(aws: &Aws, account: &str, region: &str) -> Self {
        Self {
            client: Client::new(aws.in_region(region).config()),
            account: account.to_owned(),
            region: region.to_owned(),
        }
    }

    /// Imports some findings in one call; the ids of those that were refused, with the reason.
    async fn import_some(&self, findings: &[Value]) -> Result<BTreeMap<String, String>, PortError> {
        let call = "securityhub:BatchImportFindings";
        // The body is the JSON that `pullwatch audit --format asff` prints: nothing is lost on
        // the way through the SDK's own types.
        let body = json!({ "Findings": findings }).to_string();
        let imported = self
            .client
            .batch_import_findings()
            .customize()
            .mutate_request(move |request| {
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = SdkBody::from(body.as_str());
            })
            .send()
            .await;
        let imported = answer(call, imported)?;
        let refused = imported.failed_findings.unwrap_or_default().into_iter();
        refused
            .map(|refused| {
                let id = refused.id.unwrap_or_default();
                let code = refused.error_code.unwrap_or_default();
                let message = refused.error_message.unwrap_or_default();
                let reason = format!("{code}: {message}");
                if findings.iter().all(|finding| finding["Id"] != id) {
                    // Which of the findings this is about cannot be told.
                    return Err(PortError::lasting(call, format!("`{id}` was refused: {reason}")));
                }
                Ok((id, reason))
            })
            .collect()
    }

    /// The account's own findings that match; an empty list of values matches every one.
    async fn findings(
        &self,
        ids: &[String],
        workflows: &[&str],
        compliance: Option<&str>,
    ) -> Result<Vec<AwsSecurityFinding>, PortError> {
        let filters = AwsSecurityFindingFilters::builder()
            .set_id(equals(ids.iter().map(String::as_str)))
            .set_aws_account_id(equals([self.account.as_str()]))
            .set_workflow_status(equals(workflows.iter().copied()))
            .set_compliance_status(equals(compliance))
            .build();
        let mut pages = self.client.get_findings().filters(filters).into_paginator().send();
        let mut findings = Vec::new();
        while let Some(page) = on_large_stack(pages.next()).await {
            let page = answer("securityhub:GetFindings", page)?;
            findings.extend(page.findings.unwrap_or_default());
        }
        findings.retain(|finding| self.is_own(finding));
        Ok(findings)
    }

    /// A region that others are aggregated in holds their findings too, under the same Id.
    /// <https://docs.aws.amazon.com/securityhub/latest/userguide/finding-aggregation.html>
    fn is_own(&self, finding: &AwsSecurityFinding) -> bool {
        let Self { account, region, .. } = self;
        let product = format!(":securityhub:{region}:{account}:product/{account}/default");
        finding.product_arn().is_some_and(|arn| arn.ends_with(&product))
    }

    /// Sets the workflow of findings, their note, or both. Returns those that Security Hub left as
    /// they were, with its reason.
    async fn update(
        &self,
        findings: Vec<AwsSecurityFinding>,
        status: Option<WorkflowStatus>,
        note: Option<NoteUpdate>,
    ) -> Result<Vec<String>, PortError> {
        let identifiers = findings.into_iter().map(|finding| {
            AwsSecurityFindingIdentifier::builder()
                .set_id(finding.id)
                .set_product_arn(finding.product_arn)
                .build()
        });
        let identifiers: Vec<_> = identifiers.collect();
        if identifiers.is_empty() {
            return Ok(Vec::new());
        }
        let workflow = status.map(|status| WorkflowUpdate::builder().status(status).build());
        let updated = self
            .client
            .batch_update_findings()
            .set_finding_identifiers(Some(identifiers))
            .set_workflow(workflow)
            .set_note(note)
            .send()
            .await;
        let unprocessed = answer(UPDATE, updated)?.unprocessed_findings.unwrap_or_default();
        Ok(unprocessed
            .into_iter()
            .map(|refused| {
                let id = refused.finding_identifier.and_then(|identifier| identifier.id);
                let code = refused.error_code.unwrap_or_default();
                let message = refused.error_message.unwrap_or_default();
                format!("`{}` was not updated: {code}: {message}", id.unwrap_or_default())
            })
            .collect())
    }
}

#[async_trait]
impl SecurityHub for AwsSecurityHub {
    async fn import(&self, findings: &[Finding]) -> Result<Vec<ImportOutcome>, PortError> {
        let encoded: Vec<Value> = findings.iter().map(asff).collect();
        let mut refused = BTreeMap::new();
        for some in batches(&encoded) {
            refused.extend(self.import_some(some).await?);
        }
        let outcome = |finding: &Finding| {
            let id = finding_id(&finding.role.arn, finding.check);
            refused.get(&id).cloned().map_or(ImportOutcome::Imported, ImportOutcome::Refused)
        };
        Ok(findings.iter().map(outcome).collect())
    }

    async fn resolve(&self, findings: &[Finding]) -> Result<(), PortError> {
        let ids: Vec<String> =
            findings.iter().map(|finding| finding_id(&finding.role.arn, finding.check)).collect();
        for some in ids.chunks(IDS_AT_ONCE) {
            // Neither what a person suppressed, nor what fails again by now.
            let open = self.findings(some, &["NEW", "NOTIFIED"], Some("PASSED")).await?;
            // What is not processed stays open, and the next sweep asks for it again.
            let unprocessed = self.update(open, Some(WorkflowStatus::Resolved), None).await?;
            warn_of(&unprocessed);
        }
        Ok(())
    }

    async fn reopen(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        let ids: Vec<String> =
            findings.iter().map(|finding| finding_id(&finding.role.arn, finding.check)).collect();
        for some in ids.chunks(IDS_AT_ONCE) {
            let suppressed = self.findings(some, &["SUPPRESSED"], None).await?;
            let new = Some(WorkflowStatus::New);
            let unprocessed = self.update(suppressed, new, Some(own_note(note))).await?;
            // Nobody asks for it again: what was worse would count as what a person suppressed.
            if let Some(reason) = unprocessed.first() {
                return Err(PortError::transient(UPDATE, reason));
            }
        }
        Ok(())
    }

    async fn note(&self, findings: &[Finding], note: &str) -> Result<(), PortError> {
        let ids: Vec<String> =
            findings.iter().map(|finding| finding_id(&finding.role.arn, finding.check)).collect();
        for some in ids.chunks(IDS_AT_ONCE) {
            let held = self.findings(some, &[], None).await?;
            warn_of(&self.update(held, None, Some(own_note(note))).await?);
        }
        Ok(())
    }

    async fn read_back(&self, ids: &[String]) -> Result<Vec<StoredFinding>, PortError> {
        let mut stored = Vec::new();
        for some in ids.chunks(IDS_AT_ONCE) {
            let findings = self.findings(some, &[], None).await?;
            stored.extend(findings.into_iter().map(stored_finding));
        }
        Ok(stored)
    }
}

fn warn_of(unprocessed: &[String]) {
    for reason in unprocessed {
        tracing::warn!(reason, "a finding stays as it was");
    }
}

fn own_note(text: &str) -> NoteUpdate {
    NoteUpdate::builder().text(text).updated_by("pullwatch").build()
}

/// Polls a future on a stack of its own. The types of a finding are so large that the SDK needs
/// more stack to read one than a thread has, above all without optimization.
async fn on_large_stack<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    poll_fn(|context| stacker::grow(LARGE_STACK, || future.as_mut().poll(context))).await
}

fn answer<T, E>(call: &str, answer: Result<T, SdkError<E, HttpResponse>>) -> Result<T, PortError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    answer.map_err(|error| match error.as_service_error() {
        Some(refusal) if refusal.code() == Some(NOT_ENABLED) => {
            let message = refusal.message().unwrap_or(NOT_ENABLED);
            let reason = if message.contains(NOT_SUBSCRIBED) {
                message.to_owned()
            } else {
                format!(
                    "{message} ({NOT_ENABLED}: Security Hub is not enabled in this account and \
                     region, or the account may not make this call)"
                )
            };
            PortError::NotEnabled { call: call.to_owned(), reason }
        }
        _ => failure(call, &error),
    })
}

/// Runs of findings that one call takes, in their order.
fn batches(findings: &[Value]) -> Vec<&[Value]> {
    let mut batches = Vec::new();
    let (mut first, mut bytes) = (0, 0);
    for (index, finding) in findings.iter().enumerate() {
        let size = finding.to_string().len();
        if index > first && (index - first == FINDINGS_AT_ONCE || bytes + size > BYTES_AT_ONCE) {
            batches.push(&findings[first..index]);
            (first, bytes) = (index, 0);
        }
        bytes += size;
    }
    batches.push(&findings[first..]);
    batches.retain(|batch| !batch.is_empty());
    batches
}

fn equals<'values>(values: impl IntoIterator<Item = &'values str>) -> Option<Vec<StringFilter>> {
    let filter = |value: &str| {
        StringFilter::builder().value(value).comparison(StringFilterComparison::Equals).build()
    };
    let filters: Vec<StringFilter> = values.into_iter().map(filter).collect();
    (!filters.is_empty()).then_some(filters)
}

fn stored_finding(finding: AwsSecurityFinding) -> StoredFinding {
    let workflow = finding.workflow.and_then(|workflow| workflow.status);
    let compliance = finding.compliance.and_then(|compliance| compliance.status);
    StoredFinding {
        id: finding.id.unwrap_or_default(),
        updated_at: finding.updated_at.and_then(|instant| instant.parse().ok()),
        workflow: Held::read(workflow.as_ref().map_or("", WorkflowStatus::as_str)),
        record_state: Held::read(finding.record_state.as_ref().map_or("", RecordState::as_str)),
        compliance: Held::read(compliance.as_ref().map_or("", ComplianceStatus::as_str)),
    }
}
