//! Everything the journey needs, in memory: an account, a ledger, Security Hub, topics, a clock.

use std::collections::BTreeMap;

use crate::{
    Account, ManualClock, MemoryAccount, MemoryLedger, MemorySecurityHub, MemorySweepRequests,
    MemoryTopics,
};
use ecr_audit::ports::Ports;
use jiff::Timestamp;
use serde_json::Value;

/// A world of its own.
#[derive(Debug)]
pub struct World {
    /// What AWS holds.
    pub account: MemoryAccount,
    /// What pullwatch remembers.
    pub ledger: MemoryLedger,
    /// Where findings go.
    pub security_hub: MemorySecurityHub,
    /// Where alerts go.
    pub topics: MemoryTopics,
    /// Where requests for a sweep go.
    pub sweep_requests: MemorySweepRequests,
    /// What time it is.
    pub clock: ManualClock,
}

impl World {
    /// A world in which nothing has happened yet, and no region has a registry that an answer
    /// would have to wait for. What comes before the first sweep begins with an empty ledger.
    pub fn new(account: Account, now: Timestamp) -> Self {
        Self {
            account: MemoryAccount::new(account),
            ledger: MemoryLedger::without_regions(),
            security_hub: MemorySecurityHub::default(),
            topics: MemoryTopics::default(),
            sweep_requests: MemorySweepRequests::default(),
            // Ids of runs at different times differ, those of the same run repeated do not.
            clock: ManualClock::new(now, &format!("run-{}", now.as_second())),
        }
    }

    /// Every finding that was imported, as it was sent the last time, in the order of their Ids.
    pub fn findings(&self) -> Vec<Value> {
        let sent = self.security_hub.imports().into_iter().filter(|import| import.took_effect);
        let by_id: BTreeMap<String, Value> =
            sent.map(|import| (import.asff["Id"].to_string(), import.asff)).collect();
        by_id.into_values().collect()
    }

    /// The ports of this world.
    pub fn ports(&self) -> Ports<'_> {
        Ports {
            iam: &self.account,
            eks: &self.account,
            ecr: &self.account,
            ledger: &self.ledger,
            security_hub: &self.security_hub,
            topics: &self.topics,
            sweep_requests: &self.sweep_requests,
            clock: &self.clock,
        }
    }
}
