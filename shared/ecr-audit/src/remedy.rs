//! The commands that put a role right. They are tried on a copy of the role before they are
//! offered: afterwards it passes, can still pull, and has lost nothing but ECR rights.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::assess::{RoleState, assess};
use crate::assessment::Assessment;
use crate::catalogue::{C0223_ACTIONS, Catalogue};
use crate::remedy_step::{Step, in_templates, shared_policies};
use crate::role_policies::{PolicyName, RolePolicies, RolePolicy};
use crate::settings::Settings;
use crate::standard::{Check, Standard, Status};

/// What puts a role right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// Commands for the AWS CLI, each a whole command on one line. Empty: there is no safe one.
    pub commands: Vec<String>,
    /// What the engine showed: that the role passes and can pull afterwards, and what is lost.
    pub checked: String,
    /// Advice in one sentence each, for instance on Terraform, or on workloads that must push.
    pub advice: Vec<String>,
    /// Why there is no safe remedy, and which rights would go.
    pub obstacle: Option<String>,
}

/// The remedy for what is FAILED; `None` where nothing is.
pub fn remedy(
    state: &RoleState<'_>,
    assessment: &Assessment,
    settings: &Settings,
) -> Option<Remedy> {
    let is_failed = |check: Check| {
        assessment.checks.get(&check).is_some_and(|result| result.status == Status::Failed)
    };
    if !is_failed(Check::ReadOnly) && !is_failed(Check::CanPull) {
        return None;
    }
    let mut plan = Plan::new(state.role);
    if is_failed(Check::ReadOnly) {
        for policy in granting_policies(assessment) {
            plan.take_away(&policy, settings.standard);
        }
    }
    if !plan.passes(state, settings) {
        plan.grant_pull(settings);
    }
    let mut advice = Vec::new();
    let is_mended = plan.obstacles.is_empty() && plan.passes(state, settings);
    if is_failed(Check::ReadOnly) {
        advice.push(
            "Does a workload need to push? Give it a role of its own (EKS Pod Identity or IRSA), \
             not the nodes."
                .to_owned(),
        );
    }
    if is_mended {
        advice.extend(shared_policies(&plan.steps));
        advice.push(in_templates(&plan.steps));
        let checked = plan.checked();
        return Some(Remedy { commands: plan.commands(), checked, advice, obstacle: None });
    }
    advice.push(
        "If Terraform or CloudFormation keeps the role, make the change there, or it will come \
         back."
            .to_owned(),
    );
    if plan.obstacles.is_empty() {
        plan.obstacles.push(
            "Other grants do not help: a Deny, a permissions boundary, a repository policy or an \
             organization policy decides, and whoever made it knows why."
                .to_owned(),
        );
    }
    Some(Remedy {
        commands: Vec::new(),
        checked: String::new(),
        advice,
        obstacle: Some(plan.obstacles.join(" ")),
    })
}

/// Every policy that grants something beyond the standard, once.
fn granting_policies(assessment: &Assessment) -> Vec<String> {
    let mut policies: Vec<String> = assessment
        .checks
        .get(&Check::ReadOnly)
        .into_iter()
        .flat_map(|result| &result.excess)
        .flat_map(|excess| &excess.statements)
        .map(|statement| statement.policy.clone())
        .collect();
    policies.sort();
    policies.dedup();
    policies
}

/// How large IAM takes a managed policy, and all inline policies of a role together, in characters
/// beside white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const LARGEST_MANAGED: usize = 6144;
const LARGEST_INLINE: usize = 10_240;

fn size(document: &str) -> usize {
    document.chars().filter(|letter| !letter.is_whitespace()).count()
}

/// How many managed policies IAM attaches to a role, unless the account's quota was raised.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MOST_ATTACHED: usize = 10;

/// A copy of the role, changed as the commands would change it.
struct Plan {
    role: RolePolicies,
    /// How many managed policies the role has before anything is taken away.
    attached: usize,
    steps: Vec<Step>,
    obstacles: Vec<String>,
}

impl Plan {
    fn new(role: &RolePolicies) -> Self {
        let is_managed = |known: &&RolePolicy| known.policy.inline_name().is_none();
        let attached = role.identity.iter().filter(is_managed).count();
        Self { role: role.clone(), attached, steps: Vec::new(), obstacles: Vec::new() }
    }

