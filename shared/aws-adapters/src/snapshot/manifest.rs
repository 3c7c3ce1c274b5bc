//! `snapshot.json`: of which account the snapshot is, when it was taken, and what became of each
//! listing.

use std::collections::BTreeMap;

use ecr_audit::error::PortError;
use jiff::Timestamp;
use serde::Serialize;

use super::Taking;

/// Error codes of a call that the caller may not make.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];

/// What `snapshot.json` holds.
#[derive(Debug, Serialize)]
pub struct Manifest {
    account: String,
    partition: String,
    regions: Vec<String>,
    time: Timestamp,
    version: String,
    listings: BTreeMap<String, Listing>,
}

/// What became of a listing: whether it reached its end, and why it did not.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "kebab-case")]
enum Listing {
    Complete,
    Denied(String),
    Failed(String),
}

impl Manifest {
    /// The manifest of a snapshot with these listings. One that is noted twice is as bad as the
    /// first of its failures.
    pub fn new(taking: &Taking<'_>, outcomes: Vec<(String, Result<(), PortError>)>) -> Self {
        let mut listings = BTreeMap::new();
        for (name, outcome) in outcomes {
            let listing = listings.entry(name).or_insert(Listing::Complete);
            if let (Listing::Complete, Err(error)) = (&listing, outcome) {
                *listing = Listing::of(&error);
            }
        }
        Self {
            account: taking.caller.account.clone(),
            partition: taking.caller.partition.clone(),
            regions: taking.regions.to_vec(),
            time: taking.time,
            version: taking.version.to_owned(),
            listings,
        }
    }
}

impl Listing {
    fn of(error: &PortError) -> Self {
        let (call, reason) = match error {
            PortError::Transient { call, reason }
            | PortError::Lasting { call, reason }
            | PortError::NotEnabled { call, reason } => (call, reason),
        };
        let code = reason.split(": ").next().unwrap_or(reason);
        let reason = format!("{call}: {reason}");
        if DENIED.contains(&code) { Self::Denied(reason) } else { Self::Failed(reason) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_call_is_told_from_a_failed_one() {
        let call = "eks:ListClusters";
        for (code, is_denied) in [
            ("AccessDenied", true),
            ("AccessDeniedException", true),
            ("UnauthorizedOperation", true),
            ("ThrottlingException", false),
            ("ExpiredToken", false),
            ("dispatch failure", false),
        ] {
            let listing = Listing::of(&PortError::answered(call, 403, code, "It says why."));
            let reason = format!("eks:ListClusters: {code}: It says why.");
            let expected =
                if is_denied { Listing::Denied(reason) } else { Listing::Failed(reason) };
            assert_eq!(listing, expected);
        }
    }
}
