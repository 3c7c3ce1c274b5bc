//! `pullwatch snapshot`: saves what an audit would read, in the layout that `audit --snapshot`
//! reads.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::error::CliError;
use crate::source::region;
use crate::{live, output, problems};

/// Where to save it.
#[derive(Debug, Args)]
pub struct SnapshotArguments {
    /// The folder to write to; it is created if it does not exist, and must be empty.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// A region to read; repeatable. Without it, every region that is enabled in the account.
    #[arg(long = "region", value_name = "REGION", value_parser = region)]
    regions: Vec<String>,
}

/// Saves a snapshot of the account of the current credentials. What could not be read is told,
/// and stands in the snapshot.
pub fn run(arguments: &SnapshotArguments, output: &mut dyn Write) -> Result<u8, CliError> {
    let SnapshotArguments { output: folder, regions } = arguments;
    let snapshot = live::save(regions, folder)?;
    output::tell(problems::lines(&snapshot));
    let (account, folder) = (snapshot.account.id(), folder.display());
    let regions = match snapshot.regions().len() {
        1 => "1 region".to_owned(),
        more => format!("{more} regions"),
    };
    writeln!(output, "Account {account} in {regions} is saved to `{folder}`.")?;
    writeln!(output, "Judge it with `pullwatch audit --snapshot {folder}`.")?;
    Ok(0)
}
