//! AWS Organizations' events. Only the management account sees them, and they name a policy or a
//! target, never a role: the sweep has to look.

use ecr_audit::change::Change;

use crate::record::{Missing, Record};
use crate::table::{Outcome, Read, Row};

/// A row for each call that can change which organization policies hold for an account.
pub const ROWS: &[Row] = &[
    Row { name: "AttachPolicy", read: Read::Changes(policies) },
    Row { name: "DetachPolicy", read: Read::Changes(policies) },
    Row { name: "UpdatePolicy", read: Read::Changes(policies) },
    Row { name: "EnablePolicyType", read: Read::Changes(policies) },
    Row { name: "DisablePolicyType", read: Read::Changes(policies) },
    Row { name: "MoveAccount", read: Read::Changes(policies) },
    Row { name: "CreatePolicy", read: Read::NoEffect("a new policy is attached to nothing") },
    Row { name: "DeletePolicy", read: Read::NoEffect("only a detached policy can be deleted") },
];

#[expect(clippy::unnecessary_wraps, reason = "every row's reader has one form")]
fn policies(_record: &Record<'_>) -> Result<Outcome, Missing> {
    let reason = "the organization's service or resource control policies changed".to_owned();
    Ok(Outcome::Changed(Change::Unclear { reason }))
}
