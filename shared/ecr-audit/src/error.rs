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

/// Error codes that say nothing of what was asked for: throttling, faults of the service, other
/// writers, and credentials that have run out.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const PASSING_CODES: &[&str] = &[
    "BandwidthLimitExceeded",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "EC2ThrottledException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "KMSThrottling",
    "KMSThrottlingException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl PortError {
    /// A failure that may pass.
    pub fn transient(call: &str, reason: impl std::fmt::Display) -> Self {
        Self::Transient { call: call.to_owned(), reason: reason.to_string() }
    }

    /// A failure that stays until somebody changes something.
    pub fn lasting(call: &str, reason: impl std::fmt::Display) -> Self {
        Self::Lasting { call: call.to_owned(), reason: reason.to_string() }
    }

    /// What a service answered in place of what was asked for: the HTTP status, its error code
    /// and its words. Whether it may pass by itself is told by the code, as AWS's SDKs do.
    pub fn answered(call: &str, status: u16, code: &str, message: &str) -> Self {
        let reason =
            if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") };
        let may_pass = status == 429 || status >= 500 || PASSING_CODES.contains(&code);
        if may_pass { Self::transient(call, reason) } else { Self::lasting(call, reason) }
    }

    /// Whether it may pass by itself.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}
