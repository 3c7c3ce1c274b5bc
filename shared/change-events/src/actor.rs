//! Who made a change, as a person would name them.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use ecr_audit::change::Actor;
use serde_json::Value;

use crate::record::text;

/// Programs by a mark in their user agent, the more telling ones first: Terraform's provider also
/// names the SDK it is built with.
const TOOLS: [(&str, &str); 18] = [
    ("cloudformation.amazonaws.com", "CloudFormation"),
    ("terraform", "Terraform"),
    ("opentofu", "OpenTofu"),
    ("pulumi", "Pulumi"),
    ("crossplane", "Crossplane"),
    ("eksctl", "eksctl"),
    ("karpenter", "Karpenter"),
    ("aws-cdk", "AWS CDK"),
    ("ansible", "Ansible"),
    ("console.amazonaws.com", "the console"),
    ("signin.amazonaws.com", "the console"),
    ("console.aws", "the console"),
    ("aws internal", "AWS"),
    ("aws-cli", "AWS CLI"),
    ("boto3", "boto3"),
    ("aws-sdk-go", "an AWS SDK for Go program"),
    ("aws-sdk-rust", "an AWS SDK for Rust program"),
    ("aws-sdk-", "an AWS SDK program"),
];

/// Reads `userIdentity`, `userAgent` and `sourceIPAddress`.
pub fn actor(detail: &Value) -> Actor {
    let identity = &detail["userIdentity"];
    let arn = text(&identity["arn"]).map(str::to_owned);
    let user_agent = text(&detail["userAgent"]).map(str::to_owned);
    let principal = arn
        .as_deref()
        .and_then(|arn| arn.splitn(6, ':').nth(5))
        .or_else(|| text(&identity["invokedBy"]))
        .or_else(|| text(&identity["userName"]))
        .or_else(|| text(&identity["principalId"]))
        .or_else(|| text(&identity["type"]))
        .unwrap_or("unknown")
        .to_owned();
    let tool = user_agent.as_deref().and_then(tool);
    Actor {
        principal,
        arn,
        source: text(&detail["sourceIPAddress"]).map(str::to_owned),
        tool: tool.map(str::to_owned),
        user_agent,
    }
}

fn tool(user_agent: &str) -> Option<&'static str> {
    let lower = user_agent.to_ascii_lowercase();
    TOOLS.iter().find(|(mark, _)| lower.contains(mark)).map(|(_, tool)| *tool)
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
            (json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada"}), "user/ada"),
            (json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}), "root"),
            (json!({"type": "AWSService", "invokedBy": "eks.amazonaws.com"}), "eks.amazonaws.com"),
            (json!(null), "unknown"),
        ] {
            assert_eq!(actor(&json!({ "userIdentity": identity })).principal, principal);
        }
    }

    #[test]
    fn a_tool_is_told_by_its_user_agent() {
        for (user_agent, told) in [
            (
                "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.76.0 aws-sdk-go-v2/1.32.4",
                Some("Terraform"),
            ),
            ("cloudformation.amazonaws.com", Some("CloudFormation")),
            ("aws-cli/2.22.0 md/awscrt#0.23.0", Some("AWS CLI")),
            ("curl/8.5.0", None),
        ] {
            assert_eq!(tool(user_agent), told);
        }
    }
}
