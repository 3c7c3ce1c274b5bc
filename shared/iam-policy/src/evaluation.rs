//! AWS's order of evaluation, over the set of statements that apply.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::fmt;

use crate::action::ActionName;
use crate::bits::Bits;
use crate::decision::{NamedPolicy, Outcome, PolicySet, ResourcePolicy, StatementRef};
use crate::document::{Effect, Statement};
use crate::principal::{Named, Principal};
use crate::statement::{denies, meets_action, names};
use crate::truth::Truth;

/// One statement of the policies that is about an action, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Part<'set> {
    pub(crate) policy: PolicyName<'set>,
    pub(crate) kind: Kind,
    /// The statement.
    pub statement: &'set Statement<'set>,
    /// The resource policy that it is of; none for the principal's own, and for one of which it is
    /// known that it stands on the resource.
    pub stands_on: Option<&'set ResourcePolicy>,
    /// Unknown, where the statement has an element that IAM does not know, or where it is open
    /// whether its policy bears on the request or whether it denies the principal.
    pub known: Truth,
}

/// The statements about one action and one principal, and what each can do.
#[derive(Clone, Debug)]
pub struct Evaluation<'set> {
    /// The statements, by their numbers.
    pub parts: Vec<Part<'set>>,
    denies: Bits,
    /// Those of resource control policies, of the denies.
    rcps: Bits,
    identity: Bits,
    boundary: Option<Bits>,
    scps: Vec<Bits>,
    /// Allows of a resource's policy: by the role, limited by the boundary; by session or anyone,
    /// which no boundary limits.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-eval-logic>
    to_role: Bits,
    to_session: Bits,
    by_resource: Bits,
}

/// What is not said by statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Whether the resource is another account's.
    pub is_cross_account: bool,
    /// Whether that account is taken to admit the principal, whatever its policies.
    pub is_admitted: bool,
}

impl<'set> Part<'set> {
    /// A statement of a policy.
    pub(crate) fn new(
        policy: PolicyName<'set>,
        kind: Kind,
        statement: &'set Statement<'set>,
    ) -> Self {
        Self { policy, kind, statement, stands_on: None, known: statement.known() }
    }
}

impl<'set> Evaluation<'set> {
    /// Gathers the statements about an action.
    pub fn new(policies: &'set PolicySet, action: &str, principal: &Principal) -> Self {
        let mut parts = Vec::new();
        let name = ActionName::new(action);
        let mut gather =
            |policy: &'set NamedPolicy, kind: Kind, on: Option<&'set ResourcePolicy>| {
                for statement in &policy.document.statements {
                    if meets_action(statement, &name) {
                        let policy = PolicyName::Given(&policy.name);
                        let part = Part::new(policy, kind, statement);
                        let bears = on.map_or(Truth::True, |policy| policy.bears);
                        parts.push(Part { stands_on: on, known: part.known.and(bears), ..part });
                    }
                }
            };
        for policy in &policies.identity {
            gather(policy, Kind::Identity, None);
        }
        if let Some(policy) = &policies.boundary {
            gather(policy, Kind::Boundary, None);
        }
        for (level, scps) in policies.scps.iter().enumerate() {
            for policy in scps {
                gather(policy, Kind::Scp(level), None);
            }
        }
        // Of resource control policies AWS attaches the one that allows everything by itself, and
        // customers can write Deny alone.
        // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
        for policy in policies.rcps.iter().flatten() {
            gather(policy, Kind::Rcp, None);
        }
        for resource in &policies.resource {
            let covers = |covered: &String| covered.eq_ignore_ascii_case(action);
            if resource.covers.is_empty() || resource.covers.iter().any(covers) {
                gather(&resource.policy, Kind::Resource, Some(resource));
            }
        }
        Self::of(parts, policies.boundary.is_some(), policies.scps.len(), principal)
    }

    /// Places the statements about an action, where there is a boundary or not, and service
    /// control policies on so many levels.
    pub(crate) fn of(
        mut parts: Vec<Part<'set>>,
        has_boundary: bool,
        levels: usize,
        principal: &Principal,
    ) -> Self {
        let size = parts.len();
        let mut evaluation = Self {
            parts: Vec::new(),
            denies: Bits::none(size),
            rcps: Bits::none(size),
            identity: Bits::none(size),
            boundary: has_boundary.then(|| Bits::none(size)),
            scps: vec![Bits::none(size); levels],
            to_role: Bits::none(size),
            to_session: Bits::none(size),
            by_resource: Bits::none(size),
        };
        for (number, part) in parts.iter_mut().enumerate() {
            if part.statement.effect == Effect::Deny {
                evaluation.denies.insert(number);
                match part.kind {
                    Kind::Resource => {
                        let denies = denies(part.statement, principal, has_boundary);
                        part.known = part.known.and(denies);
                    }
                    Kind::Rcp => evaluation.rcps.insert(number),
                    Kind::Identity | Kind::Boundary | Kind::Scp(_) => {}
                }
            } else {
                evaluation.place(number, part, principal);
            }
        }
        evaluation.parts = parts;
        evaluation
    }

