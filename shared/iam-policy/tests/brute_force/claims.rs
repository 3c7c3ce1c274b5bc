//! What has to hold of every case.

use std::collections::BTreeSet;

use iam_policy::context::ContextValue;
use iam_policy::decision::{Decision, PolicySet, Request, StatementRef, decide};
use iam_policy::document::Effect;
use iam_policy::effective::{Access, AskedAction, Budget, Level, Question, effective};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::truth::{Reading, World};
use crate::world::{
    ACTIONS, Asked, Case, Names, PLACES, arn, carried, context, knowledge, known, names,
};

/// Of the requests that could be tried, one in so many: no multiple of how many names there are.
const ONE_IN: usize = 29;

fn access(case: &Case, policies: &PolicySet) -> Access {
    access_within(case, policies, &Budget::new())
}

fn access_within(case: &Case, policies: &PolicySet, budget: &Budget) -> Access {
    let asked = |action: &usize| {
        let (name, takes_resource) = ACTIONS[*action];
        AskedAction { name, takes_resource }
    };
    let actions: Vec<AskedAction<'_>> = case.actions.iter().map(asked).collect();
    effective(
        policies,
        &Question {
            principal: &case.principal(),
            actions: &actions,
            places: &case.engine_places(),
            has_more_places: false,
            names: &Names,
            knowledge: &knowledge(),
            budget,
        },
    )
}

fn decided(
    case: &Case,
    policies: &PolicySet,
    action: usize,
    resource: &str,
    asked: &Asked,
) -> Decision {
    let principal = case.principal();
    let resource = if ACTIONS[action].1 { resource } else { "*" };
    let context = context(&carried(ACTIONS[action].1, asked));
    let action = ACTIONS[action].0;
    decide(policies, &Request { principal: &principal, action, resource, context: &context })
}

fn cited<'refs>(
    statements: impl IntoIterator<Item = &'refs StatementRef>,
) -> BTreeSet<(String, usize)> {
    statements.into_iter().map(|cited| (cited.policy.clone(), cited.index)).collect()
}

/// The levels are the truth's, or a bound on either side of it that says so.
pub fn level(case: &Case) -> Result<(), TestCaseError> {
    let found = access(case, &case.policies());
    let truth = World::of(case).truth();
    if case.has_unknown_variable() {
        prop_assert!(found.level >= truth.upper, "{:?} is below {:?}", found.level, truth);
        prop_assert!(found.at_least <= truth.lower, "{:?} is above {:?}", found.at_least, truth);
        prop_assert!(found.is_bound || found.level == truth.upper);
        prop_assert!(cited(&found.granting).is_superset(&truth.granting));
        prop_assert!(cited(&found.denying).is_subset(&truth.denying));
    } else {
        prop_assert_eq!(found.level, truth.upper);
        prop_assert_eq!(found.at_least, truth.lower);
        prop_assert_eq!(found.is_bound, truth.upper != truth.lower);
        prop_assert_eq!(found.covers_a_place, truth.covers_a_place);
        prop_assert_eq!(cited(&found.granting), truth.granting);
        prop_assert_eq!(cited(&found.denying), truth.denying);
    }
    Ok(())
}

/// Where the budget runs out on the way, whenever that is, the answer is a bound on either side,
/// and what it calls certain is so.
pub fn budget(case: &Case) -> Result<(), TestCaseError> {
    let policies = case.policies();
    let truth = World::of(case).truth();
    let whole = Budget::new();
    access_within(case, &policies, &whole);
    for share in [0, 1, 2, 5, 9] {
        let budget = Budget::of(whole.taken() * share / 10);
        let found = access_within(case, &policies, &budget);
        prop_assert!(found.level >= truth.upper, "{share}: {found:?} is below {truth:?}");
        prop_assert!(found.at_least <= truth.lower, "{share}: {found:?} is above {truth:?}");
        prop_assert_eq!(found.is_bound, found.level != found.at_least);
        if !case.has_unknown_variable() {
            let is_less = found.level == truth.upper && !found.covers_a_place;
            prop_assert!(!(is_less && truth.covers_a_place), "{share}: {found:?}");
        }
    }
    Ok(())
}

