//! What a role can do beyond a standard, worst first, and which of it is no more than an upper
//! bound.

use crate::assessment::Excess;
use crate::catalogue::Catalogue;
use crate::permissions::{Access, ActionPermission, EffectivePermissions, Scope, UnknownActions};
use crate::standard::{Severity, Standard};

/// An action beyond a standard; of an upper bound, why the truth is not known, a clause each.
pub struct Beyond<'permissions> {
    /// The action.
    pub excess: Excess,
    left_open: &'permissions [String],
}

/// What is beyond a standard, worst first.
pub fn beyond(permissions: &EffectivePermissions, standard: Standard) -> Vec<Beyond<'_>> {
    let known = permissions.actions.iter().filter_map(|known| known_beyond(known, standard));
    let unknown = permissions.unknown_actions.iter().flat_map(|(service, unknown)| {
        let read = (standard != Standard::ReadOnly).then(|| unknown_read(service, unknown));
        unknown_write(service, unknown).into_iter().chain(read.flatten())
    });
    let mut beyond: Vec<Beyond<'_>> = known.chain(unknown).collect();
    beyond.sort_by(|Beyond { excess: one, .. }, Beyond { excess: two, .. }| {
        (two.severity, two.access, &one.action).cmp(&(one.severity, one.access, &two.action))
    });
    beyond
}

fn known_beyond(permission: &ActionPermission, standard: Standard) -> Option<Beyond<'_>> {
    let entry = Catalogue::embedded().entry(&permission.action)?;
    let is_excess = permission.access > Access::Denied && !entry.is_within(standard);
    is_excess.then(|| Beyond {
        excess: Excess {
            action: permission.action.clone(),
            access: permission.access,
            scope: permission.scope,
            is_upper_bound: permission.is_upper_bound,
            at_least: permission.at_least,
            severity: lowered(entry.severity(), permission.access, permission.scope),
            witness: permission.witness.clone(),
            statements: permission.statements.clone(),
        },
        left_open: &permission.left_open,
    })
}

fn unknown_write<'unknown>(
    service: &str,
    unknown: &'unknown UnknownActions,
) -> Option<Beyond<'unknown>> {
    (unknown.write > Access::Denied).then(|| Beyond {
        excess: Excess {
            action: format!("{service}:<unknown write>"),
            access: unknown.write,
            scope: unknown.write_scope,
            is_upper_bound: unknown.write_is_upper_bound,
            at_least: unknown.write_at_least,
            severity: lowered(Severity::Medium, unknown.write, unknown.write_scope),
            witness: None,
            statements: unknown.write_statements.clone(),
        },
        left_open: &unknown.write_left_open,
    })
}

fn unknown_read<'unknown>(
    service: &str,
    unknown: &'unknown UnknownActions,
) -> Option<Beyond<'unknown>> {
    (unknown.read > Access::Denied).then(|| Beyond {
        excess: Excess {
            action: format!("{service}:<unknown read>"),
            access: unknown.read,
            scope: Scope::EveryRepository,
            is_upper_bound: unknown.read_is_upper_bound,
            at_least: unknown.read_at_least,
            severity: Severity::Low,
            witness: None,
            statements: unknown.read_statements.clone(),
        },
        left_open: &unknown.read_left_open,
    })
}

/// Which of what is beyond a standard is an upper bound, and why: a sentence for all that are for
/// the same reasons, worst first.
pub fn bounds(beyond: &[Beyond<'_>]) -> Vec<String> {
    let mut groups: Vec<(&[String], Vec<&str>)> = Vec::new();
    for Beyond { excess, left_open } in beyond.iter().filter(|one| one.excess.is_upper_bound) {
        match groups.iter_mut().find(|(held, _)| held == left_open) {
            Some((_, actions)) => actions.push(&excess.action),
            None => groups.push((left_open, vec![&excess.action])),
        }
    }
    let told = |(left_open, actions): (&[String], Vec<&str>)| {
        let because = left_open.join(", and because ");
        if actions.len() == beyond.len() {
            return format!("This is an upper bound, and less may be granted, because {because}.");
        }
        let (these, actions) = match actions.as_slice() {
            [_] => ("This is an upper bound", actions.concat()),
            _ => ("These are upper bounds", actions.join(", ")),
        };
        format!("{these}, and less may be granted, because {because}: {actions}.")
    };
    groups.into_iter().map(told).collect()
}

/// One step lower if only conditional or only on named repositories; both together one step.
fn lowered(severity: Severity, access: Access, scope: Scope) -> Severity {
    if access == Access::Conditional || scope == Scope::NamedRepositories {
        severity.one_lower()
    } else {
        severity
    }
}
