//! What a role may do with the actions that no catalogue entry names.

use std::collections::{BTreeMap, BTreeSet};

use iam_policy::decision::StatementRef;
use iam_policy::effective::{self as engine, AskedAction, Level};

use super::{Answered, Inquiry, at_least, better, level, scope};
use crate::left_open::CUT;
use crate::permissions::{Scope, UnknownActions};
use crate::unknown_actions::{allows_unknown, unknown_actions};

/// The strongest answer over some names.
struct Strongest {
    access: Level,
    at_least: Level,
    scope: Scope,
    granting: BTreeSet<StatementRef>,
    /// Why some of the answers are bounds.
    left_open: BTreeSet<String>,
}

impl Default for Strongest {
    fn default() -> Self {
        Self {
            access: Level::Denied,
            at_least: Level::Denied,
            scope: Scope::NamedRepositories,
            granting: BTreeSet::new(),
            left_open: BTreeSet::new(),
        }
    }
}

impl Strongest {
    /// Where there are more ways than were followed: some name may be granted everywhere.
    fn not_followed() -> Self {
        Self {
            access: Level::Allowed,
            scope: Scope::EveryRepository,
            left_open: BTreeSet::from([CUT.to_owned()]),
            ..Self::default()
        }
    }

    /// One name that is granted for certain is enough.
    fn is_bound(&self) -> bool {
        self.access > self.at_least
    }

    fn left_open(&self) -> Vec<String> {
        if self.is_bound() { self.left_open.iter().cloned().collect() } else { Vec::new() }
    }
}

impl Inquiry<'_> {
    /// The strongest answers over names that no catalogue entry has.
    pub(super) fn unknown(&self, service: &str) -> UnknownActions {
        let (reads, writes) = self.strongest(service);
        UnknownActions {
            read: level(reads.access),
            write: level(writes.access),
            read_is_upper_bound: reads.is_bound(),
            read_at_least: at_least(reads.is_bound(), reads.at_least),
            read_left_open: reads.left_open(),
            write_is_upper_bound: writes.is_bound(),
            write_at_least: at_least(writes.is_bound(), writes.at_least),
            write_left_open: writes.left_open(),
            write_scope: writes.scope,
            read_statements: self.statements(&reads.granting),
            write_statements: self.statements(&writes.granting),
        }
    }

    /// Of reads, and of writes.
    fn strongest(&self, service: &str) -> (Strongest, Strongest) {
        let (mut reads, mut writes) = (Strongest::default(), Strongest::default());
        if !allows_unknown(&self.read.set, service) {
            return (reads, writes);
        }
        let (names, is_bound) = unknown_actions(&self.read.set, service, &self.budget);
        if is_bound {
            return (Strongest::not_followed(), Strongest::not_followed());
        }
        let mut answered: BTreeMap<Vec<bool>, Answered> = BTreeMap::new();
        for name in names {
            let action = format!("{service}:{}", name.text);
            let (access, takes_resource) = answered
                .entry(engine::signature(&self.read.set, &action))
                .or_insert_with(|| self.answered_unknown(service, &action));
            if access.level == Level::Denied {
                continue;
            }
            let strongest = if name.is_read { &mut reads } else { &mut writes };
            strongest.access = strongest.access.max(access.level);
            strongest.at_least = strongest.at_least.max(access.at_least);
            strongest.scope = strongest.scope.max(scope(access, *takes_resource));
            strongest.granting.extend(access.granting.iter().cloned());
            strongest.left_open.extend(self.left_open(access));
        }
        (reads, writes)
    }

    /// Whether an unknown action takes a resource is not known: both are tried.
    fn answered_unknown(&self, service: &str, action: &str) -> Answered {
        let ask = |takes_resource| {
            self.ask(service, &[AskedAction { name: action, takes_resource }], &[])
        };
        better(ask(true), ask(false))
    }
}