/// Some requests of every case, each decided as the naive reading does, in all three readings.
pub fn decision(case: &Case) -> Result<(), TestCaseError> {
    let policies = case.policies();
    let world = World::of(case);
    let mut drawn = 0;
    for asked in some_contexts(&world) {
        for name in names() {
            drawn += 1;
            if drawn % ONE_IN != 0 {
                continue;
            }
            let place = case.places[drawn % case.places.len()];
            let action = case.actions[drawn % case.actions.len()];
            let mut with_known = known(place);
            with_known.extend(asked.clone());
            let asked = &with_known;
            let found = decided(case, &policies, action, &arn(place, &name), asked);
            let request = || format!("{} {} {asked:?}", ACTIONS[action].0, arn(place, &name));
            let truth = world.decision(action, place, &name, asked, Reading::Strict);
            prop_assert_eq!(found.outcome.as_str(), truth.name, "{}", request());
            prop_assert_eq!(cited(&found.statements), world.cited_by(truth), "{}", request());
            let upper = world.decision(action, place, &name, asked, Reading::Upper);
            prop_assert_eq!(found.upper.as_str(), upper.name, "at most, {}", request());
            let lower = world.decision(action, place, &name, asked, Reading::Lower);
            prop_assert_eq!(found.lower.as_str(), lower.name, "at least, {}", request());
        }
    }
    Ok(())
}

/// A few contexts, spread over all.
fn some_contexts(world: &World<'_>) -> Vec<Asked> {
    let mut contexts = vec![Asked::new()];
    for (key, _) in crate::world::KEYS {
        let tried = world.tried(key);
        let step = tried.len() / 7 + 1;
        let start = tried.len() * 5 / 11 % step;
        contexts = contexts
            .iter()
            .flat_map(|asked| {
                tried.iter().skip(start).step_by(step).map(move |value| {
                    let mut asked = asked.clone();
                    if let Some(value) = value {
                        asked.insert(key.to_owned(), value.clone());
                    }
                    asked
                })
            })
            .collect();
    }
    contexts.truncate(40);
    contexts
}

/// A witness names a request that is allowed, and in the naive reading too.
pub fn witness(case: &Case) -> Result<(), TestCaseError> {
    let policies = case.policies();
    let found = access(case, &policies);
    prop_assert_eq!(found.level > Level::Denied, found.witness.is_some());
    let Some(witness) = found.witness else { return Ok(()) };
    let world = World::of(case);
    let is_own = |place: &usize| {
        ACTIONS[case.actions[0]].1 && witness.resource.starts_with(&arn(*place, ""))
    };
    let place = case.places.iter().copied().find(is_own).unwrap_or(0);
    let name = witness.resource.rsplit('/').next().unwrap();
    let mut asked = known(place);
    let mut put = |key: &str, values: Option<Vec<String>>| {
        asked.retain(|name, _| !name.eq_ignore_ascii_case(key));
        asked.extend(values.map(|values| (key.to_owned(), values)));
    };
    for (key, value) in &witness.context {
        match value {
            Some(ContextValue::Single(value)) => put(key, Some(vec![value.clone()])),
            Some(ContextValue::Multiple(values)) => put(key, Some(values.clone())),
            None => put(key, None),
        }
    }
    for action in &case.actions {
        let is_elsewhere =
            ACTIONS[*action].1 && PLACES[place].2 != iam_policy::effective::Consent::Own;
        if is_elsewhere {
            continue;
        }
        let decision = decided(case, &policies, *action, &witness.resource, &asked);
        let reading = |reading| world.decision(*action, place, name, &asked, reading).name;
        if found.at_least > Level::Denied {
            prop_assert_eq!(decision.lower.as_str(), "Allowed", "{:?}", witness);
            prop_assert_eq!(reading(Reading::Strict), "Allowed", "{:?}", witness);
        } else if !found.is_bound {
            prop_assert_eq!(decision.upper.as_str(), "Allowed", "{:?}", witness);
            prop_assert_eq!(reading(Reading::Upper), "Allowed", "{:?}", witness);
        }
    }
    Ok(())
}

