//! The IAM port. IAM is global; documents come percent-encoded.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html>

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{EntityType, ManagedPolicyDetail, Role, RoleDetail, Tag};
use aws_smithy_types::date_time::DateTime;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::error::PortError;
use ecr_audit::ports::{Iam, InstanceProfile, Page};
use ecr_audit::role_policies::{PolicyName, RolePolicies, RolePolicy};
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::answer::{answer, found, sent};
use crate::aws::Aws;

/// IAM says by this code that something does not exist.
const ABSENT: &[&str] = &["NoSuchEntity"];

/// How often a role is read when it changes between two calls.
const READS: usize = 3;

/// How long the pages of a list over the whole account are: the most that IAM gives.
const PAGE_SIZE: i32 = 1000;

/// How long the pages of roles and policies are that come with their documents. A policy comes with
/// five versions of 6 KB, percent-encoded: a thousand would fill a function's memory.
const DETAILS_PAGE_SIZE: i32 = 200;

/// How many roles, or managed policies, are read at once. IAM throttles by account, so more would
/// not be faster.
const ROLES_AT_ONCE: usize = 4;

/// How many instance profiles are asked for their tags at once.
const PROFILES_AT_ONCE: usize = 4;

/// IAM by the SDK.
#[derive(Clone, Debug)]
pub struct AwsIam {
    client: Client,
}

impl AwsIam {
    /// IAM of the connection's account.
    pub fn new(aws: &Aws) -> Self {
        Self { client: Client::new(aws.config()) }
    }

    /// Reads a role, with the documents of its managed policies if they are asked for.
    async fn read_role(
        &self,
        role_name: &RoleName,
        with_documents: bool,
    ) -> Result<Reading, PortError> {
        let get_role = self.client.get_role().role_name(role_name.as_str()).send().await;
        let Some(output) = found("iam:GetRole", ABSENT, get_role)? else {
            return Ok(Reading::Absent);
        };
        let role = sent("iam:GetRole", "Role", output.role)?;
        let role_arn = role_arn("iam:GetRole", &role.arn)?;
        let mut identity = Vec::new();
        let Some(policy_arns) = self.attached(role_name).await? else {
            return Ok(Reading::Vanished);
        };
        for policy_arn in policy_arns {
            identity.push(self.held(&policy_arn, with_documents).await?);
        }
        let Some(policy_names) = self.inline_names(role_name).await? else {
            return Ok(Reading::Vanished);
        };
        for policy_name in policy_names {
            identity.push(self.inline_policy(role_name, &policy_name).await?);
        }
        let boundary = match boundary_arn(&role) {
            Some(policy_arn) => Some(self.held(policy_arn, with_documents).await?),
            None => None,
        };
        Ok(Reading::Role(RolePolicies {
            role_arn,
            role_id: role.role_id,
            created: timestamp(role.create_date),
            tags: tags(role.tags.unwrap_or_default()),
            identity,
            boundary,
        }))
    }

    /// A managed policy that a role holds, with its document if that is asked for.
    async fn held(&self, policy_arn: &str, with_document: bool) -> Result<RolePolicy, PortError> {
        if with_document {
            return self.managed_policy(policy_arn).await;
        }
        let policy = PolicyName::managed(policy_arn);
        Ok(RolePolicy { policy, version: None, document: None })
    }

