//! The policies of a role, parsed and put where each stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use iam_policy::context::Context;
use iam_policy::decision::{NamedPolicy, PolicySet, ResourcePolicy};
use iam_policy::document::PolicyDocument;
use iam_policy::glob::{self, Piece};
use iam_policy::truth::Truth;

use crate::assess::RoleState;
use crate::registries::{PoliciesOf, Unknown, UnreadPolicies};
use crate::role_policies::RegistryDocument;

/// The actions that a registry policy of scope V1 covers.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
const SCOPE_V1: [&str; 3] =
    ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"];

/// The policies, parsed, with what they say wrongly.
pub struct ReadPolicies {
    /// The policies, by their kinds.
    pub set: PolicySet,
    /// The versions of managed policies, by their ARNs.
    pub versions: BTreeMap<String, String>,
    /// What they say wrongly, a sentence each.
    pub notes: Vec<String>,
    /// The policies of registries that are not known, or are no policies.
    pub unread: Vec<UnreadPolicies>,
}

impl ReadPolicies {
    /// Reads them. The error says, in a sentence, which cannot be read.
    pub fn of(state: &RoleState<'_>) -> Result<Self, String> {
        let mut read = Self {
            set: PolicySet::default(),
            versions: BTreeMap::new(),
            notes: Vec::new(),
            unread: state.unread.to_vec(),
        };
        for policy in &state.role.identity {
            let named = read.identity_policy(policy.policy.as_str(), policy.document.as_deref())?;
            read.set.identity.push(named);
            if let Some(version) = &policy.version {
                read.versions.insert(policy.policy.as_str().to_owned(), version.clone());
            }
        }
        if let Some(boundary) = &state.role.boundary {
            let named =
                read.identity_policy(boundary.policy.as_str(), boundary.document.as_deref())?;
            read.set.boundary = Some(named);
        }
        for level in &state.organization.scps {
            let level = level
                .iter()
                .map(|document| read.identity_policy(&document.name, Some(&document.document)))
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
            match PolicyDocument::parse(&document.document) {
                Ok(policy) => {
                    let policies = read.registry(state, document, policy);
                    read.set.resource.extend(policies);
                }
                // It may say anything, to anybody.
                Err(error) => {
                    let name = document.repository_name.as_deref();
                    let of = PoliciesOf::one(&document.region, name);
                    let why = Unknown::NoPolicy(error.to_string());
                    read.unread.push(UnreadPolicies { of, why });
                }
            }
        }
        Ok(read)
    }

    /// A policy that stands on an identity, or bounds one.
    fn identity_policy(
        &mut self,
        name: &str,
        document: Option<&str>,
    ) -> Result<NamedPolicy, String> {
        let document = parsed(name, document)?.of_identity();
        Ok(self.named(name, document))
    }

    /// A policy that names principals.
    fn policy(&mut self, name: &str, document: Option<&str>) -> Result<NamedPolicy, String> {
        let document = parsed(name, document)?;
        Ok(self.named(name, document))
    }

    fn named(&mut self, name: &str, document: PolicyDocument) -> NamedPolicy {
        self.notes.extend(document.notes.iter().map(|note| format!("{name}: {note}")));
        NamedPolicy { name: name.to_owned(), document: Arc::new(document) }
    }

    /// A repository's policy stands on the repository; the registry's on all of its region, and,
    /// where it covers every action, perhaps on requests that name no repository.
    fn registry(
        &mut self,
        state: &RoleState<'_>,
        document: &RegistryDocument,
        policy: PolicyDocument,
    ) -> Vec<ResourcePolicy> {
        let role_arn = &state.role.role_arn;
        let region = &document.region;
        let repository = |name: &str| {
            format!(
                "arn:{}:ecr:{region}:{}:repository/{name}",
                role_arn.partition(),
                role_arn.account()
            )
        };
        if let Some(name) = &document.repository_name {
            let arn = repository(name);
            let policy = self.named(&arn, policy);
            return vec![on(policy, glob::pieces(&arn), Truth::True)];
        }
        let name = format!("registry:{region}");
        let policy = self.named(&name, policy);
        let on_repositories = |bears| on(policy.clone(), glob::pieces(&repository("*")), bears);
        let of_scope_v1 = ResourcePolicy {
            covers: SCOPE_V1.map(str::to_owned).to_vec(),
            ..on_repositories(Truth::True)
        };
        // AWS says of scope V2 that it holds for all actions, and not whether that is so of those
        // that name no repository.
        let mut without_repository = on(policy.clone(), vec![Piece::Plain('*')], Truth::Unknown);
        without_repository.within.set_single("aws:RequestedRegion", region);
        match document.covers_all_actions {
            Some(true) => vec![on_repositories(Truth::True), without_repository],
            Some(false) => vec![of_scope_v1],
            None => {
                self.notes.push(format!(
                    "{name}: REGISTRY_POLICY_SCOPE is not known, so what it says of other actions \
                     than {} is open",
                    SCOPE_V1.join(", ")
                ));
                vec![of_scope_v1, on_repositories(Truth::Unknown), without_repository]
            }
        }
    }
}

fn parsed(name: &str, document: Option<&str>) -> Result<PolicyDocument, String> {
    let text = document.ok_or_else(|| format!("the document of {name} could not be read"))?;
    PolicyDocument::parse(text)
        .map_err(|error| format!("the document of {name} is not a policy: {error}"))
}

/// A policy that covers every action, whatever the request.
fn on(policy: NamedPolicy, stands_on: Vec<Piece>, bears: Truth) -> ResourcePolicy {
    ResourcePolicy { policy, stands_on, covers: Vec::new(), within: Context::new(), bears }
}
