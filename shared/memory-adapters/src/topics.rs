//! The SNS topics in memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ecr_audit::alert::Alert;
use ecr_audit::error::PortError;
use ecr_audit::ports::Topics;

/// Records everything that is published.
#[derive(Debug, Default)]
pub struct MemoryTopics {
    published: Mutex<Published>,
}

#[derive(Debug, Default)]
struct Published {
    alerts: Vec<Alert>,
    digests: Vec<Digest>,
    operators: Vec<OperatorsLine>,
}

/// A digest to one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Who is told.
    pub owner: String,
    /// What is told.
    pub alerts: Vec<Alert>,
}

/// A line to the operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorsLine {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

impl MemoryTopics {
    /// The alerts, oldest first.
    pub fn alerts(&self) -> Vec<Alert> {
        self.lock().alerts.clone()
    }

    /// The digests, oldest first.
    pub fn digests(&self) -> Vec<Digest> {
        self.lock().digests.clone()
    }

    /// The lines to the operators, oldest first.
    pub fn operators_lines(&self) -> Vec<OperatorsLine> {
        self.lock().operators.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Topics for MemoryTopics {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        self.lock().alerts.push(alert.clone());
        Ok(())
    }

    async fn digest(&self, owner: &str, alerts: &[Alert]) -> Result<(), PortError> {
        let digest = Digest { owner: owner.to_owned(), alerts: alerts.to_vec() };
        self.lock().digests.push(digest);
        Ok(())
    }

    async fn operators(&self, subject: &str, text: &str) -> Result<(), PortError> {
        let line = OperatorsLine { subject: subject.to_owned(), text: text.to_owned() };
        self.lock().operators.push(line);
        Ok(())
    }
}
