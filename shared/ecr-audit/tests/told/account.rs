//! One node role of AWS's example account, in values: its policies change, and it is looked at
//! again, as `journey::role` does it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use ecr_audit::alert::Alert;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::asff::asff;
use ecr_audit::assess::{RoleState, assess, assess_as_of_now};
use ecr_audit::assessment::Assessment;
use ecr_audit::basis::digest;
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::date_passed::date_passed;
use ecr_audit::exception::{self, under_exception};
use ecr_audit::ledger::{Message, Record, RecordedUse};
use ecr_audit::mail::Mail;
use ecr_audit::node_role::{Compute, Source, Use, UseKind};
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::remedy::{Remedy, remedy};
use ecr_audit::role_policies::{PolicyName, RegistryDocument, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use ecr_audit::transition::{Observed, Step, transition};
use jiff::Timestamp;
use serde_json::Value;

/// A node role with what is known and remembered of it.
#[derive(Clone, Debug)]
pub struct Account {
    /// What the operators chose.
    pub settings: Settings,
    /// The role as IAM holds it.
    pub role: RolePolicies,
    /// Why it is a node role.
    pub uses: Vec<Use>,
    /// Repository and registry policies that may touch it.
    pub registry: Vec<RegistryDocument>,
    /// What is remembered of it.
    pub record: Record,
    /// Whether alerts wait for the sweep's digest.
    pub into_digest: bool,
    /// When it is assessed.
    pub now: Timestamp,
}

/// What one look at the role has to tell.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Findings to be imported, as Security Hub gets them.
    pub findings: Vec<Value>,
    /// Alerts for the owners.
    pub alerts: Vec<Alert>,
    /// Mails for the operators.
    pub operators: Vec<Mail>,
}

impl Account {
    /// A role of the account 111122223333 with these policies, worn by two nodegroups of the
    /// cluster `prod` in eu-west-1.
    pub fn new(role_arn: &str, identity: Vec<RolePolicy>) -> Self {
        let role_arn = RoleArn::parse(role_arn).expect("the test names a role's ARN");
        let mut settings = Settings::for_account("111122223333", "aws", "us-east-1");
        settings.regions = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
        "eu-west-1".clone_into(&mut settings.security_hub_region);
        Self {
            settings,
            role: RolePolicies {
                role_arn: role_arn.clone(),
                role_id: "AROAEXAMPLEEXAMPLE001".to_owned(),
                created: None,
                tags: tags(&[("owner", "team-payments")]),
                identity,
                boundary: None,
            },
            uses: vec![nodegroup("prod", "spot"), nodegroup("prod", "workers")],
            registry: Vec::new(),
            record: Record::new(role_arn),
            into_digest: false,
            now: time("2026-01-15T10:00:00Z"),
        }
    }

    /// The assessment of the role as it stands.
    pub fn assessment(&self) -> Assessment {
        assess(&self.state(), &self.settings)
    }

    /// What would put it right, but for what an exception covers.
    pub fn remedy(&self, now: &str) -> Option<Remedy> {
        let (before, failed) =
            (self.record.exception.as_ref(), self.record.known_failure(exception::CHECK));
        let excepted = under_exception(before, failed, &self.assessment(), time(now));
        remedy(&self.state(), &excepted, &self.settings)
    }

