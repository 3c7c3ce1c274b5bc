//! The step that lets the nodes pull.

use serde_json::json;

use super::plan::{Plan, status};
use super::quota::takes_another;
use super::step::Step;
use super::trial::Trial;
use crate::assess::PULL_ACTIONS;
use crate::catalogue::{C0223_ACTIONS, CataloguedAction, IMPORT_UPSTREAM_IMAGE, PUBLIC_TOKEN};
use crate::role_policies::RolePolicy;
use crate::standard::{Check, Standard, Status};

/// `AmazonEC2ContainerRegistryPullOnly` v1, as AWS published it.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEC2ContainerRegistryPullOnly.html>
const PULL_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchImportUpstreamImage"],"Resource":"*"}]}"#;

impl Plan<'_> {
    /// Lets the nodes pull. The error says why that cannot be done.
    pub fn giving_pulls(self) -> Result<Self, String> {
        const DENIED: &str = "Other grants do not help: a Deny, a permissions boundary, a \
                              repository policy or an organization policy decides, and whoever \
                              made it knows why.";
        let before = self.assessment();
        if status(&before, Check::CanPull) == Status::Passed {
            return Ok(self);
        }
        if self.steps.iter().any(Step::is_giving) {
            return Err(DENIED.to_owned());
        }
        let grant = self.pull_grant();
        let given = self.giving(grant)?;
        let after = given.assessment();
        let is_beyond =
            match (before.checks.get(&Check::ReadOnly), after.checks.get(&Check::ReadOnly)) {
                (Some(before), Some(after)) => after.fingerprint.is_worse_than(&before.fingerprint),
                _ => false,
            };
        match status(&after, Check::CanPull) {
            Status::Passed if is_beyond => Err("What pulling needs cannot be given without more \
                                                that goes beyond the standard."
                .to_owned()),
            Status::Passed => Ok(given),
            Status::Warning => {
                let reasons = after.checks.get(&Check::CanPull).map(|it| it.reasons.join(" "));
                Err(format!(
                    "With what it lacks, it is still not certain. {}",
                    reasons.unwrap_or_default()
                ))
            }
            Status::Failed | Status::NotAvailable => Err(DENIED.to_owned()),
        }
    }

    /// What gives a role all that pulling needs.
    pub(super) fn pull_grant(&self) -> Step {
        let before = Trial::new(&self.state);
        if self.settings.standard == Standard::C0223 {
            let statement = json!({"Effect": "Allow", "Action": C0223_ACTIONS, "Resource": "*"});
            let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            return Step::GiveInline { name: self.free_name(), document };
        }
        if !takes_another(&before) {
            return Step::GiveInline { name: self.free_name(), document: PULL_ONLY.to_owned() };
        }
        let partition = self.state.role.role_arn.partition();
        Step::Attach {
            policy_arn: format!(
                "arn:{partition}:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
            ),
            document: PULL_ONLY.to_owned(),
        }
    }

    /// A name for an inline policy that no policy of the role has: to put one is to overwrite.
    fn free_name(&self) -> String {
        let is_free = |name: &String| {
            let taken = |known: &RolePolicy| {
                known.policy.inline_name().is_some_and(|known| known.eq_ignore_ascii_case(name))
            };
            !self.state.role.identity.iter().any(taken)
        };
        let numbered = (2..).map(|number| format!("EcrPull{number}"));
        std::iter::once("EcrPull".to_owned()).chain(numbered).find(is_free).unwrap_or_default()
    }
}

/// The permitted actions that a pull uses: of a private repository, through a cache, and of the
/// public registry.
pub fn is_pulling(entry: &CataloguedAction, standard: Standard) -> bool {
    let action = entry.action.as_str();
    entry.is_within(standard)
        && (standard == Standard::C0223
            || PULL_ACTIONS.contains(&action)
            || [IMPORT_UPSTREAM_IMAGE, PUBLIC_TOKEN].contains(&action))
}
