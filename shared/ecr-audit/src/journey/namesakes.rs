//! One role name, and the ARNs that it stood under. A role's name is unique in its account whatever
//! its path is, so IAM has one role of a name at most, and the ARN that IAM gives decides which
//! record is continued. The others stand beside it: a role may come back under an old path, and
//! EKS goes on naming one that is gone.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>

use crate::ledger::{CheckRecord, Record, RecordedUse};
use crate::node_role::Sighting;
use crate::role_policies::RolePolicies;
use crate::transition::Observed;

/// How many records are kept beside the one that is continued, of roles that nobody names any more:
/// at their largest they fit into one item of the ledger.
const KEPT_AT_REST: usize = 2;

/// The record that is continued, with those of its namesakes beside it. `read` is what IAM has;
/// nothing where it has no such role, or did not tell.
///
/// # Panics
///
/// When there is neither a record nor a sighting: then nobody wears a role of the name.
pub fn record_to_continue(
    before: Option<Record>,
    sightings: &[Sighting],
    read: Option<&RolePolicies>,
) -> Record {
    let mut records = before.map_or_else(Vec::new, apart);
    for sighting in sightings {
        if !records.iter().any(|record| record.role_arn == sighting.role_arn) {
            records.push(Record::new(sighting.role_arn.clone()));
        }
    }
    let is_there = |record: &Record| read.is_some_and(|role| role.role_arn == record.role_arn);
    let is_sighted =
        |record: &Record| sightings.iter().any(|seen| seen.role_arn == record.role_arn);
    let is_worn = |record: &Record| record.is_node_role() || is_sighted(record);
    let continued = records.iter().position(is_there).or_else(|| records.iter().position(is_worn));
    let outbox = records.first_mut().map(|record| std::mem::take(&mut record.outbox));
    let mut record = records.remove(continued.unwrap_or(0));
    record.outbox = outbox.unwrap_or_default();
    record.namesakes = records;
    record
}

/// The record that was continued the last time, and then its namesakes.
fn apart(mut record: Record) -> Vec<Record> {
    let namesakes = std::mem::take(&mut record.namesakes);
    std::iter::once(record).chain(namesakes).collect()
}

/// What an answer about the name tells of a namesake, as long as that makes any difference: a role
/// that IAM does not have is gone. Where IAM did not tell, a role that was never assessed may be
/// the one that is there.
pub fn observed_of(
    namesake: &Record,
    uses: &[RecordedUse],
    observed: &Observed,
) -> Option<Observed> {
    let is_archived = namesake.checks.values().all(CheckRecord::is_archived);
    match observed {
        Observed::Unreadable(_) if namesake.checks.is_empty() && !uses.is_empty() => {
            Some(observed.clone())
        }
        Observed::Unreadable(_) if !uses.is_empty() => None,
        _ => (!is_archived).then_some(Observed::Gone),
    }
}

/// Forgets the namesakes about which there is nothing to remember, and of those at rest all but
/// the last few. The one that was continued last stands first.
pub fn forget_some(namesakes: &mut Vec<Record>) {
    namesakes.retain(|record| record.is_node_role() || !record.checks.is_empty());
    let mut at_rest = 0;
    namesakes.retain(|record| {
        at_rest += usize::from(record.is_at_rest());
        !record.is_at_rest() || at_rest <= KEPT_AT_REST
    });
}
