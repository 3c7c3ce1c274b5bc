//! Actions in a person's words: `push images` tells more than four names of API calls.

use crate::assessment::Excess;

/// What people call a group of actions, the worst first, with the actions that it covers.
const GROUPS: [(&str, &[&str]); 8] = [
    (
        "change who may use repositories",
        &[
            "SetRepositoryPolicy",
            "DeleteRepositoryPolicy",
            "PutRegistryPolicy",
            "DeleteRegistryPolicy",
            "CreateRepositoryCreationTemplate",
            "UpdateRepositoryCreationTemplate",
        ],
    ),
    ("send images to other registries", &["PutReplicationConfiguration", "ReplicateImage"]),
    ("push images", &["PutImage", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"]),
    (
        "delete images",
        &["BatchDeleteImage", "DeleteRepository", "PutLifecyclePolicy", "DeleteLifecyclePolicy"],
    ),
    ("create repositories", &["CreateRepository"]),
    ("change tags", &["TagResource", "UntagResource"]),
    ("do whatever AWS adds next", &["<unknown write>", "<unknown read>"]),
    ("change settings", &[]),
];

/// One group of what a role can do beyond its standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ability<'excess> {
    /// `push images`.
    pub words: &'static str,
    /// What it is made of, worst first.
    pub excess: Vec<&'excess Excess>,
}

/// The groups that stand for some actions, the worst first. Reads come last.
pub fn abilities(excess: &[Excess]) -> Vec<Ability<'_>> {
    let mut abilities: Vec<Ability<'_>> =
        GROUPS.iter().map(|(words, _)| Ability { words, excess: Vec::new() }).collect();
    let mut reads = Ability { words: "read more than pulling needs", excess: Vec::new() };
    for one in excess {
        let (_, name) = one.action.split_once(':').unwrap_or(("", &one.action));
        let is_read = ["Get", "List", "Describe", "BatchGet", "BatchCheck", "<unknown read"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        let group = GROUPS.iter().position(|(_, names)| names.contains(&name));
        match group {
            _ if is_read => reads.excess.push(one),
            Some(group) => abilities[group].excess.push(one),
            None => abilities[GROUPS.len() - 1].excess.push(one),
        }
    }
    abilities.push(reads);
    abilities.retain(|ability| !ability.excess.is_empty());
    abilities
}

impl Ability<'_> {
    /// `ecr:PutImage, ecr:InitiateLayerUpload +2`.
    pub fn actions(&self, shown: usize) -> String {
        let named: Vec<&str> =
            self.excess.iter().take(shown).map(|excess| excess.action.as_str()).collect();
        let left = self.excess.len().saturating_sub(shown);
        if left == 0 { named.join(", ") } else { format!("{} +{left}", named.join(", ")) }
    }
}

/// Shortens a text to at most `longest` characters, and says so.
pub fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{kept}…")
}
