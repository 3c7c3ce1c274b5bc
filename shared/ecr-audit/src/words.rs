//! What a role can do, and what was done to it, in a person's words: `push images` tells more
//! than four names of API calls.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::Value;

use crate::assessment::Excess;
use crate::certainty::Certainty;
use crate::change::{Change, RoleEffect};
use crate::permissions::{Access, Scope};

/// What people call a group of actions, alone and in a sentence about ECR, with its actions.
struct Group {
    words: &'static str,
    sentence: &'static str,
    actions: &'static [&'static str],
}

/// The groups, the worst first. What none of them names is in the last.
const GROUPS: [Group; 9] = [
    Group {
        words: "change who may use repositories",
        sentence: "change who may use ECR repositories",
        actions: &[
            "SetRepositoryPolicy",
            "DeleteRepositoryPolicy",
            "PutRegistryPolicy",
            "DeleteRegistryPolicy",
            "CreateRepositoryCreationTemplate",
            "UpdateRepositoryCreationTemplate",
        ],
    },
    Group {
        words: "send images to other registries",
        sentence: "send ECR images to other registries",
        actions: &["PutReplicationConfiguration"],
    },
    Group {
        words: "push images",
        sentence: "push images to ECR",
        actions: &[
            "PutImage",
            "InitiateLayerUpload",
            "UploadLayerPart",
            "CompleteLayerUpload",
            "ReplicateImage",
        ],
    },
    Group {
        words: "delete images",
        sentence: "delete images from ECR",
        actions: &[
            "BatchDeleteImage",
            "DeleteRepository",
            "PutLifecyclePolicy",
            "DeleteLifecyclePolicy",
        ],
    },
    Group {
        words: "create repositories",
        sentence: "create repositories in ECR",
        actions: &["CreateRepository"],
    },
    Group {
        words: "import upstream images",
        sentence: "import upstream images into ECR",
        actions: &["BatchImportUpstreamImage"],
    },
    Group {
        words: "change tags",
        sentence: "change the tags of ECR repositories",
        actions: &["TagResource", "UntagResource"],
    },
    Group {
        words: "do whatever AWS adds next",
        sentence: "do whatever AWS adds to ECR next",
        actions: &["<unknown write>"],
    },
    Group { words: "change settings", sentence: "change settings of ECR", actions: &[] },
];

const READS: (&str, &str) = ("read more than pulling needs", "read more of ECR than pulling needs");

/// One group of what a role can do for certain beyond its standard, or of what it perhaps can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ability<'excess> {
    /// `push images`.
    pub words: &'static str,
    /// `push images to ECR`.
    pub sentence: &'static str,
    /// Whether perhaps nothing of it is granted. Else all of it is for certain, be it on a
    /// condition.
    pub is_perhaps: bool,
    /// What it is made of, worst first.
    pub excess: Vec<&'excess Excess>,
}

/// The groups that stand for some actions, the worst first. Of equal ones reads come last, and what
/// is certain before what is not.
pub fn abilities(excess: &[Excess]) -> Vec<Ability<'_>> {
    abilities_of(excess.iter())
}

/// The groups that stand for some of a result's actions.
pub fn abilities_of<'excess>(
    excess: impl Iterator<Item = &'excess Excess>,
) -> Vec<Ability<'excess>> {
    let groups = GROUPS.iter().map(|group| (group.words, group.sentence)).chain([READS]);
    let mut abilities: Vec<[Ability<'_>; 2]> = groups
        .map(|(words, sentence)| {
            [false, true].map(|is_perhaps| Ability {
                words,
                sentence,
                is_perhaps,
                excess: Vec::new(),
            })
        })
        .collect();
    for one in excess {
        let is_perhaps = one.certainty() == Certainty::Perhaps;
        abilities[group_of(&one.action)][usize::from(is_perhaps)].excess.push(one);
    }
    let mut abilities: Vec<Ability<'_>> = abilities.into_iter().flatten().collect();
    abilities.retain(|ability| !ability.excess.is_empty());
    abilities
        .sort_by_key(|ability| Reverse(ability.excess.iter().map(|excess| excess.severity).max()));
    abilities
}

