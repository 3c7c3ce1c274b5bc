//! What to do about a finding, in the few sentences that Security Hub shows for it.

use crate::finding::Finding;
use crate::missing_action::MissingCause;
use crate::standard::{Check, Standard, Status};

const EXPLAIN: &str = "`pullwatch explain --role ARN` shows every statement.";

/// What to do about a finding.
pub fn recommendation(finding: &Finding) -> String {
    let standard = finding.standard;
    match (finding.check, finding.result.status) {
        (_, Status::Passed) => "Nothing to do.".to_owned(),
        (_, Status::NotAvailable) => "Give pullwatch the permission that the description names, \
             or correct the policy document that it names. The role is assessed again at its next \
             change and by every sweep."
            .to_owned(),
        (Check::ReadOnly, Status::Warning) => "Before the exception ends, take away what goes \
             beyond pulling: give the workload that needs it a role of its own by EKS Pod \
             Identity or IRSA."
            .to_owned(),
        (Check::ReadOnly, Status::Failed) => format!(
            "Remove what grants more than the standard permits. For pulling, {}. A workload that \
             must push gets a role of its own by EKS Pod Identity or IRSA. {EXPLAIN}",
            pulling(standard)
        ),
        (Check::CanPull, Status::Warning) => format!(
            "See that the condition that the description names holds for every node, or grant \
             pulling without it: {}. {EXPLAIN}",
            pulling(standard)
        ),
        (Check::CanPull, Status::Failed) => cannot_pull(finding),
    }
}

/// What grants pulling and passes under the standard.
fn pulling(standard: Standard) -> &'static str {
    match standard {
        Standard::ReadOnly | Standard::PullOnly => "attach AmazonEC2ContainerRegistryPullOnly",
        Standard::C0223 => {
            "use an inline policy that allows exactly ecr:BatchCheckLayerAvailability, \
             ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken on \
             Resource \"*\""
        }
    }
}

/// A sentence for each kind of cause.
fn cannot_pull(finding: &Finding) -> String {
    let causes = || finding.result.missing.iter().flat_map(|missing| &missing.causes);
    let is_not_granted = |cause: &MissingCause| {
        matches!(
            cause,
            MissingCause::NotGranted
                | MissingCause::OnRepositoriesAlone { .. }
                | MissingCause::OutOfReach { .. }
        )
    };
    let mut told = Vec::new();
    if causes().next().is_none() || causes().any(is_not_granted) {
        told.push(format!("For pulling, {}.", pulling(finding.standard)));
    }
    if causes().any(|cause| matches!(cause, MissingCause::Denied { .. })) {
        told.push("Remove or narrow the Deny that the description names.".to_owned());
    }
    if causes().any(|cause| matches!(cause, MissingCause::OutsideBoundary { .. })) {
        told.push("Add the missing actions to the permissions boundary.".to_owned());
    }
    if causes().any(|cause| matches!(cause, MissingCause::OutsideOrganization)) {
        told.push("Have the service control policies permit the missing actions.".to_owned());
    }
    told.push(EXPLAIN.to_owned());
    told.join(" ")
}
