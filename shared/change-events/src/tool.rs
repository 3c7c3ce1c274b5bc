//! User agent -> the program that made the call, as a person would name it. What grows is a row.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use serde_json::Value;

use crate::record::text;

/// Programs by a mark in their user agent, in lower case. The more telling ones come first:
/// Pulumi's and Crossplane's providers also name Terraform's, Terraform's also names the SDK it is
/// built with, and the AWS CLI names its Python library.
const TOOLS: &[(&str, &str)] = &[
    ("cloudformation.amazonaws.com", "CloudFormation"),
    ("aws-cdk", "AWS CDK"),
    ("pulumi", "Pulumi"),
    ("crossplane", "Crossplane"),
    ("upbound", "Crossplane"),
    ("opentofu", "OpenTofu"),
    ("terragrunt", "Terragrunt"),
    ("terraform", "Terraform"),
    ("eksctl", "eksctl"),
    ("karpenter", "Karpenter"),
    ("aws-controllers-k8s", "AWS Controllers for Kubernetes"),
    ("cluster-api-provider-aws", "Cluster API"),
    ("ansible", "Ansible"),
    ("cloudcustodian", "Cloud Custodian"),
    ("cloud-custodian", "Cloud Custodian"),
    ("console.amazonaws.com", "the console"),
    ("signin.amazonaws.com", "the console"),
    ("console.aws", "the console"),
    ("aws-cli", "AWS CLI"),
    ("awspowershell", "AWS Tools for PowerShell"),
    ("boto3", "boto3"),
    ("botocore", "botocore"),
    ("aws-sdk-go", "an AWS SDK for Go program"),
    ("aws-sdk-java", "an AWS SDK for Java program"),
    ("aws-sdk-kotlin", "an AWS SDK for Kotlin program"),
    ("aws-sdk-js", "an AWS SDK for JavaScript program"),
    ("aws-sdk-nodejs", "an AWS SDK for JavaScript program"),
    ("aws-sdk-ruby", "an AWS SDK for Ruby program"),
    ("aws-sdk-php", "an AWS SDK for PHP program"),
    ("aws-sdk-net", "an AWS SDK for .NET program"),
    ("aws-sdk-dotnet", "an AWS SDK for .NET program"),
    ("aws-sdk-rust", "an AWS SDK for Rust program"),
    ("aws-sdk-", "an AWS SDK program"),
];

/// Names the program of a record, if its user agent tells.
pub fn tool(detail: &Value) -> Option<String> {
    let user_agent = text(&detail["userAgent"]).map(str::to_ascii_lowercase);
    let user_agent = user_agent.as_deref().unwrap_or_default();
    if let Some((_, tool)) = TOOLS.iter().find(|(mark, _)| user_agent.contains(mark)) {
        return Some((*tool).to_owned());
    }
    // The console calls through a browser, or as `AWS Internal`; this field alone tells it apart.
    if text(&detail["sessionCredentialFromConsole"]) == Some("true") {
        return Some("the console".to_owned());
    }
    let is_service = user_agent.ends_with(".amazonaws.com") && !user_agent.contains(' ');
    if is_service {
        return Some(user_agent.to_owned());
    }
    (user_agent == "aws internal").then(|| "AWS".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_is_told_by_its_user_agent() {
        for (user_agent, told) in [
            (
                "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.76.0 aws-sdk-go-v2/1.32.4",
                Some("Terraform"),
            ),
            (
                "APN/1.0 Pulumi/1.0 PulumiAWS/6.60.0 terraform-provider-aws/5.76.0 aws-sdk-go-v2/1.32.4",
                Some("Pulumi"),
            ),
            ("cloudformation.amazonaws.com", Some("CloudFormation")),
            ("aws-sdk-js/3.632.0 ua/2.0 app/aws-cdk/2.170.0", Some("AWS CDK")),
            ("eksctl/0.194.0 aws-sdk-go-v2/1.32.4", Some("eksctl")),
            ("aws-sdk-go-v2/1.32.4 karpenter.sh-1.1.0", Some("Karpenter")),
            ("crossplane-provider-aws/v0.50.0 aws-sdk-go-v2/1.32.4", Some("Crossplane")),
            ("[aws-cli/1.34.0 Python/3.12.1 botocore/1.35.0]", Some("AWS CLI")),
            ("aws-cli/2.22.0 md/awscrt#0.23.0", Some("AWS CLI")),
            ("Boto3/1.35.0 md/Botocore#1.35.0", Some("boto3")),
            ("aws-sdk-go-v2/1.32.4 os/linux", Some("an AWS SDK for Go program")),
            ("console.amazonaws.com", Some("the console")),
            ("eks-nodegroup.amazonaws.com", Some("eks-nodegroup.amazonaws.com")),
            ("AWS Internal", Some("AWS")),
            ("curl/8.5.0", None),
            ("", None),
        ] {
            let detail = json!({ "userAgent": user_agent });
            assert_eq!(tool(&detail).as_deref(), told, "{user_agent}");
        }
    }

    #[test]
    fn a_session_of_the_console_is_told_without_its_user_agent() {
        for user_agent in ["AWS Internal", "Mozilla/5.0 (X11; Linux x86_64)"] {
            let detail = json!({ "userAgent": user_agent, "sessionCredentialFromConsole": "true" });
            assert_eq!(tool(&detail).as_deref(), Some("the console"));
        }
    }
}
