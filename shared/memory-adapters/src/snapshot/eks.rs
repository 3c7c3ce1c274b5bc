//! The `describe-…` calls of EKS: clusters, nodegroups, Fargate profiles and access entries. A
//! resource in any state counts: one that is gone has no description.

use ecr_audit::arn::RoleArn;
use ecr_audit::node_role::{Source, UseKind};
use serde_json::Value;

use super::Snapshot;
use super::fields::{optional_text, region_of, tags, text};
use super::folder::File;
use crate::account::Reading;
use crate::account::clusters::{AccessEntry, Cluster, FargateProfile, Nodegroup};

impl Snapshot {
    pub(super) fn read_cluster(&mut self, region: &str, file: &File) {
        self.read_described(
            region,
            file,
            UseKind::AutoMode,
            "cluster",
            |snapshot, region, value| {
                let cluster = snapshot.cluster(region, text(value, "name")?);
                cluster.tags = tags(value, "tags")?;
                cluster.is_config_map = value["accessConfig"]["authenticationMode"] == "CONFIG_MAP";
                let auto_mode = &value["computeConfig"];
                if auto_mode["enabled"] == Value::Bool(true) {
                    cluster.auto_mode_role = match optional_text(auto_mode, "nodeRoleArn")? {
                        Some(arn) => Some(role_arn(arn)?),
                        None => None,
                    };
                }
                Ok(())
            },
        );
    }

    pub(super) fn read_nodegroup(&mut self, region: &str, file: &File) {
        self.read_described(
            region,
            file,
            UseKind::Nodegroup,
            "nodegroup",
            |snapshot, region, value| {
                let name = text(value, "nodegroupName")?.to_owned();
                let node_role = role_arn(text(value, "nodeRole")?)?;
                let nodegroup = Nodegroup { node_role, tags: tags(value, "tags")? };
                snapshot
                    .cluster(region, text(value, "clusterName")?)
                    .nodegroups
                    .insert(name, nodegroup);
                Ok(())
            },
        );
    }

    pub(super) fn read_fargate_profile(&mut self, region: &str, file: &File) {
        let kind = UseKind::FargateProfile;
        self.read_described(region, file, kind, "fargateProfile", |snapshot, region, value| {
            let name = text(value, "fargateProfileName")?.to_owned();
            let pod_execution_role = role_arn(text(value, "podExecutionRoleArn")?)?;
            let profile = FargateProfile { pod_execution_role, tags: tags(value, "tags")? };
            let cluster = snapshot.cluster(region, text(value, "clusterName")?);
            cluster.fargate_profiles.insert(name, profile);
            Ok(())
        });
    }

    pub(super) fn read_access_entry(&mut self, region: &str, file: &File) {
        let kind = UseKind::AccessEntry;
        self.read_described(region, file, kind, "accessEntry", |snapshot, region, value| {
            let principal_arn = text(value, "principalArn")?.to_owned();
            let entry_type = text(value, "type")?.to_owned();
            if entry_type != "STANDARD" {
                role_arn(&principal_arn)?;
            }
            let entry = AccessEntry { entry_type, tags: tags(value, "tags")? };
            let cluster = snapshot.cluster(region, text(value, "clusterName")?);
            cluster.access_entries.insert(principal_arn, entry);
            Ok(())
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
            read(self, region, value)
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

fn role_arn(text: &str) -> Result<RoleArn, String> {
    RoleArn::parse(text).map_err(|error| error.to_string())
}
