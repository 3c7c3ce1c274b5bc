//! Role policies -> effective permissions, by the engine of iam-policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use iam_policy::context::ContextValue;
use iam_policy::decision::{NamedPolicy, PolicySet, ResourcePolicy, StatementRef};
use iam_policy::document::{Effect, PolicyDocument};
use iam_policy::effective::resources::Place;
use iam_policy::effective::{self as engine, AskedAction, Budget, Level, Question};
use iam_policy::glob;
use iam_policy::principal::Principal;

use crate::assess::{PULL_ACTIONS, RoleState};
use crate::catalogue::{C0223_ACTIONS, Catalogue, SERVICES};
use crate::missing_action::{MissingAction, Trial, causes};
use crate::permissions::{
    Access, ActionPermission, EffectivePermissions, PolicyStatement, PullPermission, Scope,
    UnknownActions, Witness,
};
use crate::policy_notes::policy_notes;
use crate::registries::{PoliciesOf, Unknown, UnreadPolicies};
use crate::repository_names::RepositoryNames;
use crate::request_facts::{knowledge, places, principal};
use crate::role_policies::RegistryDocument;
use crate::settings::Settings;
use crate::unknown_actions::{allows_unknown, unknown_actions};

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
        places: SERVICES.map(|service| (service, places(state, settings, service))),
        budget: Budget::new(),
    };
    // Asked first, while the budget is whole: nodes that can pull have to be known as such.
    let pulling = inquiry.ask("ecr", &pull_actions(), None);
    let mut actions = Vec::new();
    let mut answered: BTreeMap<_, engine::Access> = BTreeMap::new();
    for entry in &Catalogue::embedded().actions {
        let (service, _) = entry.action.split_once(':').unwrap_or_default();
        let key = (
            engine::signature(&read.set, &entry.action),
            entry.takes_resource,
            entry.condition_keys.clone(),
            service,
        );
        let access = answered.entry(key).or_insert_with(|| {
            let asked = [AskedAction { name: &entry.action, takes_resource: entry.takes_resource }];
            inquiry.ask(service, &asked, Some(entry))
        });
        actions.push(inquiry.permission(
            &entry.action,
            entry.access_level,
            entry.takes_resource,
            access,
        ));
    }
    let unknown_actions = SERVICES
        .into_iter()
        .map(|service| (service.to_owned(), inquiry.unknown(service)))
        .collect();
    let missing = inquiry.missing(&actions);
    let pull = inquiry.pull(pulling, &actions, missing);
    let mut notes = policy_notes(state, settings, &read.set);
    notes.splice(0..0, read.notes);
    Ok(EffectivePermissions { actions, unknown_actions, pull, notes, unread: read.unread })
}

/// The policies, parsed, with what they say wrongly.
struct ReadPolicies {
    set: PolicySet,
    versions: BTreeMap<String, String>,
    notes: Vec<String>,
    /// The policies of registries that are not known, or are no policies.
    unread: Vec<UnreadPolicies>,
}

impl ReadPolicies {
    fn of(state: &RoleState<'_>) -> Result<Self, String> {
        let mut read = Self {
            set: PolicySet::default(),
            versions: BTreeMap::new(),
            notes: Vec::new(),
            unread: state.unread.to_vec(),
        };
        for policy in &state.role.identity {
            let named = read.identity_policy(policy.policy.as_str(), policy.document.as_deref())?;
            read.set.identity.push(named);
            if let Some(version) = &policy.version {
                read.versions.insert(policy.policy.as_str().to_owned(), version.clone());
            }
        }
        if let Some(boundary) = &state.role.boundary {
            let named =
                read.identity_policy(boundary.policy.as_str(), boundary.document.as_deref())?;
            read.set.boundary = Some(named);
        }
        for level in &state.organization.scps {
            let level = level
                .iter()
                .map(|document| read.identity_policy(&document.name, Some(&document.document)))
                .collect::<Result<_, _>>()?;
            read.set.scps.push(level);
        }
        for level in &state.organization.rcps {
            let level = level
                .iter()
                .map(|document| read.policy(&document.name, Some(&document.document)))
                .collect::<Result<_, _>>()?;
            read.set.rcps.push(level);
        }
        for document in state.registry {
            match PolicyDocument::parse(&document.document) {
                Ok(policy) => read.registry(state, document, policy),
                // It may say anything, to anybody.
                Err(error) => {
                    let name = document.repository_name.as_deref();
                    let of = PoliciesOf::one(&document.region, name);
                    let why = Unknown::NoPolicy(error.to_string());
                    read.unread.push(UnreadPolicies { of, why });
                }
            }
        }
        Ok(read)
    }

    /// A policy that stands on an identity, or bounds one.
    fn identity_policy(
        &mut self,
        name: &str,
        document: Option<&str>,
    ) -> Result<NamedPolicy, String> {
        let document = parsed(name, document)?.of_identity();
        Ok(self.named(name, document))
    }

