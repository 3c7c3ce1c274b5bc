//! ECR's events: the policies that stand on repositories and on the registry.

use ecr_audit::change::Change;

use crate::record::{Missing, Record};
use crate::table::{Outcome, Read, Row};

/// A row for each call that changes a policy.
pub const ROWS: &[Row] = &[
    Row { name: "SetRepositoryPolicy", read: Read::Changes(repository_policy) },
    Row { name: "DeleteRepositoryPolicy", read: Read::Changes(repository_policy) },
    Row { name: "DeleteRepository", read: Read::Changes(repository_policy) },
    Row { name: "PutRegistryPolicy", read: Read::Changes(registry_policy) },
    Row { name: "DeleteRegistryPolicy", read: Read::Changes(registry_policy) },
    Row { name: "PutAccountSetting", read: Read::Changes(registry_policy) },
    Row {
        name: "CreateRepository",
        read: Read::NoEffect("a new repository has no policy; a template's is seen by the sweep"),
    },
];

fn repository_policy(record: &Record<'_>) -> Result<Outcome, Missing> {
    let registry = record.optional("registryId").or_else(|| record.response_at("/registryId"));
    if registry.is_some_and(|registry| registry != record.account) {
        return Ok(Outcome::Nothing("the repository is of another account's registry"));
    }
    Ok(Outcome::Changed(Change::RepositoryPolicy {
        region: record.region.to_owned(),
        repository_name: record.parameter("repositoryName")?.to_owned(),
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "every row's reader has one form")]
fn registry_policy(record: &Record<'_>) -> Result<Outcome, Missing> {
    Ok(Outcome::Changed(Change::RegistryPolicy { region: record.region.to_owned() }))
}
