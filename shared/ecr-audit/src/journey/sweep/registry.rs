//! The repository policies and the registry policy of a region, into the ledger.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::error::PortError;
use crate::ports::Ports;
use crate::registry_documents::can_touch_account;
use crate::role_policies::RegistryDocument;
use crate::settings::Settings;

/// How many repositories are asked for their policy at once.
const AT_ONCE: usize = 8;

/// How many are asked before the time is looked at.
const IN_A_ROW: usize = 80;

/// Reads every policy of a region, of the repositories after a name, and forgets those that are
/// gone. Returns the name to go on after if the time is over before the last one.
pub async fn read_registry(
    ports: &Ports<'_>,
    settings: &Settings,
    region: &str,
    after: Option<&str>,
    until: Option<Timestamp>,
) -> Result<Option<String>, PortError> {
    let reading = Reading::new(ports, settings, region).await?;
    let names: BTreeSet<String> = ports.ecr.repository_names(region).await?.into_iter().collect();
    let is_left = |name: &&String| after.is_none_or(|after| name.as_str() > after);
    let left: Vec<&String> = names.iter().filter(is_left).collect();
    let mut done = 0;
    for some in left.chunks(IN_A_ROW) {
        let policies: Vec<(&String, Option<RegistryDocument>)> = stream::iter(some)
            .map(|name| async { Ok((*name, reading.of(name).await?)) })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        for (name, document) in policies {
            reading.keep(Some(name), document).await?;
        }
        done += some.len();
        if done < left.len() && until.is_some_and(|until| ports.clock.now() >= until) {
            return Ok(Some(left[done - 1].clone()));
        }
    }
    reading.keep(None, ports.ecr.registry_policy(region, reading.began).await?).await?;
    for name in reading.known.keys().flatten().filter(|name| !names.contains(*name)) {
        reading.keep(Some(name), None).await?;
    }
    Ok(None)
}

struct Reading<'sweep> {
    ports: &'sweep Ports<'sweep>,
    settings: &'sweep Settings,
    region: &'sweep str,
    began: Timestamp,
    /// What the ledger holds of the region, by the repository's name.
    known: BTreeMap<Option<String>, RegistryDocument>,
}

impl<'sweep> Reading<'sweep> {
    async fn new(
        ports: &'sweep Ports<'sweep>,
        settings: &'sweep Settings,
        region: &'sweep str,
    ) -> Result<Self, PortError> {
        let began = ports.clock.now();
        let mut known = ports.ledger.registry_documents().await?;
        known.retain(|document| document.region == region);
        let by_name = |document: RegistryDocument| (document.repository_name.clone(), document);
        Ok(Self { ports, settings, region, began, known: known.into_iter().map(by_name).collect() })
    }

    async fn of(&self, name: &str) -> Result<Option<RegistryDocument>, PortError> {
        self.ports.ecr.repository_policy(self.region, name, self.began).await
    }

    /// What is known already is not written again, and a policy that touches nobody here is as
    /// good as none.
    async fn keep(
        &self,
        name: Option<&str>,
        document: Option<RegistryDocument>,
    ) -> Result<(), PortError> {
        let account = &self.settings.account;
        let document = document.filter(|read| can_touch_account(&read.document, account));
        let known = self.known.get(&name.map(str::to_owned));
        let is_same = match (known, &document) {
            (None, None) => true,
            (Some(known), Some(read)) => {
                known.document == read.document
                    && known.covers_all_actions == read.covers_all_actions
            }
            _ => false,
        };
        if is_same {
            return Ok(());
        }
        let ledger = self.ports.ledger;
        ledger.keep_registry_document(self.region, name, document.as_ref(), self.began).await
    }
}
