//! The `describe-…` calls of EKS: clusters, nodegroups, Fargate profiles and access entries. A
//! resource in any state counts: one that is gone has no description. Where two files contradict
//! each other, what both tell counts.

use ecr_audit::node_role::{Source, UseKind};
use serde_json::Value;

use super::Snapshot;
use super::fields::{optional_text, region_of, tags, text};
use super::folder::File;
use crate::account::Reading;
use crate::account::clusters::{AccessEntry, Cluster, FargateProfile, Nodegroup};

impl Snapshot {
    pub(super) fn read_cluster(&mut self, region: &str, file: &File) {
        let kind = UseKind::AutoMode;
        self.read_described(region, file, kind, "cluster", |snapshot, region, value| {
            let name = text(value, "name")?.to_owned();
            let mut described = Cluster {
                tags: tags(value, "tags")?,
                is_config_map: value["accessConfig"]["authenticationMode"] == "CONFIG_MAP",
                ..Cluster::default()
            };
            let auto_mode = &value["computeConfig"];
            if auto_mode["enabled"] == Value::Bool(true)
                && let Some(arn) = optional_text(auto_mode, "nodeRoleArn")?
            {
                described.auto_mode_role = Some(snapshot.own_role(arn)?);
            }
            let what = format!("the cluster {name} in {region}");
            if snapshot.told.first(file, &what) {
                let cluster = snapshot.cluster(region, &name);
                cluster.tags = described.tags;
                cluster.is_config_map = described.is_config_map;
                cluster.auto_mode_role = described.auto_mode_role;
                return Ok(());
            }
            let cluster = snapshot.cluster(region, &name);
            if (&cluster.tags, cluster.is_config_map, &cluster.auto_mode_role)
                == (&described.tags, described.is_config_map, &described.auto_mode_role)
            {
                return Ok(());
            }
            *snapshot.cluster(region, &also(&name, file)) = described;
            Err(snapshot.told.contradiction(&what))
        });
    }

    pub(super) fn read_nodegroup(&mut self, region: &str, file: &File) {
        let kind = UseKind::Nodegroup;
        self.read_described(region, file, kind, "nodegroup", |snapshot, region, value| {
            let name = text(value, "nodegroupName")?.to_owned();
            let node_role = snapshot.own_role(text(value, "nodeRole")?)?;
            let nodegroup = Nodegroup { node_role, tags: tags(value, "tags")? };
            let cluster = text(value, "clusterName")?;
            let what = format!("the nodegroup {name} of {cluster} in {region}");
            let place = (region.to_owned(), cluster.to_owned());
            let held = &mut snapshot.account.clusters.entry(place).or_default().nodegroups;
            let put = snapshot.told.put(file, &what, held, name.clone(), nodegroup.clone());
            if put.is_err() {
                held.insert(also(&name, file), nodegroup);
            }
            put
        });
    }

    pub(super) fn read_fargate_profile(&mut self, region: &str, file: &File) {
        let kind = UseKind::FargateProfile;
        self.read_described(region, file, kind, "fargateProfile", |snapshot, region, value| {
            let name = text(value, "fargateProfileName")?.to_owned();
            let pod_execution_role = snapshot.own_role(text(value, "podExecutionRoleArn")?)?;
            let profile = FargateProfile { pod_execution_role, tags: tags(value, "tags")? };
            let cluster = text(value, "clusterName")?;
            let what = format!("the Fargate profile {name} of {cluster} in {region}");
            let place = (region.to_owned(), cluster.to_owned());
            let held = &mut snapshot.account.clusters.entry(place).or_default().fargate_profiles;
            let put = snapshot.told.put(file, &what, held, name.clone(), profile.clone());
            if put.is_err() {
                held.insert(also(&name, file), profile);
            }
            put
        });
    }

    pub(super) fn read_access_entry(&mut self, region: &str, file: &File) {
        let kind = UseKind::AccessEntry;
        self.read_described(region, file, kind, "accessEntry", |snapshot, region, value| {
            let principal_arn = text(value, "principalArn")?.to_owned();
            let entry_type = text(value, "type")?.to_owned();
            let is_of_nodes = entry_type != "STANDARD";
            if is_of_nodes {
                snapshot.own_role(&principal_arn)?;
            }
            let entry = AccessEntry { entry_type, tags: tags(value, "tags")? };
            let cluster = text(value, "clusterName")?;
            let what = format!("the access entry of {principal_arn} to {cluster} in {region}");
            let place = (region.to_owned(), cluster.to_owned());
            let held = &mut snapshot.account.clusters.entry(place).or_default().access_entries;
            let put = snapshot.told.put(file, &what, held, principal_arn.clone(), entry.clone());
            if put.is_err() && is_of_nodes {
                held.insert(principal_arn, entry);
            }
            put
        });
    }

    fn read_described(
        &mut self,
        path_region: &str,
        file: &File,
        kind: UseKind,
        field: &str,
        read: impl Fn(&mut Self, &str, &Value) -> Result<(), String>,
    ) {
        let gap = |region: &str| [Reading::Uses(Source::regional(kind, region))];
        let document = match file.document() {
            Ok(document) => document,
            Err(damage) => {
                return self.problem(file, &damage.place, &damage.reason, &gap(path_region));
            }
        };
        let value = &document[field];
        let arn = value["arn"].as_str().or_else(|| value[format!("{field}Arn")].as_str());
        let region = arn.and_then(region_of).unwrap_or(path_region);
        let outcome = if value.is_object() {
            arn.map_or(Ok(()), |arn| self.is_own(arn)).and_then(|()| read(self, region, value))
        } else {
            Err(format!("has no {field}"))
        };
        if let Err(reason) = outcome {
            self.problem(file, field, &reason, &gap(region));
        }
    }

    fn cluster(&mut self, region: &str, name: &str) -> &mut Cluster {
        self.account.clusters.entry((region.to_owned(), name.to_owned())).or_default()
    }
}

/// The name of what a second file tells otherwise than the first: whoever may be worn is audited.
fn also(name: &str, file: &File) -> String {
    format!("{name} ({})", file.name)
}
