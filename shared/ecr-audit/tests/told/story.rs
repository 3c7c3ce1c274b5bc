//! A year of the role `prod-workers`, and a sweep over its neighbours: what the goldens are made
//! from.

use ecr_audit::alert::Alert;
use ecr_audit::change::{Change, RoleEffect};
use ecr_audit::transition::Observed;
use serde_json::{Value, json};

use crate::account::{
    Account, Told, aws_managed, change, customer_managed, inline, nodegroup, reported, tags,
};

pub const ROLE: &str = "arn:aws:iam::111122223333:role/eks/prod-workers";
const NODE_ECR: &str = "arn:aws:iam::111122223333:policy/NodeEcr";
const PUSH: [&str; 4] =
    ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"];

/// What was told at each turn of the year.
pub struct Year {
    /// A clean role is seen for the first time.
    pub passed: Told,
    /// A pipeline attaches a policy that lets it push.
    pub new: Told,
    /// A person adds more to that policy.
    pub worse: Told,
    /// The pipeline detaches it.
    pub resolved: Told,
    /// A person attaches AWS's power user.
    pub reopened: Told,
    /// The power user and the pull-only policy are replaced by what cannot pull.
    pub cannot_pull: Told,
    /// IAM denies the read.
    pub not_available: Told,
    /// The role is deleted.
    pub gone: Told,
}

/// A document with one statement.
pub fn grants(sid: &str, actions: &[&str], resource: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}],
    })
}

/// A node role as AWS's own templates make it.
pub fn clean(role_arn: &str) -> Account {
    Account::new(
        role_arn,
        ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"]
            .map(aws_managed)
            .to_vec(),
    )
}

/// The year.
#[expect(clippy::too_many_lines, reason = "a story is told in one piece")]
pub fn year() -> Year {
    const PIPELINE: &str = "assumed-role/Deployer/pipeline";
    const ADA: &str = "assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada@example.com";
    let attached =
        |policy_arn: &str| RoleEffect::PolicyAttached { policy_arn: policy_arn.to_owned() };
    let detached =
        |policy_arn: &str| RoleEffect::PolicyDetached { policy_arn: policy_arn.to_owned() };
    let mut account = clean(ROLE);
    let passed = account.look("2026-01-15T06:00:00Z", "11111111-1111-4111-8111-111111111101", &[]);

    account.put(customer_managed("NodeEcr", "v4", &grants("AllowPush", &PUSH, "*")));
    let new = account.look(
        "2026-01-15T10:01:12.345Z",
        "11111111-1111-4111-8111-111111111102",
        &[change(
            "AttachRolePolicy",
            attached(NODE_ECR),
            "2026-01-15T10:00:00Z",
            PIPELINE,
            Some("Terraform"),
        )],
    );

    let more = [&PUSH[..], &["ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy"]].concat();
    account.put(customer_managed("NodeEcr", "v5", &grants("AllowPush", &more, "*")));
    let default_version = Change::ManagedPolicy {
        policy_arn: NODE_ECR.to_owned(),
        default_version: Some("v5".to_owned()),
    };
    let worse = account.look(
        "2026-02-03T16:42:40Z",
        "11111111-1111-4111-8111-111111111103",
        &[reported(
            "CreatePolicyVersion",
            default_version,
            "2026-02-03T16:41:07Z",
            ADA,
            Some("the console"),
        )],
    );

    account.take(&ecr_audit::role_policies::PolicyName::managed(NODE_ECR));
    let resolved = account.look(
        "2026-02-04T08:31:00Z",
        "11111111-1111-4111-8111-111111111104",
        &[change(
            "DetachRolePolicy",
            detached(NODE_ECR),
            "2026-02-04T08:30:00Z",
            PIPELINE,
            Some("Terraform"),
        )],
    );

    let power_user = aws_managed("AmazonEC2ContainerRegistryPowerUser");
    account.put(power_user.clone());
    let reopened = account.look(
        "2026-06-21T02:58:31Z",
        "11111111-1111-4111-8111-111111111105",
        &[change(
            "AttachRolePolicy",
            attached(power_user.policy.as_str()),
            "2026-06-21T02:57:44Z",
            ADA,
            Some("AWS CLI"),
        )],
    );

    account.take(&power_user.policy);
    let pull_only = aws_managed("AmazonEC2ContainerRegistryPullOnly").policy;
    account.take(&pull_only);
    account.put(inline(
        "Pull",
        &grants("Pull", &["ecr:BatchGetImage", "ecr:GetAuthorizationToken"], "*"),
    ));
    let cannot_pull = account.look(
        "2026-09-09T23:16:05Z",
        "11111111-1111-4111-8111-111111111106",
        &[
            change(
                "DetachRolePolicy",
                detached(power_user.policy.as_str()),
                "2026-09-09T23:14:58Z",
                PIPELINE,
                Some("CloudFormation"),
            ),
            change(
                "DetachRolePolicy",
                detached(pull_only.as_str()),
                "2026-09-09T23:14:59Z",
                PIPELINE,
                Some("CloudFormation"),
            ),
            change(
                "PutRolePolicy",
                RoleEffect::InlinePolicyPut { policy_name: "Pull".to_owned(), document: None },
                "2026-09-09T23:15:00Z",
                PIPELINE,
                Some("CloudFormation"),
            ),
        ],
    );

    let not_available = account.observe(
        "2026-10-01T06:00:00Z",
        "11111111-1111-4111-8111-111111111107",
        &[],
        Observed::Unreadable("iam:GetRolePolicy was denied by a service control policy".to_owned()),
    );

    let gone = account.observe(
        "2026-12-31T09:01:00Z",
        "11111111-1111-4111-8111-111111111108",
        &[change(
            "DeleteRole",
            RoleEffect::Deleted,
            "2026-12-31T09:00:00Z",
            ADA,
            Some("the console"),
        )],
        Observed::Gone,
    );
    Year { passed, new, worse, resolved, reopened, cannot_pull, not_available, gone }
}

/// What the first sweep finds among the roles of one owner.
pub fn first_sweep() -> Vec<Alert> {
    let mut power_user = clean("arn:aws:iam::111122223333:role/eks/batch-workers");
    power_user.put(aws_managed("AmazonEC2ContainerRegistryPowerUser"));
    power_user.uses = vec![nodegroup("batch", "large"), nodegroup("batch", "small")];
    let mut cannot_pull = clean("arn:aws:iam::111122223333:role/edge-workers");
    cannot_pull.take(&aws_managed("AmazonEC2ContainerRegistryPullOnly").policy);
    cannot_pull.uses = vec![nodegroup("edge", "workers")];
    let mut full_access = clean("arn:aws:iam::111122223333:role/KarpenterNodeRole-prod");
    full_access.put(aws_managed("AmazonEC2ContainerRegistryFullAccess"));
    full_access.role.tags = tags(&[("team", "team-payments")]);
    [power_user, cannot_pull, full_access]
        .into_iter()
        .zip(201..)
        .flat_map(|(mut account, number)| {
            account.into_digest = true;
            let id = format!("22222222-2222-4222-8222-222222222{number}");
            account.look("2026-01-15T06:00:00Z", &id, &[]).alerts
        })
        .collect()
}
