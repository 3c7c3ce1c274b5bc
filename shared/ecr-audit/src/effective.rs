//! Role policies -> effective permissions, by the engine of iam-policy.

mod unknown;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use iam_policy::context::ContextValue;
use iam_policy::decision::{PolicySet, StatementRef};
use iam_policy::document::Effect;
use iam_policy::effective::resources::Place;
use iam_policy::effective::{self as engine, AskedAction, Budget, Knowledge, Level, Question};
use iam_policy::principal::Principal;

use crate::assess::{LAYER_CHECK, PULL_ACTIONS, RoleState};
use crate::catalogue::{C0223_ACTIONS, Catalogue, CataloguedAction, SERVICES};
use crate::dates_named::dates_ahead_of;
use crate::left_open::left_open;
use crate::missing_action::{MissingAction, Trial, causes, says};
use crate::permissions::{
    Access, ActionPermission, EffectivePermissions, PolicyStatement, PullPermission, Scope, Witness,
};
use crate::places::{Places, add_ons};
use crate::policy_notes::policy_notes;
use crate::pull::{Together, together, without_add_ons};
use crate::read_policies::ReadPolicies;
use crate::regions::with_clusters;
use crate::repository_names::RepositoryNames;
use crate::request_facts::{knowledge, principal};
use crate::settings::Settings;
use crate::spelling::Spelling;

/// Works out what the role may do. The error says, in a sentence, why that cannot be told.
pub fn effective(
    state: &RoleState<'_>,
    settings: &Settings,
) -> Result<EffectivePermissions, String> {
    let read = ReadPolicies::of(state)?;
    let inquiry = Inquiry {
        state,
        read: &read,
        principal: principal(state),
        settings,
        places: SERVICES.map(|service| (service, OnceCell::new())),
        budget: Budget::new(),
    };
    // Asked first, while the budget is whole: nodes that can pull have to be known as such.
    let pulling = inquiry.together(Together::Pull);
    let with_layer_check = inquiry.with_layer_check(&pulling);
    let mut actions = Vec::new();
    let mut answered: BTreeMap<_, Answered> = BTreeMap::new();
    for entry in &Catalogue::embedded().actions {
        let (service, _) = entry.action.split_once(':').unwrap_or_default();
        let key = (
            engine::signature(&read.set, &entry.action),
            entry.takes_resource,
            entry.resource_required,
            CataloguedAction::is_of_a_pull(&entry.action),
            entry.condition_keys.clone(),
            service,
        );
        let answer = answered.entry(key).or_insert_with(|| inquiry.answered(service, entry));
        actions.push(inquiry.permission(entry, answer));
    }
    let unknown_actions = SERVICES
        .into_iter()
        .map(|service| (service.to_owned(), inquiry.unknown(service)))
        .collect();
    let missing = inquiry.missing(&actions);
    let granted = together(pulling, Together::Pull, &actions, state);
    let c0223 = match with_layer_check {
        Some(access) => together(access, Together::C0223, &actions, state),
        None => granted.clone(),
    };
    let notes = if granted.access > Access::Denied { inquiry.out_of_reach() } else { Vec::new() };
    let pull = PullPermission { granted, c0223, missing, notes };
    let mut notes = policy_notes(state, settings, &read.set);
    notes.splice(0..0, read.notes);
    let dates_ahead = dates_ahead_of(state.now, &read.set);
    let unread = read.unread;
    Ok(EffectivePermissions { actions, unknown_actions, pull, notes, unread, dates_ahead })
}

/// What came of an action, and whether it did of requests that name a repository.
type Answered = (engine::Access, bool);

