//! The regions that an organization closes to an account, although EC2 names them as switched on.

use crate::error::PortError;
use crate::ports::Ports;
use crate::settings::Settings;

/// Whether what failed in a region is let go: no operator named the region, everything that was
/// asked there is denied by a service control policy, and nothing in the region was ever heard of,
/// so that nobody can have made a use there. One call that is denied alone is a gap in what
/// pullwatch may read, and no reason to look away.
pub async fn is_let_go(
    ports: &Ports<'_>,
    settings: &Settings,
    region: &str,
    failures: &[String],
) -> Result<bool, PortError> {
    let is_closed = settings.regions.is_empty()
        && !failures.is_empty()
        && failures.iter().all(|failure| is_denied_by_organization(failure))
        && !is_anything_known(ports, region).await?;
    if is_closed {
        tracing::info!(region, "the organization closes the region, so it is let go");
    }
    Ok(is_closed)
}

/// IAM says what kind of policy denied a call, in each service's words for it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
fn is_denied_by_organization(reason: &str) -> bool {
    reason.contains("with an explicit deny in a service control policy")
        || reason.contains("because no service control policy allows")
}

async fn is_anything_known(ports: &Ports<'_>, region: &str) -> Result<bool, PortError> {
    let documents = ports.ledger.registry_documents().await?;
    if documents.iter().any(|document| document.region == region) {
        return Ok(true);
    }
    let all = ports.ledger.all_records().await?;
    let uses = all.records.iter().flat_map(|known| &known.record.uses);
    let mut regions = uses.filter_map(|recorded| recorded.seen.source.region.as_deref());
    // What cannot be read may tell of the region.
    Ok(!all.damaged.is_empty() || regions.any(|known| known == region))
}
