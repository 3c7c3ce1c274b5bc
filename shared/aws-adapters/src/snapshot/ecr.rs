//! ECR's part of a snapshot: the repositories of a region with their policies and tags, the
//! registry's policy, and how far that reaches.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::Repository;
use ecr_audit::error::PortError;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::error::SaveError;
use super::names::{Names, repository_path};
use super::printed::{date, object};
use super::{Listings, Place};
use crate::answer::{answer, found, sent};

/// ECR says by these codes that something does not exist.
const ABSENT: &[&str] = &[
    "RegistryPolicyNotFoundException",
    "RepositoryNotFoundException",
    "RepositoryPolicyNotFoundException",
];

/// How long the pages of the list of repositories are: the most that ECR gives.
const PAGE_SIZE: i32 = 1000;

/// How many repositories are asked for their policy and tags at once.
const REPOSITORIES_AT_ONCE: usize = 8;

/// The setting that says whether a registry's policy holds for every action.
const REGISTRY_POLICY_SCOPE: &str = "REGISTRY_POLICY_SCOPE";

/// Where policies stand whose repository's name makes no path. No repository is called so.
const OTHERS: &str = "_";

/// Saves what ECR holds in a region.
pub(super) async fn save(
    place: &Place<'_>,
    listings: &mut Listings,
    reading: &(dyn Fn(&str) + Sync),
) -> Result<(), SaveError> {
    reading("repositories");
    let client = &Client::new(place.aws.config());
    let listed = repositories(client).await;
    if let Ok(repositories) = &listed {
        save_repositories(client, repositories, place, listings).await?;
        let printed: Vec<Value> = repositories.iter().map(printed_repository).collect();
        let printed = json!({ "repositories": printed });
        place.folder.write(&["ecr", place.region, "repositories.json"], &printed)?;
    }
    listings.note(listing(place, "repositories"), listed.map(drop));
    reading("registry policy");
    save_registry_policy(client, place, listings).await
}

async fn save_repositories(
    client: &Client,
    repositories: &[Repository],
    place: &Place<'_>,
    listings: &mut Listings,
) -> Result<(), SaveError> {
    let names = repositories.iter().filter_map(|repository| repository.repository_name.clone());
    let arns = repositories.iter().map(|repository| repository.repository_arn.clone());
    let mut asked = stream::iter(names.zip(arns))
        .map(|(name, arn)| async move {
            let policy = repository_policy(client, &name).await;
            let tags = tags(client, arn).await;
            (name, policy, tags)
        })
        .buffered(REPOSITORIES_AT_ONCE);
    let mut others = Names::default();
    while let Some((name, policy, tags)) = asked.next().await {
        let path = repository_path(&name);
        match policy {
            Ok(Some(policy)) => {
                let other = others.unique(&name);
                let segments = path.clone().unwrap_or_else(|| vec![OTHERS, &other]);
                write(place, "repository-policies", &segments, &policy)?;
            }
            Ok(None) => {}
            Err(error) => listings.note(listing(place, "repository-policies"), Err(error)),
        }
        match (tags, path) {
            (Ok(Some(tags)), Some(segments)) => write(place, "tags", &segments, &tags)?,
            (Ok(Some(_)), None) => {
                let reason = format!("the name `{name}` makes no path");
                let error = PortError::lasting("ecr:ListTagsForResource", reason);
                listings.note(listing(place, "tags"), Err(error));
            }
            (Ok(None), _) => {}
            (Err(error), _) => listings.note(listing(place, "tags"), Err(error)),
        }
    }
    listings.note(listing(place, "repository-policies"), Ok(()));
    listings.note(listing(place, "tags"), Ok(()));
    Ok(())
}

