//! The account of the current AWS credentials. To read it is to save a snapshot of it to a folder
//! that is gone afterwards, and to read that: a saved account and a live one are judged alike.
//!
//! A build without the feature `aws` has none of this, and says so.

#[cfg(feature = "aws")]
mod advice;
#[cfg(feature = "aws")]
mod ec2;
#[cfg(feature = "aws")]
mod progress;
#[cfg(feature = "aws")]
mod taking;

#[cfg(feature = "aws")]
pub use taking::{read, save};
#[cfg(not(feature = "aws"))]
pub use without::{read, save};

/// A build without the SDK.
#[cfg(not(feature = "aws"))]
mod without {
    use std::path::Path;

    use memory_adapters::Snapshot;

    use crate::error::CliError;

    /// There is no live account.
    pub const fn read(_: &[String]) -> Result<Snapshot, CliError> {
        Err(CliError::BuiltWithoutAws)
    }

    /// There is no live account.
    pub const fn save(_: &[String], _: &Path) -> Result<Snapshot, CliError> {
        Err(CliError::BuiltWithoutAws)
    }
}
