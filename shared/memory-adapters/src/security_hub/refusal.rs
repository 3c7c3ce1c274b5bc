//! What Security Hub refuses in a finding, as far as a value can break it: lengths, counts,
//! timestamps, enumerations, blank strings, whose product it is, types, size. The shape itself, field by field, is held by the
//! stand-in of the local AWS, which reads it from AWS's service model.
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html>

use jiff::Timestamp;
use serde_json::Value;

const LARGEST_FINDING: usize = 240 * 1024;

/// The most characters that a value may have. `[]` stands for each element, `*` for each member.
const LONGEST: [(&str, usize); 19] = [
    ("Id", 512),
    ("ProductArn", 2048),
    ("GeneratorId", 512),
    ("Title", 256),
    ("Description", 1024),
    ("ProductName", 128),
    ("CompanyName", 128),
    ("SourceUrl", 2048),
    ("ProductFields.*", 2048),
    ("UserDefinedFields.*", 1024),
    ("Remediation.Recommendation.Text", 512),
    ("Remediation.Recommendation.Url", 2048),
    ("Note.Text", 512),
    ("Note.UpdatedBy", 512),
    ("Compliance.RelatedRequirements.[]", 64),
    ("Compliance.StatusReasons.[].Description", 2048),
    ("Resources.[].Type", 256),
    ("Resources.[].Id", 512),
    ("Resources.[].Details.Other.*", 1024),
];

/// The fewest and the most elements or members.
const COUNTS: [(&str, usize, usize); 9] = [
    ("Resources", 1, 32),
    ("Types", 0, 50),
    ("FindingProviderFields.Types", 1, 50),
    ("ProductFields", 0, 50),
    ("UserDefinedFields", 0, 50),
    ("Compliance.RelatedRequirements", 0, 32),
    ("Compliance.StatusReasons", 0, 20),
    ("Resources.[].Tags", 0, 50),
    ("Resources.[].Details.Other", 0, 50),
];

const REQUIRED: [&str; 11] = [
    "SchemaVersion",
    "Id",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "CreatedAt",
    "UpdatedAt",
    "Title",
    "Description",
    "Resources",
    "FindingProviderFields",
];

