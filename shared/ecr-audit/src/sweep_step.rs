//! A sweep in steps. Each is one message of the sweep's queue and one invocation, so that none
//! has to hold or finish the whole account. Between them, the ledger keeps how far the sweep has
//! come.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One step, as the queue carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum SweepStep {
    /// Finds out which places there are to list. While another sweep is under way, a new one is
    /// only noted and begins after it.
    Begin {
        /// Why there is to be a sweep.
        reason: String,
        /// How many sweeps before this one met failures that it is to make up for.
        #[serde(default)]
        attempt: u32,
    },
    /// Lists one place into the ledger.
    List {
        /// The sweep's id.
        sweep: String,
        /// What is listed.
        place: Place,
    },
    /// Reads the roles of IAM, from a marker on, and assesses those that are node roles.
    Assess {
        /// The sweep's id.
        sweep: String,
        /// Where IAM's list goes on; absent for its beginning.
        #[serde(default)]
        marker: Option<String>,
    },
    /// Reads the findings back, sends the digests, and notes that the sweep is complete.
    Finish {
        /// The sweep's id.
        sweep: String,
    },
}

/// What one listing step lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The uses, repository policies and registry policy of one region.
    Region(String),
    /// The instance profiles of IAM.
    InstanceProfiles,
}

/// How far the latest sweep has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRun {
    /// The sweep's id.
    pub id: String,
    /// How many sweeps before this one met failures that it is to make up for.
    pub attempt: u32,
    /// When it was last heard of.
    pub touched: Timestamp,
    /// The places that are still to be listed.
    pub pending: BTreeSet<Place>,
    /// What could not be read or assessed.
    pub failures: Vec<String>,
    /// Why another sweep was asked for meanwhile, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// Whether its last step is done.
    pub ended: bool,
}

/// After how long without a sign a sweep counts as dead: a step's message comes again after an
/// hour and a half.
const DEAD_AFTER: SignedDuration = SignedDuration::from_hours(4);

/// How many failures a run keeps; the log has them all.
const FAILURES_KEPT: usize = 50;

impl SweepStep {
    /// The step that begins a sweep.
    pub fn begin(reason: &str) -> Self {
        Self::Begin { reason: reason.to_owned(), attempt: 0 }
    }
}

impl SweepRun {
    /// A sweep that has just begun.
    pub fn new(id: &str, attempt: u32, places: BTreeSet<Place>, now: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            attempt,
            touched: now,
            pending: places,
            failures: Vec::new(),
            again: None,
            ended: false,
        }
    }

    /// Whether steps of it are still to come.
    pub fn is_under_way(&self, now: Timestamp) -> bool {
        !self.ended && now.duration_since(self.touched) < DEAD_AFTER
    }

    /// The steps that come next: the places that are still to be listed, else the assessments.
    pub fn next_steps(&self) -> Vec<SweepStep> {
        if self.ended {
            return Vec::new();
        }
        if self.pending.is_empty() {
            return vec![SweepStep::Assess { sweep: self.id.clone(), marker: None }];
        }
        let list = |place: &Place| SweepStep::List { sweep: self.id.clone(), place: place.clone() };
        self.pending.iter().map(list).collect()
    }

    /// Keeps what failed.
    pub fn note_failures(&mut self, failures: impl IntoIterator<Item = String>) {
        for failure in failures {
            if self.failures.len() < FAILURES_KEPT && !self.failures.contains(&failure) {
                self.failures.push(failure);
            }
        }
    }
}

impl Place {
    /// The name of the place's parts.
    pub fn name(&self) -> String {
        match self {
            Self::Region(region) => format!("region/{region}"),
            Self::InstanceProfiles => "instance-profiles".to_owned(),
        }
    }
}
