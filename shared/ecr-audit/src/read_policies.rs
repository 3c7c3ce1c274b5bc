//! The policies of a role, parsed and put where each stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use iam_policy::decision::{NamedPolicy, PolicySet, ResourcePolicy};
use iam_policy::document::PolicyDocument;
use iam_policy::glob;

use crate::assess::RoleState;
use crate::role_policies::RegistryDocument;

/// The policies, parsed, with what they say wrongly.
pub struct ReadPolicies {
    /// The policies, by their kinds.
    pub set: PolicySet,
    /// The versions of managed policies, by their ARNs.
    pub versions: BTreeMap<String, String>,
    /// What they say wrongly, a sentence each.
    pub notes: Vec<String>,
}

impl ReadPolicies {
    /// Reads them. The error says, in a sentence, which cannot be read.
    pub fn of(state: &RoleState<'_>) -> Result<Self, String> {
        let mut read =
            Self { set: PolicySet::default(), versions: BTreeMap::new(), notes: Vec::new() };
        for policy in &state.role.identity {
            let named = read.policy(policy.policy.as_str(), policy.document.as_deref())?;
            read.set.identity.push(named);
            if let Some(version) = &policy.version {
                read.versions.insert(policy.policy.as_str().to_owned(), version.clone());
            }
        }
        if let Some(boundary) = &state.role.boundary {
            let named = read.policy(boundary.policy.as_str(), boundary.document.as_deref())?;
            read.set.boundary = Some(named);
        }
        for level in &state.organization.scps {
            let level = level
                .iter()
                .map(|document| read.policy(&document.name, Some(&document.document)))
                .collect::<Result<_, _>>()?;
            read.set.scps.push(level);
        }
        for level in &state.organization.rcps {
            let level = level
                .iter()
                .map(|document| read.policy(&document.name, Some(&document.document)))
                .collect::<Result<_, _>>()?;
            read.set.rcps.push(level);
        }
        for document in state.registry {
            let resource = read.registry(state, document)?;
            read.set.resource.push(resource);
        }
        Ok(read)
    }

    fn policy(&mut self, name: &str, document: Option<&str>) -> Result<NamedPolicy, String> {
        let text = document.ok_or_else(|| format!("the document of {name} could not be had"))?;
        let document = PolicyDocument::parse(text)
            .map_err(|error| format!("the document of {name} is not a policy: {error}"))?;
        self.notes.extend(document.notes.iter().map(|note| format!("{name}: {note}")));
        Ok(NamedPolicy { name: name.to_owned(), document: Arc::new(document) })
    }

    /// A repository's policy stands on the repository; the registry's on all of its region.
    fn registry(
        &mut self,
        state: &RoleState<'_>,
        document: &RegistryDocument,
    ) -> Result<ResourcePolicy, String> {
        let role_arn = &state.role.role_arn;
        let account = role_arn.account();
        let partition = role_arn.partition();
        let region = &document.region;
        let (name, stands_on) = match &document.repository_name {
            Some(repository) => {
                let arn = format!("arn:{partition}:ecr:{region}:{account}:repository/{repository}");
                (arn.clone(), arn)
            }
            None => (
                format!("registry:{region}"),
                format!("arn:{partition}:ecr:{region}:{account}:repository/*"),
            ),
        };
        let covers = if document.covers_all_actions {
            Vec::new()
        } else {
            ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
                .map(str::to_owned)
                .to_vec()
        };
        let policy = self.policy(&name, Some(&document.document))?;
        Ok(ResourcePolicy { policy, stands_on: glob::pieces(&stands_on), covers })
    }
}
