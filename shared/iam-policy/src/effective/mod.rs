//! Effective permissions: the answer over every resource of a range and every possible context.
//!
//! `resources` finds one resource for each way in which the patterns of the policies can match;
//! `contexts` finds one context for each way in which the conditions can hold; `inquiry` judges
//! every pair by `evaluation`, as a decision on one request does. Where a budget runs out, what is
//! left is taken as open, and the answer says that it is a bound.
//!
//! What AWS calls effective permissions is where all kinds of policies meet:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>

pub mod accounts;
pub mod actions;
mod beginnings;
mod budget;
mod choices;
mod contexts;
pub mod dates;
mod inquiry;
mod machines;
mod meetings;
mod possible;
pub mod resources;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use crate::action::ActionName;
use crate::context::{Context, ContextValue};
use crate::decision::{PolicySet, StatementRef};
pub use crate::effective::budget::Budget;
use crate::effective::contexts::is_among;
use crate::effective::dates::DateRange;
use crate::effective::inquiry::Inquiry;
pub use crate::effective::possible::Possible;
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
    /// Whether there are more places than these, in other accounts: what lies there is open.
    pub has_more_places: bool,
    /// What a resource may be called within its place.
    pub names: &'question dyn NameRange,
    /// What is known of the request.
    pub knowledge: &'question Knowledge,
    /// What is left for this question and all that are asked after it.
    pub budget: &'question Budget,
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
    /// Keys, or beginnings of keys, in lower case, that some request may carry although they are
    /// among the absent ones.
    pub but_for: Vec<String>,
    /// Keys, or beginnings of keys, in lower case, that every request carries, with unknown values.
    pub present: Vec<String>,
    /// Keys, in lower case, of which every request carries a date of a range. As the value of a
    /// variable, and for operators that do not compare dates, they count as unknown.
    pub dates: BTreeMap<String, DateRange>,
    /// What the keys of a place are for a request that names no resource, where that is something
    /// else than for one that names a resource of the place.
    pub without_resource: Context,
    /// Keys, or beginnings of keys, in lower case, that only a request carries that names a
    /// resource, such as the resource's tags.
    pub with_resource: Vec<String>,
}

impl Knowledge {
    /// Whether no request carries a key, in lower case.
    pub fn is_absent(&self, key: &str) -> bool {
        is_among(&self.absent, key) && !is_among(&self.but_for, key)
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Allowed, conditional or denied: the most that it can be.
    pub level: Level,
    /// The least that it can be. It is less than `level` only where AWS's documentation leaves the
    /// answer open, where a variable's value is not known, or where a budget ran out.
    pub at_least: Level,
    /// A request that is permitted: for certain, unless `at_least` is denied. None where it is
    /// denied, or where a budget ran out before one was found.
    pub witness: Option<Witness>,
    /// Whether every resource of some place in the own account is as permitted as the witness, but
    /// for resources that a pattern names one by one; or may be, where a budget ran out.
    pub covers_a_place: bool,
    /// The statements that grant it in some request.
    pub granting: BTreeSet<StatementRef>,
    /// The statements that deny it in some request; none where there is no Allow to deny.
    pub denying: BTreeSet<StatementRef>,
    /// Whether `level` is an upper bound: more than `at_least`.
    pub is_bound: bool,
    /// Of a bound, what was left open on the way to it.
    pub open: Open,
}

/// What was left open. Where it is nothing, and an answer still is a bound, AWS's documentation
/// leaves it open, or it hangs on policies of another account that are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// The keys whose values were, in lower case: those that a pattern or a condition holds as a
    /// variable, and that are not known in every place.
    pub keys: BTreeSet<String>,
    /// Whether there are more resources, places, values or ways than were followed.
    pub is_cut: bool,
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
    /// Whether the resource's account admits the principal.
    pub consent: Consent,
    /// The keys beyond those that are known; `None` for one that has to be absent. Where the
    /// resource does not tell the place, the keys of the place that make a difference too.
    pub context: Vec<(String, Option<ContextValue>)>,
}

/// What a statement set says of an action, so that actions of which the same is said can share
/// one answer: equal signatures mean equal answers but for the action's name.
pub fn signature(policies: &PolicySet, action: &str) -> Vec<bool> {
    let name = ActionName::new(action);
    let own = policies.statements().map(|statement| meets_action(statement, &name));
    let covered = policies.resource.iter().map(|resource| {
        resource.covers.is_empty()
            || resource.covers.iter().any(|covered| covered.eq_ignore_ascii_case(action))
    });
    own.chain(covered).collect()
}

/// Whether a resource's account admits the principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consent {
    /// It is the principal's own account.
    Own,
    /// Another account that is known to admit it.
    Given,
    /// Another account of which that is not known.
    Unknown,
}

/// Answers the question.
pub fn effective(policies: &PolicySet, question: &Question<'_>) -> Access {
    Inquiry::new(policies, question).answer()
}
