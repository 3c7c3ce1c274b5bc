//! Steps, with the copy of the role as they leave it. `excess` plans what takes away, `pulling` what
//! gives; a check that cannot be mended leaves the plan as it was.

use super::loss::lost;
use super::quota::refusal;
use super::step::Step;
use super::trial::Trial;
use crate::assess::{RoleState, assess_as_of_now};
use crate::assessment::Assessment;
use crate::catalogue::CataloguedAction;
use crate::settings::Settings;
use crate::standard::{Check, Status};

/// Steps, and what they lead to.
#[derive(Clone, Debug)]
pub struct Plan<'plan> {
    pub(super) state: RoleState<'plan>,
    pub(super) settings: &'plan Settings,
    pub(super) steps: Vec<Step>,
    pub(super) trial: Trial,
}

impl<'plan> Plan<'plan> {
    /// No step yet.
    pub fn new(state: RoleState<'plan>, settings: &'plan Settings) -> Self {
        Self { state, settings, steps: Vec::new(), trial: Trial::new(&state) }
    }

    /// The steps, in the order in which they are to be taken.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What the role is afterwards.
    pub fn trial(&self) -> &Trial {
        &self.trial
    }

    /// What comes of both checks afterwards.
    pub fn assessment(&self) -> Assessment {
        assess_as_of_now(&self.trial.state(&self.state), self.settings)
    }

    /// What is lost of all that the standard permits.
    pub fn lost(&self) -> Vec<String> {
        self.lost_of(|entry| entry.is_within(self.settings.standard))
    }

    /// What is lost of the actions that count.
    pub(super) fn lost_of(&self, counts: impl Fn(&CataloguedAction) -> bool) -> Vec<String> {
        lost(&self.state, &self.trial, self.settings, counts)
    }

    /// One step more, after all others.
    pub(super) fn take(&mut self, step: Step) -> Result<(), String> {
        if let Some(refused) = refusal(&step, &self.trial) {
            return Err(refused);
        }
        self.trial.take(&step);
        self.steps.push(step);
        Ok(())
    }

    /// The same steps after one that gives, so that the nodes can pull at every moment.
    pub(super) fn giving(&self, step: Step) -> Result<Self, String> {
        let mut plan = Self::new(self.state, self.settings);
        for step in std::iter::once(step).chain(self.steps.iter().cloned()) {
            plan.take(step)?;
        }
        Ok(plan)
    }
}

/// The answer of one check.
pub fn status(assessment: &Assessment, check: Check) -> Status {
    assessment.checks.get(&check).map_or(Status::NotAvailable, |result| result.status)
}

/// `ecr:PutImage, ecr:UploadLayerPart +2`.
pub fn listed(actions: &[impl AsRef<str>], most: usize) -> String {
    let shown: Vec<&str> = actions.iter().take(most).map(AsRef::as_ref).collect();
    let left = actions.len().saturating_sub(most);
    let more = if left > 0 { format!(" +{left}") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
