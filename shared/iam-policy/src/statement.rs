//! What one statement is about: actions, resources, principals.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use crate::action::ActionName;
use crate::context::Context;
use crate::document::Statement;
use crate::glob;
use crate::principal::{Named, Principal, PrincipalPattern};
use crate::template::Template;
use crate::truth::Truth;

/// Whether the statement is about the action.
pub fn meets_action(statement: &Statement, action: &ActionName<'_>) -> bool {
    let element = &statement.action;
    element.patterns.iter().any(|pattern| pattern.means(action)) != element.is_not
}

/// Whether the statement is about the resource. The policy of a resource may have no Resource: it
/// is about the resource it stands on, as a repository's is.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html>
pub fn meets_resource(statement: &Statement, resource: &str, context: &Context) -> Truth {
    let patterns = statement.resource.iter().flat_map(|element| {
        let matches = |template| template_matches(template, element.is_not, resource, context);
        element.patterns.iter().map(matches)
    });
    meets_element(statement, patterns)
}

/// Whether the statement is about the resource of which its patterns say this.
pub(crate) fn meets_element(
    statement: &Statement,
    mut patterns: impl Iterator<Item = Truth>,
) -> Truth {
    let Some(element) = &statement.resource else {
        return Truth::from(statement.principal.is_some());
    };
    let mut truth = Truth::False;
    while truth < Truth::True
        && let Some(pattern) = patterns.next()
    {
        truth = truth.or(pattern);
    }
    if element.is_not { truth.negated() } else { truth }
}

impl Statement<'_> {
    /// The context keys on which it hangs, in lower case.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let templates = self.resource.iter().flat_map(|element| &element.patterns);
        let of_conditions = self
            .conditions
            .iter()
            .flat_map(|one| std::iter::once(one.key()).chain(one.variables()));
        templates.flat_map(Template::variables).chain(of_conditions)
    }

    /// An element that IAM does not know leaves open what the statement says.
    pub(crate) fn known(&self) -> Truth {
        if self.has_unknown_element { Truth::Unknown } else { Truth::True }
    }
}

/// A variable without value matches nothing. In NotResource the documentation leaves open what
/// follows from that.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
pub(crate) fn template_matches(
    template: &Template,
    is_not: bool,
    resource: &str,
    context: &Context,
) -> Truth {
    if template.variables().any(|key| context.is_open(key)) {
        let could = glob::matches(&template.widened(context), resource);
        // The key may also be absent.
        let may_lack = is_not && resource != "*" && !template.is_resolved(context);
        return if could || may_lack { Truth::Unknown } else { Truth::False };
    }
    if !template.matches(resource, context) {
        // A request without a resource carries `*`, which no ARN with a variable can be.
        let may_lack = is_not && resource != "*" && !template.is_resolved(context);
        return if may_lack { Truth::Unknown } else { Truth::False };
    }
    // The parts of an ARN are compared each by itself; but a `*` at the end of a part can reach
    // over the colons that follow, so both readings are made, and where they differ it is open.
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    let is_certain = resource == "*"
        || template.is_all_stars(context)
        || template.matches_by_part(resource, context);
    if is_certain { Truth::True } else { Truth::Unknown }
}

/// How a statement of a resource's policy names the principal at most, and whether that is known.
/// One that lists single sessions of a role names some of them, and which one asks may not be
/// known. Of NotPrincipal with Allow, AWS's page tells that it leaves out whom it lists, but not
/// that it does where it lists the account without the role, or the role without the account.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
pub(crate) fn names(statement: &Statement, principal: &Principal) -> (Named, Truth) {
    let Some(element) = &statement.principal else {
        return (Named::Not, Truth::True);
    };
    let Listed { surely, maybe } = Listed::of(&element.patterns, principal);
    if element.is_not {
        return match is_spared(&element.patterns, principal) {
            Truth::True => (Named::Not, Truth::True),
            Truth::Unknown => (Named::Session, Truth::Unknown),
            Truth::False => (Named::Session, Truth::True),
        };
    }
    (maybe, if surely == maybe { Truth::True } else { Truth::Unknown })
}

/// Whether a Deny of a resource's policy is on the principal. NotPrincipal denies a principal with
/// a permissions boundary whatever it lists, and may deny one whose account it does not list too.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
pub(crate) fn denies(statement: &Statement, principal: &Principal, has_boundary: bool) -> Truth {
    let Some(element) = &statement.principal else {
        return Truth::False;
    };
    let Listed { surely, maybe } = Listed::of(&element.patterns, principal);
    if !element.is_not {
        return match (surely, maybe) {
            (Named::Not, Named::Not) => Truth::False,
            (Named::Not, _) => Truth::Unknown,
            _ => Truth::True,
        };
    }
    if has_boundary { Truth::True } else { is_spared(&element.patterns, principal).negated() }
}

/// Whether NotPrincipal leaves the principal out: for certain only where role and account are both
/// listed.
fn is_spared(patterns: &[PrincipalPattern<'_>], principal: &Principal) -> Truth {
    let Listed { surely, maybe } = Listed::of(patterns, principal);
    let lists_account = patterns.iter().any(|pattern| pattern.names_account_of(principal));
    match maybe {
        Named::Not => Truth::False,
        _ if lists_account && surely > Named::Account => Truth::True,
        _ => Truth::Unknown,
    }
}

/// How the strongest name of a Principal element is the principal's.
struct Listed {
    /// Whatever session it is that asks.
    surely: Named,
    /// If it is one of the sessions that are listed.
    maybe: Named,
}

impl Listed {
    fn of(patterns: &[PrincipalPattern<'_>], principal: &Principal) -> Self {
        let mut listed = Self { surely: Named::Not, maybe: Named::Not };
        for pattern in patterns {
            let named = pattern.names(principal);
            listed.maybe = listed.maybe.max(named);
            if !pattern.may_name(principal) {
                listed.surely = listed.surely.max(named);
            }
        }
        listed
    }
}
