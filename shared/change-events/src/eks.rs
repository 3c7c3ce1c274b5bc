//! EKS's events. The cluster is `requestParameters.name`, in older records `clusterName`; ARNs that
//! stand in the request's path are percent-encoded.

use ecr_audit::arn::RoleArn;
use ecr_audit::change::Change;

use crate::record::{Missing, Record, plain_arn};
use crate::table::{Outcome, Read, Row};

/// A row for each call that can change which roles are node roles, or who owns them.
pub const ROWS: &[Row] = &[
    Row { name: "CreateNodegroup", read: Read::Changes(nodegroup) },
    Row { name: "DeleteNodegroup", read: Read::Changes(nodegroup) },
    // It never changes the role: the nodegroup is looked at again in case its creation went unheard.
    Row { name: "UpdateNodegroupConfig", read: Read::Changes(nodegroup) },
    Row { name: "CreateCluster", read: Read::Changes(cluster) },
    Row { name: "UpdateClusterConfig", read: Read::Changes(cluster) },
    Row { name: "DeleteCluster", read: Read::Changes(cluster) },
    Row { name: "CreateAccessEntry", read: Read::Changes(access_entry) },
    Row { name: "DeleteAccessEntry", read: Read::Changes(access_entry) },
    Row { name: "CreateFargateProfile", read: Read::Changes(fargate_profile) },
    Row { name: "DeleteFargateProfile", read: Read::Changes(fargate_profile) },
    Row { name: "TagResource", read: Read::Changes(tagged_resource) },
    Row { name: "UntagResource", read: Read::Changes(tagged_resource) },
    Row {
        name: "UpdateNodegroupVersion",
        read: Read::NoEffect("a nodegroup's role never changes"),
    },
    Row { name: "UpdateClusterVersion", read: Read::NoEffect("a version changes no node role") },
    Row { name: "UpdateAccessEntry", read: Read::NoEffect("an entry's type never changes") },
    Row {
        name: "AssociateAccessPolicy",
        read: Read::NoEffect("access policies are about Kubernetes, not about ECR"),
    },
    Row {
        name: "DisassociateAccessPolicy",
        read: Read::NoEffect("access policies are about Kubernetes, not about ECR"),
    },
    Row {
        name: "CreateAddon",
        read: Read::NoEffect("an add-on's role is worn by pods, not by nodes"),
    },
    Row {
        name: "CreatePodIdentityAssociation",
        read: Read::NoEffect("the role is worn by pods, not by nodes"),
    },
];

fn nodegroup(record: &Record<'_>) -> Result<Outcome, Missing> {
    let nodegroup_name =
        record.named(&["nodegroupName"], &["/nodegroup/nodegroupName"], "nodegroupName")?;
    let role = record.optional("nodeRole").or_else(|| record.response_at("/nodegroup/nodeRole"));
    Ok(Outcome::Changed(Change::Nodegroup {
        region: record.region.to_owned(),
        cluster_name: cluster_name(record)?,
        nodegroup_name: nodegroup_name.to_owned(),
        role_arn: role_arn(role),
    }))
}

fn cluster(record: &Record<'_>) -> Result<Outcome, Missing> {
    let role = record
        .parameter_at("/computeConfig/nodeRoleArn")
        .or_else(|| record.response_at("/cluster/computeConfig/nodeRoleArn"));
    Ok(Outcome::Changed(Change::Cluster {
        region: record.region.to_owned(),
        cluster_name: cluster_name(record)?,
        role_arn: role_arn(role),
    }))
}

fn fargate_profile(record: &Record<'_>) -> Result<Outcome, Missing> {
    let fargate_profile_name = record.named(
        &["fargateProfileName"],
        &["/fargateProfile/fargateProfileName"],
        "fargateProfileName",
    )?;
    let role = record
        .optional("podExecutionRoleArn")
        .or_else(|| record.response_at("/fargateProfile/podExecutionRoleArn"));
    Ok(Outcome::Changed(Change::FargateProfile {
        region: record.region.to_owned(),
        cluster_name: cluster_name(record)?,
        fargate_profile_name: fargate_profile_name.to_owned(),
        role_arn: role_arn(role),
    }))
}

fn access_entry(record: &Record<'_>) -> Result<Outcome, Missing> {
    let principal_arn =
        record.named(&["principalArn"], &["/accessEntry/principalArn"], "principalArn")?;
    Ok(Outcome::Changed(Change::AccessEntry {
        region: record.region.to_owned(),
        cluster_name: cluster_name(record)?,
        principal_arn: plain_arn(principal_arn),
    }))
}

fn cluster_name(record: &Record<'_>) -> Result<String, Missing> {
    let in_response = [
        "/nodegroup/clusterName",
        "/cluster/name",
        "/fargateProfile/clusterName",
        "/accessEntry/clusterName",
    ];
    record.named(&["name", "clusterName"], &in_response, "name").map(str::to_owned)
}

fn role_arn(text: Option<&str>) -> Option<RoleArn> {
    text.and_then(|text| RoleArn::parse(text).ok())
}

/// `arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME`, `…:nodegroup/CLUSTER/NAME/ID` or
/// `…:fargateprofile/CLUSTER/NAME/ID`.
fn tagged_resource(record: &Record<'_>) -> Result<Outcome, Missing> {
    let arn = plain_arn(record.parameter("resourceArn")?);
    let region = record.region.to_owned();
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let parts: Vec<&str> = resource.split('/').collect();
    Ok(match parts[..] {
        ["cluster", cluster_name] => Outcome::Changed(Change::Cluster {
            region,
            cluster_name: cluster_name.to_owned(),
            role_arn: None,
        }),
        ["nodegroup", cluster_name, nodegroup_name, _] => Outcome::Changed(Change::Nodegroup {
            region,
            cluster_name: cluster_name.to_owned(),
            nodegroup_name: nodegroup_name.to_owned(),
            role_arn: None,
        }),
        ["fargateprofile", cluster_name, fargate_profile_name, _] => {
            Outcome::Changed(Change::FargateProfile {
                region,
                cluster_name: cluster_name.to_owned(),
                fargate_profile_name: fargate_profile_name.to_owned(),
                role_arn: None,
            })
        }
        ["" | "cluster" | "nodegroup" | "fargateprofile", ..] => {
            return Err(Missing("requestParameters.resourceArn".to_owned()));
        }
        _ => Outcome::Nothing("the tagged resource wears no node role"),
    })
}
