//! The current credentials -> a snapshot of their account.

use std::path::Path;

use aws_adapters::aws::Aws;
use aws_adapters::snapshot::Taking;
use aws_adapters::snapshot::caller::{Caller, connect};
use aws_ec2_adapter::AwsEc2;
use ecr_audit::error::PortError;
use ecr_audit::ports::Ec2 as _;
use jiff::Timestamp;
use memory_adapters::{ListingState, Snapshot};

use super::advice::{ADVICE_ON_DENIED, refused};
use super::ec2::Ec2;
use super::progress::Lines;
use super::waiting::wait_for;
use crate::error::CliError;
use crate::output;

/// Reads the account by way of a folder that is gone afterwards.
pub fn read(regions: &[String]) -> Result<Snapshot, CliError> {
    let folder = tempfile::Builder::new().prefix("pullwatch-").tempdir();
    let folder = folder.map_err(CliError::TemporaryFolder)?;
    save(regions, folder.path())
}

/// Saves the account to a folder: these regions, or without any all that are switched on. What is
/// saved is read back.
pub fn save(regions: &[String], folder: &Path) -> Result<Snapshot, CliError> {
    wait_for(take(regions, folder))??;
    let snapshot = Snapshot::read(folder)?;
    let mut listings = snapshot.manifest.iter().flat_map(|manifest| manifest.listings.values());
    if listings.any(|listing| listing.state == ListingState::Denied) {
        output::tell([ADVICE_ON_DENIED]);
    }
    Ok(snapshot)
}

async fn take(regions: &[String], folder: &Path) -> Result<(), CliError> {
    let time = Timestamp::now();
    let aws = connect().await;
    let caller = Caller::of(&aws).await.map_err(refused)?;
    let instances = Ec2(AwsEc2::new(aws.config()));
    let regions = if regions.is_empty() {
        enabled_regions(&aws, &instances).await.map_err(refused)?
    } else {
        regions.to_vec()
    };
    let progress = Lines::default();
    let taking = Taking {
        aws: &aws,
        instances: &instances,
        caller: &caller,
        regions: &regions,
        time,
        version: env!("CARGO_PKG_VERSION"),
        progress: &progress,
    };
    Ok(taking.save(folder).await?)
}

async fn enabled_regions(aws: &Aws, instances: &Ec2) -> Result<Vec<String>, PortError> {
    instances.0.enabled_regions(aws.region().unwrap_or_default()).await
}
