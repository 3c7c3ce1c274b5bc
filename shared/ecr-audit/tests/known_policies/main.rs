//! AWS's own policies: the managed ones, and those of its guides. Each is explained or refused with
//! a reason, and what a witness asks for is allowed.
//!
//! Those managed policies that name an action of ECR, of 4,000 characters at most, lie here, as AWS
//! published them until autumn 2026 (collected by moto 5.2.5 and iam-dataset). All others lie
//! beside the checkout where the project is developed; elsewhere their tests say so.

use std::io::Read;
use std::path::{Path, PathBuf};

use ecr_audit::arn::RoleArn;
use ecr_audit::assess::RoleState;
use ecr_audit::effective::effective;
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::permissions::{Access, ActionPermission, EffectivePermissions};
use ecr_audit::role_policies::{PolicyName, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use flate2::read::GzDecoder;
use iam_policy::simulate::answer;
use serde_json::{Value, json};

/// How a gzipped file begins: RFC 1952.
const GZIP: &[u8] = &[0x1f, 0x8b];

const ROLE: &str = "arn:aws:iam::111122223333:role/nodes";
const NOW: &str = "2026-11-28T12:00:00Z";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/nodes/i-0123456789abcdef0";

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/known_policies")
}

fn beside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data")
}

/// Every document in a file of policies, with what the file calls it; none where it is absent.
fn policies(path: &Path) -> Vec<(String, Value)> {
    let Ok(bytes) = std::fs::read(path) else {
        eprintln!("SKIPPED: {} is not there", path.display());
        return Vec::new();
    };
    let mut text = String::new();
    if bytes.starts_with(GZIP) {
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    match serde_json::from_str(&text).unwrap() {
        Value::Object(named) => {
            named.into_iter().map(|(name, policy)| (name, policy["document"].clone())).collect()
        }
        Value::Array(found) => found
            .into_iter()
            .map(|one| (one["file"].as_str().unwrap().to_owned(), one["policy"].clone()))
            .collect(),
        other => panic!("{} is neither a list nor an object: {other}", path.display()),
    }
}

fn explained(document: &Value) -> Result<EffectivePermissions, String> {
    let policy = RolePolicy {
        policy: PolicyName::managed("arn:aws:iam::111122223333:policy/p"),
        version: Some("v1".to_owned()),
        document: Some(document.to_string()),
    };
    let role = RolePolicies {
        role_arn: RoleArn::parse(ROLE).unwrap(),
        role_id: "AROAEXAMPLE".to_owned(),
        created: None,
        tags: [("team".to_owned(), "payments".to_owned())].into(),
        identity: vec![policy],
        boundary: None,
    };
    let organization = OrganizationPolicies::default();
    let (uses, registry, unread) = (&[], &[], &[]);
    let now = NOW.parse().unwrap();
    let state = RoleState { role: &role, uses, registry, unread, organization: &organization, now };
    effective(&state, &Settings::for_account("111122223333", "aws", "us-east-1"))
}

/// Puts a witness back as a request, and the account that its resource is of admits the role.
fn asked(document: &Value, permission: &ActionPermission) -> Value {
    let witness = permission.witness.as_ref().unwrap();
    let part = |number| witness.resource.split(':').nth(number).filter(|part| !part.is_empty());
    let mut context = json!({
        "aws:PrincipalArn": ROLE,
        "aws:PrincipalAccount": "111122223333",
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalTag/team": "payments",
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
        "aws:CurrentTime": NOW,
        "aws:EpochTime": "1795867200",
        "aws:TokenIssueTime": NOW,
        "aws:RequestedRegion": part(3).unwrap_or("us-east-1"),
        "aws:ResourceAccount": part(4).unwrap_or("111122223333"),
    });
    for (key, value) in &witness.context {
        let context = context.as_object_mut().unwrap();
        context.retain(|known, _| !known.eq_ignore_ascii_case(key));
        if !value.is_null() {
            context.insert(key.clone(), value.clone());
        }
    }
    let mut request = json!({
        "principal": SESSION,
        "action": permission.action,
        "resource": witness.resource,
        "context": context,
        "identity": [document],
    });
    if witness.resource != "*" && !witness.resource.contains(":111122223333:") {
        request["resourcePolicy"] = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": permission.action,
            }],
        });
    }
    serde_json::to_value(answer(&request.to_string())).unwrap()
}

/// Explains each policy of a file, and asks for what its witnesses say. Tells which are refused.
fn check(folder: &Path, file: &str, expected: usize) -> Vec<String> {
    let policies = policies(&folder.join(file));
    let is_skipped = policies.is_empty() && folder == beside();
    assert!(is_skipped || policies.len() == expected, "{file}: {}", policies.len());
    let (mut witnesses, mut refused) = (0, Vec::new());
    for (name, document) in &policies {
        let permissions = match explained(document) {
            Ok(permissions) => permissions,
            Err(reason) => {
                refused.push(format!("{name}: {reason}"));
                continue;
            }
        };
        assert_eq!(permissions.actions.len(), 83, "{name}");
        for permission in &permissions.actions {
            let is_denied = permission.access == Access::Denied;
            assert_eq!(permission.witness.is_none(), is_denied, "{name}: {permission:?}");
            // What names a principal is no policy of a role, and what it says of one is open.
            let is_open = document.to_string().contains("\"Principal\"");
            assert!(!permission.is_upper_bound || is_open, "{name}: {permission:?}");
            if !is_denied && !permission.is_upper_bound {
                witnesses += 1;
                let answer = asked(document, permission);
                assert_eq!(answer["decision"], "Allowed", "{name}: {permission:?}: {answer}");
            }
        }
    }
    eprintln!("{file}: {} policies, {witnesses} witnesses, refused {refused:#?}", policies.len());
    refused
}

#[test]
fn managed_policies_that_name_ecr_are_explained() {
    assert_eq!(check(&here(), "naming-ecr.json.gz", 35), Vec::<String>::new());
}

#[test]
fn every_managed_policy_is_explained() {
    assert_eq!(check(&beside(), "aws-managed-policies.json.gz", 1_661), Vec::<String>::new());
}

#[test]
fn every_policy_of_awss_guides_is_explained_or_refused_with_a_reason() {
    for (file, expected) in [
        ("aws-docs-policies/ecr-guide-policies.json", 36),
        ("aws-docs-policies/orgs-guide-policies.json", 57),
        ("aws-docs-policies/iam-guide-policies.json", 275),
    ] {
        assert_eq!(check(&beside(), file, expected), Vec::<String>::new());
    }
}
