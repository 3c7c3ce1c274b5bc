//! A finding in the AWS Security Finding Format, within its limits by construction.
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html>

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::arn::RoleArn;
use crate::assessment::Excess;
use crate::certainty::Certainty;
use crate::finding::{Finding, RecordState};
use crate::missing_action::MissingAction;
use crate::node_role::Use;
use crate::permissions::Scope;
use crate::recommendation::recommendation;
use crate::remedy_fields::remedy_fields;
use crate::standard::{Check, Severity, Status};
use crate::words::{Ability, abilities, conditions, place_of, sentences, shortened};

const LONGEST_ID: usize = 512;
const LONGEST_DESCRIPTION: usize = 1024;
const LONGEST_RECOMMENDATION: usize = 512;
const LONGEST_PRODUCT_FIELD: usize = 2048;
const LONGEST_REASON: usize = 2048;
/// The values of a resource of type Other have fewer than 1,024 characters.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resourcedetails-other.html>
const LONGEST_DETAIL: usize = 1023;
const MOST_RESOURCES: usize = 32;
const MOST_POLICIES: usize = 20;
/// Of the 50 product fields, those that name the statement behind an action.
const MOST_STATEMENTS: usize = 20;

const TYPE: &str =
    "Software and Configuration Checks/Industry and Regulatory Standards/CIS Amazon EKS Benchmark";

/// The finding's Id: made of role and check alone, so that a second delivery overwrites the
/// first. Where the ARN would make it too long, its digest takes the place of its path.
pub fn finding_id(role_arn: &RoleArn, check: Check) -> String {
    let id = format!("{role_arn}/pullwatch/{check}");
    if id.len() <= LONGEST_ID {
        return id;
    }
    format!("{}/pullwatch/{check}", without_path(role_arn))
}

/// An ARN that stands for one that is too long: the whole one's digest in the place of its path.
fn without_path(role_arn: &RoleArn) -> String {
    let digest = hex::encode(Sha256::digest(role_arn.as_str()));
    format!(
        "arn:{}:iam::{}:role/{digest}/{}",
        role_arn.partition(),
        role_arn.account(),
        role_arn.role_name()
    )
}

/// The title of a check: always the same, so that Insights can group by it.
pub const fn title(check: Check) -> &'static str {
    match check {
        Check::ReadOnly => "EKS node role should have no more than read access to Amazon ECR",
        Check::CanPull => "EKS node role should be able to pull images from Amazon ECR",
    }
}

/// Encodes a finding.
pub fn asff(finding: &Finding) -> Value {
    let severity = severity_shown(finding);
    let place = &finding.place;
    let mut encoded = json!({
        "SchemaVersion": "2018-10-08",
        "Id": finding_id(&finding.role.arn, finding.check),
        "ProductArn": format!(
            "arn:{}:securityhub:{}:{}:product/{}/default",
            place.partition, place.region, place.account, place.account
        ),
        "GeneratorId": format!("pullwatch/{}", finding.check),
        "AwsAccountId": place.account,
        "Types": [TYPE],
        "FirstObservedAt": time(finding.created_at),
        "LastObservedAt": time(finding.updated_at),
        "CreatedAt": time(finding.created_at),
        "UpdatedAt": time(finding.updated_at),
        "Severity": {"Label": severity},
        "FindingProviderFields": {"Severity": {"Label": severity}, "Types": [TYPE]},
        "Title": title(finding.check),
        "Description": sentences(&description(finding), LONGEST_DESCRIPTION),
        "Remediation": {"Recommendation": {
            "Text": shortened(&recommendation(finding), LONGEST_RECOMMENDATION),
            "Url": "https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html",
        }},
        "ProductFields": product_fields(finding),
        "Resources": resources(finding),
        "Compliance": compliance(finding),
        "RecordState": finding.record_state,
    });
    if finding.created_at == finding.updated_at && finding.result.status == Status::Passed {
        // After the first import only BatchUpdateFindings can set it.
        encoded["Workflow"] = json!({"Status": "RESOLVED"});
    }
    drop_blanks(&mut encoded);
    encoded
}

