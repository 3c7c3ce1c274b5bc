//! EKS's events. The cluster is `requestParameters.name`, in older records `clusterName`; ARNs that
//! stand in the request's path are percent-encoded.

use ecr_audit::arn::RoleArn;
use ecr_audit::change::Change;

use crate::record::{Missing, Record};
use crate::table::{Outcome, Read, Row};

/// A row for each call that can change which roles are node roles, or who owns them.
pub const ROWS: &[Row] = &[
    Row { name: "CreateNodegroup", read: Read::Changes(nodegroup) },
    Row { name: "DeleteNodegroup", read: Read::Changes(nodegroup) },
    Row { name: "CreateCluster", read: Read::Changes(cluster) },
    Row { name: "UpdateClusterConfig", read: Read::Changes(cluster) },
    Row { name: "DeleteCluster", read: Read::Changes(cluster) },
    Row { name: "CreateAccessEntry", read: Read::Changes(access_entry) },
    Row { name: "DeleteAccessEntry", read: Read::Changes(access_entry) },
    Row { name: "CreateFargateProfile", read: Read::Changes(fargate_profile) },
    Row { name: "DeleteFargateProfile", read: Read::Changes(fargate_profile) },
    Row { name: "TagResource", read: Read::Changes(tagged_resource) },
    Row { name: "UntagResource", read: Read::Changes(tagged_resource) },
    Row { name: "UpdateNodegroupConfig", read: Read::NoEffect("a nodegroup's role never changes") },
    Row {
        name: "UpdateNodegroupVersion",
        read: Read::NoEffect("a nodegroup's role never changes"),
    },
    Row { name: "UpdateAccessEntry", read: Read::NoEffect("an entry's type never changes") },
    Row {
        name: "AssociateAccessPolicy",
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

fn cluster_name<'record>(record: &Record<'record>) -> Result<&'record str, Missing> {
    record
        .optional("name")
        .or_else(|| record.optional("clusterName"))
        .ok_or_else(|| Missing("requestParameters.name".to_owned()))
}

fn role_arn(text: Option<&str>) -> Option<RoleArn> {
    text.and_then(|text| RoleArn::parse(text).ok())
}

fn nodegroup(record: &Record<'_>) -> Result<Outcome, Missing> {
    Ok(Outcome::Changed(Change::Nodegroup {
        region: record.region.to_owned(),
        cluster_name: cluster_name(record)?.to_owned(),
        nodegroup_name: record.parameter("nodegroupName")?.to_owned(),
        role_arn: role_arn(
            record.optional("nodeRole").or_else(|| record.response_at("/nodegroup/nodeRole")),
        ),
    }))
}

fn cluster(record: &Record<'_>) -> Result<Outcome, Missing> {
    Ok(Outcome::Changed(Change::Cluster {
        region: record.region.to_owned(),
        cluster_name: cluster_name(record)?.to_owned(),
        role_arn: role_arn(
            record
                .parameter_at("/computeConfig/nodeRoleArn")
                .or_else(|| record.response_at("/cluster/computeConfig/nodeRoleArn")),
        ),
    }))
}

fn fargate_profile(record: &Record<'_>) -> Result<Outcome, Missing> {
    Ok(Outcome::Changed(Change::FargateProfile {
        region: record.region.to_owned(),
        cluster_name: cluster_name(record)?.to_owned(),
        fargate_profile_name: record.parameter("fargateProfileName")?.to_owned(),
        role_arn: role_arn(
            record
                .optional("podExecutionRoleArn")
                .or_else(|| record.response_at("/fargateProfile/podExecutionRoleArn")),
        ),
    }))
}

fn access_entry(record: &Record<'_>) -> Result<Outcome, Missing> {
    Ok(Outcome::Changed(Change::AccessEntry {
        region: record.region.to_owned(),
        cluster_name: cluster_name(record)?.to_owned(),
        principal_arn: record.decoded("principalArn")?,
    }))
}

/// `arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME`, `…:nodegroup/CLUSTER/NAME/ID` or
/// `…:fargateprofile/CLUSTER/NAME/ID`.
fn tagged_resource(record: &Record<'_>) -> Result<Outcome, Missing> {
    let arn = record.decoded("resourceArn")?;
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
        _ => Outcome::Nothing("the tagged resource wears no node role"),
    })
}
