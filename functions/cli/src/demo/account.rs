//! The account of the demo as it is in the morning.

use ecr_audit::arn::RoleArn;
use ecr_audit::settings::Settings;
use jiff::Timestamp;
use memory_adapters::{Account, Cluster, FargateProfile, Tags};

/// The account.
pub const ACCOUNT: &str = "111122223333";
/// Where its cluster is.
pub const REGION: &str = "eu-west-1";
/// Its cluster.
pub const CLUSTER: &str = "prod";
/// The role that the nodes will wear.
pub const WORKERS: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";
/// The role of the pods on Fargate.
const BATCH_PODS: &str = "arn:aws:iam::111122223333:role/eks/batch-pods";

/// AWS's own policies, by the names that everybody knows them by.
pub fn aws_policy(name: &str) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

/// A cluster with a Fargate profile, and a role that waits for its nodegroup.
pub fn at_dawn() -> Account {
    let mut account = Account::new(ACCOUNT, "aws");
    let born = "2025-11-03T08:15:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let workers =
        ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"];
    let batch_pods = ["AmazonEKSFargatePodExecutionRolePolicy"];
    let roles: [(&str, &[&str]); 2] = [(WORKERS, &workers), (BATCH_PODS, &batch_pods)];
    for (arn, policies) in roles {
        let arn = role(arn);
        let name = arn.role_name();
        account.create_role(&arn, born).expect("each role of the demo is made once");
        for policy in policies {
            account
                .attach_role_policy(name.as_str(), &aws_policy(policy))
                .expect("the demo attaches embedded policies");
        }
        account.tag_role(name.as_str(), "owner", "team-payments").expect("the role was just made");
    }
    let batch = FargateProfile { pod_execution_role: role(BATCH_PODS), tags: Tags::new() };
    let cluster = Cluster {
        tags: Tags::from([("environment".to_owned(), "production".to_owned())]),
        fargate_profiles: [("batch".to_owned(), batch)].into(),
        ..Cluster::default()
    };
    account.create_cluster(REGION, CLUSTER, cluster).expect("the demo has one cluster");
    account
}

/// The settings that the stack of the demo would have.
pub fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", crate::settings::home_region("aws"));
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// A role's ARN, of those written here.
pub fn role(arn: &str) -> RoleArn {
    RoleArn::parse(arn).expect("the demo's role ARNs are well-formed")
}
