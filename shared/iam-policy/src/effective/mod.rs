//! Effective permissions: the answer over every resource of a range and every possible context.
//!
//! `resources` finds one resource for each way in which the patterns of the policies can match;
//! `contexts` finds one context for each way in which the conditions can hold. Every pair is
//! decided by `decision`, so that both answers can never differ. Where a budget runs out, what is
//! left is taken as open, and the answer says that it is a bound.

pub mod contexts;
pub mod resources;

use std::collections::BTreeSet;

use crate::context::Context;
use crate::decision::{Bound, Outcome, PolicySet, Request, StatementRef, decide_bound};
use crate::document::{Effect, Statement};
use crate::effective::contexts::Contexts;
use crate::effective::resources::{NameRange, Place};
use crate::principal::Principal;
use crate::statement::meets_action;

/// What is asked: are all these actions permitted, on one and the same resource?
#[derive(Clone, Debug)]
pub struct Question<'question> {
    /// Who asks.
    pub principal: &'question Principal,
    /// The actions, which have to be permitted together.
    pub actions: &'question [AskedAction<'question>],
    /// Where the resource may lie, the preferred places first.
    pub places: &'question [Place],
    /// What a resource may be called within its place.
    pub names: &'question dyn NameRange,
    /// What is known of the request.
    pub knowledge: &'question Knowledge,
}

/// One action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedAction<'question> {
    /// Such as `ecr:PutImage`.
    pub name: &'question str,
    /// Whether the request names a resource. One that does not carries `*`.
    pub takes_resource: bool,
}

/// What is known of every request of the principal.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Keys that every request carries, with their values.
    pub known: Context,
    /// Keys, or beginnings of keys, in lower case, that no request carries.
    pub absent: Vec<String>,
    /// Keys, or beginnings of keys, in lower case, that every request carries, with unknown values.
    pub present: Vec<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Allowed, conditional or denied.
    pub level: Level,
    /// A request that is permitted.
    pub witness: Option<Witness>,
    /// Whether every resource of some place in the own account is as permitted as the witness.
    pub covers_a_place: bool,
    /// The statements that grant it in some request.
    pub granting: BTreeSet<StatementRef>,
    /// The statements that deny it in some request.
    pub denying: BTreeSet<StatementRef>,
    /// Whether a budget ran out, so that the level is an upper bound.
    pub is_bound: bool,
}

/// How far it is permitted, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// By no resource and context.
    Denied,
    /// On some resource in some context.
    Conditional,
    /// On some resource in every possible context.
    Allowed,
}

/// A request that is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// The keys beyond those that are known; `None` for one that has to be absent.
    pub context: Vec<(String, Option<crate::context::ContextValue>)>,
}

/// Every statement of a policy set that is about an action.
fn relevant<'set>(policies: &'set PolicySet, action: &str) -> Vec<&'set Statement> {
    all_documents(policies)
        .flat_map(|policy| &policy.document.statements)
        .filter(|statement| meets_action(statement, action))
        .collect()
}

fn all_documents(policies: &PolicySet) -> impl Iterator<Item = &crate::decision::NamedPolicy> {
    policies
        .identity
        .iter()
        .chain(&policies.boundary)
        .chain(policies.scps.iter().flatten())
        .chain(policies.rcps.iter().flatten())
        .chain(policies.resource.iter().map(|resource| &resource.policy))
}

/// What a statement set says of an action, so that actions of which the same is said can share
/// one answer: equal signatures mean equal answers but for the action's name.
pub fn signature(policies: &PolicySet, action: &str) -> Vec<bool> {
    let own = all_documents(policies)
        .flat_map(|policy| &policy.document.statements)
        .map(|statement| meets_action(statement, action));
    let covered = policies.resource.iter().map(|resource| {
        resource.covers.is_empty()
            || resource.covers.iter().any(|covered| covered.eq_ignore_ascii_case(action))
    });
    own.chain(covered).collect()
}