    /// `None`: the role does not exist.
    async fn attached(&self, role_name: &RoleName) -> Result<Option<Vec<String>>, PortError> {
        let call = "iam:ListAttachedRolePolicies";
        let mut pages = self
            .client
            .list_attached_role_policies()
            .role_name(role_name.as_str())
            .into_paginator()
            .send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = found(call, ABSENT, page)? else { return Ok(None) };
            for policy in page.attached_policies.unwrap_or_default() {
                arns.push(sent(call, "PolicyArn", policy.policy_arn)?);
            }
        }
        Ok(Some(arns))
    }

    /// `None`: the role does not exist.
    async fn inline_names(&self, role_name: &RoleName) -> Result<Option<Vec<String>>, PortError> {
        let mut pages =
            self.client.list_role_policies().role_name(role_name.as_str()).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = found("iam:ListRolePolicies", ABSENT, page)? else { return Ok(None) };
            names.extend(page.policy_names);
        }
        Ok(Some(names))
    }

    /// A policy without a document is one that vanished since it was listed.
    async fn inline_policy(
        &self,
        role_name: &RoleName,
        policy_name: &str,
    ) -> Result<RolePolicy, PortError> {
        let get_role_policy = self
            .client
            .get_role_policy()
            .role_name(role_name.as_str())
            .policy_name(policy_name)
            .send()
            .await;
        let output = found("iam:GetRolePolicy", ABSENT, get_role_policy)?;
        Ok(RolePolicy {
            policy: PolicyName::inline(policy_name),
            version: None,
            document: output.map(|output| decoded(&output.policy_document)),
        })
    }

    async fn managed_policy(&self, policy_arn: &str) -> Result<RolePolicy, PortError> {
        let mut policy =
            RolePolicy { policy: PolicyName::managed(policy_arn), version: None, document: None };
        let get_policy = self.client.get_policy().policy_arn(policy_arn).send().await;
        let Some(output) = found("iam:GetPolicy", ABSENT, get_policy)? else {
            return Ok(policy);
        };
        let version = output.policy.and_then(|policy| policy.default_version_id);
        let version = sent("iam:GetPolicy", "DefaultVersionId", version)?;
        let get_policy_version = self
            .client
            .get_policy_version()
            .policy_arn(policy_arn)
            .version_id(&version)
            .send()
            .await;
        let output = found("iam:GetPolicyVersion", ABSENT, get_policy_version)?;
        policy.document = output
            .and_then(|output| output.policy_version)
            .and_then(|version| version.document)
            .map(|document| decoded(&document));
        policy.version = Some(version);
        Ok(policy)
    }

    /// A page of everything that IAM holds of these kinds. IAM may put less on it than is asked
    /// for.
    async fn account_page(
        &self,
        kinds: &[EntityType],
        marker: Option<&str>,
    ) -> Result<GetAccountAuthorizationDetailsOutput, PortError> {
        let page = self
            .client
            .get_account_authorization_details()
            .set_filter(Some(kinds.to_vec()))
            .max_items(DETAILS_PAGE_SIZE)
            .set_marker(marker.map(str::to_owned))
            .send()
            .await;
        answer("iam:GetAccountAuthorizationDetails", page)
    }

    async fn profiles_with_role(&self) -> Result<Vec<InstanceProfile>, PortError> {
        let mut pages =
            self.client.list_instance_profiles().max_items(PAGE_SIZE).into_paginator().send();
        let mut profiles = Vec::new();
        while let Some(page) = pages.next().await {
            let page = answer("iam:ListInstanceProfiles", page)?;
            for profile in page.instance_profiles {
                let profile = instance_profile("iam:ListInstanceProfiles", profile)?;
                if profile.role_arn.is_some() {
                    profiles.push(profile);
                }
            }
        }
        // The list comes without tags.
        stream::iter(profiles)
            .map(|profile| async move {
                let tags = self.instance_profile_tags(&profile.name).await?;
                Ok(InstanceProfile { tags, ..profile })
            })
            .buffered(PROFILES_AT_ONCE)
            .try_collect()
            .await
    }

    async fn instance_profile_tags(
        &self,
        name: &str,
    ) -> Result<BTreeMap<String, String>, PortError> {
        let mut pages = self
            .client
            .list_instance_profile_tags()
            .instance_profile_name(name)
            .into_paginator()
            .send();
        let mut all = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let Some(page) = found("iam:ListInstanceProfileTags", ABSENT, page)? else { break };
            all.extend(tags(page.tags));
        }
        Ok(all)
    }
}

