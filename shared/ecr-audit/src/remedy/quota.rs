//! What IAM and ECR refuse for its size, so that nothing is offered that they would refuse.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use super::step::Step;
use super::trial::Trial;
use crate::role_policies::RolePolicy;

/// Characters of a managed policy, beside white space.
const LARGEST_MANAGED: usize = 6144;

/// Characters of all inline policies of a role together, beside white space.
const LARGEST_INLINE: usize = 10_240;

/// Characters of a repository's policy.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html>
const LARGEST_OF_REPOSITORY: usize = 10_240;

/// How many managed policies a role takes, unless the account's quota was raised.
const MOST_ATTACHED: usize = 10;

/// Whether one more managed policy can be attached to the role.
pub fn takes_another(trial: &Trial) -> bool {
    let is_managed = |known: &&RolePolicy| known.policy.inline_name().is_none();
    trial.role.identity.iter().filter(is_managed).count() < MOST_ATTACHED
}

/// Why a step would be refused, in a sentence. What is too large already was not made by us, and
/// may stay as large as it is.
pub fn refusal(step: &Step, trial: &Trial) -> Option<String> {
    let mut after = trial.clone();
    after.take(step);
    match step {
        Step::GiveInline { name, .. } => {
            let size = inline_size(&after);
            (size > LARGEST_INLINE).then(|| {
                format!(
                    "IAM takes no inline policy {name} beside the others of the role: together \
                     they would have {size} characters of at most {LARGEST_INLINE}."
                )
            })
        }
        Step::PutInline { name, .. } => {
            let (before, size) = (inline_size(trial), inline_size(&after));
            is_too_large(before, size, LARGEST_INLINE)
                .then(|| too_many_names(&format!("inline:{name}"), size, LARGEST_INLINE))
        }
        Step::NewVersion { policy_arn, document } => {
            let known = trial.role.identity.iter().find(|it| it.policy.as_str() == policy_arn);
            let before = known.and_then(|it| it.document.as_deref()).map_or(0, size_of);
            let size = size_of(document);
            is_too_large(before, size, LARGEST_MANAGED)
                .then(|| too_many_names(policy_arn, size, LARGEST_MANAGED))
        }
        Step::SetRepositoryPolicy { repository_name, document, .. } => {
            let size = document.chars().count();
            (size > LARGEST_OF_REPOSITORY).then(|| {
                let policy = format!("the policy of the repository {repository_name}");
                too_many_names(&policy, size, LARGEST_OF_REPOSITORY)
            })
        }
        Step::Attach { .. }
        | Step::Detach { .. }
        | Step::DeleteInline { .. }
        | Step::DeleteRepositoryPolicy { .. } => None,
    }
}

fn is_too_large(before: usize, size: usize, largest: usize) -> bool {
    size > largest && size > before
}

fn too_many_names(policy: &str, size: usize, largest: usize) -> String {
    format!(
        "Without its excess, {policy} would have to name so many actions that AWS does not take \
         it: {size} characters of at most {largest}."
    )
}

fn inline_size(trial: &Trial) -> usize {
    let inline = trial.role.identity.iter().filter(|known| known.policy.inline_name().is_some());
    inline.filter_map(|known| known.document.as_deref()).map(size_of).sum()
}

fn size_of(document: &str) -> usize {
    document.chars().filter(|letter| !letter.is_whitespace()).count()
}
