//! What has to hold of the engine for any input.
//!
//! `make fuzz` hands libFuzzer's inputs to these functions; `tests/corpus.rs` hands them the inputs
//! that libFuzzer found worth keeping, in every `make test`. Each panics where something does not
//! hold.

#![expect(clippy::missing_panics_doc, reason = "to panic is what these functions are for")]

use ecr_audit::arn::RoleArn;
use ecr_audit::assess::RoleState;
use ecr_audit::effective::effective;
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::permissions::{Access, ActionPermission};
use ecr_audit::role_policies::{PolicyName, RegistryDocument, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use iam_policy::document::PolicyDocument;
use iam_policy::simulate::answer;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/nodes";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/nodes/i-0123456789abcdef0";
const NOW: Timestamp = Timestamp::constant(1_795_867_200, 0);
const REPOSITORY: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";

/// A document is read or refused, and as IAM encodes it in its answers it is the same.
pub fn document(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let plain = PolicyDocument::parse(text);
    // Only what begins like JSON can be told from what is encoded.
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let encoded = PolicyDocument::parse(&encoded);
        assert_eq!(format!("{plain:?}"), format!("{encoded:?}"));
    }
    if let Err(error) = plain {
        assert!(!error.to_string().is_empty(), "a refusal says why");
    }
}

/// Each line of requests is answered by one line of JSON; what is no JSON object is a bad line.
pub fn simulate(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    for line in text.lines() {
        let answer = answer(line);
        let said = serde_json::to_value(&answer).expect("an answer is JSON");
        let is_object = serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object());
        assert!(answer.is_bad() || is_object, "{said}");
        assert_eq!(answer.is_bad(), said.get("error").is_some(), "{said}");
    }
}

/// What parts the documents of `explain`'s input: the role's policy, its boundary, the policy of
/// the repository team/app. The last two may be absent or empty.
const PART: char = '%';

/// Every action is answered, and what a witness asks for is allowed.
pub fn explain(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, PART).map(str::trim);
    let identity = parts.next().unwrap_or_default();
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let (boundary, repository) = (part(), part());

    let policy = |name: &str, document: &str| RolePolicy {
        policy: PolicyName::managed(&format!("arn:aws:iam::{ACCOUNT}:policy/{name}")),
        version: Some("v1".to_owned()),
        document: Some(document.to_owned()),
    };
    let role = RolePolicies {
        role_arn: RoleArn::parse(ROLE).expect("it is an ARN of a role"),
        role_id: "AROAEXAMPLE".to_owned(),
        created: None,
        tags: [("team".to_owned(), "payments".to_owned())].into(),
        identity: vec![policy("own", identity)],
        boundary: boundary.map(|document| policy("boundary", document)),
    };
    let registry: Vec<RegistryDocument> = repository
        .map(|document| RegistryDocument {
            region: REGION.to_owned(),
            repository_name: Some("team/app".to_owned()),
            document: document.to_owned(),
            covers_all_actions: Some(true),
            unfollowed: Vec::new(),
            read_at: Timestamp::UNIX_EPOCH,
        })
        .into_iter()
        .collect();
    let organization = OrganizationPolicies::default();
    let state = RoleState {
        role: &role,
        uses: &[],
        registry: &registry,
        unread: &[],
        organization: &organization,
        now: NOW,
    };
    let settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    match effective(&state, &settings) {
        Err(reason) => assert!(!reason.is_empty(), "a refusal says why"),
        Ok(permissions) => {
            for permission in &permissions.actions {
                let is_denied = permission.access == Access::Denied;
                assert!(is_denied || permission.witness.is_some(), "{permission:?}");
                if !is_denied && !permission.is_upper_bound {
                    put_back(permission, identity, boundary, repository);
                }
            }
        }
    }
}

/// Puts a witness back as a request. The account that its resource is of admits the role.
fn put_back(
    permission: &ActionPermission,
    identity: &str,
    boundary: Option<&str>,
    repository: Option<&str>,
) {
    let Some(witness) = &permission.witness else { return };
    let part = |number| witness.resource.split(':').nth(number).filter(|part| !part.is_empty());
    let mut context = json!({
        "aws:PrincipalArn": ROLE,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalTag/team": "payments",
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
        "aws:CurrentTime": NOW.to_string(),
        "aws:EpochTime": NOW.as_second().to_string(),
        "aws:TokenIssueTime": NOW.to_string(),
        "aws:RequestedRegion": part(3).unwrap_or("us-east-1"),
        "aws:ResourceAccount": part(4).unwrap_or(ACCOUNT),
    });
    for (key, value) in &witness.context {
        let Some(context) = context.as_object_mut() else { return };
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
        "identity": [identity],
        "boundary": boundary,
    });
    if witness.resource == REPOSITORY {
        request["resourcePolicy"] = json!(repository);
    } else if witness.resource != "*" && !witness.resource.contains(ACCOUNT) {
        request["resourcePolicy"] = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": permission.action,
            }],
        });
    }
    let answer = serde_json::to_value(answer(&request.to_string())).expect("an answer is JSON");
    let is_open = answer.get("open").is_some();
    assert!(answer["decision"] == "Allowed" || is_open, "{permission:?}: {answer}");
}
