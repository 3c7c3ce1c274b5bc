//! One request, one answer, in AWS's order of evaluation.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::sync::Arc;

use crate::context::Context;
use crate::document::{Effect, PolicyDocument};
use crate::principal::{Named, Principal};
use crate::statement::{applies, names};
use crate::truth::Truth;

/// Every policy that bears on a request.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    /// The principal's own policies.
    pub identity: Vec<NamedPolicy>,
    /// The permissions boundary.
    pub boundary: Option<NamedPolicy>,
    /// Service control policies, a list for each level of the organization.
    pub scps: Vec<Vec<NamedPolicy>>,
    /// Resource control policies, likewise.
    pub rcps: Vec<Vec<NamedPolicy>>,
    /// The policies of the resource that is asked for, or that could be.
    pub resource: Vec<ResourcePolicy>,
}

/// A document with the name by which an answer cites it.
#[derive(Clone, Debug)]
pub struct NamedPolicy {
    /// Its name.
    pub name: String,
    /// The document.
    pub document: Arc<PolicyDocument>,
}

/// A policy that stands on resources.
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    /// The policy.
    pub policy: NamedPolicy,
    /// A pattern of the ARNs it stands on.
    pub stands_on: Vec<crate::glob::Piece>,
    /// The actions it covers; empty for all.
    pub covers: Vec<String>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request<'request> {
    /// Who asks.
    pub principal: &'request Principal,
    /// What for: `ecr:PutImage`.
    pub action: &'request str,
    /// On what: an ARN, or `*`.
    pub resource: &'request str,
    /// The context.
    pub context: &'request Context,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer. A statement of which the documentation leaves open whether it applies takes
    /// no effect.
    pub outcome: Outcome,
    /// The answer if all that is open is taken so that more is permitted.
    pub upper: Outcome,
    /// The answer if all that is open is taken so that less is permitted.
    pub lower: Outcome,
    /// The statements that decide.
    pub statements: Vec<StatementRef>,
}

/// The three answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A Deny applies.
    ExplicitlyDenied,
    /// Nothing grants it.
    ImplicitlyDenied,
    /// It is granted, and no Deny applies.
    Allowed,
}

/// A statement, cited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementRef {
    /// The policy's name.
    pub policy: String,
    /// The statement's Sid.
    pub sid: Option<String>,
    /// Its place in the document, from 0.
    pub index: usize,
    /// Allow or Deny.
    pub effect: Effect,
}

impl Outcome {
    /// The answer's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExplicitlyDenied => "ExplicitlyDenied",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::Allowed => "Allowed",
        }
    }
}

/// Which way an open question is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// So that the statement takes no effect.
    Strict,
    /// So that more is permitted.
    Upper,
    /// So that less is permitted.
    Lower,
}

/// Answers one request.
pub fn decide(policies: &PolicySet, request: &Request<'_>) -> Decision {
    let (outcome, statements) = decide_bound(policies, request, Bound::Strict);
    let (upper, _) = decide_bound(policies, request, Bound::Upper);
    let (lower, _) = decide_bound(policies, request, Bound::Lower);
    Decision { outcome, upper, lower, statements }
}

pub(crate) fn decide_bound(
    policies: &PolicySet,
    request: &Request<'_>,
    bound: Bound,
) -> (Outcome, Vec<StatementRef>) {
    let reader = Reader { request, bound };
    let standing: Vec<&ResourcePolicy> = policies
        .resource
        .iter()
        .filter(|resource| {
            crate::glob::matches(&resource.stands_on, request.resource)
                && (resource.covers.is_empty()
                    || resource
                        .covers
                        .iter()
                        .any(|action| action.eq_ignore_ascii_case(request.action)))
        })
        .collect();

    let mut denying = Vec::new();
    for policy in policies
        .identity
        .iter()
        .chain(&policies.boundary)
        .chain(policies.scps.iter().flatten())
        .chain(policies.rcps.iter().flatten())
    {
        denying.extend(reader.statements(policy, Effect::Deny, false).map(|(cited, _)| cited));
    }
    for resource in &standing {
        denying.extend(
            reader.statements(&resource.policy, Effect::Deny, true).map(|(cited, _)| cited),
        );
    }
    if !denying.is_empty() {
        return (Outcome::ExplicitlyDenied, denying);
    }

    // Service control policies never grant: every level has to let the request through. Of
    // resource control policies AWS attaches the one that allows everything by itself, and
    // customers can write Deny alone.
    // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
    let passes = |levels: &[Vec<NamedPolicy>]| {
        levels.iter().all(|level| level.iter().any(|policy| reader.grants(policy)))
    };
    if !passes(&policies.scps) {
        return (Outcome::ImplicitlyDenied, Vec::new());
    }

    let by_identity: Vec<StatementRef> = policies
        .identity
        .iter()
        .flat_map(|policy| reader.statements(policy, Effect::Allow, false).map(|(cited, _)| cited))
        .collect();
    let within_boundary = policies.boundary.as_ref().is_none_or(|policy| reader.grants(policy));
    let by_resource: Vec<(StatementRef, Named)> = standing
        .iter()
        .flat_map(|resource| reader.statements(&resource.policy, Effect::Allow, true))
        .collect();

    let mut granting = Vec::new();
    if is_cross_account(request) {
        if !by_identity.is_empty() && within_boundary && !by_resource.is_empty() {
            granting.extend(by_identity);
            granting.extend(by_resource.into_iter().map(|(cited, _)| cited));
        }
    } else {
        if within_boundary {
            granting.extend(by_identity);
        }
        granting.extend(by_resource.into_iter().filter_map(|(cited, named)| match named {
            Named::Session => Some(cited),
            Named::Role => within_boundary.then_some(cited),
            Named::Account | Named::Not => None,
        }));
    }
    if granting.is_empty() {
        (Outcome::ImplicitlyDenied, granting)
    } else {
        (Outcome::Allowed, granting)
    }
}

fn is_cross_account(request: &Request<'_>) -> bool {
    let account = request.resource.split(':').nth(4).unwrap_or_default();
    !account.is_empty() && account != request.principal.account()
}

struct Reader<'reader> {
    request: &'reader Request<'reader>,
    bound: Bound,
}

impl Reader<'_> {
    fn statements<'policy>(
        &'policy self,
        policy: &'policy NamedPolicy,
        effect: Effect,
        has_principal: bool,
    ) -> impl Iterator<Item = (StatementRef, Named)> + 'policy {
        policy.document.statements.iter().enumerate().filter_map(move |(index, statement)| {
            if statement.effect != effect {
                return None;
            }
            let named =
                if has_principal { names(statement, self.request.principal) } else { Named::Role };
            if named == Named::Not {
                return None;
            }
            let truth = applies(statement, self.request, has_principal);
            let counts = match (effect, self.bound) {
                (Effect::Allow, Bound::Upper) | (Effect::Deny, Bound::Lower) => {
                    truth > Truth::False
                }
                (_, Bound::Strict)
                | (Effect::Allow, Bound::Lower)
                | (Effect::Deny, Bound::Upper) => truth == Truth::True,
            };
            counts.then(|| {
                let cited = StatementRef {
                    policy: policy.name.clone(),
                    sid: statement.sid.clone(),
                    index,
                    effect,
                };
                (cited, named)
            })
        })
    }

    fn grants(&self, policy: &NamedPolicy) -> bool {
        self.statements(policy, Effect::Allow, false).next().is_some()
    }
}