    /// A policy that names principals.
    fn policy(&mut self, name: &str, document: Option<&str>) -> Result<NamedPolicy, String> {
        let document = parsed(name, document)?;
        Ok(self.named(name, document))
    }

    fn named(&mut self, name: &str, document: PolicyDocument) -> NamedPolicy {
        self.notes.extend(document.notes.iter().map(|note| format!("{name}: {note}")));
        NamedPolicy { name: name.to_owned(), document: Arc::new(document) }
    }

    /// A repository's policy stands on the repository; the registry's on all of its region.
    fn registry(
        &mut self,
        state: &RoleState<'_>,
        document: &RegistryDocument,
        policy: PolicyDocument,
    ) {
        let role_arn = &state.role.role_arn;
        let account = role_arn.account();
        let partition = role_arn.partition();
        let region = &document.region;
        let (name, stands_on) = match &document.repository_name {
            Some(repository) => {
                let arn = format!("arn:{partition}:ecr:{region}:{account}:repository/{repository}");
                (arn.clone(), arn)
            }
            None => (
                format!("registry:{region}"),
                format!("arn:{partition}:ecr:{region}:{account}:repository/*"),
            ),
        };
        let covers = if document.covers_all_actions {
            Vec::new()
        } else {
            ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
                .map(str::to_owned)
                .to_vec()
        };
        let policy = self.named(&name, policy);
        self.set.resource.push(ResourcePolicy {
            policy,
            stands_on: glob::pieces(&stands_on),
            covers,
        });
    }
}

fn parsed(name: &str, document: Option<&str>) -> Result<PolicyDocument, String> {
    let text = document.ok_or_else(|| format!("the document of {name} could not be read"))?;
    PolicyDocument::parse(text)
        .map_err(|error| format!("the document of {name} is not a policy: {error}"))
}