/// Without the granting statements it is denied, and without the other Allows of the layers that
/// grant it is the same.
pub fn statements(case: &Case) -> Result<(), TestCaseError> {
    let policies = case.policies();
    let found = access(case, &policies);
    prop_assert_eq!(found.level > Level::Denied, !found.granting.is_empty());
    let granting = cited(&found.granting);
    let taken = without(&policies, &|name, index, _| granting.contains(&(name.to_owned(), index)));
    prop_assert_eq!(access(case, &taken).level, Level::Denied);
    let alone = without(&policies, &|name, index, effect| {
        effect == Effect::Allow && !granting.contains(&(name.to_owned(), index))
    });
    let alone = access(case, &alone);
    if !case.has_unknown_variable() {
        prop_assert_eq!((alone.level, alone.at_least), (found.level, found.at_least));
    }
    prop_assert!(alone.at_least <= found.level && alone.level >= found.at_least);
    Ok(())
}

/// The policies that can grant, without the statements that are taken.
fn without(policies: &PolicySet, is_taken: &dyn Fn(&str, usize, Effect) -> bool) -> PolicySet {
    let mut policies = policies.clone();
    let boxes = policies.resource.iter_mut().map(|resource| &mut resource.policy);
    for policy in policies.identity.iter_mut().chain(boxes) {
        let mut document = (*policy.document).clone();
        let mut index = 0;
        document.statements.retain(|statement| {
            index += 1;
            !is_taken(&policy.name, index - 1, statement.effect)
        });
        policy.document = document.into();
    }
    policies
}

/// What can only take away takes away, and order is nothing.
pub fn metamorphic(case: &Case) -> Result<(), TestCaseError> {
    let found = access(case, &case.policies());

    let mut reversed = case.clone();
    let every = |case: &mut Case, change: fn(&mut Vec<Value>)| {
        let boxes = case.boxes.iter_mut().map(|boxes| &mut boxes.policy);
        let own = case.identity.iter_mut().chain(&mut case.boundary).chain(&mut case.rcps);
        for policy in own.chain(case.scps.iter_mut().flatten()).chain(boxes) {
            change(policy["Statement"].as_array_mut().unwrap());
        }
    };
    every(&mut reversed, |statements| statements.reverse());
    reversed.identity.reverse();
    reversed.scps.reverse();
    reversed.boxes.reverse();
    let turned = access(&reversed, &reversed.policies());
    prop_assert_eq!(
        (turned.level, turned.at_least, turned.is_bound, turned.covers_a_place),
        (found.level, found.at_least, found.is_bound, found.covers_a_place)
    );

    let no_more = |case: &Case| {
        let less = access(case, &case.policies());
        if !case.has_unknown_variable() {
            prop_assert!(less.level <= found.level, "{:?} is more", less);
            prop_assert!(less.at_least <= found.at_least, "{:?} is more", less);
        }
        prop_assert!(less.at_least <= found.level, "{:?} is more", less);
        Ok(())
    };
    // A statement of the case itself, as a Deny.
    let mut denied = case.clone();
    let mut deny = case.identity[0]["Statement"][0].clone();
    deny["Effect"] = json!("Deny");
    denied.identity.push(json!({ "Version": "2012-10-17", "Statement": [deny] }));
    no_more(&denied)?;
    if case.boundary.is_none() {
        let mut bounded = case.clone();
        bounded.boundary = Some(case.identity[0].clone());
        no_more(&bounded)?;
    }
    let mut controlled = case.clone();
    controlled.scps.push(vec![case.identity[0].clone()]);
    no_more(&controlled)
}