    fn commands(&self) -> Vec<String> {
        let role_name = self.role.role_arn.role_name();
        self.steps.iter().map(|step| step.command(role_name.as_str())).collect()
    }

    /// What is true afterwards, in a sentence that follows `Checked:`.
    fn checked(&self) -> String {
        let text = if self.steps.iter().all(Step::is_giving) {
            "afterwards the nodes can pull, and they have lost nothing."
        } else {
            "the nodes can still pull, and nothing but ECR rights is lost."
        };
        text.to_owned()
    }

    fn passes(&self, state: &RoleState<'_>, settings: &Settings) -> bool {
        let changed = RoleState { role: &self.role, ..*state };
        assess(&changed, settings).checks.values().all(|result| result.status == Status::Passed)
    }

    fn take_away(&mut self, policy: &str, standard: Standard) {
        let Some(place) =
            self.role.identity.iter().position(|known| known.policy.as_str() == policy)
        else {
            self.obstacles.push(format!("{policy} grants it, which is no policy of the role."));
            return;
        };
        let known = self.role.identity[place].clone();
        let document: Option<Value> =
            known.document.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let Some(document) = document else {
            self.obstacles.push(format!("{policy} cannot be read."));
            return;
        };
        if is_about_ecr_alone(&document) {
            self.role.identity.remove(place);
            self.steps.push(match known.policy.inline_name() {
                Some(name) => Step::DeleteInline { name: name.to_owned() },
                None => Step::Detach { policy_arn: policy.to_owned() },
            });
            return;
        }
        if known.policy.is_aws_managed() {
            self.obstacles.push(format!(
                "{policy} is AWS's own and grants other services as well: detaching it would also \
                 take away {}.",
                beside_ecr(&document)
            ));
            return;
        }
        match narrowed(&document, standard) {
            Some(document) => self.replace(place, &document),
            None => self.obstacles.push(format!(
                "{policy} grants ECR by a wildcard over all services: only its author can say \
                 what else has to stay."
            )),
        }
    }

    fn replace(&mut self, place: usize, document: &Value) {
        let text = document.to_string();
        let known = &mut self.role.identity[place];
        let before = known.document.replace(text.clone()).unwrap_or_default();
        let policy = known.policy.clone();
        let (used, largest) = match policy.inline_name() {
            Some(_) => (self.inline_size(), LARGEST_INLINE),
            None => (size(&text), LARGEST_MANAGED),
        };
        // What is too large already was not made by us, and grows no further.
        if used > largest && size(&text) > size(&before) {
            self.obstacles.push(format!(
                "Without its excess, {} would have to name so many actions that IAM does not take \
                 it: {used} characters of at most {largest}.",
                policy.as_str()
            ));
            return;
        }
        self.steps.push(match policy.inline_name() {
            Some(name) => Step::PutInline { name: name.to_owned(), document: text },
            None => Step::NewVersion { policy_arn: policy.as_str().to_owned(), document: text },
        });
    }

    /// IAM counts the inline policies of a role together.
    fn inline_size(&self) -> usize {
        let inline = self.role.identity.iter().filter(|known| known.policy.inline_name().is_some());
        inline.filter_map(|known| known.document.as_deref()).map(size).sum()
    }

    /// A name for an inline policy that no policy of the role has: to put one is to overwrite.
    fn free_name(&self) -> String {
        let is_free = |name: &String| {
            let taken = |known: &RolePolicy| {
                known.policy.inline_name().is_some_and(|known| known.eq_ignore_ascii_case(name))
            };
            !self.role.identity.iter().any(taken)
        };
        let numbered = (2..).map(|number| format!("EcrPull{number}"));
        std::iter::once("EcrPull".to_owned()).chain(numbered).find(is_free).unwrap_or_default()
    }

