//! Instance profiles: `list-instance-profiles` gives no tags, `get-instance-profile` does, and a
//! role's authorization details name its profiles. What they tell is put together.

use ecr_audit::arn::RoleArn;
use ecr_audit::node_role::{Source, UseKind};
use ecr_audit::ports::InstanceProfile;
use serde_json::Value;

use super::Snapshot;
use super::fields::{is_truncated, list, tags, text};
use super::folder::File;
use crate::account::Reading;

impl Snapshot {
    pub(super) fn read_instance_profiles(&mut self, file: &File) {
        let pages = match file.documents() {
            Ok(pages) => pages,
            Err(damage) => return self.problem(file, &damage.place, &damage.reason, &[gap()]),
        };
        if pages.last().is_some_and(is_truncated) {
            self.problem(file, "", "breaks off: its last page says more follow", &[gap()]);
        }
        for page in &pages {
            match list(page, "InstanceProfiles") {
                Ok(profiles) => {
                    for profile in profiles {
                        self.keep_instance_profile(file, profile);
                    }
                }
                Err(reason) => self.problem(file, "", &reason, &[gap()]),
            }
        }
    }

    pub(super) fn read_instance_profile(&mut self, file: &File) {
        match file.document() {
            Ok(document) => self.keep_instance_profile(file, &document["InstanceProfile"]),
            Err(damage) => self.problem(file, &damage.place, &damage.reason, &[gap()]),
        }
    }

    pub(super) fn keep_instance_profile(&mut self, file: &File, value: &Value) {
        match instance_profile(value).and_then(|profile| self.add_instance_profile(file, profile)) {
            Ok(()) => {}
            Err(reason) => {
                let name = value["InstanceProfileName"].as_str().unwrap_or("InstanceProfile");
                self.problem(file, name, &reason, &[gap()]);
            }
        }
    }

    fn add_instance_profile(
        &mut self,
        file: &File,
        profile: InstanceProfile,
    ) -> Result<(), String> {
        self.is_own(&profile.arn)?;
        if let Some(role_arn) = &profile.role_arn {
            self.is_own(role_arn.as_str())?;
        }
        let what = format!("the instance profile {}", profile.name);
        self.told.first(file, &what);
        let held = self.account.instance_profiles.entry(profile.name.clone());
        let held = held.or_insert_with(|| profile.clone());
        let contradicts = |role_arn| held.role_arn.as_ref().is_some_and(|known| known != role_arn);
        if held.arn != profile.arn || profile.role_arn.as_ref().is_some_and(contradicts) {
            return Err(self.told.contradiction(&what));
        }
        held.role_arn = profile.role_arn.or_else(|| held.role_arn.take());
        held.tags.extend(profile.tags);
        Ok(())
    }
}

fn instance_profile(value: &Value) -> Result<InstanceProfile, String> {
    let role_arn = match list(value, "Roles")?.first() {
        Some(role) => Some(RoleArn::parse(text(role, "Arn")?).map_err(|error| error.to_string())?),
        None => None,
    };
    Ok(InstanceProfile {
        name: text(value, "InstanceProfileName")?.to_owned(),
        arn: text(value, "Arn")?.to_owned(),
        role_arn,
        tags: tags(value, "Tags")?,
    })
}

const fn gap() -> Reading {
    Reading::Uses(Source::global(UseKind::InstanceProfile))
}