struct Inquiry<'inquiry> {
    state: &'inquiry RoleState<'inquiry>,
    read: &'inquiry ReadPolicies,
    principal: Principal,
    /// Where the repositories of each service may lie.
    places: [(&'static str, Vec<Place>); 2],
    /// What is left for the questions that are not yet asked.
    budget: Budget,
}

impl Inquiry<'_> {
    fn ask(
        &self,
        service: &str,
        actions: &[AskedAction<'_>],
        entry: Option<&crate::catalogue::CataloguedAction>,
    ) -> engine::Access {
        self.ask_of(&self.read.set, service, actions, entry)
    }

    fn ask_of(
        &self,
        policies: &PolicySet,
        service: &str,
        actions: &[AskedAction<'_>],
        entry: Option<&crate::catalogue::CataloguedAction>,
    ) -> engine::Access {
        let places = self.places.iter().find(|(known, _)| *known == service);
        engine::effective(
            policies,
            &Question {
                principal: &self.principal,
                actions,
                places: places.map_or(&[], |(_, places)| places),
                names: &RepositoryNames,
                knowledge: &knowledge(self.state, entry),
                budget: &self.budget,
            },
        )
    }

    fn permission(
        &self,
        action: &str,
        access_level: crate::catalogue::AccessLevel,
        takes_resource: bool,
        access: &engine::Access,
    ) -> ActionPermission {
        let deciding =
            if access.level == Level::Denied { &access.denying } else { &access.granting };
        ActionPermission {
            action: action.to_owned(),
            access_level,
            access: level(access.level),
            scope: scope(access, takes_resource),
            witness: access.witness.as_ref().map(|witness| self.witness(witness)),
            statements: self.statements(deciding),
            is_upper_bound: access.is_bound,
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
                (self.spelled(key), value)
            })
            .collect();
        Witness { resource: witness.resource.clone(), context }
    }

    /// A context key as the policies spell it; the engine knows keys in lower case.
    fn spelled(&self, key: &str) -> String {
        let RoleState { role, registry, organization, .. } = self.state;
        let own = role.identity.iter().chain(&role.boundary);
        let documents = own.filter_map(|policy| policy.document.as_deref());
        let of_registry = registry.iter().map(|known| known.document.as_str());
        let by_level = organization.scps.iter().chain(&organization.rcps).flatten();
        let of_organization = by_level.map(|known| known.document.as_str());
        let mut documents = documents.chain(of_registry).chain(of_organization);
        documents.find_map(|document| spelled_in(document, key)).unwrap_or_else(|| key.to_owned())
    }

    /// The lower bound for pulling, given what came of asking for its actions together.
    fn pull(
        &self,
        access: engine::Access,
        actions: &[ActionPermission],
        missing: Vec<MissingAction>,
    ) -> PullPermission {
        // Enough is a lower bound: only what was found for certain counts.
        let enough = match (access.at_least, access.level) {
            (Level::Allowed, _) => Level::Allowed,
            (_, Level::Denied) => Level::Denied,
            _ => Level::Conditional,
        };
        let mut because = Vec::new();
        match enough {
            Level::Allowed => {}
            Level::Conditional => {
                let witness = access.witness.as_ref();
                let conditions: Vec<String> = witness
                    .into_iter()
                    .flat_map(|witness| &witness.context)
                    .map(|(key, value)| match value {
                        Some(value) => format!("{} = {}", self.spelled(key), shown(value)),
                        None => format!("{} absent", self.spelled(key)),
                    })
                    .collect();
                because.push(if conditions.is_empty() {
                    "Pulling depends on another account's consent, or on conditions that pullwatch \
                     cannot determine."
                        .to_owned()
                } else {
                    let conditions = conditions.join(", ");
                    format!(
                        "Pulling depends on conditions that pullwatch cannot determine: \
                         {conditions}."
                    )
                });
            }
            Level::Denied => {
                let each_alone = PULL_ACTIONS.iter().all(|name| {
                    actions
                        .iter()
                        .any(|known| known.action == *name && known.access > Access::Denied)
                });
                if each_alone {
                    because.push(
                        "On no repository are all three actions that a pull needs granted together."
                            .to_owned(),
                    );
                }
            }
        }
        PullPermission {
            access: level(enough),
            scope: scope(&access, true),
            repository: access.witness.map(|witness| witness.resource),
            because,
            missing,
        }
    }

    /// The strongest answer over names that no catalogue entry has.
    fn unknown(&self, service: &str) -> UnknownActions {
        let mut answer = UnknownActions {
            read: Access::Denied,
            write: Access::Denied,
            write_scope: Scope::NamedRepositories,
            read_statements: Vec::new(),
            write_statements: Vec::new(),
        };
        if !allows_unknown(&self.read.set, service) {
            return answer;
        }
        let (names, is_bound) = unknown_actions(&self.read.set, service, &self.budget);
        if is_bound {
            // There are more ways than were followed: some name may be granted everywhere.
            let scope = Scope::EveryRepository;
            return UnknownActions {
                read: Access::Allowed,
                write: Access::Allowed,
                write_scope: scope,
                ..answer
            };
        }
        let (mut reading, mut writing) = (BTreeSet::new(), BTreeSet::new());
        let mut answered: BTreeMap<Vec<bool>, (Access, Scope, BTreeSet<StatementRef>)> =
            BTreeMap::new();
        for name in names {
            let action = format!("{service}:{}", name.text);
            let (access, scope, granting) =
                answered.entry(engine::signature(&self.read.set, &action)).or_insert_with(|| {
                    // Whether an unknown action takes a resource is not known: both are tried.
                    let on_resource = self.ask(
                        service,
                        &[AskedAction { name: &action, takes_resource: true }],
                        None,
                    );
                    let on_all = self.ask(
                        service,
                        &[AskedAction { name: &action, takes_resource: false }],
                        None,
                    );
                    let best = if on_all.level > on_resource.level {
                        (&on_all, false)
                    } else {
                        (&on_resource, true)
                    };
                    let granting = best.0.granting.clone();
                    (level(best.0.level), scope(best.0, best.1), granting)
                });
            if *access == Access::Denied {
                continue;
            }
            if name.is_read {
                answer.read = answer.read.max(*access);
                reading.extend(granting.iter().cloned());
            } else {
                answer.write = answer.write.max(*access);
                answer.write_scope = answer.write_scope.max(*scope);
                writing.extend(granting.iter().cloned());
            }
        }
        answer.read_statements = self.statements(&reading);
        answer.write_statements = self.statements(&writing);
        answer
    }
}

impl Trial for Inquiry<'_> {
    fn access(&self, policies: &PolicySet, asked: AskedAction<'_>) -> engine::Access {
        let entries = &Catalogue::embedded().actions;
        let entry = entries.iter().find(|entry| entry.action == asked.name);
        self.ask_of(policies, "ecr", &[asked], entry)
    }

    fn cited(&self, statements: &BTreeSet<StatementRef>) -> Vec<PolicyStatement> {
        self.statements(statements)
    }
}

/// A key as a document spells it.
fn spelled_in(document: &str, key: &str) -> Option<String> {
    let quoted = format!("\"{key}\"");
    let start = document.to_ascii_lowercase().find(&quoted)? + 1;
    Some(document[start..start + key.len()].to_owned())
}

fn pull_actions() -> [AskedAction<'static>; 3] {
    PULL_ACTIONS
        .map(|name| AskedAction { name, takes_resource: name != "ecr:GetAuthorizationToken" })
}

fn level(level: Level) -> Access {
    match level {
        Level::Denied => Access::Denied,
        Level::Conditional => Access::Conditional,
        Level::Allowed => Access::Allowed,
    }
}

fn scope(access: &engine::Access, takes_resource: bool) -> Scope {
    if access.covers_a_place || (!takes_resource && access.level > Level::Denied) {
        Scope::EveryRepository
    } else {
        Scope::NamedRepositories
    }
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::Single(text) => text.clone(),
        ContextValue::Multiple(texts) => format!("[{}]", texts.join(", ")),
    }
}
