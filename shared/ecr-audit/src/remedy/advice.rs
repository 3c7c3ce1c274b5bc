//! What else to know of a remedy's steps: the same in templates, what else they touch, what may be
//! in their way.

use super::shell::quoted;
use super::step::Step;

/// All that is to be said of the steps, in one sentence each.
pub fn advice(steps: &[Step]) -> Vec<String> {
    let mut advice: Vec<String> = steps.iter().filter_map(beside_the_role).collect();
    advice.push(in_templates(steps));
    advice
}

/// What else a step touches than the role, and what may be in its way.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
fn beside_the_role(step: &Step) -> Option<String> {
    match step {
        Step::NewVersion { policy_arn, .. } => Some(format!(
            "Whatever else has the policy loses the same rights: see aws iam \
             list-entities-for-policy --policy-arn {}. IAM keeps five versions; one of five has to \
             be deleted first.",
            quoted(policy_arn)
        )),
        Step::SetRepositoryPolicy { region, repository_name, .. }
        | Step::DeleteRepositoryPolicy { region, repository_name } => Some(format!(
            "In the policy of the repository {repository_name}, whatever names others stays as it \
             was read last. See that nobody has changed it since: aws ecr get-repository-policy \
             --region {} --repository-name {}.",
            quoted(region),
            quoted(repository_name)
        )),
        _ => None,
    }
}

/// How the same is done where a template keeps the role, in a sentence.
fn in_templates(steps: &[Step]) -> String {
    // A note that is longer than the commands helps nobody.
    const MOST: usize = 3;
    if steps.len() > MOST {
        return "If Terraform or CloudFormation keeps the role, make the same changes there, or \
                the next deployment undoes them."
            .to_owned();
    }
    let [terraform, cloudformation] = [0, 1].map(|which| {
        let steps: Vec<String> =
            steps.iter().map(|step| in_template(step)[which].clone()).collect();
        steps.join(", and ")
    });
    format!(
        "If Terraform keeps the role, {terraform}; if CloudFormation does, {cloudformation}. Else \
         the next deployment undoes it."
    )
}

/// One step in Terraform, and in CloudFormation.
fn in_template(step: &Step) -> [String; 2] {
    let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    match step {
        Step::Attach { policy_arn, .. } => {
            let name = last(policy_arn);
            [
                format!("add an aws_iam_role_policy_attachment of {name}"),
                format!("add {name} to ManagedPolicyArns of the role"),
            ]
        }
        Step::Detach { policy_arn } => {
            let name = last(policy_arn);
            [
                format!("take out the aws_iam_role_policy_attachment of {name}"),
                format!("take {name} out of ManagedPolicyArns of the role"),
            ]
        }
        Step::GiveInline { name, .. } => [
            format!("add an aws_iam_role_policy {name} with that document"),
            format!("add {name} with that document to Policies of the role"),
        ],
        Step::PutInline { name, .. } => [
            format!("give the aws_iam_role_policy {name} that document"),
            format!("give {name} in Policies of the role that document"),
        ],
        Step::DeleteInline { name } => [
            format!("take out the aws_iam_role_policy {name}"),
            format!("take {name} out of Policies of the role"),
        ],
        Step::NewVersion { policy_arn, .. } => {
            let name = last(policy_arn);
            [
                format!("give the aws_iam_policy {name} that document"),
                format!("give the AWS::IAM::ManagedPolicy {name} that document"),
            ]
        }
        Step::SetRepositoryPolicy { repository_name, .. } => [
            format!("give the aws_ecr_repository_policy of {repository_name} that document"),
            format!("give RepositoryPolicyText of {repository_name} that document"),
        ],
        Step::DeleteRepositoryPolicy { repository_name, .. } => [
            format!("take out the aws_ecr_repository_policy of {repository_name}"),
            format!("take RepositoryPolicyText out of {repository_name}"),
        ],
    }
}
