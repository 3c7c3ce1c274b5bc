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

/// Where a reader finds what is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// An address, which must not be broken.
    Link(String),
    /// A sentence for a partition whose console has no public address. It holds names as they are,
    /// and may be broken like any other.
    Words(String),
}

/// The finding of a check of a role, or all findings, at the host of the partition's console.
pub fn console(place: &Place, finding: Option<(&RoleArn, Check)>) -> Whereabouts {
    let region = &place.region;
    let host = match place.partition.as_str() {
        "aws" => "console.aws.amazon.com".to_owned(),
        "aws-cn" => "console.amazonaws.cn".to_owned(),
        "aws-us-gov" => "console.amazonaws-us-gov.com".to_owned(),
        "aws-eusc" => format!("{region}.console.amazonaws-eusc.eu"),
        _ => return Whereabouts::Words(without_host(region, finding)),
    };
    let findings = format!("https://{host}/securityhub/home?region={region}#/findings");
    Whereabouts::Link(match finding {
        None => findings,
        Some((role_arn, check)) => {
            let id = encoded(&finding_id(role_arn, check));
            format!("{findings}?search=Id%3D%255Coperator%255C%253AEQUALS%255C%253A{id}")
        }
    })
}

fn without_host(region: &str, finding: Option<(&RoleArn, Check)>) -> String {
    match finding {
        None => format!("Security Hub in {region}, Findings"),
        Some((role_arn, check)) => {
            format!("Security Hub in {region}, Id {}", finding_id(role_arn, check))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_a_console_of_its_own() {
        let role_arn = RoleArn::parse("arn:aws:iam::111122223333:role/eks/workers").unwrap();
        for (partition, region, begins) in [
            (
                "aws",
                "eu-west-1",
                "https://console.aws.amazon.com/securityhub/home?region=eu-west-1",
            ),
            ("aws-cn", "cn-north-1", "https://console.amazonaws.cn/securityhub/"),
            ("aws-us-gov", "us-gov-west-1", "https://console.amazonaws-us-gov.com/securityhub/"),
            ("aws-eusc", "eusc-de-east-1", "https://eusc-de-east-1.console.amazonaws-eusc.eu/"),
        ] {
            let place = Place {
                partition: partition.to_owned(),
                account: "111122223333".to_owned(),
                region: region.to_owned(),
            };
            let link = match console(&place, Some((&role_arn, Check::ReadOnly))) {
                Whereabouts::Link(link) => link,
                Whereabouts::Words(words) => panic!("{partition}: {words}"),
            };
            assert!(link.starts_with(begins), "{link}");
            assert!(link.contains("workers"), "{link}");
        }
    }

    #[test]
    fn where_the_console_has_no_public_address_a_finding_is_told_by_its_id() {
        let role_arn = RoleArn::parse("arn:aws-iso:iam::111122223333:role/eks/workers").unwrap();
        let place = Place {
            partition: "aws-iso".to_owned(),
            account: "111122223333".to_owned(),
            region: "us-iso-east-1".to_owned(),
        };
        let words = "Security Hub in us-iso-east-1, Id \
                     arn:aws-iso:iam::111122223333:role/eks/workers/pullwatch/read-only";
        assert_eq!(
            console(&place, Some((&role_arn, Check::ReadOnly))),
            Whereabouts::Words(words.to_owned())
        );
    }
}