#[async_trait]
impl Iam for AwsIam {
    async fn role(&self, role_name: &RoleName) -> Result<Option<RolePolicies>, PortError> {
        let mut last = None;
        for _ in 0..READS {
            match self.read_role(role_name, true).await? {
                Reading::Absent => return Ok(None),
                Reading::Role(role) if is_whole(&role) => return Ok(Some(role)),
                // The role, or a policy of it, was there in one call and gone in the next.
                Reading::Role(role) => last = Some(role),
                Reading::Vanished => last = None,
            }
        }
        match last {
            Some(role) => Ok(Some(role)),
            None => Err(PortError::transient("iam:GetRole", "the role is there and is not")),
        }
    }

    async fn roles(&self, role_names: &[RoleName]) -> Vec<Result<Option<RolePolicies>, PortError>> {
        let reads: Vec<_> =
            role_names.iter().map(|role_name| self.read_role(role_name, false)).collect();
        let readings: Vec<_> = stream::iter(reads).buffered(ROLES_AT_ONCE).collect().await;
        let policy_arns: BTreeSet<String> = readings
            .iter()
            .flatten()
            .flat_map(|reading| match reading {
                Reading::Role(role) => managed_policies(role).map(str::to_owned).collect(),
                Reading::Absent | Reading::Vanished => Vec::new(),
            })
            .collect();
        let reads: Vec<_> =
            policy_arns.iter().map(|policy_arn| self.managed_policy(policy_arn)).collect();
        let read: Vec<_> = stream::iter(reads).buffered(ROLES_AT_ONCE).collect().await;
        let policies = policy_arns.iter().cloned().zip(read).collect();
        let mut roles = Vec::with_capacity(readings.len());
        for (role_name, reading) in role_names.iter().zip(readings) {
            let role = match reading {
                Ok(Reading::Role(role)) => with_documents(role, &policies),
                Ok(Reading::Absent) => Ok(None),
                // As below, it is read again.
                Ok(Reading::Vanished) => self.role(role_name).await,
                Err(error) => Err(error),
            };
            roles.push(match role {
                Ok(Some(role)) if !is_whole(&role) => self.role(role_name).await,
                role => role,
            });
        }
        roles
    }

    async fn roles_with_policy(&self, policy_arn: &str) -> Result<Vec<RoleName>, PortError> {
        let call = "iam:ListEntitiesForPolicy";
        // Without a usage filter, both attachments and boundaries are listed.
        let mut pages = self
            .client
            .list_entities_for_policy()
            .policy_arn(policy_arn)
            .entity_filter(EntityType::Role)
            .max_items(PAGE_SIZE)
            .into_paginator()
            .send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = found(call, ABSENT, page)? else { break };
            for role in page.policy_roles.unwrap_or_default() {
                names.push(RoleName::new(&sent(call, "RoleName", role.role_name)?));
            }
        }
        Ok(names)
    }

    async fn instance_profile(&self, name: &str) -> Result<Option<InstanceProfile>, PortError> {
        let call = "iam:GetInstanceProfile";
        let get_profile =
            self.client.get_instance_profile().instance_profile_name(name).send().await;
        let Some(output) = found(call, ABSENT, get_profile)? else {
            return Ok(None);
        };
        let profile = sent(call, "InstanceProfile", output.instance_profile)?;
        instance_profile(call, profile).map(Some)
    }

    async fn instance_profiles(&self) -> Result<Vec<InstanceProfile>, PortError> {
        self.profiles_with_role().await
    }

    async fn roles_page(&self, marker: Option<&str>) -> Result<Page<RolePolicies>, PortError> {
        let page = self.account_page(&[EntityType::Role], marker).await?;
        let roles = page.role_detail_list.unwrap_or_default().into_iter();
        Ok(Page {
            items: roles.filter_map(role_of_page).collect(),
            next: page.marker.filter(|_| page.is_truncated),
        })
    }

    async fn managed_policies_page(
        &self,
        marker: Option<&str>,
    ) -> Result<Page<RolePolicy>, PortError> {
        let kinds = [EntityType::LocalManagedPolicy, EntityType::AwsManagedPolicy];
        let page = self.account_page(&kinds, marker).await?;
        let policies = page.policies.unwrap_or_default().into_iter();
        Ok(Page {
            items: policies.filter_map(policy_of_page).collect(),
            next: page.marker.filter(|_| page.is_truncated),
        })
    }
}

