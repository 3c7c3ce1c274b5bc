//! One step of a remedy: the command of the AWS CLI that takes it, and what whoever keeps the role
//! in Terraform or CloudFormation does in its place.

use crate::remedy::quoted;

/// One call that changes a role's policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A managed policy is attached.
    Attach {
        /// The policy.
        policy_arn: String,
    },
    /// A managed policy is detached.
    Detach {
        /// The policy.
        policy_arn: String,
    },
    /// A new inline policy is put.
    GiveInline {
        /// Its name.
        name: String,
        /// Its document.
        document: String,
    },
    /// An inline policy gets another document.
    PutInline {
        /// Its name.
        name: String,
        /// The new document.
        document: String,
    },
    /// An inline policy is deleted.
    DeleteInline {
        /// Its name.
        name: String,
    },
    /// A customer-managed policy gets another document.
    NewVersion {
        /// The policy.
        policy_arn: String,
        /// The new document.
        document: String,
    },
}

impl Step {
    /// Whether it only gives.
    pub const fn is_giving(&self) -> bool {
        matches!(self, Self::Attach { .. } | Self::GiveInline { .. })
    }

    /// The command, on one line.
    pub fn command(&self, role_name: &str) -> String {
        let role = format!("--role-name {}", quoted(role_name));
        match self {
            Self::Attach { policy_arn } => {
                format!("aws iam attach-role-policy {role} --policy-arn {}", quoted(policy_arn))
            }
            Self::Detach { policy_arn } => {
                format!("aws iam detach-role-policy {role} --policy-arn {}", quoted(policy_arn))
            }
            Self::GiveInline { name, document } | Self::PutInline { name, document } => format!(
                "aws iam put-role-policy {role} --policy-name {} --policy-document {}",
                quoted(name),
                quoted(document)
            ),
            Self::DeleteInline { name } => {
                format!("aws iam delete-role-policy {role} --policy-name {}", quoted(name))
            }
            Self::NewVersion { policy_arn, document } => format!(
                "aws iam create-policy-version --policy-arn {} --set-as-default --policy-document {}",
                quoted(policy_arn),
                quoted(document)
            ),
        }
    }

    /// The same in Terraform, and in CloudFormation.
    fn in_templates(&self) -> [String; 2] {
        let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
        match self {
            Self::Attach { policy_arn } => {
                let name = last(policy_arn);
                [
                    format!("add an aws_iam_role_policy_attachment of {name}"),
                    format!("add {name} to ManagedPolicyArns of the role"),
                ]
            }
            Self::Detach { policy_arn } => {
                let name = last(policy_arn);
                [
                    format!("take out the aws_iam_role_policy_attachment of {name}"),
                    format!("take {name} out of ManagedPolicyArns of the role"),
                ]
            }
            Self::GiveInline { name, .. } => [
                format!("add an aws_iam_role_policy {name} with that document"),
                format!("add {name} with that document to Policies of the role"),
            ],
            Self::PutInline { name, .. } => [
                format!("give the aws_iam_role_policy {name} that document"),
                format!("give {name} in Policies of the role that document"),
            ],
            Self::DeleteInline { name } => [
                format!("take out the aws_iam_role_policy {name}"),
                format!("take {name} out of Policies of the role"),
            ],
            Self::NewVersion { policy_arn, .. } => {
                let name = last(policy_arn);
                [
                    format!("give the aws_iam_policy {name} that document"),
                    format!("give the AWS::IAM::ManagedPolicy {name} that document"),
                ]
            }
        }
    }
}

/// How the same is done where a template keeps the role, in a sentence.
pub fn in_templates(steps: &[Step]) -> String {
    // A note that is longer than the commands helps nobody.
    const MOST: usize = 3;
    if steps.len() > MOST {
        return "If Terraform or CloudFormation keeps the role, make the same changes there, or \
                the next deployment undoes them."
            .to_owned();
    }
    let [terraform, cloudformation] = [0, 1].map(|which| {
        let steps: Vec<String> =
            steps.iter().map(|step| step.in_templates()[which].clone()).collect();
        steps.join(", and ")
    });
    format!(
        "If Terraform keeps the role, {terraform}; if CloudFormation does, {cloudformation}. Else \
         the next deployment undoes it."
    )
}

/// What else a new version of a policy touches, and what may be in its way.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
pub fn shared_policies(steps: &[Step]) -> Vec<String> {
    let changed = steps.iter().filter_map(|step| match step {
        Step::NewVersion { policy_arn, .. } => Some(policy_arn),
        _ => None,
    });
    changed
        .map(|policy_arn| {
            format!(
                "Whatever else has the policy loses the same rights: see aws iam \
                 list-entities-for-policy --policy-arn {}. IAM keeps five versions; one of five \
                 has to be deleted first.",
                quoted(policy_arn)
            )
        })
        .collect()
}
