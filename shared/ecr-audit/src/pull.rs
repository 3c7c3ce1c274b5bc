//! Whether an image can be pulled: a lower bound, from the answers of the engine.

use iam_policy::context::ContextValue;
use iam_policy::effective::{self as engine, AskedAction, Level};

use crate::add_on_registries::add_on_registry;
use crate::assess::PULL_ACTIONS;
use crate::catalogue::{Catalogue, CataloguedAction};
use crate::effective::{level, scope};
use crate::missing_action::MissingAction;
use crate::permissions::{Access, ActionPermission, PullPermission};

/// The actions of a pull, as the engine is asked for them.
pub fn pull_actions() -> [AskedAction<'static>; 3] {
    PULL_ACTIONS
        .map(|name| AskedAction { name, takes_resource: name != "ecr:GetAuthorizationToken" })
}

/// The same as the catalogue has them.
pub fn pull_entries() -> Vec<&'static CataloguedAction> {
    PULL_ACTIONS.into_iter().filter_map(|name| Catalogue::embedded().entry(name)).collect()
}

/// The lower bound for pulling, given what came of asking for its actions together.
/// `spelled` gives a context key as the policies spell it.
pub fn pull(
    access: engine::Access,
    actions: &[ActionPermission],
    missing: Vec<MissingAction>,
    spelled: impl Fn(&str) -> String,
) -> PullPermission {
    // Enough is a lower bound: only what was found for certain counts.
    let enough = match (access.at_least, access.level) {
        (Level::Allowed, _) => Level::Allowed,
        (_, Level::Denied) => Level::Denied,
        _ => Level::Conditional,
    };
    let because = match enough {
        Level::Allowed => Vec::new(),
        Level::Conditional => vec![what_it_depends_on(&access, spelled)],
        Level::Denied => {
            let each_alone = PULL_ACTIONS.iter().all(|name| {
                actions.iter().any(|known| known.action == *name && known.access > Access::Denied)
            });
            let apart =
                "On no repository are all three actions that a pull needs granted together.";
            if each_alone { vec![apart.to_owned()] } else { Vec::new() }
        }
    };
    PullPermission {
        access: level(enough),
        scope: scope(&access, true),
        repository: access.witness.map(|witness| witness.resource),
        because,
        missing,
        notes: Vec::new(),
    }
}

/// That AWS's own add-ons cannot be pulled in a region.
pub fn without_add_ons(region: &str) -> String {
    let account = add_on_registry(region).unwrap_or_default();
    format!(
        "The images of AWS's own add-ons cannot be pulled in {region}: they lie in the registry of \
         account {account}."
    )
}

fn what_it_depends_on(access: &engine::Access, spelled: impl Fn(&str) -> String) -> String {
    let witness = access.witness.iter();
    let conditions: Vec<String> = witness
        .flat_map(|witness| &witness.context)
        .map(|(key, value)| match value {
            Some(value) => format!("{} = {}", spelled(key), shown(value)),
            None => format!("{} absent", spelled(key)),
        })
        .collect();
    if conditions.is_empty() {
        "Pulling depends on another account's consent, or on conditions that pullwatch cannot \
         determine."
            .to_owned()
    } else {
        let conditions = conditions.join(", ");
        format!("Pulling depends on conditions that pullwatch cannot determine: {conditions}.")
    }
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::Single(text) => text.clone(),
        ContextValue::Multiple(texts) => format!("[{}]", texts.join(", ")),
    }
}