    /// Puts an Allow where it can do something.
    fn place(&mut self, number: usize, part: &mut Part<'_>, principal: &Principal) {
        match part.kind {
            Kind::Identity => self.identity.insert(number),
            Kind::Boundary => self.boundary.iter_mut().for_each(|bits| bits.insert(number)),
            Kind::Scp(level) => self.scps[level].insert(number),
            Kind::Rcp => {}
            Kind::Resource => {
                let (named, known) = names(part.statement, principal);
                part.known = part.known.and(known);
                if named > Named::Not {
                    self.by_resource.insert(number);
                }
                match named {
                    Named::Session => self.to_session.insert(number),
                    Named::Role => self.to_role.insert(number),
                    Named::Account | Named::Not => {}
                }
            }
        }
    }

    /// Whether there is an Allow at all that could grant.
    pub fn can_allow(&self) -> bool {
        !(self.identity.is_empty() && self.to_role.is_empty() && self.to_session.is_empty())
    }

    /// The statements of resource control policies. They reach the resources of the accounts that
    /// they are attached to; whether another account is one of these, its resource's ARN does not
    /// tell.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
    pub fn of_resource_control(&self) -> impl Iterator<Item = usize> {
        self.rcps.iter()
    }

    /// The statements that deny, of those that apply.
    pub fn denying(&self, applying: &Bits) -> Bits {
        self.denies.and(applying)
    }

    /// The answer, where these Allows and these Denies apply.
    pub fn outcome(&self, allows: &Bits, denies: &Bits, reach: Reach) -> Outcome {
        if self.denies.meets(denies) {
            return Outcome::ExplicitlyDenied;
        }
        // Service control policies never grant: every level has to let the request through.
        // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
        if self.scps.iter().any(|level| !level.meets(allows)) {
            return Outcome::ImplicitlyDenied;
        }
        let within_boundary = self.boundary.as_ref().is_none_or(|bits| bits.meets(allows));
        let by_identity = within_boundary && self.identity.meets(allows);
        // In one account either side can grant; across accounts both have to.
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
        let is_allowed = if reach.is_cross_account {
            by_identity && (reach.is_admitted || self.by_resource.meets(allows))
        } else {
            by_identity
                || self.to_session.meets(allows)
                || within_boundary && self.to_role.meets(allows)
        };
        if is_allowed { Outcome::Allowed } else { Outcome::ImplicitlyDenied }
    }

    /// The statements that grant a request that is allowed.
    pub fn granting(&self, allows: &Bits, reach: Reach) -> Bits {
        let mut granting = Bits::none(self.parts.len());
        let within_boundary = self.boundary.as_ref().is_none_or(|bits| bits.meets(allows));
        if within_boundary {
            granting.add(&self.identity);
        }
        if reach.is_cross_account {
            granting.add(&self.by_resource);
        } else {
            granting.add(&self.to_session);
            if within_boundary {
                granting.add(&self.to_role);
            }
        }
        granting.and(allows)
    }

    /// A statement, cited.
    pub fn cited(&self, number: usize) -> StatementRef {
        let part = &self.parts[number];
        StatementRef {
            policy: part.policy.to_string(),
            sid: part.statement.sid.as_deref().map(str::to_owned),
            index: part.statement.index,
            effect: part.statement.effect,
        }
    }
}

/// How an answer calls a policy. Of the policies of a request few are cited.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PolicyName<'set> {
    Given(&'set str),
    /// In a list.
    At(&'set str, usize),
    /// In a list of a list.
    AtLevel(&'set str, usize, usize),
}

impl fmt::Display for PolicyName<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => formatter.write_str(name),
            Self::At(list, index) => write!(formatter, "{list}[{index}]"),
            Self::AtLevel(list, level, index) => write!(formatter, "{list}[{level}][{index}]"),
        }
    }
}

/// What a policy is to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Identity,
    Boundary,
    /// Service control policy, of a level.
    Scp(usize),
    Rcp,
    Resource,
}
