//! The commands that put a role right. They are tried on a copy of the role before they are
//! offered: afterwards each check that they mend is PASSED, and the nodes have lost no pull and
//! nothing but ECR rights.

mod advice;
mod excess;
mod loss;
mod narrowing;
mod plan;
mod pulling;
mod quota;
mod repository;
pub(crate) mod shell;
mod step;
mod trial;

use serde::{Deserialize, Serialize};

use crate::assess::{RoleState, assess_as_of_now};
use crate::assessment::Assessment;
use crate::effective::effective;
use crate::permissions::Scope;
use crate::settings::Settings;
use crate::standard::{Check, Status};
use advice::advice;
use plan::{Plan, listed, status};
use step::Step;

/// What puts a role right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// Commands for the AWS CLI, each a whole command on one line, in the order in which they are
    /// to be run; where one fails, those after it must not run. Empty: there is no safe one.
    pub commands: Vec<String>,
    /// What the engine showed: whether the nodes can pull afterwards, and what is lost.
    pub checked: String,
    /// Advice in one sentence each, for instance on Terraform, or on workloads that must push.
    pub advice: Vec<String>,
    /// Why there is no safe remedy, or none for all that is wrong.
    pub obstacle: Option<String>,
}

/// The remedy for the checks that are FAILED; `None` where none is. Where an exception makes a
/// warning of a check, `assessment` says so, and the check is left as it is.
pub fn remedy(
    state: &RoleState<'_>,
    assessment: &Assessment,
    settings: &Settings,
) -> Option<Remedy> {
    let is_failed = |check: Check| status(assessment, check) == Status::Failed;
    if !Check::ALL.into_iter().any(is_failed) {
        return None;
    }
    let mut plan = Plan::new(*state, settings);
    let mut obstacles: Vec<(Check, String)> = Vec::new();
    if is_failed(Check::ReadOnly) {
        match plan.clone().taking_excess(assessment) {
            Ok(mended) => plan = mended,
            Err(obstacle) => obstacles.push((Check::ReadOnly, obstacle)),
        }
    }
    if is_failed(Check::CanPull) {
        match plan.clone().giving_pulls() {
            Ok(mended) => plan = mended,
            Err(obstacle) => obstacles.push((Check::CanPull, obstacle)),
        }
    }
    let role_name = state.role.role_arn.role_name();
    let commands: Vec<String> =
        plan.steps().iter().map(|step| step.command(role_name.as_str())).collect();
    let mut told = Vec::new();
    if is_failed(Check::ReadOnly) {
        told.push(
            "Does a workload need to push? Give it a role of its own (EKS Pod Identity or IRSA), \
             not the nodes."
                .to_owned(),
        );
    }
    if commands.is_empty() {
        told.push(
            "If Terraform or CloudFormation keeps the role, make the change there, or it will \
             come back."
                .to_owned(),
        );
    } else {
        told.extend(advice(plan.steps()));
    }
    Some(Remedy {
        checked: if commands.is_empty() { String::new() } else { checked(&plan, state, settings) },
        obstacle: obstacle(&obstacles, commands.is_empty()),
        commands,
        advice: told,
    })
}

/// Why something stays as it is. Beside commands it also says what they do not mend.
fn obstacle(obstacles: &[(Check, String)], is_alone: bool) -> Option<String> {
    let sentences: Vec<String> = obstacles
        .iter()
        .map(|(check, obstacle)| match (is_alone, check) {
            (true, _) => obstacle.clone(),
            (false, Check::ReadOnly) => {
                format!("What goes beyond the standard stays: no safe command ends it. {obstacle}")
            }
            (false, Check::CanPull) => {
                format!("The nodes still cannot pull: no safe command lets them. {obstacle}")
            }
        })
        .collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What is true afterwards, in a sentence that follows `Checked:`.
fn checked(plan: &Plan<'_>, state: &RoleState<'_>, settings: &Settings) -> String {
    let before = status(&assess_as_of_now(state, settings), Check::CanPull);
    let after = status(&plan.assessment(), Check::CanPull);
    let pulling = match (before, after) {
        (Status::Passed, Status::Passed) => "the nodes can still pull, and ",
        (_, Status::Passed) if pulls_everywhere(plan, state, settings) => {
            "afterwards the nodes can pull from every repository, and "
        }
        (_, Status::Passed) => "afterwards the nodes can pull, and ",
        (Status::Warning, Status::Warning) => "the nodes can pull on the same condition, and ",
        _ => "",
    };
    if plan.steps().iter().all(Step::is_giving) {
        return format!("{pulling}they have lost nothing.");
    }
    let lost = plan.lost();
    if lost.is_empty() {
        return format!("{pulling}only excess ECR rights are lost.");
    }
    format!(
        "{pulling}nothing but ECR rights is lost: beside the excess, {}, which no pull needs.",
        listed(&lost, 2)
    )
}

fn pulls_everywhere(plan: &Plan<'_>, state: &RoleState<'_>, settings: &Settings) -> bool {
    effective(&plan.trial().state(state), settings)
        .is_ok_and(|permissions| permissions.pull.granted.scope == Scope::EveryRepository)
}