const ENUMERATIONS: [(&str, &[&str]); 7] = [
    ("SchemaVersion", &["2018-10-08"]),
    ("Severity.Label", &["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]),
    (
        "FindingProviderFields.Severity.Label",
        &["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"],
    ),
    ("Compliance.Status", &["PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"]),
    ("RecordState", &["ACTIVE", "ARCHIVED"]),
    ("Workflow.Status", &["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"]),
    ("Resources.[].Partition", &["aws", "aws-cn", "aws-us-gov"]),
];

/// Why Security Hub would refuse a finding; `None` where it would take it.
pub fn refusal(finding: &Value) -> Option<String> {
    missing(finding)
        .or_else(|| blank("finding", finding))
        .or_else(|| too_long(finding))
        .or_else(|| miscounted(finding))
        .or_else(|| unknown(finding))
        .or_else(|| untimely(finding))
        .or_else(|| foreign(finding))
        .or_else(|| untyped(finding))
        .or_else(|| misnamed(finding))
        .or_else(|| {
            let size = finding.to_string().len();
            (size > LARGEST_FINDING).then(|| format!("the finding has {size} bytes"))
        })
}

fn missing(finding: &Value) -> Option<String> {
    let field = REQUIRED.iter().find(|field| finding.get(**field).is_none_or(Value::is_null))?;
    Some(format!("{field} is required"))
}

/// Every string of a finding is a NonEmptyString, which has to hold more than white space.
fn blank(path: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Some(format!("{path} is blank")),
        Value::Array(values) => values.iter().find_map(|value| blank(path, value)),
        Value::Object(members) => {
            members.iter().find_map(|(name, value)| blank(&format!("{path}.{name}"), value))
        }
        _ => None,
    }
}

fn too_long(finding: &Value) -> Option<String> {
    LONGEST.iter().find_map(|(path, longest)| {
        let lengths = values_at(finding, path).into_iter().filter_map(Value::as_str);
        let length = lengths.map(|text| text.chars().count()).find(|length| length > longest)?;
        Some(format!("{path} has {length} characters, more than {longest}"))
    })
}

fn miscounted(finding: &Value) -> Option<String> {
    COUNTS.iter().find_map(|(path, fewest, most)| {
        let count = values_at(finding, path).into_iter().find_map(|value| {
            let count = match value {
                Value::Array(values) => values.len(),
                Value::Object(members) => members.len(),
                _ => return None,
            };
            (!(*fewest..=*most).contains(&count)).then_some(count)
        })?;
        Some(format!("{path} has {count} elements, not {fewest} to {most}"))
    })
}

fn unknown(finding: &Value) -> Option<String> {
    ENUMERATIONS.iter().find_map(|(path, known)| {
        let values = values_at(finding, path).into_iter();
        let value = values.filter_map(Value::as_str).find(|value| !known.contains(value))?;
        Some(format!("{path} is `{value}`"))
    })
}

fn untimely(finding: &Value) -> Option<String> {
    let instant = |field: &str| finding[field].as_str().and_then(|text| text.parse().ok());
    for field in ["CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"] {
        if finding.get(field).is_some() && instant(field).is_none() {
            return Some(format!("{field} is no timestamp of RFC 3339"));
        }
    }
    let (created, updated): (Option<Timestamp>, Option<Timestamp>) =
        (instant("CreatedAt"), instant("UpdatedAt"));
    (updated < created).then(|| "UpdatedAt is before CreatedAt".to_owned())
}

/// A finding of the default product is of the account that posts it.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-custom-providers.html>
fn foreign(finding: &Value) -> Option<String> {
    let account = finding["AwsAccountId"].as_str().unwrap_or_default();
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("AwsAccountId is `{account}`"));
    }
    let product_arn = finding["ProductArn"].as_str().unwrap_or_default();
    let fields: Vec<&str> = product_arn.split(':').collect();
    let is_own = match fields.as_slice() {
        ["arn", partition, "securityhub", region, owner, product] => {
            partition.starts_with("aws")
                && !region.is_empty()
                && *owner == account
                && *product == format!("product/{account}/default")
        }
        _ => false,
    };
    (!is_own).then(|| format!("ProductArn is `{product_arn}`"))
}

/// Types are namespace/category/classifier, of AWS's own namespaces.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html>
fn untyped(finding: &Value) -> Option<String> {
    const NAMESPACES: [&str; 5] = [
        "Software and Configuration Checks",
        "TTPs",
        "Effects",
        "Unusual Behaviors",
        "Sensitive Data Identifications",
    ];
    let provider = &finding["FindingProviderFields"];
    if finding["Severity"].is_null() && provider["Severity"].is_null() {
        return Some("Severity is required".to_owned());
    }
    let given = [&finding["Types"], &provider["Types"]];
    let types: Vec<&str> =
        given.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
    let is_known = |kind: &&&str| {
        let parts: Vec<&str> = kind.split('/').collect();
        NAMESPACES.contains(&parts[0]) && parts.len() <= 3 && !parts.contains(&"")
    };
    match types.iter().find(|kind| !is_known(kind)) {
        Some(unknown) => Some(format!("Types has `{unknown}`")),
        None => types.is_empty().then(|| "Types is required".to_owned()),
    }
}

/// Names of product fields have 1 to 128 characters, and `aws/` is AWS's own.
fn misnamed(finding: &Value) -> Option<String> {
    let names = finding["ProductFields"].as_object()?.keys();
    let name = names
        .into_iter()
        .find(|name| !(1..=128).contains(&name.chars().count()) || name.starts_with("aws/"))?;
    Some(format!("ProductFields has the name `{name}`"))
}

