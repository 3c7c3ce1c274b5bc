//! The truth about a drawn role: every request of its small world, decided one by one.

use std::sync::Arc;

use ecr_audit::permissions::Access;
use iam_policy::context::Context;
use iam_policy::decision::{NamedPolicy, Outcome, PolicySet, Request, ResourcePolicy, decide};
use iam_policy::document::PolicyDocument;
use iam_policy::glob::pieces;
use iam_policy::principal::Principal;
use iam_policy::truth::Truth;
use serde_json::{Value, json};

use crate::draw::{ACCOUNTS, ADD_ONS, NAMES, OTHER_NAMES, REGIONS, TAG};
use crate::role::{OWN, ROLE, Role};

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Node/i-0123456789abcdef0";

/// The calls that AWS's own registry admits.
const PULLED: [&str; 3] =
    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];

/// What is open about a registry's policy: whether it covers every action, and whether it bears on
/// requests that name no repository.
#[derive(Clone, Copy, Debug)]
struct Scope {
    covers_all: bool,
    bears_on_registry: bool,
}

/// A repository, or the registry that is called.
#[derive(Clone, Copy, Debug)]
struct Target {
    region: &'static str,
    account: &'static str,
    name: &'static str,
}

/// The most and the least that is permitted, whatever is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub upper: Access,
    pub lower: Access,
}

/// A role, with its policies parsed.
pub struct World<'role> {
    role: &'role Role,
    own: PolicySet,
    registry: Vec<(Option<String>, Option<bool>, NamedPolicy)>,
    /// Allows the role everything.
    consent: NamedPolicy,
    principal: Principal,
}

impl<'role> World<'role> {
    pub fn of(role: &'role Role) -> Self {
        let own = PolicySet {
            identity: role.identity.iter().map(named).collect(),
            boundary: role.boundary.as_ref().map(named),
            scps: role.scp.iter().map(|scp| vec![named(scp)]).collect(),
            ..PolicySet::default()
        };
        let registry = role.registry.iter().map(|document| {
            let text: Value = serde_json::from_str(&document.document).unwrap();
            (document.repository_name.clone(), document.covers_all_actions, named(&text))
        });
        let consent = named(&json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": { "AWS": ROLE }, "Action": "*",
        } }));
        let principal = Principal::new(SESSION, Some(ROLE));
        Self { role, own, registry: registry.collect(), consent, principal }
    }

    /// Of actions that have to be permitted together, on one repository.
    pub fn bounds(&self, actions: &[&str]) -> Bounds {
        let scopes = self.scopes();
        let mut bounds = Bounds { upper: Access::Denied, lower: Access::Denied };
        let is_of_one = actions.iter().any(|action| takes_resource(action));
        let pulls = actions.iter().all(|action| !takes_resource(action) || PULLED.contains(action));
        for target in targets(is_of_one) {
            let is_known = target.account == OWN
                || self.role.registry_accounts.contains(&target.account)
                || pulls && ADD_ONS.contains(&(target.region, target.account));
            let level = |is_upper: bool| {
                let permitted = ["none", "vpc-1"].map(|vpc| {
                    actions.iter().all(|action| {
                        let mut each = scopes
                            .iter()
                            .map(|scope| self.is_permitted(action, target, vpc, *scope, is_upper));
                        if is_upper { each.any(|is| is) } else { each.all(|is| is) }
                    })
                });
                match permitted {
                    [true, true] if is_known => Access::Allowed,
                    [false, false] => Access::Denied,
                    _ => Access::Conditional,
                }
            };
            bounds.upper = bounds.upper.max(level(true));
            bounds.lower = bounds.lower.max(level(false));
        }
        bounds
    }

    fn scopes(&self) -> Vec<Scope> {
        let scope = |covers_all, bears_on_registry| Scope { covers_all, bears_on_registry };
        let of_registry = self.registry.iter().find(|(name, ..)| name.is_none());
        match of_registry.map(|(_, scope, _)| *scope) {
            None | Some(Some(false)) => vec![scope(false, false)],
            Some(Some(true)) => vec![scope(true, true), scope(true, false)],
            Some(None) => vec![scope(true, true), scope(true, false), scope(false, false)],
        }
    }

    fn is_permitted(
        &self,
        action: &str,
        target: Target,
        vpc: &str,
        scope: Scope,
        is_upper: bool,
    ) -> bool {
        let Target { region, account, name } = target;
        let names_resource = takes_resource(action);
        let owner = if names_resource { account } else { OWN };
        let arn = format!("arn:aws:ecr:{region}:{account}:repository/{name}");
        let resource = if names_resource { arn.as_str() } else { "*" };
        let mut context = Context::new();
        for (key, value) in [
            ("aws:PrincipalArn", ROLE),
            ("aws:PrincipalAccount", OWN),
            ("aws:PrincipalTag/acct", TAG),
            ("aws:RequestedRegion", region),
            ("aws:ResourceAccount", owner),
        ] {
            context.set_single(key, value);
        }
        if vpc != "none" {
            context.set_single("aws:SourceVpc", vpc);
        }
        let mut policies = self.own.clone();
        if owner != OWN {
            policies.resource.push(on_it(&self.consent));
        } else if region == "us-east-1" {
            for (repository, _, policy) in &self.registry {
                let bears = match repository {
                    Some(repository) => names_resource && repository == name,
                    None if names_resource => scope.covers_all || action == "ecr:CreateRepository",
                    None => scope.bears_on_registry,
                };
                if bears {
                    policies.resource.push(on_it(policy));
                }
            }
        }
        let request = Request { principal: &self.principal, action, resource, context: &context };
        let decision = decide(&policies, &request);
        let outcome = if is_upper { decision.upper } else { decision.lower };
        outcome == Outcome::Allowed
    }
}

/// Every repository of the small world, or, for what names none, the own registry of each region.
fn targets(is_of_repository: bool) -> Vec<Target> {
    let own = REGIONS.map(|region| (region, OWN));
    if !is_of_repository {
        return own.map(|(region, account)| Target { region, account, name: NAMES[0] }).to_vec();
    }
    let others = ADD_ONS.iter().copied().filter(|(region, _)| !REGIONS.contains(region));
    let all = REGIONS.into_iter().flat_map(|region| ACCOUNTS.map(|account| (region, account)));
    all.chain(others)
        .flat_map(|(region, account)| {
            let names = NAMES.into_iter().chain(OTHER_NAMES);
            names.map(move |name| Target { region, account, name })
        })
        .collect()
}

fn takes_resource(action: &str) -> bool {
    !matches!(action, "ecr:GetAuthorizationToken" | "ecr:PutRegistryPolicy")
}

fn named(document: &Value) -> NamedPolicy {
    let document = Arc::new(PolicyDocument::from_value(document).unwrap());
    NamedPolicy { name: "policy".to_owned(), document }
}

fn on_it(policy: &NamedPolicy) -> ResourcePolicy {
    ResourcePolicy {
        policy: policy.clone(),
        stands_on: pieces("*"),
        covers: Vec::new(),
        within: Context::new(),
        bears: Truth::True,
    }
}
