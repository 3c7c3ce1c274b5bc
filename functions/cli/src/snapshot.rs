//! `pullwatch snapshot`: saves what an audit would read, in the layout that `audit --snapshot`
//! reads.

use std::path::PathBuf;

use clap::Args;

use crate::error::CliError;
use crate::live;

/// Where to save it.
#[derive(Debug, Args)]
pub struct SnapshotArguments {
    /// The folder to write to; it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

/// Saves a snapshot of the account of the current credentials.
pub fn run(arguments: &SnapshotArguments) -> Result<u8, CliError> {
    let SnapshotArguments { output: _ } = arguments;
    Err(live::unavailable())
}
