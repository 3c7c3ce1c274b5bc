//! The steps that take away what goes beyond the standard, and nothing else that the nodes use.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::loss::lost;
use super::narrowing::{beside_ecr, narrowed, only_grants_ecr, statements};
use super::plan::{Plan, listed, status};
use super::pulling::is_pulling;
use super::repository::Grant;
use super::step::Step;
use crate::assess::assess_as_of_now;
use crate::assessment::Assessment;
use crate::catalogue::CataloguedAction;
use crate::permissions::PolicyStatement;
use crate::role_policies::{PolicyName, RegistryDocument, RolePolicy};
use crate::standard::{Check, Status};

impl Plan<'_> {
    /// Takes away what goes beyond the standard. The error says why that cannot be done.
    pub fn taking_excess(mut self, assessment: &Assessment) -> Result<Self, String> {
        let standard = self.settings.standard;
        let before = assess_as_of_now(&self.state, self.settings);
        let mut obstacles = Vec::new();
        for (policy, granted) in granted_beyond(assessment) {
            if let Err(obstacle) = self.take_away(&policy, &granted) {
                obstacles.push(obstacle);
            }
        }
        if !obstacles.is_empty() {
            return Err(obstacles.join(" "));
        }
        if !self.lost_of(|entry| is_pulling(entry, standard)).is_empty() {
            self = self.giving(self.pull_grant())?;
            let lost = self.lost_of(|entry| is_pulling(entry, standard));
            if !lost.is_empty() {
                let lost = listed(&lost, 3);
                return Err(format!("It would also take away {lost}, which nothing else grants."));
            }
        }
        let after = self.assessment();
        if status(&after, Check::ReadOnly) != Status::Passed {
            return Err(still_granted(&after));
        }
        if is_worse(status(&before, Check::CanPull), status(&after, Check::CanPull)) {
            return Err("It would also take away pulls that the nodes have.".to_owned());
        }
        Ok(self)
    }

    fn take_away(&mut self, policy: &str, granted: &Granted<'_>) -> Result<(), String> {
        let registry = self.trial.registry.clone();
        if let Some(document) = registry.iter().find(|known| self.name_of(known) == policy) {
            let grant = Grant {
                document,
                statements: granted.statements.iter().copied().collect(),
                actions: granted.actions.clone(),
            };
            return self.take(grant.taken_away(&self.state.role.role_arn, self.settings.standard)?);
        }
        let known = self.trial.role.identity.iter().find(|known| known.policy.as_str() == policy);
        let Some(known) = known.cloned() else {
            return Err(format!("{policy} grants it, which is no policy of the role."));
        };
        let document: Option<Value> =
            known.document.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let Some(document) = document.filter(Value::is_object) else {
            return Err(format!("{policy} cannot be read."));
        };
        let step = if known.policy.is_aws_managed() {
            if !only_grants_ecr(&document) {
                return Err(format!(
                    "{policy} is AWS's own and grants other services as well: detaching it would \
                     also take away {}.",
                    beside_ecr(&document)
                ));
            }
            without(&known.policy)
        } else {
            self.narrowing(&known, &document, granted)?
        };
        self.take(step)
    }

    /// The step that leaves of a policy what is permitted: the whole of it goes where nothing is, or
    /// where others grant all that just as widely.
    fn narrowing(
        &self,
        known: &RolePolicy,
        document: &Value,
        granted: &Granted<'_>,
    ) -> Result<Step, String> {
        let standard = self.settings.standard;
        let indexes = granted.statements.iter().map(|statement| statement.index).collect();
        let Some(narrowed) = narrowed(document, &indexes, standard) else {
            return Err(format!(
                "{} grants ECR by a wildcard over all services: only its author can say what else \
                 has to stay.",
                known.policy.as_str()
            ));
        };
        let removal = without(&known.policy);
        if statements(&narrowed).is_empty() || only_grants_ecr(document) && self.is_idle(&removal) {
            return Ok(removal);
        }
        let document = narrowed.to_string();
        if let Some(name) = known.policy.inline_name() {
            return Ok(Step::PutInline { name: name.to_owned(), document });
        }
        let policy_arn = known.policy.as_str().to_owned();
        Ok(Step::NewVersion { policy_arn, document })
    }

    /// Whether a step takes nothing away that the standard permits.
    fn is_idle(&self, step: &Step) -> bool {
        let mut after = self.trial.clone();
        after.take(step);
        let within = |entry: &CataloguedAction| entry.is_within(self.settings.standard);
        lost(&self.trial.state(&self.state), &after, self.settings, within).is_empty()
    }

    /// How an answer calls a policy of a repository or of a registry.
    fn name_of(&self, document: &RegistryDocument) -> String {
        let role_arn = &self.state.role.role_arn;
        let region = &document.region;
        match &document.repository_name {
            None => format!("registry:{region}"),
            Some(repository) => format!(
                "arn:{}:ecr:{region}:{}:repository/{repository}",
                role_arn.partition(),
                role_arn.account()
            ),
        }
    }
}

/// What one policy grants beyond the standard.
#[derive(Clone, Debug, Default)]
struct Granted<'granted> {
    statements: BTreeSet<&'granted PolicyStatement>,
    actions: Vec<&'granted str>,
}

/// By policy, what it grants beyond the standard: AWS's own policies first, because of those
/// nothing can be kept, and the others may grant the same.
fn granted_beyond(assessment: &Assessment) -> Vec<(String, Granted<'_>)> {
    let mut granted: BTreeMap<&str, Granted<'_>> = BTreeMap::new();
    let excess = assessment.checks.get(&Check::ReadOnly).into_iter().flat_map(|it| &it.excess);
    for excess in excess {
        for statement in &excess.statements {
            let of_policy = granted.entry(&statement.policy).or_default();
            of_policy.statements.insert(statement);
            if of_policy.actions.last() != Some(&excess.action.as_str()) {
                of_policy.actions.push(&excess.action);
            }
        }
    }
    let mut granted: Vec<(String, Granted<'_>)> =
        granted.into_iter().map(|(policy, granted)| (policy.to_owned(), granted)).collect();
    granted.sort_by_key(|(policy, _)| Reverse(PolicyName::managed(policy).is_aws_managed()));
    granted
}

fn without(policy: &PolicyName) -> Step {
    match policy.inline_name() {
        Some(name) => Step::DeleteInline { name: name.to_owned() },
        None => Step::Detach { policy_arn: policy.as_str().to_owned() },
    }
}

/// What is beyond the standard after everything that could be done.
fn still_granted(after: &Assessment) -> String {
    let excess = after.checks.get(&Check::ReadOnly).into_iter().flat_map(|it| &it.excess);
    let excess: Vec<&str> = excess.map(|excess| excess.action.as_str()).collect();
    format!("Whatever was tried, {} would still be granted.", listed(&excess, 3))
}

fn is_worse(before: Status, after: Status) -> bool {
    let rank = |status: Status| match status {
        Status::Passed => 0,
        Status::Warning => 1,
        Status::Failed => 2,
        Status::NotAvailable => 3,
    };
    rank(after) > rank(before)
}
