//! A role of the account 111122223333, with the policies that a case gives it.

use ecr_audit::arn::RoleArn;
use ecr_audit::assess::{RoleState, assess};
use ecr_audit::assessment::Assessment;
use ecr_audit::effective::effective;
use ecr_audit::node_role::{Compute, Source, Use, UseKind};
use ecr_audit::organization::{NamedDocument, OrganizationPolicies};
use ecr_audit::permissions::{Access, ActionPermission, EffectivePermissions};
use ecr_audit::role_policies::{PolicyName, RegistryDocument, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Severity, Standard, Status};
use jiff::Timestamp;
use serde_json::{Value, json};

pub const ROLE: &str = "arn:aws:iam::111122223333:role/Node";
/// When nodes ask, if nothing else is said.
pub const NOW: &str = "2026-11-28T12:00:00Z";
pub const OWN: &str = "111122223333";

/// The actions of a pull.
pub const PULL: [&str; 3] =
    ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// A role, and all that bears on it.
#[derive(Clone, Debug, Default)]
pub struct Role {
    pub identity: Vec<Value>,
    pub boundary: Option<Value>,
    pub scp: Option<Value>,
    pub tags: Vec<(&'static str, &'static str)>,
    pub registry: Vec<RegistryDocument>,
    pub registry_accounts: Vec<&'static str>,
    pub standard: Standard,
    /// The regions in which it has clusters.
    pub regions: Vec<&'static str>,
    /// When its nodes ask; else at `NOW`.
    pub now: Option<&'static str>,
}

pub fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

pub fn allow(actions: impl Into<Value>, resources: impl Into<Value>) -> Value {
    json!({ "Effect": "Allow", "Action": actions.into(), "Resource": resources.into() })
}

pub fn deny(actions: impl Into<Value>, resources: impl Into<Value>) -> Value {
    json!({ "Effect": "Deny", "Action": actions.into(), "Resource": resources.into() })
}

/// A statement that holds under a condition.
pub fn given(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

/// A role with one policy.
pub fn role(statements: &[Value]) -> Role {
    Role { identity: vec![document(statements)], ..Role::default() }
}

impl Role {
    fn with<Answer>(&self, answer: impl FnOnce(&RoleState<'_>, &Settings) -> Answer) -> Answer {
        let policy = |name: String, document: &Value| RolePolicy {
            policy: PolicyName::inline(&name),
            version: None,
            document: Some(document.to_string()),
        };
        let numbered = self.identity.iter().enumerate();
        let policies = RolePolicies {
            role_arn: RoleArn::parse(ROLE).unwrap(),
            role_id: "AROAEXAMPLE".to_owned(),
            created: None,
            tags: self.tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
            identity: numbered
                .map(|(index, document)| policy(format!("p{index}"), document))
                .collect(),
            boundary: self.boundary.as_ref().map(|document| policy("boundary".into(), document)),
        };
        let uses: Vec<Use> = self.regions.iter().map(|region| used_in(region)).collect();
        let scp = |document: &Value| {
            vec![NamedDocument { name: "scp".to_owned(), document: document.to_string() }]
        };
        let organization =
            OrganizationPolicies { scps: self.scp.iter().map(scp).collect(), rcps: Vec::new() };
        let mut settings = Settings::for_account(OWN, "aws", "us-east-1");
        settings.standard = self.standard;
        settings.registry_accounts =
            self.registry_accounts.iter().map(|account| (*account).to_owned()).collect();
        let state = RoleState {
            role: &policies,
            uses: &uses,
            registry: &self.registry,
            organization: &organization,
            unread: &[],
            now: self.now.unwrap_or(NOW).parse().unwrap(),
        };
        answer(&state, &settings)
    }

    pub fn effective(&self) -> EffectivePermissions {
        self.with(|state, settings| effective(state, settings).unwrap())
    }

    pub fn assessment(&self) -> Assessment {
        self.with(assess)
    }

    pub fn action(&self, action: &str) -> ActionPermission {
        let permissions = self.effective();
        permissions.actions.into_iter().find(|permission| permission.action == action).unwrap()
    }

    pub fn access(&self, action: &str) -> Access {
        self.action(action).access
    }

    pub fn status(&self, check: Check) -> Status {
        self.assessment().checks[&check].status
    }

    pub fn severity(&self) -> Severity {
        self.assessment().checks[&Check::ReadOnly].severity
    }
}

fn used_in(region: &str) -> Use {
    Use {
        source: Source { kind: UseKind::Nodegroup, region: Some(region.to_owned()) },
        cluster_name: Some("payments".to_owned()),
        name: "workers".to_owned(),
        compute: Compute::Ec2,
        tags: [].into(),
        cluster_tags: [].into(),
    }
}

/// The policy of a repository of the account, or of its registry.
pub fn registry(
    region: &str,
    repository: Option<&str>,
    covers_all_actions: Option<bool>,
    document: &Value,
) -> RegistryDocument {
    RegistryDocument {
        region: region.to_owned(),
        repository_name: repository.map(str::to_owned),
        document: document.to_string(),
        covers_all_actions,
        unfollowed: Vec::new(),
        read_at: Timestamp::UNIX_EPOCH,
    }
}
