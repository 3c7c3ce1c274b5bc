//! What an answer is worth while policies of registries are not known. Such a policy can grant
//! more, which leaves standing what is too much already, or take something away.

use crate::assess::{PULL_ACTIONS, granted_under};
use crate::assessment::CheckResult;
use crate::permissions::{Access, EffectivePermissions, Scope};
use crate::registries::UnreadPolicies;
use crate::standard::{Check, Standard, Status};

/// How many of the unread policies are named.
const NAMED: usize = 3;

/// The part of a check's answer that holds whatever the unread policies say: what is too much stays
/// too much, and nothing passes that one of them could change.
pub fn as_far_as_known(result: CheckResult, permissions: &EffectivePermissions) -> CheckResult {
    if permissions.unread.is_empty() {
        return result;
    }
    let holds = |standard: Standard, status: Status| match result.fingerprint.check {
        Check::ReadOnly => status == Status::Failed,
        Check::CanPull => match status {
            Status::Failed => is_token_denied(permissions),
            Status::Passed | Status::Warning => can_pull_elsewhere(standard, permissions),
            Status::NotAvailable => true,
        },
    };
    let as_known = |standard: Standard, status: Status| {
        if holds(standard, status) { status } else { Status::NotAvailable }
    };
    let standards =
        result.standards.iter().map(|(of, status)| (*of, as_known(*of, *status))).collect();
    if as_known(result.fingerprint.standard, result.status) == Status::NotAvailable {
        let CheckResult { fingerprint, notes, .. } = result;
        let unknown = CheckResult::not_available(fingerprint.check, fingerprint.standard, "");
        return CheckResult { standards, reasons: named(&permissions.unread), notes, ..unknown };
    }
    let mut notes = result.notes;
    notes.extend(named(&permissions.unread));
    CheckResult { standards, notes, ..result }
}

/// No policy of a repository or registry can grant the token, which has no resource.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
fn is_token_denied(permissions: &EffectivePermissions) -> bool {
    let [token, ..] = PULL_ACTIONS;
    let denied = |access| access == Access::Denied;
    permissions.actions.iter().any(|known| known.action == token && denied(known.access))
}

/// The policy of one repository takes nothing away from a role that can pull from every other.
fn can_pull_elsewhere(standard: Standard, permissions: &EffectivePermissions) -> bool {
    granted_under(standard, permissions).scope == Scope::EveryRepository
        && permissions.unread.iter().all(|unread| unread.of.is_one_repository())
}

/// The first of them, a sentence each, and how many more there are.
fn named(unread: &[UnreadPolicies]) -> Vec<String> {
    let mut told: Vec<String> = unread.iter().take(NAMED).map(ToString::to_string).collect();
    let more = unread.len().saturating_sub(NAMED);
    if more > 0 {
        told.push(format!("And {more} more of this kind."));
    }
    told
}