fn values_at<'finding>(finding: &'finding Value, path: &str) -> Vec<&'finding Value> {
    path.split('.').fold(vec![finding], |values, step| {
        let children = values.into_iter().flat_map(|value| match (step, value) {
            ("[]", Value::Array(values)) => values.iter().collect(),
            ("*", Value::Object(members)) => members.values().collect(),
            (name, value) => value.get(name).into_iter().collect::<Vec<_>>(),
        });
        children.collect()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finding() -> Value {
        json!({
            "SchemaVersion": "2018-10-08",
            "Id": "arn:aws:iam::111122223333:role/workers/pullwatch/read-only",
            "ProductArn": "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default",
            "GeneratorId": "pullwatch/read-only",
            "AwsAccountId": "111122223333",
            "CreatedAt": "2026-01-15T10:00:00.000Z",
            "UpdatedAt": "2026-01-15T10:00:00.000Z",
            "Title": "A title",
            "Description": "A description.",
            "FindingProviderFields": {"Severity": {"Label": "HIGH"}, "Types": ["Effects"]},
            "ProductFields": {"pullwatch/Check": "read-only"},
            "Resources": [{"Type": "Other", "Id": "a", "Partition": "aws", "Details": {"Other": {"Use": "nodegroup"}}}],
        })
    }

    #[test]
    fn each_rule_refuses_what_breaks_it_and_nothing_else() {
        assert_eq!(refusal(&finding()), None);
        let many =
            |count: usize| -> Value { vec![json!({"Type": "Other", "Id": "a"}); count].into() };
        for (path, value, reason) in [
            ("/Title", Value::Null, "Title is required"),
            ("/Title", json!(" "), "finding.Title is blank"),
            (
                "/Resources/0/Details/Other/Use",
                json!(""),
                "finding.Resources.Details.Other.Use is blank",
            ),
            ("/Id", json!("i".repeat(513)), "Id has 513 characters, more than 512"),
            (
                "/Resources/0/Details/Other/Use",
                json!("ü".repeat(1025)),
                "Resources.[].Details.Other.* has 1025 characters, more than 1024",
            ),
            ("/Resources", many(33), "Resources has 33 elements, not 1 to 32"),
            ("/Resources", many(0), "Resources has 0 elements, not 1 to 32"),
            (
                "/FindingProviderFields/Severity/Label",
                json!("GRAVE"),
                "FindingProviderFields.Severity.Label is `GRAVE`",
            ),
            ("/CreatedAt", json!("yesterday"), "CreatedAt is no timestamp of RFC 3339"),
            ("/CreatedAt", json!("2026-01-15T10:00:00.001Z"), "UpdatedAt is before CreatedAt"),
            ("/ProductFields", json!({"aws/Check": "a"}), "ProductFields has the name `aws/Check`"),
            ("/SchemaVersion", json!("2020-01-01"), "SchemaVersion is `2020-01-01`"),
            ("/AwsAccountId", json!("1111"), "AwsAccountId is `1111`"),
            (
                "/ProductArn",
                json!("arn:aws:securityhub:us-east-1:444455556666:product/444455556666/default"),
                "ProductArn is `arn:aws:securityhub:us-east-1:444455556666:product/444455556666/default`",
            ),
            (
                "/ProductArn",
                json!("arn:aws:securityhub:us-east-1::product/pullwatch/pullwatch"),
                "ProductArn is `arn:aws:securityhub:us-east-1::product/pullwatch/pullwatch`",
            ),
            ("/FindingProviderFields/Severity", Value::Null, "Severity is required"),
            ("/FindingProviderFields/Types", json!(["Worries"]), "Types has `Worries`"),
            ("/FindingProviderFields/Types", json!(["Effects/a/b/c"]), "Types has `Effects/a/b/c`"),
            ("/Resources/0/Partition", json!("aws-iso"), "Resources.[].Partition is `aws-iso`"),
        ] {
            let mut broken = finding();
            *broken.pointer_mut(path).unwrap() = value;
            assert_eq!(refusal(&broken).as_deref(), Some(reason));
        }
        for (path, value) in [
            ("/Id", json!("i".repeat(512))),
            ("/Resources/0/Details/Other/Use", json!("ü".repeat(1024))),
            ("/Resources", many(32)),
        ] {
            let mut whole = finding();
            *whole.pointer_mut(path).unwrap() = value;
            assert_eq!(refusal(&whole), None, "{path}");
        }
    }

    #[test]
    fn a_finding_has_at_most_240_kb() {
        let mut large = finding();
        large["Types"] = vec![format!("Effects/{}", "a".repeat(10 * 1024)); 24].into();
        assert!(refusal(&large).unwrap().starts_with("the finding has 24"));
    }
}
