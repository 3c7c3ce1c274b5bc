//! The row of the design's table: what owners are told of one check.

use std::collections::BTreeSet;

use super::Step;
use crate::alert::TransitionKind;
use crate::alert_choice::is_failure_told;
use crate::assessment::{CheckResult, Fingerprint};
use crate::ledger::{CheckRecord, Extent};
use crate::standard::{Severity, Status};

/// The row of the table: what owners are told when what they know becomes `result`.
pub(super) fn alerted(
    before: Option<&CheckRecord>,
    result: &CheckResult,
) -> Option<TransitionKind> {
    let told = before.and_then(CheckRecord::told_failure);
    // A failure that they were spared is new to them.
    let is_back = before.is_some_and(|known| known.ever_failed && !known.is_failed());
    match (told, result.status) {
        (None, Status::Failed) if is_back => Some(TransitionKind::Reopened),
        (None, Status::Failed) => Some(TransitionKind::New),
        (Some(told), Status::Failed) if told.is_exceeded_by(result) => Some(TransitionKind::Worse),
        (Some(_), Status::Passed) => Some(TransitionKind::Resolved),
        _ => None,
    }
}

/// What was added or strengthened since the failure that owners know; all of it where they know of
/// none.
pub(super) fn added(before: Option<&CheckRecord>, result: &CheckResult) -> Vec<String> {
    let told = before.and_then(CheckRecord::told_failure);
    let elements = result.fingerprint.elements.iter();
    elements
        .filter(|element| {
            let alone = Fingerprint {
                elements: BTreeSet::from([(*element).clone()]),
                ..result.fingerprint.clone()
            };
            told.is_none_or(|known| alone.is_worse_than(&known.fingerprint))
        })
        .map(|element| element.action.clone())
        .collect()
}

/// How bad it was by what owners know; a failure that they were spared was nothing.
pub(super) fn severity_before(before: Option<&CheckRecord>) -> Option<Severity> {
    let known = before?;
    if known.is_failed() {
        known.told.as_ref().map(|told| told.severity)
    } else {
        known.verdict().map(|verdict| verdict.severity)
    }
}

pub(super) fn granted_before(
    before: Option<&CheckRecord>,
    kind: TransitionKind,
) -> Vec<crate::permissions::PolicyStatement> {
    let verdict = before.and_then(CheckRecord::verdict);
    if kind != TransitionKind::Resolved {
        return Vec::new();
    }
    let mut statements: Vec<_> = verdict
        .into_iter()
        .flat_map(|known| &known.excess)
        .flat_map(|excess| excess.statements.clone())
        .collect();
    statements.sort();
    statements.dedup();
    statements
}

/// What owners still know of a failure when its answer is `result` and nothing more is told. Of
/// what they know, what has ended has to be told when it comes back. Where a person suppressed the
/// finding, they keep what they know until it is no longer silent.
pub(super) fn still_told(
    told: Option<Extent>,
    result: &CheckResult,
    is_suppressed: bool,
) -> Option<Extent> {
    match result.status {
        Status::Failed => {
            told.map(|told| if told.is_exceeded_by(result) { told } else { Extent::of(result) })
        }
        Status::NotAvailable => told,
        Status::Passed | Status::Warning => told.filter(|_| is_suppressed),
    }
}

/// Whether owners were spared a failure, or how far it has gone, that by what is chosen now they
/// are to be told of.
pub(super) fn is_to_be_told(step: &Step<'_>, known: &CheckRecord) -> bool {
    let result = &known.finding.result;
    known.is_failed()
        && known.suppressed.is_none()
        && known.told.as_ref().is_none_or(|told| told.is_exceeded_by(result))
        && is_failure_told(result.severity, step.settings)
}
