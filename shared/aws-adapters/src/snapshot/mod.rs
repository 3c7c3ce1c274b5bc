//! A snapshot of the account of the connection: what an audit reads, saved as the AWS CLI would
//! print it. One file a service; a listing that fails is noted with its reason and stops no other.
//!
//! Nothing is judged here, and nothing is read back: that is `memory-adapters`' part, for live
//! accounts too. `snapshot.json` and `authorization-details.json` are written last and in this
//! order, so that a snapshot that was broken off is none.

pub mod caller;
mod ec2;
mod ecr;
mod eks;
mod error;
mod folder;
mod iam;
mod manifest;
mod names;
mod printed;

use std::path::Path;

use ecr_audit::error::PortError;
use futures::future;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use self::caller::Caller;
use self::folder::Folder;
use self::manifest::Manifest;
use crate::aws::Aws;

pub use self::ec2::Instances;
pub use self::error::SaveError;

/// How many regions are read at once.
const REGIONS_AT_ONCE: usize = 4;

/// Told what is being read, for whoever waits.
pub trait Progress: Sync {
    /// In this place, `IAM` or a region, this is being read now.
    fn reading(&self, place: &str, what: &str);
    /// This place has been read.
    fn finished(&self, place: &str);
}

/// What to read, and by what means.
#[derive(Clone, Copy)]
pub struct Taking<'a> {
    /// The connection.
    pub aws: &'a Aws,
    /// EC2, which has a crate of its own.
    pub instances: &'a dyn Instances,
    /// Whose account it is.
    pub caller: &'a Caller,
    /// The regions to read.
    pub regions: &'a [String],
    /// The instant that the snapshot is of.
    pub time: Timestamp,
    /// The version of pullwatch.
    pub version: &'a str,
    /// Whom to tell.
    pub progress: &'a dyn Progress,
}

impl Taking<'_> {
    /// Saves the account to a folder, which is made if it is not there and must be empty. What
    /// AWS does not answer is noted in `snapshot.json`; an error is one of the file system.
    pub async fn save(&self, folder: &Path) -> Result<(), SaveError> {
        let folder = &Folder::open(folder)?;
        let regions = stream::iter(self.regions)
            .map(|region| self.region(region, folder))
            .buffer_unordered(REGIONS_AT_ONCE)
            .try_collect::<Vec<Listings>>();
        let ((details, of_iam), of_regions) = future::try_join(self.iam(folder), regions).await?;
        let listings = of_regions.into_iter().fold(of_iam, Listings::and);
        let manifest = Manifest::new(self, listings.0);
        folder.write(&["snapshot.json"], &manifest)?;
        folder.write(&["authorization-details.json"], &details)
    }

    /// The roles with their policies, and what became of the listings of IAM.
    async fn iam(&self, folder: &Folder) -> Result<(serde_json::Value, Listings), SaveError> {
        let mut listings = Listings::default();
        self.progress.reading("IAM", "roles and policies");
        let details = match iam::authorization_details(self.aws).await {
            Ok(details) => {
                listings.note("authorization-details", Ok(()));
                details
            }
            Err(error) => {
                listings.note("authorization-details", Err(error));
                iam::no_authorization_details()
            }
        };
        self.progress.reading("IAM", "instance profiles");
        iam::save_instance_profiles(self.aws, folder, &mut listings).await?;
        self.progress.finished("IAM");
        Ok((details, listings))
    }

    async fn region(&self, region: &str, folder: &Folder) -> Result<Listings, SaveError> {
        let mut listings = Listings::default();
        let place = Place { aws: &self.aws.in_region(region), region, folder };
        let reading = |what: &str| self.progress.reading(region, what);
        eks::save(&place, &mut listings, &reading).await?;
        reading("instances");
        ec2::save(&place, self.instances, &mut listings).await?;
        ecr::save(&place, &mut listings, &reading).await?;
        self.progress.finished(region);
        Ok(listings)
    }
}

/// A region that is read, and the folder that it is saved to.
struct Place<'a> {
    /// The connection to the region.
    aws: &'a Aws,
    region: &'a str,
    folder: &'a Folder,
}

/// What became of each listing, by its path in the snapshot without `.json`.
#[derive(Debug, Default)]
struct Listings(Vec<(String, Result<(), PortError>)>);

impl Listings {
    fn note(&mut self, name: impl Into<String>, outcome: Result<(), PortError>) {
        self.0.push((name.into(), outcome));
    }

    fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}
