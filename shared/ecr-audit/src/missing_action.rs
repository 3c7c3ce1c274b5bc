//! An action that a pull needs and a role lacks, and why: what grants it only where no node asks,
//! what denies it, what withholds it. `effective` hands in the questions that the engine answers.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use iam_policy::action::ActionName;
use iam_policy::decision::{NamedPolicy, PolicySet, StatementRef};
use iam_policy::document::{Effect, PolicyDocument};
use iam_policy::effective::{Access, AskedAction, Level};
use iam_policy::statement::meets_action;
use serde::{Deserialize, Serialize};

use crate::permissions::PolicyStatement;

/// An action that a pull needs and the role lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingAction {
    /// Such as `ecr:BatchGetImage`.
    pub action: String,
    /// Everything that has to become different before the role has it; never empty.
    pub causes: Vec<MissingCause>,
}

/// Why a role lacks an action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MissingCause {
    /// No statement of the role names it.
    NotGranted,
    /// It takes no resource, and is granted on repositories alone.
    OnRepositoriesAlone {
        /// What grants it so.
        statements: Vec<PolicyStatement>,
    },
    /// It is granted only on resources that cannot be, or under conditions that never hold.
    OutOfReach {
        /// What grants it so.
        statements: Vec<PolicyStatement>,
    },
    /// It is explicitly denied.
    Denied {
        /// What denies it.
        statements: Vec<PolicyStatement>,
    },
    /// The permissions boundary does not permit it.
    OutsideBoundary {
        /// The boundary's ARN.
        boundary: String,
    },
    /// Some level of the organization does not permit it.
    OutsideOrganization,
}

impl MissingCause {
    /// The statements that are the cause; none where something is absent.
    pub fn statements(&self) -> &[PolicyStatement] {
        match self {
            Self::OnRepositoriesAlone { statements }
            | Self::OutOfReach { statements }
            | Self::Denied { statements } => statements,
            Self::NotGranted | Self::OutsideBoundary { .. } | Self::OutsideOrganization => &[],
        }
    }

    /// The same, to be shortened.
    pub(crate) fn statements_mut(&mut self) -> Option<&mut Vec<PolicyStatement>> {
        match self {
            Self::OnRepositoriesAlone { statements }
            | Self::OutOfReach { statements }
            | Self::Denied { statements } => Some(statements),
            Self::NotGranted | Self::OutsideBoundary { .. } | Self::OutsideOrganization => None,
        }
    }
}

/// `Denied by inline policy deny, statement [0]`.
impl fmt::Display for MissingCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGranted => formatter.write_str("Not granted by any policy"),
            Self::OnRepositoriesAlone { statements } => write!(
                formatter,
                "Granted on repositories alone by {}, where AWS asks for Resource \"*\"",
                cited(statements)
            ),
            Self::OutOfReach { statements } => write!(
                formatter,
                "Granted by {}, but only on resources or under conditions that no request of a node \
                 meets",
                cited(statements)
            ),
            Self::Denied { statements } => write!(formatter, "Denied by {}", cited(statements)),
            Self::OutsideBoundary { boundary } => {
                let name = boundary.rsplit('/').next().unwrap_or_default();
                write!(formatter, "Not within the permissions boundary {name}")
            }
            Self::OutsideOrganization => {
                formatter.write_str("Not permitted by the organization's service control policies")
            }
        }
    }
}

fn cited(statements: &[PolicyStatement]) -> String {
    const MOST: usize = 3;
    let shown: Vec<String> = statements.iter().take(MOST).map(ToString::to_string).collect();
    let left = statements.len().saturating_sub(MOST);
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    format!("{}{more}", shown.join("; "))
}

/// Why each action is missing, in sentences: a sentence for each cause, with its actions.
pub fn sentences(missing: &[MissingAction]) -> Vec<String> {
    let mut causes: Vec<(&MissingCause, Vec<&str>)> = Vec::new();
    for MissingAction { action, causes: of_action } in missing {
        for cause in of_action {
            match causes.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, actions)) => actions.push(action),
                None => causes.push((cause, vec![action])),
            }
        }
    }
    causes.into_iter().map(|(cause, actions)| format!("{cause}: {}.", actions.join(", "))).collect()
}