/// What one pass of calls saw of a role.
enum Reading {
    /// IAM says that it does not exist.
    Absent,
    /// It was there, and in a later call it did not exist.
    Vanished,
    /// The role.
    Role(RolePolicies),
}

/// `None`: the entry lacks what a role always has, and the role has to be read by itself.
fn role_of_page(role: RoleDetail) -> Option<RolePolicies> {
    let role_arn = RoleArn::parse(&role.arn?).ok()?;
    let mut identity = Vec::new();
    for attached in role.attached_managed_policies.unwrap_or_default() {
        let policy = PolicyName::managed(&attached.policy_arn?);
        identity.push(RolePolicy { policy, version: None, document: None });
    }
    for inline in role.role_policy_list.unwrap_or_default() {
        let policy = PolicyName::inline(&inline.policy_name?);
        let document = Some(decoded(&inline.policy_document?));
        identity.push(RolePolicy { policy, version: None, document });
    }
    let boundary = match role.permissions_boundary {
        Some(boundary) => {
            let policy = PolicyName::managed(&boundary.permissions_boundary_arn?);
            Some(RolePolicy { policy, version: None, document: None })
        }
        None => None,
    };
    Some(RolePolicies {
        role_arn,
        role_id: role.role_id?,
        created: role.create_date.and_then(timestamp),
        tags: tags(role.tags.unwrap_or_default()),
        identity,
        boundary,
    })
}

/// `None`: the entry lacks its default version, and whoever holds the policy is read by itself.
fn policy_of_page(policy: ManagedPolicyDetail) -> Option<RolePolicy> {
    let version = policy.default_version_id?;
    let versions = policy.policy_version_list.unwrap_or_default();
    let default = versions.into_iter().find(|one| one.version_id.as_ref() == Some(&version))?;
    Some(RolePolicy {
        policy: PolicyName::managed(&policy.arn?),
        document: Some(decoded(&default.document?)),
        version: Some(version),
    })
}

/// The ARNs of a role's managed policies, its boundary among them.
fn managed_policies(role: &RolePolicies) -> impl Iterator<Item = &str> {
    let policies = role.identity.iter().chain(&role.boundary).map(|policy| &policy.policy);
    policies.filter(|policy| policy.inline_name().is_none()).map(PolicyName::as_str)
}

/// The role with the documents of its managed policies, or why one could not be read.
fn with_documents(
    mut role: RolePolicies,
    policies: &BTreeMap<String, Result<RolePolicy, PortError>>,
) -> Result<Option<RolePolicies>, PortError> {
    for policy in role.identity.iter_mut().chain(&mut role.boundary) {
        if let Some(read) = policies.get(policy.policy.as_str()) {
            *policy = read.clone()?;
        }
    }
    Ok(Some(role))
}

fn is_whole(role: &RolePolicies) -> bool {
    role.identity.iter().chain(&role.boundary).all(|policy| policy.document.is_some())
}

fn boundary_arn(role: &Role) -> Option<&str> {
    role.permissions_boundary.as_ref()?.permissions_boundary_arn()
}

fn instance_profile(
    call: &str,
    profile: aws_sdk_iam::types::InstanceProfile,
) -> Result<InstanceProfile, PortError> {
    // A profile holds one role at most.
    let role_arn = match profile.roles.first() {
        Some(role) => Some(role_arn(call, &role.arn)?),
        None => None,
    };
    Ok(InstanceProfile {
        name: profile.instance_profile_name,
        arn: profile.arn,
        role_arn,
        tags: tags(profile.tags.unwrap_or_default()),
    })
}

fn role_arn(call: &str, arn: &str) -> Result<RoleArn, PortError> {
    RoleArn::parse(arn).map_err(|error| PortError::lasting(call, error))
}

fn tags(tags: Vec<Tag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// What is no UTF-8 stays encoded: whoever reads it as a policy says what is wrong with it.
fn decoded(document: &str) -> String {
    percent_decode_str(document)
        .decode_utf8()
        .map_or_else(|_| document.to_owned(), std::borrow::Cow::into_owned)
}

fn timestamp(time: DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}
