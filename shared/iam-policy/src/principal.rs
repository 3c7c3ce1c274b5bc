//! Who a request comes from, and whom a Principal element names.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::borrow::Cow;

/// A role, or a session of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The ARN the request carries: of the role, or of the session.
    pub arn: String,
    /// The role's ARN with its path, where the principal is a role session.
    pub role_arn: Option<String>,
    /// Whether `arn` is what the ARNs of all the role's sessions begin with: which of them asks is
    /// not known.
    is_any_session: bool,
}

/// One name of a Principal element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalPattern<'text> {
    /// `*`.
    Anyone,
    /// Twelve digits, or `arn:…:iam::ACCOUNT:root`: the account decides by its own policies.
    Account(Cow<'text, str>),
    /// A role, a user, or a session.
    Arn(Cow<'text, str>),
    /// An AWS service, a federated or canonical user: never a node.
    Other(Cow<'text, str>),
}

/// How a statement's principal names who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// Not at all.
    Not,
    /// By the account.
    Account,
    /// By the role.
    Role,
    /// By the session, or as anyone: not limited by an implicit deny of the boundary.
    Session,
}

impl Principal {
    /// A principal by the ARN it carries, with the role's ARN where it is a session's.
    pub fn new(arn: &str, role_arn: Option<&str>) -> Self {
        Self { arn: arn.to_owned(), role_arn: role_arn.map(str::to_owned), is_any_session: false }
    }

    /// Any session of a role, by the role's ARN. A session's ARN leaves out the role's path.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>
    pub fn any_session_of(role_arn: &str) -> Self {
        let mut parts = role_arn.splitn(6, ':');
        let partition = parts.nth(1).unwrap_or_default();
        let account = parts.nth(2).unwrap_or_default();
        let name = role_arn.rsplit('/').next().unwrap_or_default();
        Self {
            arn: format!("arn:{partition}:sts::{account}:assumed-role/{name}/"),
            role_arn: Some(role_arn.to_owned()),
            is_any_session: true,
        }
    }

    /// The account's twelve digits.
    pub fn account(&self) -> &str {
        account_of(&self.arn)
    }

    /// A session's ARN holds its role's name without the path; where the role's ARN is not known,
    /// account and name have to do.
    fn is_session_of(&self, role_arn: &str) -> bool {
        if let Some(known) = &self.role_arn {
            return known == role_arn;
        }
        let name = self.arn.split(":assumed-role/").nth(1).and_then(|rest| rest.split('/').next());
        let is_role = role_arn.split(':').nth(5).is_some_and(|rest| rest.starts_with("role/"));
        is_role
            && role_arn.split(':').nth(4) == Some(self.account())
            && name.is_some()
            && role_arn.rsplit('/').next() == name
    }

    fn is_session(&self) -> bool {
        self.arn.contains(":assumed-role/")
    }

    /// Whether an ARN is that of a session which may be the one that asks, or may be another.
    pub(crate) fn may_be(&self, session_arn: &str) -> bool {
        self.is_any_session
            && session_arn.len() > self.arn.len()
            && session_arn.starts_with(&self.arn)
    }
}

impl<'text> PrincipalPattern<'text> {
    /// Reads one name of one kind: `AWS`, `Service`, `Federated`, `CanonicalUser`.
    pub fn parse(kind: &str, name: impl Into<Cow<'text, str>>) -> Self {
        let name = name.into();
        if kind == "AWS" {
            let is_account = name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
            if name == "*" {
                return Self::Anyone;
            }
            if is_account {
                return Self::Account(name);
            }
            if let Some(rest) = name.strip_suffix(":root") {
                let account = rest.rsplit(':').next().unwrap_or_default();
                return Self::Account(Cow::Owned(account.to_owned()));
            }
            return Self::Arn(name);
        }
        if name == "*" && kind == "*" { Self::Anyone } else { Self::Other(name) }
    }

    /// Whether this name is the principal's whole account, or everyone.
    pub(crate) fn names_account_of(&self, principal: &Principal) -> bool {
        match self {
            Self::Anyone => true,
            Self::Account(account) => account == principal.account(),
            Self::Arn(_) | Self::Other(_) => false,
        }
    }

    /// Whether this name may be the principal's, or that of another session of its role.
    pub(crate) fn may_name(&self, principal: &Principal) -> bool {
        matches!(self, Self::Arn(arn) if principal.may_be(arn))
    }

    /// How this name names the principal, or may.
    pub fn names(&self, principal: &Principal) -> Named {
        match self {
            Self::Anyone => Named::Session,
            Self::Account(account) if account == principal.account() => Named::Account,
            Self::Arn(arn) if *arn == principal.arn => {
                if principal.is_session() {
                    Named::Session
                } else {
                    Named::Role
                }
            }
            Self::Arn(arn) if principal.is_session_of(arn) => Named::Role,
            Self::Arn(arn) if principal.may_be(arn) => Named::Session,
            Self::Account(_) | Self::Arn(_) | Self::Other(_) => Named::Not,
        }
    }
}

/// The fifth part of an ARN, empty where there is none.
pub(crate) fn account_of(arn: &str) -> &str {
    // By bytes, for every request asks it of two ARNs.
    let mut colons = arn.bytes().enumerate().filter(|(_, byte)| *byte == b':').map(|(at, _)| at);
    let Some(begin) = colons.nth(3) else {
        return "";
    };
    &arn[begin + 1..colons.next().unwrap_or(arn.len())]
}
