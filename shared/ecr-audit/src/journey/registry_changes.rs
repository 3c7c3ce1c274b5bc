//! Policies of repositories and registries that became others -> the documents whose roles have to
//! be assessed. A document that was replaced stays in the ledger until those roles are recorded:
//! what it granted nothing else would tell, when the message comes again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::arn::RoleArn;
use crate::error::PortError;
use crate::ports::Ports;
use crate::registry_documents::{can_touch, can_touch_account};
use crate::role_policies::RegistryDocument;
use crate::settings::Settings;

/// What stands in the place of a policy that was taken away.
const NO_STATEMENT: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

/// A policy that events name: a repository's, or a registry's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyPlace {
    /// Where it stands.
    pub region: String,
    /// The repository; absent for the registry's own policy.
    pub repository_name: Option<String>,
}

/// A policy that became another one, and whose roles are not recorded yet.
#[derive(Debug)]
pub struct Replaced {
    place: PolicyPlace,
    /// What stands there now, as far as it concerns the account.
    document: Option<RegistryDocument>,
    read_at: Timestamp,
    /// The documents whose roles have to be assessed.
    unfollowed: Vec<String>,
    /// The messages that told of it.
    pub message_ids: BTreeSet<String>,
    /// The ledger keys of the roles that its documents touch.
    pub role_keys: BTreeSet<String>,
}

/// Reads a policy, and keeps it with those that it replaced. `known` was read before; `since` is
/// when the first event was that names the policy. `None`: it is what it was before the event.
pub async fn replaced(
    ports: &Ports<'_>,
    settings: &Settings,
    known: &[RegistryDocument],
    place: PolicyPlace,
    since: Timestamp,
) -> Result<Option<Replaced>, PortError> {
    let PolicyPlace { region, repository_name } = &place;
    let before = known
        .iter()
        .find(|known| known.region == *region && known.repository_name == *repository_name);
    let read_at = ports.clock.now();
    let document = match repository_name {
        Some(name) => ports.ecr.repository_policy(region, name, read_at).await?,
        None => ports.ecr.registry_policy(region, read_at).await?,
    };
    let document = document.filter(|read| can_touch_account(&read.document, &settings.account));
    if is_followed(before, document.as_ref(), since) {
        return Ok(None);
    }
    let mut unfollowed = before.map_or_else(Vec::new, |before| before.unfollowed.clone());
    for document in [before, document.as_ref()].into_iter().flatten() {
        if !unfollowed.contains(&document.document) {
            unfollowed.push(document.document.clone());
        }
    }
    let pending = RegistryDocument {
        region: region.clone(),
        repository_name: repository_name.clone(),
        document: document.as_ref().map_or(NO_STATEMENT, |document| &document.document).to_owned(),
        covers_all_actions: document.as_ref().map_or(Some(true), |read| read.covers_all_actions),
        unfollowed: unfollowed.clone(),
        read_at,
    };
    let name = repository_name.as_deref();
    ports.ledger.keep_registry_document(region, name, Some(&pending), read_at).await?;
    let (message_ids, role_keys) = (BTreeSet::new(), BTreeSet::new());
    Ok(Some(Replaced { place, document, read_at, unfollowed, message_ids, role_keys }))
}

/// Whether nothing became different by an event: a document that was read before it, and still
/// stands, is not what the event brought. One that was read since may be, and whoever read it
/// perhaps died before its roles were assessed.
fn is_followed(
    before: Option<&RegistryDocument>,
    now: Option<&RegistryDocument>,
    since: Timestamp,
) -> bool {
    match (before, now) {
        (None, None) => true,
        (Some(before), Some(now)) => {
            before.unfollowed.is_empty()
                && before.read_at < since
                && before.document == now.document
                && before.covers_all_actions == now.covers_all_actions
        }
        _ => false,
    }
}

impl Replaced {
    /// Whether one of its documents can touch a role.
    pub fn touches(&self, role_arn: &RoleArn) -> bool {
        self.unfollowed.iter().any(|document| can_touch(document, role_arn))
    }

    /// Forgets what was replaced, once every role is recorded that it touched. Where the ledger
    /// holds a later reading, whoever read it has the same roles to assess.
    pub async fn settle(&self, ports: &Ports<'_>) -> Result<(), PortError> {
        let PolicyPlace { region, repository_name } = &self.place;
        let (name, document) = (repository_name.as_deref(), self.document.as_ref());
        ports.ledger.keep_registry_document(region, name, document, self.read_at).await
    }
}