    /// Before what takes, so that the nodes can pull at every moment.
    fn grant_pull(&mut self, settings: &Settings) {
        let inline = if settings.standard == Standard::C0223 {
            let statement = json!({"Effect": "Allow", "Action": C0223_ACTIONS, "Resource": "*"});
            Some(json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
        } else {
            (self.attached >= MOST_ATTACHED).then(|| PULL_ONLY.to_owned())
        };
        if let Some(document) = inline {
            let name = self.free_name();
            self.role.identity.push(RolePolicy {
                policy: PolicyName::inline(&name),
                version: None,
                document: Some(document.clone()),
            });
            self.steps.insert(0, Step::GiveInline { name, document });
            return;
        }
        let policy_arn = format!(
            "arn:{}:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
            self.role.role_arn.partition()
        );
        self.role.identity.push(RolePolicy {
            policy: PolicyName::managed(&policy_arn),
            version: Some("v1".to_owned()),
            document: Some(PULL_ONLY.to_owned()),
        });
        self.steps.insert(0, Step::Attach { policy_arn });
    }
}

/// The rights of a document beside ECR, as many as can be read.
fn beside_ecr(document: &Value) -> String {
    const MOST: usize = 5;
    let mut rights: Vec<String> = Vec::new();
    for statement in statements(document) {
        match (actions(&statement), statement.get("NotAction")) {
            (Some(actions), _) => rights.extend(actions.into_iter().filter(|one| !is_ecr(one))),
            (None, Some(Value::Array(kept))) => {
                let kept: Vec<&str> = kept.iter().filter_map(Value::as_str).collect();
                rights.push(format!("everything but {}", kept.join(", ")));
            }
            (None, Some(Value::String(kept))) => rights.push(format!("everything but {kept}")),
            (None, _) => {}
        }
    }
    if rights.iter().any(|right| right == "*") {
        return "every other right".to_owned();
    }
    let left = rights.len().saturating_sub(MOST);
    rights.truncate(MOST);
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    format!("{}{more}", rights.join(", "))
}

/// AmazonEC2ContainerRegistryPullOnly v1, as AWS published it.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEC2ContainerRegistryPullOnly.html>
const PULL_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchImportUpstreamImage"],"Resource":"*"}]}"#;

/// The statements of a document, one or many.
fn statements(document: &Value) -> Vec<Value> {
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    }
}

fn actions(statement: &Value) -> Option<Vec<String>> {
    match statement.get("Action")? {
        Value::String(action) => Some(vec![action.clone()]),
        Value::Array(actions) => {
            actions.iter().map(|action| action.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

fn is_ecr(action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    lower.starts_with("ecr:") || lower.starts_with("ecr-public:")
}

fn is_about_ecr_alone(document: &Value) -> bool {
    statements(document).iter().all(|statement| {
        actions(statement).is_some_and(|actions| actions.iter().all(|action| is_ecr(action)))
    })
}

/// The document with only its excess ECR grants taken out. `None` where ECR is granted by a
/// pattern over all services.
fn narrowed(document: &Value, standard: Standard) -> Option<Value> {
    let mut kept = Vec::new();
    for statement in statements(document) {
        let is_allow = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        if !is_allow {
            kept.push(statement);
            continue;
        }
        let listed = actions(&statement)?;
        if listed.iter().any(|action| action.starts_with('*')) {
            return None;
        }
        let left: Vec<String> = listed
            .into_iter()
            .flat_map(
                |action| if is_ecr(&action) { permitted(&action, standard) } else { vec![action] },
            )
            .collect();
        if !left.is_empty() {
            let mut statement = statement;
            statement["Action"] = left.into();
            kept.push(statement);
        }
    }
    let mut document = document.clone();
    document["Statement"] = kept.into();
    Some(document)
}

/// What of an ECR pattern the standard permits, by name.
fn permitted(pattern: &str, standard: Standard) -> Vec<String> {
    let pattern = iam_policy::action::ActionPattern::parse(pattern);
    Catalogue::embedded()
        .actions
        .iter()
        .filter(|entry| pattern.matches(&entry.action) && entry.is_within(standard))
        .map(|entry| entry.action.clone())
        .collect()
}

/// A word as a POSIX shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The words of a command that `quoted` made.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => words.extend(word.take()),
            '\'' => word
                .get_or_insert_default()
                .extend(letters.by_ref().take_while(|letter| *letter != '\'')),
            '\\' => word.get_or_insert_default().extend(letters.next()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_break_it() {
        assert_eq!(quoted("prod-workers"), "prod-workers");
        assert_eq!(quoted(r#""; rm -rf"#), r#"'"; rm -rf'"#);
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_command_is_read_as_it_was_quoted() {
        let written = ["aws", "it's", "", r#""; rm -rf"#, r"a\b", "prod-workers"];
        let command: Vec<String> = written.iter().map(|word| quoted(word)).collect();
        assert_eq!(words(&command.join(" ")), written);
    }
}
