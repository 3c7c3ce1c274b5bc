//! A role as it is between two commands: what it may do, what is said of it, and what its nodes can
//! pull, decided without what the remedies are made by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use ecr_audit::arn::RoleArn;
use ecr_audit::assess::{PULL_ACTIONS, RoleState, assess};
use ecr_audit::assessment::Assessment;
use ecr_audit::node_role::{Compute, Source, Use, UseKind};
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::ports::{Ecr, Iam};
use ecr_audit::remedy::{Remedy, remedy};
use ecr_audit::role_policies::{RegistryDocument, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Standard, Status};
use futures::executor::block_on;
use iam_policy::context::Context;
use iam_policy::decision::{NamedPolicy, Outcome, PolicySet, Request, ResourcePolicy, decide};
use iam_policy::document::PolicyDocument;
use iam_policy::glob;
use iam_policy::principal::Principal;
use iam_policy::truth::Truth;
use jiff::Timestamp;
use memory_adapters::MemoryAccount;
use serde_json::Value;

use crate::{ACCOUNT, REGION};

/// A role at one moment, with what can touch it.
pub struct Look {
    pub role: RolePolicies,
    pub registry: Vec<RegistryDocument>,
    pub assessment: Assessment,
    pub remedy: Option<Remedy>,
}

pub fn look(account: &MemoryAccount, role_arn: &RoleArn, standard: Standard) -> Look {
    static NO_ORGANIZATION: LazyLock<OrganizationPolicies> =
        LazyLock::new(OrganizationPolicies::default);
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings.standard = standard;
    let role = block_on(account.role(&role_arn.role_name())).unwrap().unwrap();
    let registry: Vec<RegistryDocument> =
        block_on(account.policies(REGION, Timestamp::UNIX_EPOCH)).unwrap();
    let uses = [Use {
        source: Source::regional(UseKind::Nodegroup, REGION),
        cluster_name: Some("prod".to_owned()),
        name: "workers".to_owned(),
        compute: Compute::Ec2,
        tags: BTreeMap::new(),
        cluster_tags: BTreeMap::new(),
    }];
    let state = RoleState {
        role: &role,
        uses: &uses,
        registry: &registry,
        unread: &[],
        organization: &NO_ORGANIZATION,
        now: Timestamp::UNIX_EPOCH,
    };
    let assessment = assess(&state, &settings);
    let remedy = remedy(&state, &assessment, &settings);
    Look { role, registry, assessment, remedy }
}

impl Look {
    pub fn status(&self, check: Check) -> Status {
        self.assessment.checks[&check].status
    }

    pub fn failed(&self) -> Vec<Check> {
        let is_failed = |check: &Check| self.status(*check) == Status::Failed;
        Check::ALL.into_iter().filter(is_failed).collect()
    }

    /// Every grant and every denial that is not about ECR, with resource and condition.
    pub fn beside_ecr(&self) -> BTreeSet<String> {
        let mut rights = BTreeSet::new();
        for policy in &self.role.identity {
            let Some(text) = &policy.document else { continue };
            let document: Value = serde_json::from_str(text).unwrap();
            let statements = match &document["Statement"] {
                Value::Array(statements) => statements.clone(),
                statement => vec![statement.clone()],
            };
            for statement in statements {
                let actions = match &statement["Action"] {
                    Value::Array(actions) => actions.clone(),
                    action => vec![action.clone()],
                };
                for action in actions {
                    let name = action.as_str().unwrap_or("").to_lowercase();
                    if !name.starts_with("ecr:") && !name.starts_with("ecr-public:") {
                        let mut right = statement.clone();
                        right["Action"] = action;
                        rights.insert(right.to_string());
                    }
                }
            }
        }
        rights
    }

    /// The requests of a pull that a session of a role may make, of some that tell the policies of
    /// these tests apart: decided one by one, without what the remedies are made by.
    pub fn pulls_of(&self, role_arn: &RoleArn) -> BTreeSet<[&'static str; 3]> {
        let document = |text: &str| Arc::new(PolicyDocument::parse(text).unwrap());
        let named = |policy: &RolePolicy| NamedPolicy {
            name: policy.policy.as_str().to_owned(),
            document: document(policy.document.as_deref().unwrap()),
        };
        let on_repositories = self.registry.iter().map(|known| {
            let name = known.repository_name.as_deref().unwrap_or("*");
            let arn = format!("arn:aws:ecr:{}:{ACCOUNT}:repository/{name}", known.region);
            let policy = NamedPolicy { name: arn.clone(), document: document(&known.document) };
            ResourcePolicy {
                policy,
                stands_on: glob::pieces(&arn),
                covers: Vec::new(),
                within: Context::new(),
                bears: Truth::True,
            }
        });
        let is_of_role = self.role.role_arn == *role_arn;
        let policies = PolicySet {
            identity: self.role.identity.iter().filter(|_| is_of_role).map(named).collect(),
            boundary: self.role.boundary.as_ref().filter(|_| is_of_role).map(named),
            resource: on_repositories.collect(),
            ..PolicySet::default()
        };
        let session =
            format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}/i-0abc", role_arn.role_name());
        let principal = Principal::new(&session, Some(role_arn.as_str()));
        let mut permitted = BTreeSet::new();
        for action in PULL_ACTIONS {
            for name in ["app/web", "base/os", "team/payments", "secret"] {
                for endpoint in ["vpce-1", "vpce-9"] {
                    let mut context = Context::new();
                    context.set_single("aws:SourceVpce", endpoint);
                    context.set_single("aws:PrincipalArn", role_arn.as_str());
                    let of_repository = format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}");
                    let is_of_all = action == "ecr:GetAuthorizationToken";
                    let resource = if is_of_all { "*" } else { of_repository.as_str() };
                    let request =
                        Request { principal: &principal, action, resource, context: &context };
                    if decide(&policies, &request).outcome == Outcome::Allowed {
                        permitted.insert([action, name, endpoint]);
                    }
                }
            }
        }
        permitted
    }

    pub fn pulls(&self) -> BTreeSet<[&'static str; 3]> {
        self.pulls_of(&self.role.role_arn)
    }
}
