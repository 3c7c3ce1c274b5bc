//! One request, one answer: an explicit Deny anywhere decides, then every layer that limits has to
//! let the request through, and something has to grant it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use std::sync::Arc;

use crate::bits::Bits;
use crate::context::Context;
use crate::document::{Effect, PolicyDocument, Statement};
use crate::evaluation::{Evaluation, Part, Reach};
use crate::principal::{Principal, account_of};
use crate::statement::meets_resource;
use crate::truth::Truth;

/// Every policy that bears on a request.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    /// The principal's own policies, inline and attached.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html>
    pub identity: Vec<NamedPolicy>,
    /// The permissions boundary.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
    pub boundary: Option<NamedPolicy>,
    /// Service control policies, a list for each level of the organization.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
    pub scps: Vec<Vec<NamedPolicy>>,
    /// Resource control policies, likewise.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html>
    pub rcps: Vec<Vec<NamedPolicy>>,
    /// The policies of the resource that is asked for, or that could be.
    pub resource: Vec<ResourcePolicy>,
}

impl PolicySet {
    /// The statements of all policies.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Statement<'static>> {
        let by_level = self.scps.iter().chain(&self.rcps).flatten();
        let on_resources = self.resource.iter().map(|resource| &resource.policy);
        let policies = self.identity.iter().chain(&self.boundary).chain(by_level);
        policies.chain(on_resources).flat_map(|policy| &policy.document.statements)
    }
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
    /// Keys that a request has to carry for the policy to bear on it, such as the region called.
    pub within: Context,
    /// Whether it is known to bear on such a request. What it says is open where it is not.
    pub bears: Truth,
}

impl ResourcePolicy {
    /// Whether it stands on this resource.
    pub fn is_on(&self, resource: &str) -> bool {
        crate::glob::matches(&self.stands_on, resource)
    }

    /// Whether a request of which this is known is one that it bears on.
    pub fn is_within(&self, context: &Context) -> bool {
        self.within.keys().all(|(key, value)| context.get(key) == Some(value))
    }
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
enum Bound {
    /// So that the statement takes no effect.
    Strict,
    /// So that more is permitted.
    Upper,
    /// So that less is permitted.
    Lower,
}

impl Bound {
    fn counts(self, effect: Effect, truth: Truth) -> bool {
        match (effect, self) {
            (Effect::Allow, Self::Upper) | (Effect::Deny, Self::Lower) => truth > Truth::False,
            _ => truth == Truth::True,
        }
    }
}

/// Answers one request.
pub fn decide(policies: &PolicySet, request: &Request<'_>) -> Decision {
    judge(&Evaluation::new(policies, request.action, request.principal), request)
}

/// Answers one request by the statements that are about its action.
pub(crate) fn judge(evaluation: &Evaluation<'_>, request: &Request<'_>) -> Decision {
    let applies = |part: &Part<'_>| {
        let stands = part.stands_on.is_none_or(|policy| {
            policy.is_on(request.resource) && policy.is_within(request.context)
        });
        if stands { applies(part, request) } else { Truth::False }
    };
    let truths: Vec<Truth> = evaluation.parts.iter().map(applies).collect();
    let reach = Reach { is_cross_account: is_cross_account(request), is_admitted: false };
    let applying = applying(evaluation, &truths, Bound::Strict);
    let outcome = evaluation.outcome(&applying, &applying, reach);
    let deciding = match outcome {
        Outcome::ExplicitlyDenied => evaluation.denying(&applying),
        Outcome::ImplicitlyDenied => Bits::none(0),
        Outcome::Allowed => evaluation.granting(&applying, reach),
    };
    let bound = |bound: Bound| {
        if !truths.contains(&Truth::Unknown) {
            return outcome;
        }
        let applying = self::applying(evaluation, &truths, bound);
        evaluation.outcome(&applying, &applying, reach)
    };
    Decision {
        outcome,
        upper: bound(Bound::Upper),
        lower: bound(Bound::Lower),
        statements: deciding.iter().map(|number| evaluation.cited(number)).collect(),
    }
}

/// The statements that apply, where open questions are taken one way.
fn applying(evaluation: &Evaluation<'_>, truths: &[Truth], bound: Bound) -> Bits {
    let mut applying = Bits::none(evaluation.parts.len());
    for (number, (part, truth)) in evaluation.parts.iter().zip(truths).enumerate() {
        if bound.counts(part.statement.effect, *truth) {
            applying.insert(number);
        }
    }
    applying
}

fn applies(part: &Part<'_>, request: &Request<'_>) -> Truth {
    let resource = meets_resource(part.statement, request.resource, request.context);
    let conditions = part.statement.conditions.iter();
    conditions
        .map(|condition| condition.holds(request.context))
        .fold(resource.and(part.known), Truth::and)
}

/// Where the resource is another account's, that account has to admit the principal too.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
fn is_cross_account(request: &Request<'_>) -> bool {
    let account = account_of(request.resource);
    !account.is_empty() && account != request.principal.account()
}