/// Answers the question.
pub fn effective(policies: &PolicySet, question: &Question<'_>) -> Access {
    let statements: Vec<&Statement> = {
        let mut all: Vec<&Statement> = Vec::new();
        for action in question.actions {
            for statement in relevant(policies, action.name) {
                if !all.iter().any(|known| std::ptr::eq(*known, statement)) {
                    all.push(statement);
                }
            }
        }
        all
    };
    let mut access = Access {
        level: Level::Denied,
        witness: None,
        covers_a_place: false,
        granting: BTreeSet::new(),
        denying: BTreeSet::new(),
        is_bound: false,
    };
    if !statements.iter().any(|statement| statement.effect == Effect::Allow) {
        return access;
    }
    let takes_resource = question.actions.iter().any(|action| action.takes_resource);
    let contexts = Contexts::new(&statements, question.knowledge);
    access.is_bound |= contexts.is_bound;
    let mut seen = BTreeSet::new();
    let mut best_cover = Level::Denied;
    for place in question.places {
        if !takes_resource && place.consent != Consent::Own {
            continue;
        }
        let found = if takes_resource {
            resources::representatives(&statements, policies, place, question)
        } else {
            resources::Representatives::without_resource()
        };
        let hangs_on_place = contexts.hang_on(&place.known);
        if !hangs_on_place && !seen.insert((found.signature.clone(), place.consent)) {
            continue;
        }
        access.is_bound |= found.is_bound;
        let mut covered = Level::Allowed;
        for resource in &found.resources {
            let judged = judge(policies, question, place, resource, &contexts, &mut access);
            covered = covered.min(judged.0);
            let level = judged.0;
            if level > access.level {
                access.level = level;
                access.witness = judged.1;
            }
        }
        if place.consent == Consent::Own && !found.is_bound && !found.resources.is_empty() {
            best_cover = best_cover.max(covered);
        }
    }
    access.covers_a_place = access.level > Level::Denied && best_cover >= access.level;
    access
}

/// Whether a resource's account admits the principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// It is the principal's own account.
    Own,
    /// Another account that is known to admit it.
    Given,
    /// Another account of which that is not known.
    Unknown,
}

/// Judges one resource over every context.
fn judge(
    policies: &PolicySet,
    question: &Question<'_>,
    place: &Place,
    resource: &str,
    contexts: &Contexts,
    access: &mut Access,
) -> (Level, Option<Witness>) {
    // Only a request on the resource needs its account's consent; one without a resource is the
    // own account's affair.
    let consenting = (place.consent != Consent::Own).then(|| resources::with_consent(policies));
    let policies_for = |action: &AskedAction<'_>| match &consenting {
        Some(consenting) if action.takes_resource => consenting,
        _ => policies,
    };
    let mut always = true;
    let mut sometimes = None;
    let mut unconditional = None;
    for (context, chosen) in contexts.with(&place.known) {
        let mut permitted = true;
        let mut certain = true;
        let mut granting = Vec::new();
        for action in question.actions {
            let resource = if action.takes_resource { resource } else { "*" };
            let request = Request {
                principal: question.principal,
                action: action.name,
                resource,
                context: &context,
            };
            let (upper, statements) = decide_bound(policies_for(action), &request, Bound::Upper);
            match upper {
                Outcome::Allowed => granting.extend(statements),
                Outcome::ExplicitlyDenied => access.denying.extend(statements),
                Outcome::ImplicitlyDenied => {}
            }
            permitted &= upper == Outcome::Allowed;
            certain = certain
                && permitted
                && decide_bound(policies_for(action), &request, Bound::Lower).0 == Outcome::Allowed;
        }
        always &= certain;
        if permitted {
            access.granting.extend(granting.into_iter().filter(|cited| !cited.policy.is_empty()));
            let fewest = |best: &Option<Vec<_>>| {
                best.as_ref().is_none_or(|best: &Vec<_>| chosen.len() < best.len())
            };
            if certain && fewest(&unconditional) {
                unconditional = Some(chosen.clone());
            }
            if fewest(&sometimes) {
                sometimes = Some(chosen);
            }
        }
    }
    let level = match (sometimes.is_some(), always && place.consent != Consent::Unknown) {
        (false, _) => Level::Denied,
        (true, true) => Level::Allowed,
        (true, false) => Level::Conditional,
    };
    let witness = unconditional.or(sometimes).map(|chosen| Witness {
        resource: resource.to_owned(),
        context: if level == Level::Allowed { Vec::new() } else { chosen },
    });
    (level, witness)
}
