//! The actions of ecr and ecr-public: a data file with its source and date, read once.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::standard::{Severity, Standard};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/catalogue.json"))
        .expect("the embedded catalogue is of its own form; a test reads it")
});

/// Every action that AWS documents, with where that was read.
#[derive(Clone, Debug, Deserialize)]
pub struct Catalogue {
    /// Where the actions were read.
    pub source: String,
    /// When.
    pub date: String,
    /// The actions.
    pub actions: Vec<CataloguedAction>,
}

/// One action.
#[derive(Clone, Debug, Deserialize)]
pub struct CataloguedAction {
    /// With its service: `ecr:PutImage`.
    pub action: String,
    /// AWS's access level; where AWS gives `Write` and another, the other.
    pub access_level: AccessLevel,
    /// Whether a request names a repository; without one only the resource `*` is matched.
    pub takes_resource: bool,
    /// Whether a request must name a repository.
    pub resource_required: bool,
    /// The keys the service sends with this action, beyond the global ones.
    pub condition_keys: Vec<String>,
    /// How bad it is in a node's hands. Every action beyond Read and List has one.
    #[serde(default)]
    pub severity: Option<Severity>,
}

/// AWS's access levels.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads contents.
    Read,
    /// Changes tags alone.
    Tagging,
    /// Creates, changes or deletes.
    Write,
    /// Gives rights away.
    #[serde(rename = "Permissions management")]
    PermissionsManagement,
}

/// The services whose actions are judged.
pub const SERVICES: [&str; 2] = ["ecr", "ecr-public"];

/// The four actions of the control's text, which are all that pulling needs.
pub const C0223_ACTIONS: [&str; 4] = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
];

/// The write that AWS's own pull-only policy holds, for pull-through caches.
pub const IMPORT_UPSTREAM_IMAGE: &str = "ecr:BatchImportUpstreamImage";

/// The token of the public registry.
pub const PUBLIC_TOKEN: &str = "ecr-public:GetAuthorizationToken";

impl Catalogue {
    /// The catalogue that this version was built with.
    pub fn embedded() -> &'static Self {
        &CATALOGUE
    }

    /// The entry of an action, such as `ecr:PutImage`.
    pub fn entry(&self, action: &str) -> Option<&CataloguedAction> {
        self.actions.iter().find(|entry| entry.action == action)
    }

    /// The names of one service's actions, without the service.
    pub fn names(&self, service: &str) -> impl Iterator<Item = &str> {
        self.actions.iter().filter_map(move |entry| {
            entry
                .action
                .split_once(':')
                .filter(|(prefix, _)| *prefix == service)
                .map(|(_, name)| name)
        })
    }
}

impl CataloguedAction {
    /// Whether the standard permits a node to have this action.
    pub fn is_within(&self, standard: Standard) -> bool {
        let action = self.action.as_str();
        let is_c0223 = C0223_ACTIONS.contains(&action);
        match standard {
            Standard::C0223 => is_c0223,
            Standard::PullOnly => {
                is_c0223 || action == IMPORT_UPSTREAM_IMAGE || action == PUBLIC_TOKEN
            }
            Standard::ReadOnly => {
                is_c0223
                    || action == IMPORT_UPSTREAM_IMAGE
                    || matches!(self.access_level, AccessLevel::Read | AccessLevel::List)
            }
        }
    }

    /// Whether it is one of the calls of a pull.
    pub fn is_of_a_pull(action: &str) -> bool {
        C0223_ACTIONS.contains(&action)
    }

    /// How bad it is where it is allowed on every repository.
    pub fn severity(&self) -> Severity {
        self.severity.unwrap_or(Severity::Low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_beyond_reading_has_its_severity_class() {
        for entry in &Catalogue::embedded().actions {
            let reads = matches!(entry.access_level, AccessLevel::Read | AccessLevel::List);
            assert_eq!(entry.severity.is_none(), reads, "{}", entry.action);
        }
    }

    #[test]
    fn the_standards_are_nested() {
        let within = |standard| {
            Catalogue::embedded().actions.iter().filter(|entry| entry.is_within(standard)).count()
        };
        assert_eq!(within(Standard::C0223), 4);
        assert_eq!(within(Standard::PullOnly), 6);
        for entry in &Catalogue::embedded().actions {
            assert!(!entry.is_within(Standard::PullOnly) || entry.is_within(Standard::ReadOnly));
        }
    }

    #[test]
    fn the_catalogue_holds_what_aws_documents() {
        assert_eq!(Catalogue::embedded().names("ecr").count(), 60);
        assert_eq!(Catalogue::embedded().names("ecr-public").count(), 23);
    }
}
