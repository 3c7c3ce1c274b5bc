//! The account of the current credentials: one configuration, one HTTP connector for all clients.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};

/// How often a call is made before its error is believed. IAM throttles whole accounts.
const ATTEMPTS: u32 = 8;
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a call may take with all its attempts: shorter than a function may run, so that one
/// call that hangs fails its role and not the whole batch.
const CALL_TIMEOUT: Duration = Duration::from_secs(40);

/// A connection to AWS. Clients made of it share its HTTP connector and its credentials.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
}

impl Aws {
    /// Connects by the environment that every AWS tool reads: credentials, region, profile and
    /// endpoints.
    pub async fn from_environment() -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(
                RetryConfig::adaptive()
                    .with_max_attempts(ATTEMPTS)
                    .with_max_backoff(LONGEST_BACKOFF),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(CALL_TIMEOUT)
                    .build(),
            )
            .load()
            .await;
        Self { config }
    }

    /// Connects as a configuration says.
    pub const fn new(config: SdkConfig) -> Self {
        Self { config }
    }

    /// The configuration, for the adapters that have a crate of their own.
    pub const fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region of the environment.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }

    /// The same connection to another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self { config: self.config.to_builder().region(Region::new(region.to_owned())).build() }
    }
}
