//! `describe-instances`. Nothing in it names the region for certain, so the path does.

use ecr_audit::node_role::{Source, UseKind};
use serde_json::Value;

use super::Snapshot;
use super::fields::{is_truncated, list, tags, text};
use super::folder::File;
use crate::account::{Instance, Reading};

impl Snapshot {
    pub(super) fn read_instances(&mut self, region: &str, file: &File) {
        let gap = [Reading::Uses(Source::regional(UseKind::Instance, region))];
        let pages = match file.documents() {
            Ok(pages) => pages,
            Err(damage) => return self.problem(file, &damage.place, &damage.reason, &gap),
        };
        if pages.last().is_some_and(is_truncated) {
            self.problem(file, "", "breaks off: its last page says more follow", &gap);
        }
        for page in &pages {
            let reservations = match list(page, "Reservations") {
                Ok(reservations) => reservations,
                Err(reason) => {
                    self.problem(file, "", &reason, &gap);
                    continue;
                }
            };
            for (index, reservation) in reservations.iter().enumerate() {
                if let Err(reason) = self.read_reservation(region, file, reservation) {
                    self.problem(file, &format!("Reservations[{index}]"), &reason, &gap);
                }
            }
        }
    }

    fn read_reservation(
        &mut self,
        region: &str,
        file: &File,
        reservation: &Value,
    ) -> Result<(), String> {
        for value in list(reservation, "Instances")? {
            let instance_id = text(value, "InstanceId")?.to_owned();
            let instance = Instance {
                profile_arn: match &value["IamInstanceProfile"] {
                    Value::Null => None,
                    profile => {
                        let arn = text(profile, "Arn")?;
                        self.is_own(arn)?;
                        Some(arn.to_owned())
                    }
                },
                state: value["State"]["Name"].as_str().unwrap_or("running").to_owned(),
                tags: tags(value, "Tags")?,
            };
            let what = format!("the instance {instance_id} in {region}");
            let key = (region.to_owned(), instance_id);
            self.told.put(file, &what, &mut self.account.instances, key, instance)?;
        }
        Ok(())
    }
}