/// The registry's policy with its scope, which is asked for only where there is a policy.
async fn save_registry_policy(
    client: &Client,
    place: &Place<'_>,
    listings: &mut Listings,
) -> Result<(), SaveError> {
    let policy = registry_policy(client).await;
    if let Ok(Some(printed)) = &policy {
        place.folder.write(&["ecr", place.region, "registry-policy.json"], printed)?;
        let setting = account_setting(client).await;
        if let Ok(printed) = &setting {
            place.folder.write(&["ecr", place.region, "account-setting.json"], printed)?;
        }
        listings.note(listing(place, "account-setting"), setting.map(drop));
    }
    listings.note(listing(place, "registry-policy"), policy.map(drop));
    Ok(())
}

fn listing(place: &Place<'_>, name: &str) -> String {
    format!("ecr/{}/{name}", place.region)
}

fn write(
    place: &Place<'_>,
    folder: &str,
    segments: &[&str],
    printed: &Value,
) -> Result<(), SaveError> {
    let Some((file, folders)) = segments.split_last() else { return Ok(()) };
    let file = format!("{file}.json");
    let mut path = vec!["ecr", place.region, folder];
    path.extend(folders);
    path.push(&file);
    place.folder.write(&path, printed)
}

async fn repositories(client: &Client) -> Result<Vec<Repository>, PortError> {
    let call = "ecr:DescribeRepositories";
    let mut pages = client.describe_repositories().max_results(PAGE_SIZE).into_paginator().send();
    let mut repositories = Vec::new();
    while let Some(page) = pages.next().await {
        for repository in answer(call, page)?.repositories.unwrap_or_default() {
            sent(call, "repositoryName", repository.repository_name())?;
            repositories.push(repository);
        }
    }
    Ok(repositories)
}

async fn repository_policy(client: &Client, name: &str) -> Result<Option<Value>, PortError> {
    let call = "ecr:GetRepositoryPolicy";
    let policy = client.get_repository_policy().repository_name(name).send().await;
    let Some(output) = found(call, ABSENT, policy)? else { return Ok(None) };
    Ok(Some(object([
        ("registryId", output.registry_id.into()),
        ("repositoryName", output.repository_name.unwrap_or_else(|| name.to_owned()).into()),
        ("policyText", sent(call, "policyText", output.policy_text)?.into()),
    ])))
}

async fn tags(client: &Client, arn: Option<String>) -> Result<Option<Value>, PortError> {
    let call = "ecr:ListTagsForResource";
    let listed = client.list_tags_for_resource().set_resource_arn(arn).send().await;
    let Some(output) = found(call, ABSENT, listed)? else { return Ok(None) };
    let tags = output.tags.unwrap_or_default();
    let pairs = tags.into_iter().map(|tag| json!({ "Key": tag.key, "Value": tag.value }));
    Ok(Some(json!({ "tags": pairs.collect::<Vec<_>>() })))
}

async fn registry_policy(client: &Client) -> Result<Option<Value>, PortError> {
    let call = "ecr:GetRegistryPolicy";
    let policy = client.get_registry_policy().send().await;
    let Some(output) = found(call, ABSENT, policy)? else { return Ok(None) };
    Ok(Some(object([
        ("registryId", output.registry_id.into()),
        ("policyText", sent(call, "policyText", output.policy_text)?.into()),
    ])))
}

async fn account_setting(client: &Client) -> Result<Value, PortError> {
    let setting = client.get_account_setting().name(REGISTRY_POLICY_SCOPE).send().await;
    let output = answer("ecr:GetAccountSetting", setting)?;
    let name = output.name.unwrap_or_else(|| REGISTRY_POLICY_SCOPE.to_owned());
    Ok(object([("name", name.into()), ("value", output.value.into())]))
}

fn printed_repository(repository: &Repository) -> Value {
    let Repository { repository_arn, registry_id, repository_name, repository_uri, .. } =
        repository.clone();
    object([
        ("repositoryArn", repository_arn.into()),
        ("registryId", registry_id.into()),
        ("repositoryName", repository_name.into()),
        ("repositoryUri", repository_uri.into()),
        ("createdAt", date(repository.created_at)),
    ])
}