/// Takes out every string of white space alone, with what is empty without it: Security Hub
/// refuses a finding that has one.
fn drop_blanks(value: &mut Value) {
    fn is_blank(value: &Value) -> bool {
        match value {
            Value::String(text) => text.trim().is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        }
    }
    match value {
        Value::Array(values) => {
            values.iter_mut().for_each(drop_blanks);
            values.retain(|value| !is_blank(value));
        }
        Value::Object(members) => {
            members.values_mut().for_each(drop_blanks);
            members.retain(|_, value| !is_blank(value));
        }
        _ => {}
    }
}

fn severity_shown(finding: &Finding) -> &'static str {
    match finding.result.status {
        Status::Passed | Status::NotAvailable => Severity::Informational.as_str(),
        Status::Warning | Status::Failed => finding.result.severity.as_str(),
    }
}

/// RFC 3339 with milliseconds, in UTC.
fn time(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

/// What the nodes can do, in sentences.
fn description(finding: &Finding) -> Vec<String> {
    let name = finding.role.arn.role_name();
    let mut told = Vec::new();
    if finding.record_state == RecordState::Archived {
        told.push(format!("The role {name} is gone, or is no longer a node role."));
    }
    told.push(match (finding.check, finding.result.status) {
        (Check::ReadOnly, Status::Failed) => {
            format!("Nodes with the role {name} {}.", can(finding))
        }
        (Check::ReadOnly, Status::Warning) => {
            let can = can(finding);
            format!("Nodes with the role {name} {can}. An exception covers this.")
        }
        (Check::ReadOnly, Status::Passed) => {
            format!(
                "Nodes with the role {name} have no more access to ECR than the {} standard permits.",
                finding.standard
            )
        }
        (Check::CanPull, Status::Passed) => {
            format!("Nodes with the role {name} can pull images from ECR.")
        }
        (Check::CanPull, Status::Failed) => {
            format!("Nodes with the role {name} cannot pull images from ECR.")
        }
        (Check::CanPull, Status::Warning) => {
            format!("It is uncertain whether nodes with the role {name} can pull images from ECR.")
        }
        (_, Status::NotAvailable) => {
            format!("What nodes with the role {name} can do with ECR could not be determined.")
        }
    });
    told.extend(finding.result.reasons.iter().cloned());
    if let Some(reason) = &finding.not_available {
        told.push(format!("The last assessment failed; this is the answer from before: {reason}."));
    }
    if finding.role_created_anew {
        told.push("The role was created anew under the same ARN.".to_owned());
    }
    told.extend(finding.result.notes.iter().cloned());
    told
}

/// What the nodes can do beyond the standard: `can push images (ecr:PutImage) on a condition, on
/// certain repositories, such as ci/app in eu-west-1; may also …`.
fn can(finding: &Finding) -> String {
    let abilities = abilities(&finding.result.excess);
    let told = |is_perhaps: bool| {
        let alike = abilities.iter().filter(|ability| ability.is_perhaps == is_perhaps);
        let told = alike.map(|ability| in_full(ability, &finding.place.account));
        told.collect::<Vec<_>>().join("; ")
    };
    let (certain, perhaps) = (told(false), told(true));
    match (certain.as_str(), perhaps.as_str()) {
        (certain, "") => format!("can {certain}"),
        ("", perhaps) => format!("may be able to {perhaps}"),
        (certain, perhaps) => format!("can {certain}; may also {perhaps}"),
    }
}

fn in_full(ability: &Ability<'_>, account: &str) -> String {
    let condition = ability.condition();
    let place = match ability.excess.first() {
        Some(worst) if worst.scope == Scope::NamedRepositories => {
            let comma = if condition.is_empty() { "" } else { "," };
            format!("{comma} on {}", place_of(worst, account))
        }
        _ => String::new(),
    };
    format!("{} ({}){condition}{place}", ability.words, ability.actions(2))
}

fn compliance(finding: &Finding) -> Value {
    let mut compliance = json!({
        "Status": finding.result.status,
        "RelatedRequirements": ["CIS Amazon EKS Benchmark 5.1.3", "Kubescape C-0223"],
    });
    if let Some((code, description)) = status_reason(finding) {
        compliance["StatusReasons"] = json!([{
            "ReasonCode": code,
            "Description": description,
        }]);
    }
    compliance
}

/// Why the status is not PASSED: a code to filter by, and the same in words.
fn status_reason(finding: &Finding) -> Option<(&'static str, String)> {
    let result = &finding.result;
    let code = match (finding.check, result.status) {
        (_, Status::Passed) => return None,
        (_, Status::NotAvailable) => "CANNOT_TELL",
        (Check::ReadOnly, Status::Failed) => "BEYOND_STANDARD",
        (Check::ReadOnly, Status::Warning) => "EXCEPTED",
        (Check::CanPull, Status::Failed) => "CANNOT_PULL",
        (Check::CanPull, Status::Warning) => "UNKNOWN_CONDITION",
    };
    let mut reasons = result.reasons.clone();
    if finding.check == Check::ReadOnly && result.status == Status::Failed {
        let actions: Vec<&str> = result.excess.iter().map(|one| one.action.as_str()).collect();
        let standard = finding.standard;
        reasons.insert(0, format!("Beyond the {standard} standard: {}.", actions.join(", ")));
    }
    Some((code, sentences(&reasons, LONGEST_REASON)))
}

fn product_fields(finding: &Finding) -> Value {
    let result = &finding.result;
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |key: &str, value: String| {
        if !value.is_empty() {
            fields.insert(format!("pullwatch/{key}"), shortened(&value, LONGEST_PRODUCT_FIELD));
        }
    };
    set("Version", env!("CARGO_PKG_VERSION").to_owned());
    set("Check", finding.check.to_string());
    set("Standard", finding.standard.to_string());
    set("ControlSeverity", "Medium".to_owned());
    set("Fingerprint", result.fingerprint.short());
    set("Owners", finding.owners.join(", "));
    for (standard, status) in &result.standards {
        set(&format!("Standard/{standard}"), status.to_string());
    }
    let actions: Vec<&str> = result.excess.iter().map(|excess| excess.action.as_str()).collect();
    set("Excess", actions.join(", "));
    let lacked: Vec<&str> = result.missing.iter().map(|known| known.action.as_str()).collect();
    set("Missing", lacked.join(", "));
    let granting = result.excess.iter().map(|one| statement_line(one, &finding.place.account));
    let withholding = result.missing.iter().filter_map(withheld_line);
    for (line, index) in granting.chain(withholding).zip(0..MOST_STATEMENTS) {
        set(&format!("Statement/{index:02}"), line);
    }
    for (name, value) in finding.remedy.iter().flat_map(remedy_fields) {
        set(&name, value);
    }
    let ended = finding.occasion.exception_ended.as_ref();
    if let Some(ended) = ended.filter(|ended| ended.is_by_date || finding.changes.is_empty()) {
        set("Change", ended.sentence());
    } else if let Some(change) = finding.changes.last() {
        let event = &change.event;
        let tool = event.actor.tool.as_deref().unwrap_or("an unknown tool");
        set("Change", format!("{} {}", event.name, event.id));
        set("ChangedAt", time(event.time));
        set("ChangedBy", format!("{} with {tool}", event.actor.principal));
    } else if finding.occasion.date_passed {
        set("Change", "a date that a condition names has passed".to_owned());
    } else if finding.occasion.is_sweep {
        set("Change", "no event reported a change; a sweep found it".to_owned());
    } else {
        set("Change", "no event reported a change".to_owned());
    }
    let organization = "service control policies, resource control policies, ";
    let organization = if finding.is_organization_considered { "" } else { organization };
    set("NotConsidered", format!("{organization}VPC endpoint policies"));
    json!(fields)
}

/// `ecr:PutImage: HIGH, allowed on every repository; granted by policy NodeEcr v4, statement
/// AllowPush`. What is long stands last, where it may be cut.
fn statement_line(excess: &Excess, account: &str) -> String {
    let access = excess.certainty().told(excess.access);
    let comma = if excess.certainty() == Certainty::PerhapsAlways { "," } else { "" };
    let conditions = conditions(excess);
    let condition = match conditions.as_slice() {
        [] => String::new(),
        conditions => format!(", if {}", conditions.join(" and ")),
    };
    let cited: Vec<String> = excess.statements.iter().map(ToString::to_string).collect();
    let granted_by = match cited.as_slice() {
        [] => String::new(),
        cited => format!("; granted by {}", cited.join("; ")),
    };
    let (action, severity) = (&excess.action, excess.severity);
    format!(
        "{action}: {severity}, {access}{comma} on {}{condition}{granted_by}",
        place_of(excess, account)
    )
}

/// `ecr:BatchGetImage: Denied by inline policy deny, statement [0]`; `None` where no statement is
/// the cause.
fn withheld_line(missing: &MissingAction) -> Option<String> {
    let by_statement = missing.causes.iter().filter(|cause| !cause.statements().is_empty());
    let causes: Vec<String> = by_statement.map(ToString::to_string).collect();
    (!causes.is_empty()).then(|| format!("{}: {}", missing.action, causes.join("; ")))
}

/// The role first: the console shows the first resource only.
fn resources(finding: &Finding) -> Value {
    let place = &finding.place;
    let role = &finding.role;
    let attached: Vec<Value> = role
        .policies
        .iter()
        .filter(|(policy, _)| policy.inline_name().is_none())
        .take(MOST_POLICIES)
        .map(|(policy, _)| {
            let name = policy.as_str().rsplit('/').next().unwrap_or_default();
            json!({"PolicyName": name, "PolicyArn": policy.as_str()})
        })
        .collect();
    let mut details = json!({
        "RoleName": role.arn.role_name().as_str(),
        "Path": role.arn.path(),
        "AttachedManagedPolicies": attached,
    });
    let inline: Vec<Value> = role
        .policies
        .iter()
        .filter_map(|(policy, _)| Some(json!({"PolicyName": policy.inline_name()?})))
        .take(MOST_POLICIES)
        .collect();
    if !inline.is_empty() {
        details["RolePolicyList"] = inline.into();
    }
    if !role.role_id.is_empty() {
        details["RoleId"] = role.role_id.as_str().into();
    }
    if let Some(boundary) = &role.boundary {
        details["PermissionsBoundary"] = json!({
            "PermissionsBoundaryArn": boundary.as_str(),
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        });
    }
    let id = if role.arn.as_str().len() <= LONGEST_ID {
        role.arn.as_str().to_owned()
    } else {
        without_path(&role.arn)
    };
    let mut resources = vec![json!({
        "Type": "AwsIamRole",
        "Id": id,
        "Partition": partition_shown(&place.partition),
        "Region": place.region,
        "Details": {"AwsIamRole": details},
    })];
    let clusters: BTreeSet<(&str, &str)> = finding
        .uses
        .iter()
        .filter_map(|seen| Some((seen.source.region.as_deref()?, seen.cluster_name.as_deref()?)))
        .collect();
    for (region, name) in clusters {
        resources.push(json!({
            "Type": "AwsEksCluster",
            "Id": shortened(
                &format!("arn:{}:eks:{region}:{}:cluster/{name}", place.partition, place.account),
                LONGEST_ID,
            ),
            "Partition": partition_shown(&place.partition),
            "Region": region,
        }));
    }
    for seen in &finding.uses {
        resources.push(other(finding, seen));
    }
    let left = resources.len().saturating_sub(MOST_RESOURCES);
    if left > 0 {
        resources.truncate(MOST_RESOURCES - 1);
        resources.push(json!({
            "Type": "Other",
            "Id": "more",
            "Details": {"Other": {"LeftOut": (left + 1).to_string()}},
        }));
    }
    resources.into()
}

/// A resource's partition, which the format knows three of; blank for any other.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Resource.html>
fn partition_shown(partition: &str) -> &str {
    if matches!(partition, "aws" | "aws-cn" | "aws-us-gov") { partition } else { "" }
}

fn other(finding: &Finding, seen: &Use) -> Value {
    let mut details = Map::new();
    let mut set = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            details.insert(key.to_owned(), shortened(value, LONGEST_DETAIL).into());
        }
    };
    let region = seen.source.region.as_deref();
    let cluster_name = seen.cluster_name.as_deref();
    set("Use", Some(seen.source.kind.in_words()));
    set("Cluster", cluster_name);
    set("Name", Some(&seen.name));
    set("Region", region);
    let id = [Some(seen.source.kind.in_words()), region, cluster_name, Some(&*seen.name)]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/");
    json!({
        "Type": "Other",
        "Id": shortened(&id, LONGEST_ID),
        "Partition": partition_shown(&finding.place.partition),
        "Region": region.unwrap_or(&finding.place.region),
        "Details": {"Other": details},
    })
}
