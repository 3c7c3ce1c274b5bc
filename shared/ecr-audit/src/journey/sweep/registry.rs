//! The repository policies and the registry policy of a region, into the ledger, and what of them
//! cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use super::closed_regions::is_let_go;
use crate::error::PortError;
use crate::ports::Ports;
use crate::registries::{PoliciesOf, Registries, RegistryReading, Unknown, UnreadPolicies};
use crate::registry_documents::{can_touch_account, damage};
use crate::role_policies::RegistryDocument;
use crate::settings::Settings;

/// How many repositories are asked for their policy at once.
const AT_ONCE: usize = 8;

/// How many are asked before the time is looked at.
const IN_A_ROW: usize = 80;

/// How many repositories may refuse to show their policy, each by itself; where more do, the
/// region counts as not read.
const MOST_REFUSED: usize = 20;

/// How far a registry was read.
#[derive(Debug, Default)]
pub struct RegistryRead {
    /// The repository to go on after, if the time was over before the last one.
    pub goes_on_after: Option<String>,
    /// What could not be read or is no policy, with the reason.
    pub failures: Vec<String>,
}

/// Reads the registries of the settings' regions into the ledger, as the first steps of a sweep
/// do, and returns what could not be read.
pub async fn read_registries(
    ports: &Ports<'_>,
    settings: &Settings,
) -> Result<Vec<String>, PortError> {
    let mut failures = Vec::new();
    ports.ledger.keep_regions(&settings.regions.iter().cloned().collect()).await?;
    for region in &settings.regions {
        failures.extend(read_registry(ports, settings, region, None, None).await?.failures);
    }
    Ok(failures)
}

/// Reads every policy of a region, of the repositories after a name, and forgets those that are
/// gone. What cannot be read for a lasting reason is kept as such, so that nothing passes that
/// hangs on it; after a failure that may pass, what was known before stays known.
pub async fn read_registry(
    ports: &Ports<'_>,
    settings: &Settings,
    region: &str,
    after: Option<&str>,
    until: Option<Timestamp>,
) -> Result<RegistryRead, PortError> {
    let mut reading = Reading::new(ports, settings, region).await?;
    let error = match reading.policies(after, until).await {
        Ok(None) => {
            reading.ended(&RegistryReading::Read).await?;
            return Ok(RegistryRead { goes_on_after: None, failures: reading.failures });
        }
        Ok(goes_on_after) => {
            return Ok(RegistryRead { goes_on_after, failures: reading.failures });
        }
        Err(error) => error,
    };
    let failures = vec![format!("{region}: {error}")];
    if is_let_go(ports, settings, region, &failures).await? {
        reading.ended(&RegistryReading::LetGo).await?;
        return Ok(RegistryRead::default());
    }
    if !error.is_transient() {
        reading.ended(&RegistryReading::Unread { reason: error.to_string() }).await?;
    }
    Ok(RegistryRead { goes_on_after: None, failures })
}

struct Reading<'sweep> {
    ports: &'sweep Ports<'sweep>,
    settings: &'sweep Settings,
    region: &'sweep str,
    began: Timestamp,
    known: Registries,
    /// The documents that the ledger holds of the region, by the repository's name.
    documents: BTreeMap<Option<String>, RegistryDocument>,
    refused: usize,
    failures: Vec<String>,
}

impl<'sweep> Reading<'sweep> {
    async fn new(
        ports: &'sweep Ports<'sweep>,
        settings: &'sweep Settings,
        region: &'sweep str,
    ) -> Result<Self, PortError> {
        let began = ports.clock.now();
        let mut known = ports.ledger.registries().await?;
        let documents = std::mem::take(&mut known.documents).into_iter();
        let documents = documents
            .filter(|document| document.region == region)
            .map(|document| (document.repository_name.clone(), document))
            .collect();
        let (refused, failures) = (0, Vec::new());
        Ok(Self { ports, settings, region, began, known, documents, refused, failures })
    }

    /// Returns the name to go on after if the time is over before the last one.
    async fn policies(
        &mut self,
        after: Option<&str>,
        until: Option<Timestamp>,
    ) -> Result<Option<String>, PortError> {
        let (ports, region, began) = (self.ports, self.region, self.began);
        let names: BTreeSet<String> =
            ports.ecr.repository_names(region).await?.into_iter().collect();
        let is_left = |name: &&String| after.is_none_or(|after| name.as_str() > after);
        let left: Vec<&String> = names.iter().filter(is_left).collect();
        let mut done = 0;
        for some in left.chunks(IN_A_ROW) {
            let policies: Vec<_> = stream::iter(some)
                .map(|name| async {
                    (*name, ports.ecr.repository_policy(region, name, began).await)
                })
                .buffered(AT_ONCE)
                .collect()
                .await;
            for (name, policy) in policies {
                self.keep(Some(name), policy).await?;
            }
            done += some.len();
            if done < left.len() && until.is_some_and(|until| ports.clock.now() >= until) {
                return Ok(Some(left[done - 1].clone()));
            }
        }
        self.keep(None, ports.ecr.registry_policy(region, began).await).await?;
        for name in self.known_names().into_iter().filter(|name| !names.contains(name)) {
            self.keep(Some(&name), Ok(None)).await?;
        }
        Ok(None)
    }

    /// The repositories of which the ledger holds something.
    fn known_names(&self) -> BTreeSet<String> {
        let refused = self.known.refused.iter().filter_map(|refused| match &refused.of {
            PoliciesOf::Repository { region, name } if region == self.region => Some(name),
            _ => None,
        });
        self.documents.keys().flatten().chain(refused).cloned().collect()
    }

    /// What is known already is not written again, and a policy that touches nobody here is as
    /// good as none.
    async fn keep(
        &mut self,
        name: Option<&str>,
        policy: Result<Option<RegistryDocument>, PortError>,
    ) -> Result<(), PortError> {
        let of = PoliciesOf::one(self.region, name);
        let last = self.documents.get(&name.map(str::to_owned));
        let refusal = self.known.refusal(&of);
        let ledger = self.ports.ledger;
        let read = match policy {
            Ok(read) => read,
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                self.refused += 1;
                if self.refused > MOST_REFUSED {
                    return Err(error);
                }
                let reason = error.to_string();
                let why = Unknown::Unreadable(reason.clone());
                let is_same = refusal == Some(&why);
                self.failures.push(UnreadPolicies { of, why }.to_string());
                if !is_same {
                    let (region, began) = (self.region, self.began);
                    ledger.keep_unread_policy(region, name, &reason, last, began).await?;
                }
                return Ok(());
            }
        };
        let account = &self.settings.account;
        let document = read.filter(|read| can_touch_account(&read.document, account));
        if let Some(damage) = document.as_ref().and_then(|read| damage(&read.document)) {
            let why = Unknown::NoPolicy(damage);
            self.failures.push(UnreadPolicies { of, why }.to_string());
        }
        let is_same = match (last, &document) {
            (None, None) => true,
            (Some(last), Some(read)) => {
                last.document == read.document && last.covers_all_actions == read.covers_all_actions
            }
            _ => false,
        };
        if is_same && refusal.is_none() {
            return Ok(());
        }
        ledger.keep_registry_document(self.region, name, document.as_ref(), self.began).await
    }

    /// Notes how it ended, where the ledger does not hold that already.
    async fn ended(&self, reading: &RegistryReading) -> Result<(), PortError> {
        if self.known.readings.get(self.region) == Some(reading) {
            return Ok(());
        }
        self.ports.ledger.keep_registry_reading(self.region, reading).await
    }
}
