//! Whether an image can be pulled: a lower bound, from the answers of the engine.

use iam_policy::context::ContextValue;
use iam_policy::effective::{self as engine, AskedAction, Consent, Level};

use crate::add_on_registries::add_on_registry;
use crate::assess::PULL_ACTIONS;
use crate::catalogue::{C0223_ACTIONS, Catalogue, CataloguedAction};
use crate::effective::{level, scope};
use crate::left_open::left_open;
use crate::permissions::{Access, ActionPermission, TogetherPermission};
use crate::spelling::Spelling;

/// What may have to be granted on one and the same repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// The actions of a pull.
    Pull,
    /// These, and the one that C-0223 lists besides.
    C0223,
}

impl Together {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Pull => &PULL_ACTIONS,
            Self::C0223 => &C0223_ACTIONS,
        }
    }

    /// The actions as the engine is asked for them.
    pub fn asked(self) -> Vec<AskedAction<'static>> {
        let names = self.names().iter();
        names
            .map(|name| AskedAction { name, takes_resource: *name != "ecr:GetAuthorizationToken" })
            .collect()
    }

    /// The same as the catalogue has them.
    pub fn entries(self) -> Vec<&'static CataloguedAction> {
        self.names().iter().filter_map(|name| Catalogue::embedded().entry(name)).collect()
    }

    /// What depends on something, as a sentence begins.
    const fn subject(self) -> &'static str {
        match self {
            Self::Pull => "Pulling depends",
            Self::C0223 => "Having all four actions of C-0223 depends",
        }
    }
}

/// The lower bound for some actions on one repository, given what came of asking for them together.
pub fn together(
    access: engine::Access,
    of: Together,
    actions: &[ActionPermission],
    spelling: &impl Spelling,
) -> TogetherPermission {
    let enough = enough(&access);
    let because = match enough {
        Level::Allowed => Vec::new(),
        Level::Conditional => what_it_depends_on(&access, of, spelling),
        Level::Denied => apart(of, actions).into_iter().collect(),
    };
    TogetherPermission {
        access: level(enough),
        scope: scope(&access, true),
        repository: shown_by(access),
        because,
    }
}

/// The repository that shows it. One that perhaps does not was made up to stand for what a value
/// that is not known may spell.
fn shown_by(access: engine::Access) -> Option<String> {
    let is_certain = access.at_least > Level::Denied;
    access.witness.filter(|_| is_certain).map(|witness| witness.resource)
}

/// Enough is a lower bound: only what was found for certain counts.
fn enough(access: &engine::Access) -> Level {
    match (access.at_least, access.level) {
        (Level::Allowed, _) => Level::Allowed,
        (_, Level::Denied) => Level::Denied,
        _ => Level::Conditional,
    }
}

/// That no repository has all that is needed, where each action is granted somewhere.
fn apart(of: Together, actions: &[ActionPermission]) -> Option<String> {
    let is_granted = |name: &&str| {
        actions.iter().any(|known| known.action == **name && known.access > Access::Denied)
    };
    let what = match of {
        Together::Pull => "all three actions that a pull needs",
        Together::C0223 => "all four actions of C-0223",
    };
    let is_each = of.names().iter().all(is_granted);
    is_each.then(|| format!("On no repository are {what} granted together."))
}

/// That AWS's own add-ons cannot be pulled in a region.
pub fn without_add_ons(region: &str) -> String {
    let account = add_on_registry(region).unwrap_or_default();
    format!(
        "The images of AWS's own add-ons cannot be pulled in {region}: they lie in the registry of \
         account {account}."
    )
}

/// What a pull that is neither certain nor ruled out depends on, a sentence each.
fn what_it_depends_on(
    access: &engine::Access,
    of: Together,
    spelling: &impl Spelling,
) -> Vec<String> {
    let mut told = Vec::new();
    let witness = access.witness.as_ref();
    let conditions: Vec<String> = witness
        .into_iter()
        .flat_map(|witness| &witness.context)
        .map(|(key, value)| match value {
            Some(value) => format!("{} = {}", spelling.spelled(key), shown(value)),
            None => format!("{} absent", spelling.spelled(key)),
        })
        .collect();
    if !conditions.is_empty() {
        let conditions = conditions.join(", ");
        told.push(format!(
            "{} on conditions that pullwatch cannot determine: {conditions}.",
            of.subject()
        ));
    }
    let elsewhere = witness.filter(|witness| witness.consent == Consent::Unknown);
    told.extend(elsewhere.map(|witness| whose_consent(&witness.resource, of, spelling)));
    if access.at_least == Level::Denied || told.is_empty() {
        let because = left_open(&access.open, |key| spelling.spelled(key)).join(", and because ");
        told.push(format!("It is not certain that the policies grant it, because {because}."));
    }
    told
}

/// What has to happen in another account, where the repository lies that can be pulled from.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html>
fn whose_consent(repository: &str, of: Together, spelling: &impl Spelling) -> String {
    let account = repository.split(':').nth(4).unwrap_or_default();
    let (whose, which) = if spelling.is_named(account) {
        (format!("account {account}"), account)
    } else {
        ("another account".to_owned(), "that account")
    };
    format!(
        "{} on the consent of {whose}, where the repositories lie: a repository policy \
         there has to grant the role these actions. Where it does, name {which} in pullwatch's \
         setting RegistryAccounts (--registry-account).",
        of.subject()
    )
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::Single(text) => text.clone(),
        ContextValue::Multiple(texts) => format!("[{}]", texts.join(", ")),
    }
}
