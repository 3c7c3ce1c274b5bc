//! The rights of the functions against the calls that the adapters make; `resources` tells what
//! they are to.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::calls::{adapters, named_calls};
use crate::stack::{Stack, all_referred, referred, texts, yaml};

type Names = BTreeSet<String>;

/// What each function does, by the ports of `ecr-audit`: the calls behind them.
const ASSESS_ROLES: &[&str] = &[
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "securityhub:BatchImportFindings",
    "securityhub:BatchUpdateFindings",
    "securityhub:GetFindings",
    "sns:Publish",
];
const FOLLOW_IAM: &[&str] = &[
    "iam:GetInstanceProfile",
    "iam:ListEntitiesForPolicy",
    "sqs:ChangeMessageVisibility",
    "sqs:SendMessage",
];
const READ_USES: &[&str] = &[
    "eks:DescribeAccessEntry",
    "eks:DescribeCluster",
    "eks:DescribeFargateProfile",
    "eks:DescribeNodegroup",
    "ecr:GetAccountSetting",
    "ecr:GetRegistryPolicy",
    "ecr:GetRepositoryPolicy",
];
const FOLLOW_EKS: &[&str] = &["sqs:ChangeMessageVisibility", "sqs:SendMessage"];
const LIST_ACCOUNT: &[&str] = &[
    "ec2:DescribeInstances",
    "ec2:DescribeRegions",
    "ecr:DescribeRepositories",
    "eks:ListAccessEntries",
    "eks:ListClusters",
    "eks:ListFargateProfiles",
    "eks:ListNodegroups",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetInstanceProfile",
    "iam:ListInstanceProfileTags",
    "iam:ListInstanceProfiles",
    "sqs:ChangeMessageVisibility",
    "sqs:SendMessage",
];

/// What the command makes at a desk, with the rights of whoever runs it; no function may make them.
const AT_A_DESK: &[&str] =
    &["ecr:ListTagsForResource", "sns:ListTopics", "sns:Subscribe", "sts:GetCallerIdentity"];

pub const CALLS: [(&str, &[&[&str]]); 3] = [
    ("IamChange", &[ASSESS_ROLES, FOLLOW_IAM]),
    ("EksChange", &[ASSESS_ROLES, READ_USES, FOLLOW_EKS]),
    ("AccountSweep", &[ASSESS_ROLES, READ_USES, LIST_ACCOUNT]),
];

/// What DynamoDB, SQS and SNS do with a customer key in a function's name, where there is one.
const WITH_A_KEY: &[&str] =
    &["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];

/// What Lambda does in a function's name: it reads the queue and writes the log.
const LAMBDAS_OWN: &[&str] = &[
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
];

fn names(lists: &[&[&str]]) -> Names {
    lists.iter().flat_map(|list| list.iter()).map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_calls_of_the_functions_are_the_calls_of_the_adapters() {
    let made: Names = adapters().iter().flat_map(|source| named_calls(source)).collect();
    let mut known: Names = CALLS.iter().flat_map(|(_, lists)| names(lists)).collect();
    let at_a_desk = names(&[AT_A_DESK]);
    assert!(known.is_disjoint(&at_a_desk));
    known.extend(at_a_desk);
    assert_eq!(known, made);
}

#[test]
fn each_function_has_the_rights_to_its_calls_and_no_others() {
    let stack = Stack::read("template.yaml");
    for (function, lists) in CALLS {
        let mut expected = names(lists);
        expected.extend(names(&[LAMBDAS_OWN, WITH_A_KEY]));
        let role = referred(&stack.resource(function)["Properties"]["Role"]);
        let granted: Names = statements(&stack, &role)
            .iter()
            .flat_map(|statement| texts(&statement["Action"]))
            .collect();
        assert_eq!(granted, expected, "{function}");
    }
}

#[test]
fn no_right_changes_what_is_audited() {
    let stack = Stack::read("template.yaml");
    for (function, _) in CALLS {
        let role = referred(&stack.resource(function)["Properties"]["Role"]);
        for statement in statements(&stack, &role) {
            assert_eq!(statement["Effect"], "Allow", "{function}");
            assert!(statement["NotAction"].is_null(), "{function}");
            for action in texts(&statement["Action"]) {
                let (service, name) = action.split_once(':').unwrap();
                // AWS's pages name families of a key's uses.
                assert!(!action.contains('*') || service == "kms", "{function}: {action}");
                let reads = ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb));
                let is_audited = ["iam", "eks", "ec2", "ecr"].contains(&service);
                assert!(!is_audited || reads, "{function} may {action}");
            }
        }
    }
}

