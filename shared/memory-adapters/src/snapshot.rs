//! A snapshot: a folder of files that the AWS CLI printed, read as an account. Names come from
//! inside the files, paths only find them. What is damaged or was not listed to its end becomes a
//! gap of the account and a problem of the snapshot; the rest can still be audited.

mod authorization_details;
pub mod document;
mod ec2;
mod ecr;
mod eks;
mod fields;
mod folder;
mod instance_profiles;
pub mod manifest;
mod organizations;
mod own_account;
pub mod text;
mod told;

use std::fmt;
use std::path::Path;

use ecr_audit::organization::OrganizationPolicies;
use jiff::Timestamp;

use crate::account::{Account, Reading};
use crate::aws_managed::aws_managed_policy;
use crate::error::SnapshotError;
use crate::snapshot::authorization_details::LostPolicies;
use crate::snapshot::folder::{File, files};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::told::Told;

/// A snapshot of an account.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The account, with a gap wherever something is missing that should be there.
    pub account: Account,
    /// The organization's policies, where they were saved too.
    pub organization: OrganizationPolicies,
    /// What snapshot.json says, where it is there.
    pub manifest: Option<Manifest>,
    /// What could not be read, and which listings are not complete.
    pub problems: Vec<Problem>,
    /// What is worth knowing and takes nothing away.
    pub notes: Vec<String>,
    told: Told,
    lost_policies: Vec<LostPolicies>,
}

/// Something in a snapshot that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, relative to the snapshot's folder. Empty: no file is at fault, AWS did not answer.
    pub file: String,
    /// Where in it: `line 3 column 7`, `RoleDetailList[2]`; without a file, the listing that AWS did
    /// not answer. Empty: all of it.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

impl Snapshot {
    /// Reads a snapshot's folder.
    pub fn read(folder: &Path) -> Result<Self, SnapshotError> {
        let files = files(folder)
            .map_err(|reason| SnapshotError::Folder { folder: folder.to_owned(), reason })?;
        let mut snapshot = Self::default();
        let Some(first) = files.iter().find(|file| file.name == "authorization-details.json")
        else {
            return Err(SnapshotError::NoAuthorizationDetails(folder.to_owned()));
        };
        snapshot.read_authorization_details(first);
        if let Some(file) = files.iter().find(|file| file.name == "snapshot.json") {
            snapshot.read_manifest(file)?;
        }
        snapshot.find_account(&files);
        if snapshot.account.id.is_empty() {
            let line = |problem: &Problem| format!("\n  {problem}");
            let problems = snapshot.problems.iter().map(line).collect();
            return Err(SnapshotError::NoAccount { folder: folder.to_owned(), problems });
        }
        for file in &files {
            snapshot.read_file(file);
        }
        snapshot.lose_policies();
        snapshot.note_embedded_policies();
        Ok(snapshot)
    }

    /// Every region that the snapshot covers: those that snapshot.json names and those that have
    /// files.
    pub fn regions(&self) -> Vec<String> {
        let mut regions = self.account.regions();
        regions.extend(self.manifest.iter().flat_map(|manifest| manifest.regions.clone()));
        regions.extend(self.account.gaps().filter_map(|(reading, _)| match reading {
            Reading::Uses(source) => source.region.clone(),
            Reading::RepositoryPolicies(region) | Reading::RegistryPolicy(region) => {
                Some(region.clone())
            }
            Reading::Everything | Reading::Roles | Reading::Role(_) => None,
        }));
        regions.sort();
        regions.dedup();
        regions
    }

    /// When it was taken, where snapshot.json tells.
    pub fn time(&self) -> Option<Timestamp> {
        self.manifest.as_ref().and_then(|manifest| manifest.time)
    }

    /// The layout of a snapshot, a row a file.
    fn read_file(&mut self, file: &File) {
        match file.segments()[..] {
            ["authorization-details.json" | "snapshot.json"] => {}
            ["iam", "instance-profiles.json"] => self.read_instance_profiles(file),
            ["iam", "instance-profiles", _] => self.read_instance_profile(file),
            ["eks", region, _, "cluster.json"] => self.read_cluster(region, file),
            ["eks", region, _, "nodegroups", _] => self.read_nodegroup(region, file),
            ["eks", region, _, "fargate-profiles", _] => self.read_fargate_profile(region, file),
            ["eks", region, _, "access-entries", _] => self.read_access_entry(region, file),
            ["ec2", region, "instances.json"] => self.read_instances(region, file),
            ["ecr", region, "repositories.json"] => self.read_repositories(region, file),
            ["ecr", region, "repository-policies", ..] => self.read_repository_policy(region, file),
            ["ecr", region, "tags", ..] => self.read_repository_tags(region, file),
            ["ecr", region, "registry-policy.json"] => self.read_registry_policy(region, file),
            ["ecr", region, "account-setting.json"] => self.read_account_setting(region, file),
            ["organizations", kind @ ("scps" | "rcps"), _] => self.read_control_policy(kind, file),
            ["eks" | "ec2" | "ecr" | "iam" | "organizations", ..] => {
                let reason =
                    "is read by nothing: no file of a snapshot has this path; is it misspelt?";
                self.problem(file, "", reason, &manifest::readings_of_file(&file.name));
            }
            _ => self.notes.push(format!("{}: no file of a snapshot, not read", file.name)),
        }
    }

    /// Notes a problem and what cannot be read because of it.
    fn problem(&mut self, file: &File, place: &str, reason: &str, gaps: &[Reading]) {
        self.problem_of(&file.name, place, reason, gaps);
    }

    fn problem_of(&mut self, file: &str, place: &str, reason: &str, gaps: &[Reading]) {
        let [file, place, reason] = [file, place, reason].map(str::to_owned);
        let problem = Problem { file, place, reason };
        for gap in gaps {
            self.account.cannot_read(gap.clone(), &problem.to_string());
        }
        self.problems.push(problem);
    }

    fn note_embedded_policies(&mut self) {
        let account = &self.account;
        let mut arns: Vec<&String> = account
            .roles
            .values()
            .flat_map(|role| role.attached.iter().chain(&role.boundary))
            .filter(|arn| !account.policies.contains_key(*arn))
            .collect();
        arns.sort();
        arns.dedup();
        for arn in arns {
            if let Some(policy) = aws_managed_policy(arn) {
                self.notes.push(format!(
                    "{arn}: not in the snapshot; pullwatch's own copy of {} as of {} is used",
                    policy.version, policy.date
                ));
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, reason } = self;
        let said = [file, place, reason].into_iter().filter(|part| !part.is_empty());
        formatter.write_str(&said.map(String::as_str).collect::<Vec<_>>().join(": "))
    }
}
