//! The sweep's queue in memory.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ecr_audit::error::PortError;
use ecr_audit::ports::SweepRequests;
use ecr_audit::sweep_step::SweepStep;

/// Records every step that is asked for.
#[derive(Debug, Default)]
pub struct MemorySweepRequests {
    steps: Mutex<Vec<SweepStep>>,
}

impl MemorySweepRequests {
    /// Every step, oldest first.
    pub fn steps(&self) -> Vec<SweepStep> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for a sweep, as the schedule does.
    pub fn ask(&self, reason: &str) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push(SweepStep::begin(reason));
    }

    /// Takes all steps out.
    pub fn take(&self) -> Vec<SweepStep> {
        std::mem::take(&mut self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The reasons why sweeps are to begin, oldest first.
    pub fn reasons(&self) -> Vec<String> {
        let steps = self.steps().into_iter();
        let reason = |step| match step {
            SweepStep::Begin { reason, .. } => Some(reason),
            _ => None,
        };
        steps.filter_map(reason).collect()
    }
}

#[async_trait]
impl SweepRequests for MemorySweepRequests {
    async fn send(&self, step: &SweepStep) -> Result<(), PortError> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(step.clone());
        Ok(())
    }
}
