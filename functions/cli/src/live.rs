//! The account of the current AWS credentials, which only a build with the feature `aws` reads.

use crate::error::CliError;

/// Why there is no live account.
#[cfg(not(feature = "aws"))]
pub fn unavailable() -> CliError {
    CliError::NoLiveAccount(
        "this build reads no live account; give --snapshot DIR, or build with the feature `aws`",
    )
}

/// Why there is no live account.
#[cfg(feature = "aws")]
pub fn unavailable() -> CliError {
    CliError::NoLiveAccount("this version reads no live account yet; give --snapshot DIR")
}
