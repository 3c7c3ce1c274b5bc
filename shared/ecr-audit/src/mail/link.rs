//! The one link of a mail: the finding in Security Hub's console.
//!
//! It cannot be within 78 columns: the console knows a finding by its Id alone, which holds the
//! role's ARN, and the address of the search before it is longer than a line. So the link has a
//! line of its own, where every mail program still makes one link of it, in the shortest form that
//! the console takes: the host without a region, the Id's colons and slashes as they are.

use crate::arn::RoleArn;
use crate::asff::finding_id;
use crate::finding::Place;
use crate::standard::Check;

/// The finding of a check of a role, or all findings. The host is the partition's.
pub fn console(place: &Place, finding: Option<(&RoleArn, Check)>) -> String {
    let host = match place.partition.as_str() {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    let region = &place.region;
    let findings = format!("https://{host}/securityhub/home?region={region}#/findings");
    match finding {
        None => findings,
        Some((role_arn, check)) => {
            let id = encoded(&finding_id(role_arn, check));
            format!("{findings}?search=Id%3D%255Coperator%255C%253AEQUALS%255C%253A{id}")
        }
    }
}

/// The console decodes what follows the `#` twice.
fn encoded(id: &str) -> String {
    id.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~:/@".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%25{byte:02X}")
            }
        })
        .collect()
}
