//! The account of the current AWS credentials, which this version does not read yet.

use crate::error::CliError;

/// Why there is no live account.
pub fn unavailable() -> CliError {
    CliError::NoLiveAccount("this version reads no live account yet; give --snapshot DIR")
}
