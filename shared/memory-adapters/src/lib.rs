//! The ports of ecr-audit kept in memory: for tests, the demo and offline runs.
//!
//! An [`Account`] holds what AWS would hold and changes as the API calls would change it;
//! [`MemoryAccount`] reads it through the ports. The other doubles record what they are told and
//! decide nothing. [`Snapshot`] reads an account from a folder of files that the AWS CLI printed.

mod account;
mod aws_managed;
mod memory_account;

mod ec2;
mod ecr;
mod eks;
mod iam;

mod clock;
mod ledger;
mod security_hub;
mod sweep_requests;
mod topics;
mod world;

mod error;
mod snapshot;

pub use account::clusters::{AccessEntry, Cluster, FargateProfile, Nodegroup};
pub use account::gaps::Reading;
pub use account::{Account, Tags};
pub use aws_managed::{AwsManagedPolicy, aws_managed_policies, aws_managed_policy};
pub use clock::ManualClock;
pub use error::{AccountError, SnapshotError};
pub use ledger::{LedgerState, MemoryLedger};
pub use memory_account::MemoryAccount;
pub use security_hub::{HeldFinding, Import, MemorySecurityHub};
pub use snapshot::document::policy_document;
pub use snapshot::manifest::{Listing, ListingState, Manifest};
pub use snapshot::text::decoded_text;
pub use snapshot::{Problem, Snapshot};
pub use sweep_requests::MemorySweepRequests;
pub use topics::{Digest, MemoryTopics, OperatorsLine};
pub use world::World;