/// What the engine says when other policies are tried in the place of the role's.
pub trait Trial {
    /// What the role could do under these policies.
    fn access(&self, policies: &PolicySet, asked: AskedAction<'_>) -> Access;
    /// The statements as an answer cites them.
    fn cited(&self, statements: &BTreeSet<StatementRef>) -> Vec<PolicyStatement>;
}

/// Why `policies` do not permit an action. Each layer is tried with the others taken away, so that
/// whoever mends one learns of the next.
pub fn causes(
    policies: &PolicySet,
    asked: AskedAction<'_>,
    trial: &dyn Trial,
) -> Vec<MissingCause> {
    let unlimited = PolicySet { boundary: None, scps: Vec::new(), ..policies.clone() };
    let mut causes = Vec::new();
    let is_granted = says(&unlimited, Effect::Allow, asked)
        && trial.access(&without_denies(&unlimited), asked).level > Level::Denied;
    if !is_granted {
        causes.push(not_granted(&unlimited, asked, trial));
    }
    if says(&unlimited, Effect::Deny, asked) {
        let full = PolicySet { identity: with_full_grant(&policies.identity), ..unlimited.clone() };
        causes.extend(denied(&trial.access(&full, asked), trial));
    }
    if let Some(boundary) = &policies.boundary {
        let alone = PolicySet { identity: vec![boundary.clone()], ..PolicySet::default() };
        let within = trial.access(&alone, asked);
        if within.level == Level::Denied {
            causes.push(denied(&within, trial).unwrap_or_else(|| outside(boundary)));
        }
    }
    if !policies.scps.is_empty() {
        let identity = with_full_grant(&[]);
        let scps = PolicySet { identity, scps: policies.scps.clone(), ..PolicySet::default() };
        let within = trial.access(&scps, asked);
        if within.level == Level::Denied {
            causes.push(denied(&within, trial).unwrap_or(MissingCause::OutsideOrganization));
        }
    }
    if causes.is_empty() {
        causes.push(meeting(policies, &unlimited, asked, trial));
    }
    causes
}

/// Whether a statement allows or denies the action, somewhere and sometimes.
pub(crate) fn says(policies: &PolicySet, effect: Effect, asked: AskedAction<'_>) -> bool {
    let on_resources = policies.resource.iter().map(|on| &on.policy);
    let of_all = policies.identity.iter().chain(policies.rcps.iter().flatten()).chain(on_resources);
    let mut statements = of_all.flat_map(|policy| &policy.document.statements);
    let name = ActionName::new(asked.name);
    statements.any(|said| said.effect == effect && meets_action(said, &name))
}

/// Each layer permits something, but nothing is left where they meet.
fn meeting(
    policies: &PolicySet,
    unlimited: &PolicySet,
    asked: AskedAction<'_>,
    trial: &dyn Trial,
) -> MissingCause {
    if let Some(cause) = denied(&trial.access(unlimited, asked), trial) {
        return cause;
    }
    let Some(boundary) = &policies.boundary else { return MissingCause::OutsideOrganization };
    let bounded = PolicySet { scps: Vec::new(), ..policies.clone() };
    let access = trial.access(&bounded, asked);
    if access.level > Level::Denied {
        return MissingCause::OutsideOrganization;
    }
    denied(&access, trial).unwrap_or_else(|| outside(boundary))
}

/// What denies it, where everything is denied and some statement says so.
fn denied(access: &Access, trial: &dyn Trial) -> Option<MissingCause> {
    let is_denied = access.level == Level::Denied && !access.denying.is_empty();
    is_denied.then(|| MissingCause::Denied { statements: trial.cited(&access.denying) })
}

fn outside(boundary: &NamedPolicy) -> MissingCause {
    MissingCause::OutsideBoundary { boundary: boundary.name.clone() }
}

fn not_granted(policies: &PolicySet, asked: AskedAction<'_>, trial: &dyn Trial) -> MissingCause {
    let name = ActionName::new(asked.name);
    let naming: BTreeSet<StatementRef> = policies
        .identity
        .iter()
        .flat_map(|policy| policy.document.statements.iter().map(move |said| (policy, said)))
        .filter(|(_, said)| said.effect == Effect::Allow && meets_action(said, &name))
        .map(|(policy, said)| StatementRef {
            policy: policy.name.clone(),
            sid: said.sid.as_deref().map(str::to_owned),
            index: said.index,
            effect: said.effect,
        })
        .collect();
    if naming.is_empty() {
        return MissingCause::NotGranted;
    }
    if !asked.takes_resource {
        let on_repository = AskedAction { takes_resource: true, ..asked };
        let access = trial.access(&without_denies(policies), on_repository);
        if !access.granting.is_empty() {
            let statements = trial.cited(&access.granting);
            return MissingCause::OnRepositoriesAlone { statements };
        }
    }
    MissingCause::OutOfReach { statements: trial.cited(&naming) }
}

fn without_denies(policies: &PolicySet) -> PolicySet {
    let mut policies = PolicySet { rcps: Vec::new(), ..policies.clone() };
    let on_resources = policies.resource.iter_mut().map(|on| &mut on.policy);
    for policy in policies.identity.iter_mut().chain(on_resources) {
        let mut document = PolicyDocument::clone(&policy.document);
        document.statements.retain(|statement| statement.effect == Effect::Allow);
        policy.document = Arc::new(document);
    }
    policies
}

/// The policies, and one that grants everything.
fn with_full_grant(identity: &[NamedPolicy]) -> Vec<NamedPolicy> {
    const EVERYTHING: &str = r#"{"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let full = PolicyDocument::parse(EVERYTHING).ok();
    let full = full.map(|document| NamedPolicy { name: String::new(), document: document.into() });
    identity.iter().cloned().chain(full).collect()
}
