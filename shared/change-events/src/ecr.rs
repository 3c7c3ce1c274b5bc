//! ECR's events: the policies that stand on repositories and on the registry.

use ecr_audit::change::Change;

use crate::record::{Missing, Record};
use crate::table::{Outcome, Read, Row};

/// A row for each call that changes a policy, and for each that only looks as if it did.
pub const ROWS: &[Row] = &[
    Row { name: "SetRepositoryPolicy", read: Read::Changes(repository_policy) },
    Row { name: "DeleteRepositoryPolicy", read: Read::Changes(repository_policy) },
    // A repository that a pull-through cache, a replication or a push made has its template's policy.
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
    Row { name: "CreateRepository", read: Read::Changes(repository_policy) },
    Row { name: "DeleteRepository", read: Read::Changes(repository_policy) },
    Row { name: "PutRegistryPolicy", read: Read::Changes(registry_policy) },
    Row { name: "DeleteRegistryPolicy", read: Read::Changes(registry_policy) },
    Row { name: "PutAccountSetting", read: Read::Changes(account_setting) },
    Row { name: "CreateRepositoryCreationTemplate", read: Read::NoEffect(LATER_REPOSITORIES) },
    Row { name: "UpdateRepositoryCreationTemplate", read: Read::NoEffect(LATER_REPOSITORIES) },
    Row { name: "DeleteRepositoryCreationTemplate", read: Read::NoEffect(LATER_REPOSITORIES) },
];

const LATER_REPOSITORIES: &str = "a template acts on repositories that are made later";

/// The account setting that says for which actions the registry's policy holds.
const REGISTRY_POLICY_SCOPE: &str = "REGISTRY_POLICY_SCOPE";

fn repository_policy(record: &Record<'_>) -> Result<Outcome, Missing> {
    let repository_name = record.named(
        &["repositoryName"],
        &["/repositoryName", "/repository/repositoryName"],
        "repositoryName",
    )?;
    Ok(in_own_registry(
        record,
        Change::RepositoryPolicy {
            region: record.region.to_owned(),
            repository_name: repository_name.to_owned(),
        },
    ))
}

/// The calls need no parameter to say which registry they are about, so none can be missing.
#[expect(clippy::unnecessary_wraps, reason = "every row's reader has one form")]
fn registry_policy(record: &Record<'_>) -> Result<Outcome, Missing> {
    let region = record.region.to_owned();
    Ok(in_own_registry(record, Change::RegistryPolicy { region }))
}

fn account_setting(record: &Record<'_>) -> Result<Outcome, Missing> {
    if record.named(&["name"], &["/name"], "name")? == REGISTRY_POLICY_SCOPE {
        registry_policy(record)
    } else {
        Ok(Outcome::Nothing("the setting is not about policies"))
    }
}

fn in_own_registry(record: &Record<'_>, change: Change) -> Outcome {
    let registry = record
        .optional("registryId")
        .or_else(|| record.response_at("/registryId"))
        .or_else(|| record.response_at("/repository/registryId"));
    if registry.is_some_and(|registry| registry != record.account) {
        return Outcome::Nothing("the registry is another account's");
    }
    Outcome::Changed(change)
}
