//! The sweep's queue in memory.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ecr_audit::error::PortError;
use ecr_audit::ports::SweepRequests;

/// Records every request for a sweep.
#[derive(Debug, Default)]
pub struct MemorySweepRequests {
    reasons: Mutex<Vec<String>>,
}

impl MemorySweepRequests {
    /// The reasons of all requests, oldest first.
    pub fn reasons(&self) -> Vec<String> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl SweepRequests for MemorySweepRequests {
    async fn request(&self, reason: &str) -> Result<(), PortError> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).push(reason.to_owned());
        Ok(())
    }
}
