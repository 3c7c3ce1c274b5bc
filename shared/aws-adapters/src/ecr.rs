//! The ECR port: the policies of repositories and of the registry, in any region.

use async_trait::async_trait;
use aws_sdk_ecr::Client;
use ecr_audit::error::PortError;
use ecr_audit::ports::Ecr;
use ecr_audit::role_policies::RegistryDocument;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::answer::{answer, found, sent};
use crate::aws::Aws;

/// ECR says by these codes that something does not exist.
const ABSENT: &[&str] = &[
    "RegistryPolicyNotFoundException",
    "RepositoryNotFoundException",
    "RepositoryPolicyNotFoundException",
];

/// How long the pages of the list of repositories are: the most that ECR gives.
const PAGE_SIZE: i32 = 1000;

/// How many repositories are asked for their policy at once.
const REPOSITORIES_AT_ONCE: usize = 8;

/// ECR by the SDK.
#[derive(Clone, Debug)]
pub struct AwsEcr {
    aws: Aws,
}

impl AwsEcr {
    /// ECR of the connection's account, in whichever region is asked for.
    pub fn new(aws: &Aws) -> Self {
        Self { aws: aws.clone() }
    }

    fn client(&self, region: &str) -> Client {
        Client::new(self.aws.in_region(region).config())
    }
}

#[async_trait]
impl Ecr for AwsEcr {
    async fn repository_policy(
        &self,
        region: &str,
        repository_name: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        repository_policy(&self.client(region), region, repository_name, now).await
    }

    async fn registry_policy(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        registry_policy(&self.client(region), region, now).await
    }

    async fn repository_names(&self, region: &str) -> Result<Vec<String>, PortError> {
        repository_names(&self.client(region)).await
    }

    async fn policies(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Vec<RegistryDocument>, PortError> {
        let client = &self.client(region);
        let names = repository_names(client).await?;
        let policies: Vec<Option<RegistryDocument>> = stream::iter(names)
            .map(|name| async move { repository_policy(client, region, &name, now).await })
            .buffered(REPOSITORIES_AT_ONCE)
            .try_collect()
            .await?;
        let registry_policy = registry_policy(client, region, now).await?;
        Ok(policies.into_iter().flatten().chain(registry_policy).collect())
    }
}

async fn repository_names(client: &Client) -> Result<Vec<String>, PortError> {
    let call = "ecr:DescribeRepositories";
    let mut pages = client.describe_repositories().max_results(PAGE_SIZE).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        for repository in answer(call, page)?.repositories.unwrap_or_default() {
            names.push(sent(call, "repositoryName", repository.repository_name)?);
        }
    }
    Ok(names)
}

async fn repository_policy(
    client: &Client,
    region: &str,
    repository_name: &str,
    now: Timestamp,
) -> Result<Option<RegistryDocument>, PortError> {
    let call = "ecr:GetRepositoryPolicy";
    let policy = client.get_repository_policy().repository_name(repository_name).send().await;
    let Some(output) = found(call, ABSENT, policy)? else {
        return Ok(None);
    };
    Ok(Some(RegistryDocument {
        region: region.to_owned(),
        repository_name: Some(repository_name.to_owned()),
        document: sent(call, "policyText", output.policy_text)?,
        covers_all_actions: Some(true),
        unfollowed: Vec::new(),
        read_at: now,
    }))
}

async fn registry_policy(
    client: &Client,
    region: &str,
    now: Timestamp,
) -> Result<Option<RegistryDocument>, PortError> {
    let call = "ecr:GetRegistryPolicy";
    let policy = client.get_registry_policy().send().await;
    let Some(output) = found(call, ABSENT, policy)? else {
        return Ok(None);
    };
    Ok(Some(RegistryDocument {
        region: region.to_owned(),
        repository_name: None,
        document: sent(call, "policyText", output.policy_text)?,
        covers_all_actions: covers_all_actions(client).await?,
        unfollowed: Vec::new(),
        read_at: now,
    }))
}

/// Whether the registry's policy holds for every action, or in an account that never switched
/// over for three of them.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
async fn covers_all_actions(client: &Client) -> Result<Option<bool>, PortError> {
    let setting = client.get_account_setting().name("REGISTRY_POLICY_SCOPE").send().await;
    Ok(answer("ecr:GetAccountSetting", setting)?.value.map(|scope| scope != "V1"))
}
