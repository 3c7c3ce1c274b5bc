//! The ECR port over the account.

use async_trait::async_trait;
use ecr_audit::error::PortError;
use ecr_audit::ports::Ecr;
use ecr_audit::role_policies::RegistryDocument;
use jiff::Timestamp;

use crate::account::Reading;
use crate::memory_account::MemoryAccount;

#[async_trait]
impl Ecr for MemoryAccount {
    async fn repository_policy(
        &self,
        region: &str,
        repository_name: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        let account = self.lock();
        let place = (region.to_owned(), repository_name.to_owned());
        let document = account
            .repositories
            .get(&place)
            .and_then(|repository| repository.document(region, repository_name, now));
        if document.is_none() {
            let reading = Reading::RepositoryPolicies(region.to_owned());
            account.whole(&reading, "ecr:GetRepositoryPolicy")?;
        }
        Ok(document)
    }

    async fn registry_policy(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        let account = self.lock();
        account.whole(&Reading::RegistryPolicy(region.to_owned()), "ecr:GetRegistryPolicy")?;
        Ok(account.registries.get(region).and_then(|registry| registry.document(region, now)))
    }

    async fn repository_names(&self, region: &str) -> Result<Vec<String>, PortError> {
        let account = self.lock();
        let reading = Reading::RepositoryPolicies(region.to_owned());
        account.whole(&reading, "ecr:DescribeRepositories")?;
        let places = account.repositories.keys().filter(|(known, _)| known == region);
        Ok(places.map(|(_, name)| name.clone()).collect())
    }

    async fn policies(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Vec<RegistryDocument>, PortError> {
        let account = self.lock();
        let reading = Reading::RepositoryPolicies(region.to_owned());
        account.whole(&reading, "ecr:GetRepositoryPolicy")?;
        account.whole(&Reading::RegistryPolicy(region.to_owned()), "ecr:GetRegistryPolicy")?;
        Ok(account.registry_documents(region, now))
    }
}
