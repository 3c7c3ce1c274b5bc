//! The custom action "Re-check now": a person in Security Hub asks that roles be looked at again.
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html>

use std::collections::BTreeSet;

use ecr_audit::arn::RoleArn;
use ecr_audit::change::{Actor, Change};
use serde_json::Value;

use crate::record::{Missing, elements};

/// EventBridge's source of a custom action.
pub const SECURITY_HUB: &str = "aws.securityhub";

/// The detail-type of a custom action.
pub const CUSTOM_ACTION: &str = "Security Hub Findings - Custom Action";

/// The roles of the findings that were chosen, each once. The findings of an administrator's hub
/// may be of other accounts, whose roles this stack does not watch.
pub fn rechecks(detail: &Value, account: &str) -> Result<Vec<Change>, Missing> {
    if !detail["findings"].is_array() {
        return Err(Missing("detail.findings".to_owned()));
    }
    let role_arns: BTreeSet<RoleArn> = elements(&detail["findings"])
        .flat_map(|finding| elements(&finding["Resources"]))
        .filter(|resource| resource["Type"] == "AwsIamRole")
        .filter_map(|resource| RoleArn::parse(resource["Id"].as_str()?).ok())
        .filter(|role_arn| role_arn.account() == account)
        .collect();
    Ok(role_arns.into_iter().map(|role_arn| Change::Recheck { role_arn }).collect())
}

/// The event does not tell who chose the action.
pub fn actor() -> Actor {
    Actor { principal: "somebody in Security Hub".to_owned(), ..Actor::default() }
}