struct Inquiry<'inquiry> {
    state: &'inquiry RoleState<'inquiry>,
    read: &'inquiry ReadPolicies,
    principal: Principal,
    settings: &'inquiry Settings,
    /// Where the repositories of each service may lie, once somebody asks.
    places: [(&'static str, OnceCell<Places>); 2],
    /// What is left for the questions that are not yet asked.
    budget: Budget,
}

impl Inquiry<'_> {
    fn ask(
        &self,
        service: &str,
        actions: &[AskedAction<'_>],
        entries: &[&CataloguedAction],
    ) -> engine::Access {
        self.ask_of(&self.read.set, service, actions, entries)
    }

    fn ask_of(
        &self,
        policies: &PolicySet,
        service: &str,
        actions: &[AskedAction<'_>],
        entries: &[&CataloguedAction],
    ) -> engine::Access {
        if !actions.iter().all(|action| says(policies, Effect::Allow, *action)) {
            // Nothing can be allowed, wherever it lies and whatever is known.
            return self.ask_in(policies, &[], false, actions, &Knowledge::default());
        }
        let places = self.places_of(service);
        let is_pull = actions.iter().all(|action| CataloguedAction::is_of_a_pull(action.name));
        let of_action = if is_pull { &places.of_pulls } else { &places.of_any };
        let knowledge = knowledge(self.state, entries);
        self.ask_in(policies, of_action, places.are_cut, actions, &knowledge)
    }

    /// Where the repositories of a service may lie.
    fn places_of(&self, service: &str) -> &Places {
        let Some((_, places)) = self.places.iter().find(|(known, _)| *known == service) else {
            unreachable!("the catalogue knows the services of SERVICES alone")
        };
        places.get_or_init(|| {
            let known = knowledge(self.state, &[]);
            Places::of(self.state, self.settings, &self.read.set, &known, service)
        })
    }

    /// The same of repositories in these places, and of some in others perhaps.
    fn ask_in(
        &self,
        policies: &PolicySet,
        places: &[Place],
        has_more_places: bool,
        actions: &[AskedAction<'_>],
        knowledge: &Knowledge,
    ) -> engine::Access {
        engine::effective(
            policies,
            &Question {
                principal: &self.principal,
                actions,
                places,
                has_more_places,
                names: &RepositoryNames,
                knowledge,
                budget: &self.budget,
            },
        )
    }

    fn together(&self, of: Together) -> engine::Access {
        self.ask("ecr", &of.asked(), &of.entries())
    }

    /// What comes of the four actions of C-0223 together; `None` where that is what came of a pull.
    fn with_layer_check(&self, pulling: &engine::Access) -> Option<engine::Access> {
        let signature = |name: &str| engine::signature(&self.read.set, name);
        let [_, of_pull @ ..] = PULL_ACTIONS;
        let is_told = of_pull.iter().any(|name| signature(name) == signature(LAYER_CHECK));
        let is_asked = pulling.level > Level::Denied && !is_told;
        is_asked.then(|| self.together(Together::C0223))
    }

    /// The regions with clusters in which AWS's own add-ons cannot be pulled, a sentence each.
    fn out_of_reach(&self) -> Vec<String> {
        let knowledge = knowledge(self.state, &Together::Pull.entries());
        let regions = with_clusters(self.state).into_iter();
        let places = regions.filter_map(|region| Some((region, add_ons(self.state, region)?)));
        let unreached = places.filter(|(_, place)| {
            let place = std::slice::from_ref(place);
            let pulled = Together::Pull.asked();
            let access = self.ask_in(&self.read.set, place, false, &pulled, &knowledge);
            access.level == Level::Denied
        });
        unreached.map(|(region, _)| without_add_ons(region)).collect()
    }

    /// What comes of a catalogued action, with a repository or, where it is optional, without.
    fn answered(&self, service: &str, entry: &CataloguedAction) -> Answered {
        let ask = |entry: &CataloguedAction| {
            let takes_resource = entry.takes_resource;
            let asked = [AskedAction { name: &entry.action, takes_resource }];
            self.ask(service, &asked, &[entry])
        };
        if !entry.takes_resource || entry.resource_required {
            return (ask(entry), entry.takes_resource);
        }
        let without = CataloguedAction { takes_resource: false, ..entry.clone() };
        better(ask(entry), ask(&without))
    }

    fn permission(
        &self,
        entry: &CataloguedAction,
        (access, takes_resource): &Answered,
    ) -> ActionPermission {
        let deciding =
            if access.level == Level::Denied { &access.denying } else { &access.granting };
        ActionPermission {
            action: entry.action.clone(),
            access_level: entry.access_level,
            access: level(access.level),
            scope: scope(access, *takes_resource),
            witness: access.witness.as_ref().map(|witness| self.witness(witness)),
            statements: self.statements(deciding),
            is_upper_bound: access.is_bound,
            at_least: at_least(access.is_bound, access.at_least),
            left_open: self.left_open(access),
        }
    }

    /// Of a bound, why the truth is not known.
    fn left_open(&self, access: &engine::Access) -> Vec<String> {
        if access.is_bound {
            left_open(&access.open, |key| self.state.spelled(key))
        } else {
            Vec::new()
        }
    }

    fn statements(&self, cited: &BTreeSet<StatementRef>) -> Vec<PolicyStatement> {
        cited
            .iter()
            .map(|cited| PolicyStatement {
                policy: cited.policy.clone(),
                version: self.read.versions.get(&cited.policy).cloned(),
                sid: cited.sid.clone(),
                index: cited.index,
                effect: match cited.effect {
                    Effect::Allow => "Allow".to_owned(),
                    Effect::Deny => "Deny".to_owned(),
                },
            })
            .collect()
    }

    /// Which of the actions of C-0223 the role lacks, and why.
    fn missing(&self, actions: &[ActionPermission]) -> Vec<MissingAction> {
        let lacked = actions.iter().filter(|known| {
            known.access == Access::Denied && C0223_ACTIONS.contains(&known.action.as_str())
        });
        lacked
            .map(|known| {
                let takes_resource = known.action != "ecr:GetAuthorizationToken";
                let asked = AskedAction { name: &known.action, takes_resource };
                let causes = causes(&self.read.set, asked, self);
                MissingAction { action: known.action.clone(), causes }
            })
            .collect()
    }

    fn witness(&self, witness: &engine::Witness) -> Witness {
        let context = witness
            .context
            .iter()
            .map(|(key, value)| {
                let value = match value {
                    None => serde_json::Value::Null,
                    Some(ContextValue::Single(text)) => text.clone().into(),
                    Some(ContextValue::Multiple(texts)) => texts.clone().into(),
                };
                (self.state.spelled(key), value)
            })
            .collect();
        Witness { resource: witness.resource.clone(), context }
    }
}

impl Trial for Inquiry<'_> {
    fn access(&self, policies: &PolicySet, asked: AskedAction<'_>) -> engine::Access {
        let entry = Catalogue::embedded().entry(asked.name);
        self.ask_of(policies, "ecr", &[asked], entry.as_slice())
    }

    fn cited(&self, statements: &BTreeSet<StatementRef>) -> Vec<PolicyStatement> {
        self.statements(statements)
    }
}

/// The more that is permitted, and whether that is so of requests that name a repository.
fn better(on_resource: engine::Access, on_all: engine::Access) -> Answered {
    let takes_resource = on_resource.level >= on_all.level;
    let (mut best, other) =
        if takes_resource { (on_resource, on_all) } else { (on_all, on_resource) };
    best.at_least = best.at_least.max(other.at_least);
    best.is_bound = best.level != best.at_least;
    if best.is_bound {
        best.open.keys.extend(other.open.keys);
        best.open.is_cut |= other.open.is_cut;
    }
    (best, takes_resource)
}

/// The engine's level in the words of the domain.
pub fn level(level: Level) -> Access {
    match level {
        Level::Denied => Access::Denied,
        Level::Conditional => Access::Conditional,
        Level::Allowed => Access::Allowed,
    }
}

/// Of a bound, what is granted for certain, if anything is.
fn at_least(is_bound: bool, at_least: Level) -> Option<Access> {
    (is_bound && at_least > Level::Denied).then(|| level(at_least))
}

/// Where an action is granted of which the engine answers this.
pub fn scope(access: &engine::Access, takes_resource: bool) -> Scope {
    if access.covers_a_place || (!takes_resource && access.level > Level::Denied) {
        Scope::EveryRepository
    } else {
        Scope::NamedRepositories
    }
}