/// Where an action stands among the groups, behind which the reads stand.
fn group_of(action: &str) -> usize {
    let (_, name) = action.split_once(':').unwrap_or(("", action));
    let is_read = ["Get", "List", "Describe", "BatchGet", "BatchCheck", "<unknown read"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    if is_read {
        return GROUPS.len();
    }
    let group = GROUPS.iter().position(|group| group.actions.contains(&name));
    group.unwrap_or(GROUPS.len() - 1)
}

impl Ability<'_> {
    /// `ecr:PutImage, ecr:InitiateLayerUpload +2`.
    pub fn actions(&self, shown: usize) -> String {
        let named: Vec<&str> =
            self.excess.iter().take(shown).map(|excess| excess.action.as_str()).collect();
        let left = self.excess.len().saturating_sub(shown);
        if left == 0 { named.join(", ") } else { format!("{} +{left}", named.join(", ")) }
    }

    /// `push images`, or `perhaps push images` where that is not certain.
    pub fn in_words(&self) -> String {
        let perhaps = if self.is_perhaps { "perhaps " } else { "" };
        format!("{perhaps}{}", self.words)
    }

    /// ` on a condition` where nothing of it is allowed in every context, and whether it perhaps
    /// is. Empty where something is.
    pub fn condition(&self) -> &'static str {
        let is_on_condition = |one: &&Excess| {
            one.access == Access::Conditional || one.certainty() == Certainty::PerhapsAlways
        };
        if !self.excess.iter().all(is_on_condition) {
            ""
        } else if self.excess.iter().any(|one| one.access == Access::Allowed) {
            " on a condition, perhaps always"
        } else {
            " on a condition"
        }
    }
}

/// `every repository`, or one that shows which, as `account` calls it. None is shown where perhaps
/// none is granted: it may be made up.
pub fn place_of(excess: &Excess, account: &str) -> String {
    let witness = excess.witness.as_ref().map(|witness| witness.resource.as_str());
    let certain = witness.filter(|_| excess.certainty() != Certainty::Perhaps);
    let shown = certain.and_then(|arn| {
        let mut fields = arn.splitn(6, ':').skip(3);
        let (region, of) = (fields.next()?, fields.next()?);
        let name = fields.next()?.strip_prefix("repository/")?;
        let region = if region.is_empty() { String::new() } else { format!(" in {region}") };
        let of = if of == account { String::new() } else { format!(" of account {of}") };
        Some(format!("{name}{region}{of}"))
    });
    match (excess.scope, shown) {
        (Scope::EveryRepository, _) if witness.is_some_and(|arn| !arn.contains(":repository/")) => {
            "the whole registry".to_owned()
        }
        (Scope::EveryRepository, _) => "every repository".to_owned(),
        (Scope::NamedRepositories, Some(shown)) => {
            format!("certain repositories, such as {shown}")
        }
        (Scope::NamedRepositories, None) => "certain repositories".to_owned(),
    }
}

/// What an action depends on that is granted on a condition, as its witness shows.
pub fn conditions(excess: &Excess) -> Vec<String> {
    let Some(witness) = &excess.witness else { return Vec::new() };
    if excess.access != Access::Conditional && excess.certainty() != Certainty::PerhapsAlways {
        return Vec::new();
    }
    if witness.context.is_empty() {
        return vec!["the other account consents, or another condition holds".to_owned()];
    }
    let conditions = witness.context.iter().map(|(key, value)| match value {
        Value::Null => format!("{key} is absent"),
        Value::String(text) => format!("{key} is {}", shortened(text, 200)),
        Value::Array(texts) => {
            let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
            format!("{key} are {}", shortened(&texts.join(", "), 200))
        }
        other => format!("{key} is {other}"),
    });
    conditions.collect()
}

