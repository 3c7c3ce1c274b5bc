//! Accounts drawn at random within what IAM, EKS and ECR take. A sweep tells of each, somebody
//! changes it, another sweep tells of that; Security Hub, which refuses what AWS refuses, takes
//! every finding.

use ecr_audit::arn::RoleArn;
use ecr_audit::journey::sweep;
use ecr_audit::message::{digest_message, document};
use ecr_audit::ports::Ports;
use ecr_audit::settings::Settings;
use ecr_audit::standard::Standard;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use jsonschema::Validator;
use memory_adapters::{
    Account, Cluster, FargateProfile, ManualClock, MemoryAccount, MemoryLedger, MemorySecurityHub,
    MemorySweepRequests, MemoryTopics, Nodegroup, Tags,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::told::{alert_is_taken, message_is_taken};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

/// A node role with all that is drawn of it.
#[derive(Clone, Debug)]
struct Drawn {
    path: String,
    name: String,
    owner: Option<String>,
    aws_policies: Vec<&'static str>,
    documents: Vec<Value>,
    clusters: Vec<String>,
}

/// A value of an IAM tag: letters and digits of any script, spaces, `_.:/=+-@`.
fn tag_value() -> impl Strategy<Value = String> {
    "[\\p{L}\\p{N} _.:/=+@-]{0,256}"
}

fn action() -> impl Strategy<Value = &'static str> {
    select(vec![
        "*",
        "ecr:*",
        "ECR:put*",
        "ecr:PutImage",
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:SetRepositoryPolicy",
        "ecr-public:*",
        "s3:GetObject",
    ])
}

fn resource() -> impl Strategy<Value = &'static str> {
    select(vec![
        "*",
        "arn:aws:ecr:*:*:repository/team/*",
        "arn:aws:ecr:eu-west-1:111122223333:repository/a",
        "arn:aws:ecr:eu-west-1:444455556666:repository/${aws:PrincipalTag/team}",
        "arn:aws:s3:::bucket/*",
        "nonsense",
    ])
}

fn policy() -> impl Strategy<Value = Value> {
    let statement = (
        select(vec!["Allow", "Allow", "Allow", "Deny"]),
        vec(action(), 1..4),
        resource(),
        option::weighted(0.2, Just(json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}))),
    );
    vec(statement, 1..4).prop_map(|statements| {
        let statements: Vec<Value> = statements
            .into_iter()
            .map(|(effect, actions, resource, condition)| {
                let mut statement =
                    json!({"Effect": effect, "Action": actions, "Resource": resource});
                if let Some(condition) = condition {
                    statement["Condition"] = condition;
                }
                statement
            })
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements})
    })
}

prop_compose! {
    fn drawn()(
        path in "(/[!-.0-~]{1,120}){0,4}/",
        name in "[a-zA-Z0-9+=,.@_-]{1,60}",
        owner in option::of(tag_value()),
        aws_policies in vec(select(vec![
            "AmazonEC2ContainerRegistryPullOnly",
            "AmazonEC2ContainerRegistryReadOnly",
            "AmazonEC2ContainerRegistryPowerUser",
            "AdministratorAccess",
            "AmazonEKSWorkerNodePolicy",
        ]), 0..3),
        documents in vec(policy(), 0..3),
        clusters in vec("[0-9A-Za-z][0-9A-Za-z_-]{0,99}", 1..40),
    ) -> Drawn {
        Drawn { path, name, owner, aws_policies, documents, clusters }
    }
}

fn account_with(drawn: &[Drawn], now: Timestamp) -> Account {
    let mut account = Account::new(ACCOUNT, "aws");
    for (number, drawn) in drawn.iter().enumerate() {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role{}{}{number:03}", drawn.path, drawn.name);
        let arn = RoleArn::parse(&arn).unwrap();
        let name = arn.role_name();
        account.create_role(&arn, now).unwrap();
        if let Some(owner) = &drawn.owner {
            account.tag_role(name.as_str(), "owner", owner).unwrap();
        }
        for policy in &drawn.aws_policies {
            let policy = format!("arn:aws:iam::aws:policy/{policy}");
            account.attach_role_policy(name.as_str(), &policy).unwrap();
        }
        for (place, document) in drawn.documents.iter().enumerate() {
            let policy_name = format!("inline{place}");
            account.put_role_policy(name.as_str(), &policy_name, &document.to_string()).unwrap();
        }
        for cluster in &drawn.clusters {
            // Two roles may be drawn for the same cluster.
            let _ = account.create_cluster(REGION, cluster, Cluster::default());
            let nodegroup = Nodegroup { node_role: arn.clone(), tags: Tags::new() };
            account
                .create_nodegroup(REGION, cluster, &format!("workers{number}"), nodegroup)
                .unwrap();
            let profile = FargateProfile { pod_execution_role: arn.clone(), tags: Tags::new() };
            account
                .create_fargate_profile(REGION, cluster, &format!("pods{number}"), profile)
                .unwrap();
        }
    }
    account
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        max_shrink_iters: 50,
        ..ProptestConfig::default()
    })]

    #[test]
    fn security_hub_and_sns_take_what_is_told_of_any_account(
        drawn in vec(drawn(), 1..4),
        standard in select(Standard::ALL.to_vec()),
        later in policy(),
    ) {
        let now: Timestamp = "2026-01-15T10:00:00Z".parse().unwrap();
        let account = MemoryAccount::new(account_with(&drawn, now));
        let ledger = MemoryLedger::without_regions();
        let security_hub = MemorySecurityHub::default();
        let topics = MemoryTopics::default();
        let sweep_requests = MemorySweepRequests::default();
        let clock = ManualClock::new(now, "limits");
        let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
        settings.regions = vec![REGION.to_owned()];
        settings.standard = standard;
        let ports = Ports {
            iam: &account,
            eks: &account,
            ecr: &account,
            ledger: &ledger,
            security_hub: &security_hub,
            topics: &topics,
            sweep_requests: &sweep_requests,
            clock: &clock,
        };
        block_on(sweep(&ports, &account, &settings)).expect("Security Hub takes every finding");

        let names: Vec<String> = roles(&security_hub);
        account.change(|account| {
            for (name, number) in names.iter().zip(0..) {
                if number % 2 == 0 {
                    account.put_role_policy(name, "later", &later.to_string()).unwrap();
                } else {
                    account.delete_role(name).unwrap();
                }
            }
        });
        clock.advance(SignedDuration::from_hours(1));
        block_on(sweep(&ports, &account, &settings)).expect("Security Hub takes every finding");

        let schema = schema();
        for alert in topics.alerts() {
            alert_is_taken(&alert);
            prop_assert!(schema.is_valid(&document(&alert)));
        }
        for digest in topics.digests() {
            message_is_taken(&digest_message(&digest.owner, &digest.alerts));
        }
        prop_assert_eq!(security_hub.findings().len(), 2 * drawn.len());
    }
}

/// The names of the roles that Security Hub has findings of.
fn roles(security_hub: &MemorySecurityHub) -> Vec<String> {
    let mut names: Vec<String> = security_hub
        .findings()
        .iter()
        .map(|held| {
            let name = &held.asff["Resources"][0]["Details"]["AwsIamRole"]["RoleName"];
            name.as_str().unwrap().to_owned()
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The schema that subscribers are promised.
fn schema() -> Validator {
    let schema = include_str!("../../../docs/alert-v1.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}
