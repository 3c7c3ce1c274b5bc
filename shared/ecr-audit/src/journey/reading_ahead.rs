//! What is read for many roles at once, in the design's order: their records, then IAM, then the
//! tags of clusters and what is kept of repositories and registries. So nothing that a role is
//! assessed by was read before its record, and what many of them share is read once.

use std::sync::Arc;

use crate::arn::RoleName;
use crate::error::PortError;
use crate::journey::cluster_tags::cluster_tags;
use crate::journey::role::{ReadAhead, RoleTask, registries};
use crate::ports::Ports;

/// Reads for every task what was not read for it yet. One whose outbox still holds something is
/// left out: whoever assesses a role delivers that first. Where the ledger does not answer, each
/// role is read by itself, so that a damaged record holds up no other.
pub async fn read_ahead(ports: &Ports<'_>, tasks: &mut [RoleTask]) {
    let unread = tasks.iter().filter(|task| task.ahead.is_none());
    let role_names: Vec<RoleName> = unread.map(|task| task.role_name.clone()).collect();
    if role_names.is_empty() {
        return;
    }
    let mut known = match ports.ledger.records(&role_names).await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(%error, "the records of many roles could not be read at once");
            return;
        }
    };
    let is_ready = |task: &&mut RoleTask| {
        task.ahead.is_none()
            && match known.get(&task.role_name.key()) {
                Some(known) => known.record.outbox.is_empty(),
                None => !task.sightings.is_empty(),
            }
    };
    let ready: Vec<&mut RoleTask> = tasks.iter_mut().filter(is_ready).collect();
    if ready.is_empty() {
        return;
    }
    let role_names: Vec<RoleName> = ready.iter().map(|task| task.role_name.clone()).collect();
    let roles = ports.iam.roles(&role_names).await;
    let clusters = ready.iter().flat_map(|task| task.clusters.clone()).collect();
    let shared = async {
        let cluster_tags = Arc::new(cluster_tags(ports, &clusters).await?);
        Ok((cluster_tags, Arc::new(registries(ports).await?)))
    };
    let (cluster_tags, registries) = match shared.await {
        Ok(shared) => shared,
        Err(error) => {
            let error: PortError = error;
            tracing::warn!(%error, "what many roles share could not be read");
            return;
        }
    };
    for (task, role) in ready.into_iter().zip(roles) {
        let known = known.remove(&task.role_name.key());
        let (cluster_tags, registries) = (Arc::clone(&cluster_tags), Arc::clone(&registries));
        task.ahead = Some(ReadAhead { known, role, cluster_tags, registries });
    }
}