#[test]
fn no_right_stands_elsewhere() {
    let stack = Stack::read("template.yaml");
    let functions = stack.resources("AWS::Serverless::Function");
    let roles: Names = functions.values().map(|function| referred(&function["Role"])).collect();
    assert_eq!(roles.len(), functions.len(), "each function has a role of its own");
    assert!(stack.function_globals()["Policies"].is_null());
    for function in functions.values() {
        assert!(function["Policies"].is_null());
    }
    let mut used = Names::new();
    for role in &roles {
        let properties = &stack.resource(role)["Properties"];
        used.extend(all_referred(&properties["ManagedPolicyArns"]));
        let trust = properties["AssumeRolePolicyDocument"]["Statement"].as_sequence().unwrap();
        assert_eq!(trust.len(), 1, "{role}");
        let lambda = serde_yaml_ng::from_str::<Value>("Service: lambda.amazonaws.com").unwrap();
        assert_eq!(trust[0]["Principal"], lambda, "{role}");
    }
    for (id, resource_type) in stack.types() {
        match resource_type.strip_prefix("AWS::IAM::") {
            None => {}
            Some("Role") => assert!(roles.contains(&id), "{id} is no function's role"),
            Some("ManagedPolicy") => {
                assert!(used.contains(&id), "{id} is no function's policy");
                let policy = &stack.resource(&id)["Properties"];
                for others in ["Roles", "Users", "Groups"] {
                    assert!(policy[others].is_null(), "{id} is given to {others}");
                }
            }
            Some(other) => panic!("{id} is an AWS::IAM::{other}"),
        }
    }
}

/// The account's own policy, by its path and name, so that one value is right in every account.
#[test]
fn each_role_can_be_bounded() {
    let expected = "!If [HasPermissionsBoundary,
        !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${PermissionsBoundary}',
        !Ref 'AWS::NoValue']";
    for path in ["template.yaml", "infra/regional-forwarder.yaml", "infra/triage.yaml"] {
        let stack = Stack::read(path);
        for (id, role) in stack.resources("AWS::IAM::Role") {
            assert_eq!(role["PermissionsBoundary"], yaml(expected), "{path}: {id}");
        }
        let given = yaml("!Not [!Equals [!Ref PermissionsBoundary, '']]");
        assert_eq!(stack.section("Conditions")["HasPermissionsBoundary"], given, "{path}");
    }
}

/// The key of an owners' topic has to admit them by name.
#[test]
fn each_role_is_an_output() {
    let stack = Stack::read("template.yaml");
    for (function, _) in CALLS {
        let expected = yaml(&format!("!GetAtt {function}Role.Arn"));
        assert_eq!(stack.section("Outputs")[format!("{function}RoleArn")]["Value"], expected);
    }
}

/// Every statement of a role's policies, managed and inline, of this stack alone.
pub fn statements<'stack>(stack: &'stack Stack, role: &str) -> Vec<&'stack Value> {
    let properties = &stack.resource(role)["Properties"];
    let managed: BTreeMap<String, &Value> = stack.resources("AWS::IAM::ManagedPolicy");
    let mut documents: Vec<&Value> = Vec::new();
    for policy in all_referred(&properties["ManagedPolicyArns"]) {
        documents.push(&managed[&policy]["PolicyDocument"]);
    }
    for policy in properties["Policies"].as_sequence().into_iter().flatten() {
        documents.push(&policy["PolicyDocument"]);
    }
    let statements = documents.iter().flat_map(|it| it["Statement"].as_sequence().unwrap());
    // What stands there on a condition may be granted.
    let granted = |statement: &'stack Value| match statement {
        Value::Tagged(condition) if condition.tag == "If" => &condition.value[1],
        statement => statement,
    };
    statements.map(granted).collect()
}
