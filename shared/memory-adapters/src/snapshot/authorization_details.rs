//! `get-account-authorization-details`: roles and managed policies with their documents, on one
//! page or several.

use ecr_audit::arn::RoleName;
use jiff::Timestamp;
use serde_json::Value;

use super::Snapshot;
use super::document::document_text;
use super::fields::{is_truncated, list, optional_text, tags, text};
use super::folder::File;
use crate::account::{ManagedPolicy, Reading, Role};

/// Managed policies whose documents cannot be known.
#[derive(Clone, Debug)]
pub struct LostPolicies {
    /// The policy; absent where any policy that is not in the file may be meant.
    arn: Option<String>,
    /// The file, the place in it and the reason.
    why: String,
}

impl Snapshot {
    pub(super) fn read_authorization_details(&mut self, file: &File) {
        let pages = match file.documents() {
            Ok(pages) => pages,
            Err(damage) => {
                return self.problem(file, &damage.place, &damage.reason, &[Reading::Roles]);
            }
        };
        if pages.iter().all(|page| page["RoleDetailList"].is_null()) {
            self.problem(file, "", "has no RoleDetailList", &[Reading::Roles]);
        }
        if pages.last().is_some_and(is_truncated) {
            self.problem(file, "", "breaks off: its last page says more follow", &[Reading::Roles]);
            self.lost_policy(None);
        }
        for page in &pages {
            self.read_entries(file, page, "Policies", Self::read_managed_policy);
            self.read_entries(file, page, "RoleDetailList", Self::read_role);
        }
    }

    fn read_entries(
        &mut self,
        file: &File,
        page: &Value,
        field: &str,
        read: fn(&mut Self, &File, &Value) -> Result<(), String>,
    ) {
        let entries = match list(page, field) {
            Ok(entries) => entries,
            Err(reason) => {
                self.problem(file, "", &reason, &[Reading::Roles]);
                return self.lost_policy(None);
            }
        };
        for (index, entry) in entries.iter().enumerate() {
            if let Err(reason) = read(self, file, entry) {
                let gap = match (field, entry["RoleName"].as_str()) {
                    ("Policies", _) => None,
                    (_, Some(name)) => Some(Reading::Role(RoleName::new(name).key())),
                    (_, None) => Some(Reading::Roles),
                };
                self.problem(file, &format!("{field}[{index}]"), &reason, gap.as_slice());
                if field == "Policies" {
                    self.lost_policy(entry["Arn"].as_str());
                }
            }
        }
    }

    /// The last problem cost a policy, or any number of them.
    fn lost_policy(&mut self, arn: Option<&str>) {
        let why = self.problems.last().map(ToString::to_string).unwrap_or_default();
        self.lost_policies.push(LostPolicies { arn: arn.map(str::to_owned), why });
    }

    /// A role that holds a lost policy cannot be read: neither another version of it nor
    /// pullwatch's own copy takes its place.
    pub(super) fn lose_policies(&mut self) {
        for LostPolicies { arn, why } in std::mem::take(&mut self.lost_policies) {
            let account = &self.account;
            let is_lost = |held: &&String| match &arn {
                Some(arn) => *held == arn,
                None => !account.policies.contains_key(*held),
            };
            let holders: Vec<String> = (account.roles.iter())
                .filter(|(_, role)| {
                    role.attached.iter().chain(&role.boundary).any(|held| is_lost(&held))
                })
                .map(|(key, _)| key.clone())
                .collect();
            for key in holders {
                self.account.cannot_read(Reading::Role(key), &why);
            }
        }
    }

    fn read_role(&mut self, file: &File, entry: &Value) -> Result<(), String> {
        let arn = self.own_role(text(entry, "Arn")?)?;
        let role_id = optional_text(entry, "RoleId")?.unwrap_or_default().to_owned();
        let mut role = Role::new(arn.clone(), role_id, created(&entry["CreateDate"]));
        role.tags = tags(entry, "Tags")?;
        for attached in list(entry, "AttachedManagedPolicies")? {
            role.attached.push(text(attached, "PolicyArn")?.to_owned());
        }
        for inline in list(entry, "RolePolicyList")? {
            let name = text(inline, "PolicyName")?.to_owned();
            role.inline.push((name, document_text(&inline["PolicyDocument"])));
        }
        role.boundary = match &entry["PermissionsBoundary"] {
            Value::Null => None,
            boundary => Some(text(boundary, "PermissionsBoundaryArn")?.to_owned()),
        };
        let (what, key) = (format!("the role {}", arn.role_name()), arn.role_name().key());
        self.told.put(file, &what, &mut self.account.roles, key, role)?;
        for profile in list(entry, "InstanceProfileList")? {
            self.keep_instance_profile(file, profile);
        }
        Ok(())
    }

    fn read_managed_policy(&mut self, file: &File, entry: &Value) -> Result<(), String> {
        let arn = text(entry, "Arn")?.to_owned();
        let mut policy = ManagedPolicy::default();
        for version in list(entry, "PolicyVersionList")? {
            let version_id = text(version, "VersionId")?.to_owned();
            if version["IsDefaultVersion"] == Value::Bool(true) {
                policy.default_version.clone_from(&version_id);
            }
            policy.versions.insert(version_id, document_text(&version["Document"]));
        }
        if let Some(default_version) = optional_text(entry, "DefaultVersionId")? {
            default_version.clone_into(&mut policy.default_version);
        }
        let what = format!("the policy {arn}");
        self.told.put(file, &what, &mut self.account.policies, arn, policy)
    }
}

/// A date as the CLI prints it: ISO 8601, or seconds since 1970.
fn created(date: &Value) -> Option<Timestamp> {
    match date {
        Value::String(text) => text.parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "a date needs whole seconds only")]
        Value::Number(number) => Timestamp::from_second(number.as_f64()? as i64).ok(),
        _ => None,
    }
}
