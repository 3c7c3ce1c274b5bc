//! What a port answers when it cannot answer. Retry or give up is part of the type.

/// Why a port could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// It may answer later: throttled, timed out, a server error, a conflict. The caller lets its
    /// message come again; it is never an assessment.
    #[error("{call} did not answer: {reason}")]
    Transient {
        /// The call, such as `iam:GetRole`.
        call: String,
        /// What was said.
        reason: String,
    },
    /// It will answer the same until somebody changes something: a denied call, an answer that
    /// cannot be read. The caller records NOT_AVAILABLE with this reason.
    #[error("{call} cannot be answered: {reason}")]
    Lasting {
        /// The call, such as `iam:GetRolePolicy`.
        call: String,
        /// What was said.
        reason: String,
    },
    /// The service is not switched on: Security Hub not enabled in this account and region.
    #[error("{call} is not enabled: {reason}")]
    NotEnabled {
        /// The call, such as `securityhub:BatchImportFindings`.
        call: String,
        /// What was said.
        reason: String,
    },
}

impl PortError {
    /// A failure that may pass.
    pub fn transient(call: &str, reason: impl std::fmt::Display) -> Self {
        Self::Transient { call: call.to_owned(), reason: reason.to_string() }
    }

    /// A failure that stays until somebody changes something.
    pub fn lasting(call: &str, reason: impl std::fmt::Display) -> Self {
        Self::Lasting { call: call.to_owned(), reason: reason.to_string() }
    }

    /// Whether it may pass by itself.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}