/// What a change was about: the policy that was attached, the nodegroup that came, … Empty where
/// the call's name says it all.
pub fn about(change: &Change) -> String {
    let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    match change {
        Change::Role { role_name, effect } => match effect {
            RoleEffect::PolicyAttached { policy_arn }
            | RoleEffect::PolicyDetached { policy_arn }
            | RoleEffect::BoundarySet { policy_arn } => last(policy_arn),
            RoleEffect::InlinePolicyPut { policy_name, .. }
            | RoleEffect::InlinePolicyDeleted { policy_name } => policy_name.clone(),
            RoleEffect::Tagged { tags } => tags.keys().cloned().collect::<Vec<_>>().join(", "),
            RoleEffect::TaggedWith { tag_keys } | RoleEffect::Untagged { tag_keys } => {
                tag_keys.join(", ")
            }
            RoleEffect::BoundaryRemoved | RoleEffect::Created { .. } | RoleEffect::Deleted => {
                role_name.to_string()
            }
        },
        Change::ManagedPolicy { policy_arn, default_version } => {
            format!("{} {}", last(policy_arn), default_version.as_deref().unwrap_or_default())
                .trim_end()
                .to_owned()
        }
        Change::InstanceProfile { instance_profile_name, .. } => instance_profile_name.clone(),
        Change::Nodegroup { cluster_name, nodegroup_name, region, .. } => {
            format!("{cluster_name}/{nodegroup_name} in {region}")
        }
        Change::FargateProfile { cluster_name, fargate_profile_name, region, .. } => {
            format!("{cluster_name}/{fargate_profile_name} in {region}")
        }
        Change::Cluster { cluster_name, region, .. }
        | Change::AccessEntry { cluster_name, region, .. } => format!("{cluster_name} in {region}"),
        Change::RepositoryPolicy { region, repository_name } => {
            format!("{repository_name} in {region}")
        }
        Change::RegistryPolicy { region } => region.clone(),
        Change::Recheck { .. } | Change::Unclear { .. } => String::new(),
    }
}

/// What an alert, and the finding's note, say of a finding that a person had suppressed.
pub const WORSE_THAN_SUPPRESSED: &str = "The finding was suppressed in Security Hub. This is \
                                         worse than what was suppressed, so the finding is NEW \
                                         again.";

/// `2026-01-15 10:20:00 UTC`.
pub fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Shortens a text to at most `longest` bytes of UTF-8, and says so. No way of counting
/// characters gives more than there are bytes.
pub fn shortened(text: &str, longest: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= longest {
        return text.to_owned();
    }
    let kept = text.floor_char_boundary(longest.saturating_sub(MARK.len()));
    format!("{}{MARK}", &text[..kept])
}

/// Whole sentences, as many as fit into `longest` bytes; the first is shortened where it must be.
pub fn sentences(sentences: &[String], longest: usize) -> String {
    let mut text = String::new();
    for sentence in sentences.iter().map(|text| ended(text)) {
        if text.is_empty() {
            text = shortened(&sentence, longest);
        } else if text.len() + 1 + sentence.len() <= longest {
            text.push(' ');
            text.push_str(&sentence);
        }
    }
    text
}

/// A sentence with its full stop: what an error or a note of the engine says has none.
fn ended(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', '…']) || text.is_empty() {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_between_characters() {
        assert_eq!(shortened("nodes", 5), "nodes");
        assert_eq!(shortened("nodes", 4), "n…");
        assert_eq!(shortened("ääää", 6), "ä…");
        assert_eq!(shortened("ääää", 8), "ääää");
    }

    #[test]
    fn a_sentence_that_does_not_fit_is_left_out_whole() {
        let told = ["One.", "Twenty two.", "Three."].map(str::to_owned);
        assert_eq!(sentences(&told, 11), "One. Three.");
        assert_eq!(sentences(&told, 100), "One. Twenty two. Three.");
        let told = ["matches no resource", "Next."].map(str::to_owned);
        assert_eq!(sentences(&told, 100), "matches no resource. Next.");
        assert_eq!(sentences(&["Twenty two.".to_owned()], 6), "Twe…");
    }
}
