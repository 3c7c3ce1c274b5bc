//! A finding as it is imported -> the line by which a person tells it from others.

use serde_json::Value;

/// What a person looks at first.
pub struct FindingLine<'finding> {
    /// PASSED, FAILED, …, or ARCHIVED where the role is gone.
    pub status: &'finding str,
    /// Its severity; empty where there is nothing to do.
    pub severity: &'finding str,
    /// The role's name, without its path.
    pub role: &'finding str,
    /// The check.
    pub check: &'finding str,
}

impl<'finding> FindingLine<'finding> {
    /// Of a finding in ASFF.
    pub fn of(finding: &'finding Value) -> Self {
        let text = |value: &'finding Value| value.as_str().unwrap_or_default();
        let last = |path: &'finding str| path.rsplit('/').next().unwrap_or_default();
        let status = match text(&finding["RecordState"]) {
            archived @ "ARCHIVED" => archived,
            _ => text(&finding["Compliance"]["Status"]),
        };
        let severity = match text(&finding["FindingProviderFields"]["Severity"]["Label"]) {
            "INFORMATIONAL" => "",
            severity => severity,
        };
        Self {
            status,
            severity,
            role: last(text(&finding["Resources"][0]["Id"])),
            check: last(text(&finding["Id"])),
        }
    }
}