    fn state(&self) -> RoleState<'_> {
        static NO_ORGANIZATION: LazyLock<OrganizationPolicies> =
            LazyLock::new(OrganizationPolicies::default);
        RoleState {
            role: &self.role,
            uses: &self.uses,
            registry: &self.registry,
            unread: &[],
            organization: &NO_ORGANIZATION,
            now: self.now,
        }
    }

    /// Looks at the role after some changes.
    pub fn look(&mut self, now: &str, id: &str, changes: &[ReportedChange]) -> Told {
        self.now = time(now);
        let digest = digest(&self.state());
        let (exception, failed) =
            (self.record.exception.as_ref(), self.record.known_failure(exception::CHECK));
        let excepted = |assessment| under_exception(exception, failed, &assessment, self.now);
        let as_of = |then| {
            let state = RoleState { now: then, ..self.state() };
            excepted(assess_as_of_now(&state, &self.settings))
        };
        let after = excepted(self.assessment());
        let date_passed = date_passed(&self.record, &after, digest.as_deref(), as_of);
        let observed = Observed::Assessed {
            assessment: Box::new(self.assessment()),
            remedy: self.remedy(now),
            digest,
            date_passed,
        };
        self.observe(now, id, changes, observed)
    }

    /// What becomes of the record when this is observed; its outbox counts as delivered.
    pub fn observe(
        &mut self,
        now: &str,
        id: &str,
        changes: &[ReportedChange],
        observed: Observed,
    ) -> Told {
        let now = time(now);
        let mut next = transition(&Step {
            before: &self.record,
            uses: self
                .uses
                .iter()
                .map(|seen| RecordedUse { seen: seen.clone(), last_seen: now })
                .collect(),
            observed,
            changes,
            unseen: BTreeSet::new(),
            settings: &self.settings,
            now,
            is_sweep: changes.is_empty(),
            id: id.to_owned(),
            into_digest: self.into_digest,
            stored: None,
        });
        let mut told = Told::default();
        for entry in std::mem::take(&mut next.outbox) {
            match entry.message {
                Message::SecurityHub { finding, .. } => told.findings.push(asff(&finding)),
                Message::Owners { alert } | Message::Digest { alert, .. } => {
                    told.alerts.push(*alert);
                }
                Message::Operators { subject, text } => {
                    told.operators.push(Mail { subject, text });
                }
            }
        }
        self.record = next;
        told
    }

    /// Puts a policy in the place of the one of the same name, or adds it.
    pub fn put(&mut self, policy: RolePolicy) {
        match self.role.identity.iter_mut().find(|known| known.policy == policy.policy) {
            Some(known) => *known = policy,
            None => self.role.identity.push(policy),
        }
    }

    /// Takes a policy away.
    pub fn take(&mut self, policy: &PolicyName) {
        self.role.identity.retain(|known| known.policy != *policy);
    }
}

/// A managed nodegroup in eu-west-1.
pub fn nodegroup(cluster_name: &str, name: &str) -> Use {
    Use {
        source: Source::regional(UseKind::Nodegroup, "eu-west-1"),
        cluster_name: Some(cluster_name.to_owned()),
        name: name.to_owned(),
        compute: Compute::Ec2,
        tags: BTreeMap::new(),
        cluster_tags: BTreeMap::new(),
    }
}

/// Tags from pairs.
pub fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A policy that AWS keeps, in the version that the memory adapters carry.
pub fn aws_managed(name: &str) -> RolePolicy {
    static POLICIES: LazyLock<Value> = LazyLock::new(|| {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../memory-adapters/data/aws-managed-policies.json"
        );
        let text = std::fs::read_to_string(path).expect("the memory adapters carry AWS's policies");
        serde_json::from_str(&text).expect("the file of AWS's policies is JSON")
    });
    let arn = format!("arn:aws:iam::aws:policy/{name}");
    let policy = POLICIES["policies"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|policy| policy["arn"] == arn)
        .unwrap_or_else(|| panic!("{name} is not among AWS's policies"));
    RolePolicy {
        policy: PolicyName::managed(&arn),
        version: policy["version"].as_str().map(str::to_owned),
        document: Some(policy["document"].to_string()),
    }
}

/// A customer-managed policy.
pub fn customer_managed(name: &str, version: &str, document: &Value) -> RolePolicy {
    RolePolicy {
        policy: PolicyName::managed(&format!("arn:aws:iam::111122223333:policy/{name}")),
        version: Some(version.to_owned()),
        document: Some(document.to_string()),
    }
}

/// An inline policy.
pub fn inline(name: &str, document: &Value) -> RolePolicy {
    RolePolicy {
        policy: PolicyName::inline(name),
        version: None,
        document: Some(document.to_string()),
    }
}

/// A change that somebody made with some tool.
pub fn change(
    call: &str,
    effect: RoleEffect,
    at: &str,
    principal: &str,
    tool: Option<&str>,
) -> ReportedChange {
    let role_name = RoleName::new("prod-workers");
    reported(call, Change::Role { role_name, effect }, at, principal, tool)
}

/// A change of any kind that somebody made with some tool.
pub fn reported(
    call: &str,
    change: Change,
    at: &str,
    principal: &str,
    tool: Option<&str>,
) -> ReportedChange {
    let time = time(at);
    ReportedChange {
        change,
        event: Event {
            id: format!("00000000-0000-4000-8000-{:012}", time.as_second()),
            name: call.to_owned(),
            time,
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            actor: Actor {
                principal: principal.to_owned(),
                arn: None,
                source: None,
                tool: tool.map(str::to_owned),
                user_agent: None,
            },
        },
    }
}

/// An instant.
pub fn time(text: &str) -> Timestamp {
    text.parse().expect("the test names an instant")
}
