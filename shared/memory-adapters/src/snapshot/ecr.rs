//! Repositories with their policies and tags, and the registry's policy with its scope.

use serde_json::Value;

use super::Snapshot;
use super::document::document_text;
use super::fields::{is_truncated, list, region_of, tags, text};
use super::folder::File;
use crate::account::{Reading, Registry, Repository};

impl Snapshot {
    pub(super) fn read_repositories(&mut self, path_region: &str, file: &File) {
        let gap = [Reading::RepositoryPolicies(path_region.to_owned())];
        let pages = match file.documents() {
            Ok(pages) => pages,
            Err(damage) => return self.problem(file, &damage.place, &damage.reason, &gap),
        };
        if pages.last().is_some_and(is_truncated) {
            self.problem(file, "", "breaks off: its last page says more follow", &gap);
        }
        for page in &pages {
            let repositories = match list(page, "repositories") {
                Ok(repositories) => repositories,
                Err(reason) => {
                    self.problem(file, "", &reason, &gap);
                    continue;
                }
            };
            for (index, value) in repositories.iter().enumerate() {
                let arn = value["repositoryArn"].as_str();
                let region = arn.and_then(region_of);
                let is_own = arn.map_or(Ok(()), |arn| self.is_own(arn));
                match is_own.and_then(|()| text(value, "repositoryName")) {
                    Ok(name) => drop(self.repository(region.unwrap_or(path_region), name)),
                    Err(reason) => {
                        self.problem(file, &format!("repositories[{index}]"), &reason, &gap);
                    }
                }
            }
        }
    }

    pub(super) fn read_repository_policy(&mut self, region: &str, file: &File) {
        let gap = Reading::RepositoryPolicies(region.to_owned());
        self.read_policy(file, gap, |snapshot, value, policy| {
            let name = text(value, "repositoryName")?;
            let what = format!("the policy of the repository {name} in {region}");
            if snapshot.told.first(file, &what) {
                snapshot.repository(region, name).policy = Some(policy);
            } else if snapshot.repository(region, name).policy.as_ref() != Some(&policy) {
                return Err(snapshot.told.contradiction(&what));
            }
            Ok(())
        });
    }

    pub(super) fn read_registry_policy(&mut self, region: &str, file: &File) {
        let gap = Reading::RegistryPolicy(region.to_owned());
        self.read_policy(file, gap, |snapshot, _, policy| {
            snapshot.registry(region).policy = Some(policy);
            Ok(())
        });
    }

    pub(super) fn read_account_setting(&mut self, region: &str, file: &File) {
        let gap = [Reading::RegistryPolicy(region.to_owned())];
        let setting = match file.document() {
            Ok(setting) => setting,
            Err(damage) => return self.problem(file, &damage.place, &damage.reason, &gap),
        };
        match (setting["name"].as_str(), setting["value"].as_str()) {
            (Some("REGISTRY_POLICY_SCOPE"), Some(scope @ ("V1" | "V2"))) => {
                self.registry(region).scope = Some(scope.to_owned());
            }
            (Some("REGISTRY_POLICY_SCOPE"), _) => {
                self.problem(file, "value", "is neither V1 nor V2", &gap);
            }
            (Some(name), _) => {
                self.notes.push(format!("{}: the setting {name} is not used", file.name));
            }
            (None, _) => self.problem(file, "", "has no name", &gap),
        }
    }

    /// The tags are kept with the repository, and a damaged file is told; but no answer uses them. A
    /// grant that hangs on `aws:ResourceTag/…` or `ecr:ResourceTag/…` is conditional whatever the
    /// repositories carry today, for a node may ask for one that is made or tagged tomorrow.
    pub(super) fn read_repository_tags(&mut self, region: &str, file: &File) {
        // Nothing in the file names its repository, so the path does.
        let name = file.segments()[3..].join("/");
        let name = name.strip_suffix(".json").unwrap_or(&name);
        let tags = match file.document() {
            Ok(document) => tags(&document, "tags").map_err(|reason| (String::new(), reason)),
            Err(damage) => Err((damage.place, damage.reason)),
        };
        match tags {
            Ok(tags) => self.repository(region, name).tags = tags,
            Err((place, reason)) => self.problem(file, &place, &reason, &[]),
        }
    }

    fn read_policy(
        &mut self,
        file: &File,
        gap: Reading,
        keep: impl FnOnce(&mut Self, &Value, String) -> Result<(), String>,
    ) {
        let value = match file.document() {
            Ok(value) => value,
            Err(damage) => return self.problem(file, &damage.place, &damage.reason, &[gap]),
        };
        if let Some(registry_id) = value["registryId"].as_str()
            && registry_id != self.account.id
        {
            let note = format!("{}: is of the registry {registry_id}, not read", file.name);
            return self.notes.push(note);
        }
        let outcome = document_text(&value["policyText"])
            .ok_or_else(|| "has no policyText".to_owned())
            .and_then(|policy| keep(self, &value, policy));
        if let Err(reason) = outcome {
            self.problem(file, "", &reason, &[gap]);
        }
    }

    fn repository(&mut self, region: &str, name: &str) -> &mut Repository {
        self.account.repositories.entry((region.to_owned(), name.to_owned())).or_default()
    }

    fn registry(&mut self, region: &str) -> &mut Registry {
        self.account.registries.entry(region.to_owned()).or_default()
    }
}
