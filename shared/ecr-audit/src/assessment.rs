//! Both checks answered for one role, with evidence. `assess` makes it; everything after it
//! reads it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;
use crate::certainty::Certainty;
use crate::missing_action::MissingAction;
use crate::permissions::{Access, PolicyStatement, Scope, Witness};
use crate::role_policies::PolicyName;
use crate::standard::{Check, Severity, Standard, Status};

/// Both checks answered for one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The role, as far as IAM told of it.
    pub role: RoleFacts,
    /// The standard that was asked for.
    pub standard: Standard,
    /// The answers.
    pub checks: BTreeMap<Check, CheckResult>,
    /// Whether policies of registries are not known. An answer that is missing for that reason is
    /// missing for many roles; the operators hear of it from the sweep, once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lacks_registries: bool,
}

/// What a finding tells of the role itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleFacts {
    /// The role's ARN.
    pub arn: RoleArn,
    /// The unique id.
    pub role_id: String,
    /// The role's tags.
    pub tags: BTreeMap<String, String>,
    /// Every policy of the role with its version: managed, then inline.
    pub policies: Vec<(PolicyName, Option<String>)>,
    /// The boundary's ARN.
    pub boundary: Option<PolicyName>,
}

/// One check's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The answer.
    pub status: Status,
    /// How bad it is.
    pub severity: Severity,
    /// What makes two answers the same.
    pub fingerprint: Fingerprint,
    /// `read-only`: what is beyond the standard, worst first. `can-pull`: empty.
    pub excess: Vec<Excess>,
    /// `can-pull`: the actions that the role lacks, each with why. `read-only`: empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingAction>,
    /// The status under each standard.
    pub standards: BTreeMap<Standard, Status>,
    /// Why, in one sentence each: what is missing, what an answer hangs on, why there is none.
    pub reasons: Vec<String>,
    /// Worth knowing, but no reason: what lies between this standard and C-0223, bounds, what a
    /// policy says wrongly.
    pub notes: Vec<String>,
}

/// An action beyond the standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excess {
    /// `ecr:PutImage`, or `ecr:<unknown write>`.
    pub action: String,
    /// Allowed or conditional.
    pub access: Access,
    /// Everywhere or on named repositories.
    pub scope: Scope,
    /// Whether `access` is an upper bound: the truth may be less, or nothing. Why, a reason of
    /// the answer says. It is no part of the fingerprint: what may be is judged as what is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_upper_bound: bool,
    /// Of an upper bound, what is granted for certain: less than `access`. None where perhaps
    /// nothing is; then the witness may be permitted, or may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Access>,
    /// How bad this one is.
    pub severity: Severity,
    /// A request that is permitted.
    pub witness: Option<Witness>,
    /// What grants it.
    pub statements: Vec<PolicyStatement>,
}

impl Excess {
    /// How far `access` can be relied on.
    pub const fn certainty(&self) -> Certainty {
        Certainty::of(self.is_upper_bound, self.at_least)
    }
}

/// Check, standard, and the set of (action, allowed or conditional, everywhere or named).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The check.
    pub check: Check,
    /// The standard.
    pub standard: Standard,
    /// What is wrong. For `can-pull`, what is missing.
    pub elements: BTreeSet<FingerprintElement>,
}

/// One element of a fingerprint. The order is that of strength: conditional before allowed,
/// named before everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FingerprintElement {
    /// The action.
    pub action: String,
    /// Allowed or conditional.
    pub access: Access,
    /// Everywhere or on named repositories.
    pub scope: Scope,
}

impl Fingerprint {
    /// Whether something is here that was not there before, or is stronger than it was.
    pub fn is_worse_than(&self, before: &Self) -> bool {
        !self.beyond(before).is_empty()
    }

    /// The actions that were not there before, or are stronger than they were.
    pub fn beyond(&self, before: &Self) -> Vec<&str> {
        let beyond = self.elements.iter().filter(|element| !before.holds(element));
        beyond.map(|element| element.action.as_str()).collect()
    }

    /// What of it was there before, at least as strong as now.
    #[must_use]
    pub fn within(&self, before: &Self) -> Self {
        let mut within = self.clone();
        within.elements.retain(|element| before.holds(element));
        within
    }

    /// Whether an element is here, or a stronger one of its action.
    fn holds(&self, element: &FingerprintElement) -> bool {
        self.elements.iter().any(|held| {
            held.action == element.action
                && held.access >= element.access
                && held.scope >= element.scope
        })
    }

    /// Twelve hexadecimal digits that stand for the whole.
    pub fn short(&self) -> String {
        use std::fmt::Write;

        use sha2::{Digest, Sha256};
        let mut text = format!("{} {}", self.check, self.standard);
        for FingerprintElement { action, access, scope } in &self.elements {
            let _ = write!(text, "\n{action} {access:?} {scope:?}");
        }
        hex::encode(&Sha256::digest(text)[..6])
    }
}

impl RoleFacts {
    /// What is known of a role that IAM did not tell of.
    pub fn unread(arn: &RoleArn, role_id: Option<String>) -> Self {
        Self {
            arn: arn.clone(),
            role_id: role_id.unwrap_or_default(),
            tags: BTreeMap::new(),
            policies: Vec::new(),
            boundary: None,
        }
    }
}

impl CheckResult {
    /// Whether another answer of the same check comes to the same: the status, and what it is about.
    pub fn is_same_verdict(&self, other: &Self) -> bool {
        self.status == other.status && self.fingerprint == other.fingerprint
    }

    /// No answer, for a lasting reason.
    pub fn not_available(check: Check, standard: Standard, reason: &str) -> Self {
        Self {
            status: Status::NotAvailable,
            severity: Severity::Informational,
            fingerprint: Fingerprint { check, standard, elements: BTreeSet::new() },
            excess: Vec::new(),
            missing: Vec::new(),
            standards: Standard::ALL.map(|standard| (standard, Status::NotAvailable)).into(),
            reasons: vec![reason.to_owned()],
            notes: Vec::new(),
        }
    }
}
