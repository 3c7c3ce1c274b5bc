//! One step of a remedy, and the command of the AWS CLI that takes it.

use super::shell::quoted;

/// One call that changes what a role may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A managed policy is attached.
    Attach {
        /// The policy.
        policy_arn: String,
        /// Its document.
        document: String,
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
    /// A repository's policy gets another document.
    SetRepositoryPolicy {
        /// Where the repository lies.
        region: String,
        /// The repository.
        repository_name: String,
        /// The new document.
        document: String,
    },
    /// A repository's policy is deleted.
    DeleteRepositoryPolicy {
        /// Where the repository lies.
        region: String,
        /// The repository.
        repository_name: String,
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
            Self::Attach { policy_arn, .. } => {
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
            Self::SetRepositoryPolicy { region, repository_name, document } => format!(
                "aws ecr set-repository-policy --region {} --repository-name {} --policy-text {}",
                quoted(region),
                quoted(repository_name),
                quoted(document)
            ),
            Self::DeleteRepositoryPolicy { region, repository_name } => format!(
                "aws ecr delete-repository-policy --region {} --repository-name {}",
                quoted(region),
                quoted(repository_name)
            ),
        }
    }
}
