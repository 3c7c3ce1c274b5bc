//! The custom action "Re-check now": a person in Security Hub asks that roles be looked at again.
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html>

use ecr_audit::arn::RoleArn;
use ecr_audit::change::Change;
use serde_json::Value;

/// EventBridge's source of it.
pub const SOURCE: &str = "aws.securityhub";

/// The detail-type of a custom action.
pub const DETAIL_TYPE: &str = "Security Hub Findings - Custom Action";

/// The roles of the findings that were chosen.
pub fn rechecks(detail: &Value) -> Vec<Change> {
    let findings = detail["findings"].as_array().map_or(&[][..], Vec::as_slice);
    findings
        .iter()
        .flat_map(|finding| finding["Resources"].as_array().map_or(&[][..], Vec::as_slice))
        .filter(|resource| resource["Type"] == "AwsIamRole")
        .filter_map(|resource| RoleArn::parse(resource["Id"].as_str()?).ok())
        .map(|role_arn| Change::Recheck { role_arn })
        .collect()
}
