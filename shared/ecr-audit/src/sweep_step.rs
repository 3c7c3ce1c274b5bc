//! A sweep in steps. Each is one message of the sweep's queue and one invocation, so that none
//! has to hold or finish the whole account. Between them, the ledger keeps how far the sweep has
//! come.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::node_role::{Source, UseKind};

/// One step, as the queue carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum SweepStep {
    /// Finds out which places there are to list. While another sweep is under way, a new one is
    /// only noted and begins after it.
    Begin {
        /// Why there is to be a sweep.
        reason: String,
        /// Whether it is to make up for the failures of the sweep before, which takes a while.
        #[serde(default)]
        makes_up: bool,
    },
    /// Lists one place into the ledger.
    List {
        /// The sweep's id.
        sweep: String,
        /// What is listed.
        place: Place,
        /// The repository of a registry after which to go on; absent for the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
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
    /// The uses of one region.
    Region(String),
    /// The repository policies and the registry policy of one region. A registry of thousands of
    /// repositories takes long, and must not keep the uses from being seen.
    Registry(String),
    /// The instance profiles of IAM.
    InstanceProfiles,
}

/// How far the latest sweep has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRun {
    /// The sweep's id.
    pub id: String,
    /// How many sweeps in a row met failures before this one, that it makes up for.
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

/// What is remembered of a sweep that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// When it ended.
    pub ended_at: Timestamp,
    /// The program's version.
    pub version: String,
    /// A digest of the settings.
    pub settings: String,
}

/// After how long without a sign a sweep counts as dead: longer than all five tries of a step take,
/// an hour and a half each if it ends its invocation.
pub const DEAD_AFTER: SignedDuration = SignedDuration::from_hours(8);

/// How many sweeps in a row may meet failures before the operators hear of it.
const ATTEMPTS: u32 = 3;

/// How many failures a run keeps; the log has them all.
const FAILURES_KEPT: usize = 50;

impl SweepStep {
    /// The step that begins a sweep.
    pub fn begin(reason: &str) -> Self {
        Self::Begin { reason: reason.to_owned(), makes_up: false }
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
        let list = |place: &Place| SweepStep::List {
            sweep: self.id.clone(),
            place: place.clone(),
            after: None,
        };
        self.pending.iter().map(list).collect()
    }

    /// How many sweeps in a row met failures, this one among them; none after a complete one, and
    /// none once the operators have heard of them.
    pub fn attempts(&self) -> u32 {
        if self.is_complete() || self.is_last_attempt() { 0 } else { self.attempt + 1 }
    }

    /// Whether everything was read and assessed.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// Whether no other sweep makes up for the failures of this one, but for the next on schedule.
    pub const fn is_last_attempt(&self) -> bool {
        self.attempt + 1 >= ATTEMPTS
    }

    /// The sweep that has to follow this one once it has ended, if one has.
    pub fn follower(&self) -> Option<SweepStep> {
        let makes_up = !self.is_complete() && !self.is_last_attempt();
        let reason = match &self.again {
            Some(reason) => reason.clone(),
            None if makes_up => format!("the sweep {} met failures", self.id),
            None => return None,
        };
        Some(SweepStep::Begin { reason, makes_up })
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

impl SweepStep {
    /// The step in words, for whoever reads that it failed.
    pub fn in_words(&self) -> String {
        match self {
            Self::Begin { reason, .. } => format!("the beginning of a sweep ({reason})"),
            Self::List { place, .. } => format!("the listing of {}", place.in_words()),
            Self::Assess { .. } => "the assessment of the roles".to_owned(),
            Self::Finish { .. } => "the end of the sweep".to_owned(),
        }
    }
}

impl Place {
    /// The place in words: a region's name, `the registry of` one, or `instance profiles`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Region(region) => region.clone(),
            Self::Registry(region) => format!("the registry of {region}"),
            Self::InstanceProfiles => "instance profiles".to_owned(),
        }
    }

    /// Every source of uses that it lists.
    pub fn sources(&self) -> Vec<Source> {
        let regional = |region: &String| {
            let kinds = UseKind::ALL.into_iter().filter(|kind| kind.is_regional());
            kinds.map(|kind| Source::regional(kind, region)).collect()
        };
        match self {
            Self::Region(region) => regional(region),
            Self::Registry(_) => Vec::new(),
            Self::InstanceProfiles => vec![Source::global(UseKind::InstanceProfile)],
        }
    }

    /// The name of the place's parts.
    pub fn name(&self) -> String {
        match self {
            Self::Region(region) => format!("region/{region}"),
            Self::Registry(region) => format!("registry/{region}"),
            Self::InstanceProfiles => "instance-profiles".to_owned(),
        }
    }
}
