//! The words a verdict is made of: checks, standards, statuses, severities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One question about a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// May the role do no more than the standard permits?
    ReadOnly,
    /// May the role do no less than pulling needs?
    CanPull,
}

/// How much is too much.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Standard {
    /// Every Read and List action, and what AWS's own pull-only policy holds.
    #[default]
    #[serde(rename = "read-only")]
    ReadOnly,
    /// What pulling needs, with a pull-through cache.
    #[serde(rename = "pull-only")]
    PullOnly,
    /// Exactly the four actions of the control's text.
    #[serde(rename = "c-0223")]
    C0223,
}

/// A check's answer, in Security Hub's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The check holds.
    Passed,
    /// It may fail, by something that cannot be known, or it is excepted.
    Warning,
    /// It does not hold.
    Failed,
    /// It could not be answered, for a lasting reason.
    NotAvailable,
}

/// How bad it is, in Security Hub's words, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// Nothing to do.
    Informational,
    /// Reads beyond the standard, or a pull that hangs on a condition.
    Low,
    /// Writes that do not change what an image is.
    Medium,
    /// Images can be replaced or removed.
    High,
    /// Rights can be given away.
    Critical,
}

impl Check {
    /// Both checks, in the order in which they are told.
    pub const ALL: [Self; 2] = [Self::ReadOnly, Self::CanPull];

    /// `read-only` or `can-pull`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::CanPull => "can-pull",
        }
    }
}

impl Standard {
    /// Every standard, the most lenient first.
    pub const ALL: [Self; 3] = [Self::ReadOnly, Self::PullOnly, Self::C0223];

    /// `read-only`, `pull-only` or `c-0223`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::PullOnly => "pull-only",
            Self::C0223 => "c-0223",
        }
    }
}

impl Status {
    /// As Security Hub spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Warning => "WARNING",
            Self::Failed => "FAILED",
            Self::NotAvailable => "NOT_AVAILABLE",
        }
    }
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 5] =
        [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// As Security Hub spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// One step less, never below LOW.
    #[must_use]
    pub const fn one_lower(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
            Self::Informational => Self::Informational,
        }
    }
}

/// A word that is no standard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a standard; choose read-only, pull-only or c-0223")]
pub struct UnknownStandard(String);

impl FromStr for Standard {
    type Err = UnknownStandard;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|standard| standard.as_str() == text)
            .ok_or_else(|| UnknownStandard(text.to_owned()))
    }
}

/// A word that is no severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a severity; choose INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL")]
pub struct UnknownSeverity(String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| UnknownSeverity(text.to_owned()))
    }
}

macro_rules! displayed_as_str {
    ($($word:ty),*) => {$(
        impl fmt::Display for $word {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.as_str())
            }
        }
    )*};
}

displayed_as_str!(Check, Standard, Status, Severity);
