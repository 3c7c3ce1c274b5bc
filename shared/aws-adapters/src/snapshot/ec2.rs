//! The instances that are tagged for a cluster. The SDK of EC2 has a crate of its own, which this
//! one does not know; so the answer comes as the AWS CLI would print it.

use async_trait::async_trait;
use ecr_audit::error::PortError;
use serde_json::Value;

use super::error::SaveError;
use super::{Listings, Place};

/// EC2, in whichever region is asked for.
#[async_trait]
pub trait Instances: Sync {
    /// What `aws ec2 describe-instances` prints of the instances that are tagged for a cluster.
    async fn describe_instances(&self, region: &str) -> Result<Value, PortError>;
}

pub(super) async fn save(
    place: &Place<'_>,
    instances: &dyn Instances,
    listings: &mut Listings,
) -> Result<(), SaveError> {
    let described = instances.describe_instances(place.region).await;
    if let Ok(printed) = &described {
        place.folder.write(&["ec2", place.region, "instances.json"], printed)?;
    }
    listings.note(format!("ec2/{}/instances", place.region), described.map(drop));
    Ok(())
}
