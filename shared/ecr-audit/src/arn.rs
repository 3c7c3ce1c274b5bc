//! The two names a role goes by: its ARN, which IAM gives, and the name that CloudTrail gives.
//! An ARN is never built from a name, because a role's path stands only in its ARN.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The ARN of an IAM role: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn(String);

/// What is wrong with a text that should be a role's ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the ARN of an IAM role; expected arn:PARTITION:iam::ACCOUNT:role/NAME")]
pub struct NotARoleArn(String);

impl RoleArn {
    /// Reads the ARN of a role.
    pub fn parse(text: &str) -> Result<Self, NotARoleArn> {
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let valid = matches!(
            fields[..],
            ["arn", partition, "iam", "", account, resource]
                if !partition.is_empty()
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && resource.strip_prefix("role/").is_some_and(|name| {
                        !name.is_empty() && !name.ends_with('/') && !name.contains(char::is_whitespace)
                    })
        );
        if valid { Ok(Self(text.to_owned())) } else { Err(NotARoleArn(text.to_owned())) }
    }

    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        self.field(1)
    }

    /// The account's twelve digits.
    pub fn account(&self) -> &str {
        self.field(4)
    }

    /// The role's path, with its slashes: `/` or `/eks/`.
    pub fn path(&self) -> &str {
        let resource = &self.field(5)["role".len()..];
        &resource[..=resource.rfind('/').unwrap_or(0)]
    }

    /// The role's name, without its path.
    pub fn role_name(&self) -> RoleName {
        let resource = self.field(5);
        RoleName::new(&resource[resource.rfind('/').map_or(0, |slash| slash + 1)..])
    }

    fn field(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for RoleArn {
    type Error = NotARoleArn;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<RoleArn> for String {
    fn from(arn: RoleArn) -> Self {
        arn.0
    }
}

/// A role's name as somebody wrote it. IAM keeps names unique without regard to case, so two
/// names that differ only in case are equal here.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleName(String);

impl RoleName {
    /// Takes a name as it stands.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name by which the ledger knows the role.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for RoleName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for RoleName {}

impl PartialOrd for RoleName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RoleName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_gives_its_parts() {
        let arn = RoleArn::parse("arn:aws-cn:iam::111122223333:role/eks/prod/workers").unwrap();
        assert_eq!(arn.partition(), "aws-cn");
        assert_eq!(arn.account(), "111122223333");
        assert_eq!(arn.path(), "/eks/prod/");
        assert_eq!(arn.role_name().as_str(), "workers");
        assert_eq!(RoleArn::parse("arn:aws:iam::111122223333:role/workers").unwrap().path(), "/");
    }

    #[test]
    fn what_is_no_role_is_refused() {
        for text in [
            "",
            "workers",
            "arn:aws:iam::111122223333:user/workers",
            "arn:aws:iam::1111:role/workers",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/eks/",
            "arn:aws:iam:us-east-1:111122223333:role/workers",
            "arn:aws:sts::111122223333:assumed-role/workers/i-0abc",
        ] {
            assert!(RoleArn::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_equal_without_regard_to_case() {
        assert_eq!(RoleName::new("Workers"), RoleName::new("workers"));
        assert_eq!(RoleName::new("Workers").key(), "workers");
    }
}
