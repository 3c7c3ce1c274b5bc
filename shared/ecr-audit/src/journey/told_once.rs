//! The topics of one run, a batch or a sweep: what is the same for every role of it, such as that
//! Security Hub is switched off, the operators are told once.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::lock::Mutex;

use crate::alert::Alert;
use crate::error::PortError;
use crate::ports::Topics;

/// Topics that remember what the operators were told.
pub struct ToldOnce<'topics> {
    topics: &'topics dyn Topics,
    told: Mutex<BTreeSet<(String, String)>>,
}

impl<'topics> ToldOnce<'topics> {
    /// These topics, of which nothing was told yet.
    pub fn new(topics: &'topics dyn Topics) -> Self {
        Self { topics, told: Mutex::default() }
    }
}

#[async_trait]
impl Topics for ToldOnce<'_> {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        self.topics.alert(alert).await
    }

    async fn digest(&self, owner: &str, alerts: &[Alert]) -> Result<(), PortError> {
        self.topics.digest(owner, alerts).await
    }

    async fn operators(&self, subject: &str, text: &str) -> Result<(), PortError> {
        // Held while it is sent, so that who comes second knows whether it was.
        let mut told = self.told.lock().await;
        let mail = (subject.to_owned(), text.to_owned());
        if !told.contains(&mail) {
            self.topics.operators(subject, text).await?;
            told.insert(mail);
        }
        Ok(())
    }
}
