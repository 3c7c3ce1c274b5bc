//! `userIdentity` -> who made a change, as a person would name them.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use ecr_audit::change::Actor;
use serde_json::Value;

use crate::record::text;
use crate::tool::tool;

/// Reads `userIdentity`, `userAgent` and `sourceIPAddress`.
pub fn actor(detail: &Value) -> Actor {
    let identity = &detail["userIdentity"];
    Actor {
        principal: principal(identity).unwrap_or_else(|| "unknown".to_owned()),
        arn: text(&identity["arn"]).map(str::to_owned),
        source: text(&detail["sourceIPAddress"]).map(str::to_owned),
        tool: tool(detail),
        user_agent: text(&detail["userAgent"]).map(str::to_owned),
    }
}

/// The most telling name that the identity has. Not every kind has an ARN: an AWS service, a
/// caller of another account, a web identity and a person of IAM Identity Center have none.
fn principal(identity: &Value) -> Option<String> {
    let resource = text(&identity["arn"])
        .and_then(|arn| arn.splitn(6, ':').nth(5))
        .filter(|resource| !resource.is_empty());
    let name = resource
        .or_else(|| text(&identity["invokedBy"]))
        .or_else(|| text(&identity["userName"]))
        .or_else(|| text(&identity["principalId"]));
    if let Some(name) = name {
        return Some(name.to_owned());
    }
    if let Some(user_id) = text(&identity["onBehalfOf"]["userId"]) {
        return Some(format!("IAM Identity Center user {user_id}"));
    }
    if let Some(account) = text(&identity["accountId"]) {
        return Some(format!("account {account}"));
    }
    text(&identity["type"]).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_actor_is_named_as_a_person_would() {
        for (identity, principal) in [
            (
                json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deployer/pipeline"}),
                "assumed-role/Deployer/pipeline",
            ),
            (
                json!({"type": "AssumedRole", "arn": "arn:aws-cn:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada@example.com"}),
                "assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada@example.com",
            ),
            (json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada"}), "user/ada"),
            (
                json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/ada"}),
                "federated-user/ada",
            ),
            (json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}), "root"),
            (json!({"type": "AWSService", "invokedBy": "eks.amazonaws.com"}), "eks.amazonaws.com"),
            (
                json!({"type": "WebIdentityUser", "userName": "repo:example/app", "principalId": "x"}),
                "repo:example/app",
            ),
            (
                json!({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": {"userId": "544894e8-80c1-707f-60e3-3ba6510dfac1"}}),
                "IAM Identity Center user 544894e8-80c1-707f-60e3-3ba6510dfac1",
            ),
            (json!({"type": "AWSAccount", "accountId": "444455556666"}), "account 444455556666"),
            (json!({"type": "Unknown", "arn": "arn:aws:iam::111122223333:"}), "Unknown"),
            (json!({"type": 5, "arn": ["x"]}), "unknown"),
            (json!(null), "unknown"),
        ] {
            assert_eq!(actor(&json!({ "userIdentity": identity })).principal, principal);
        }
    }
}
