//! The rights of the functions against the calls that the adapters make.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::calls::{adapters, named_calls};
use crate::stack::{Stack, all_referred, referred, texts};

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
const FOLLOW_IAM: &[&str] =
    &["iam:GetInstanceProfile", "iam:ListEntitiesForPolicy", "sqs:SendMessage"];
const READ_USES: &[&str] = &[
    "eks:DescribeAccessEntry",
    "eks:DescribeCluster",
    "eks:DescribeFargateProfile",
    "eks:DescribeNodegroup",
    "ecr:GetAccountSetting",
    "ecr:GetRegistryPolicy",
    "ecr:GetRepositoryPolicy",
];
const FOLLOW_EKS: &[&str] = &["sqs:SendMessage"];
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

const CALLS: [(&str, &[&[&str]]); 3] = [
    ("IamChange", &[ASSESS_ROLES, FOLLOW_IAM]),
    ("EksChange", &[ASSESS_ROLES, READ_USES, FOLLOW_EKS]),
    ("AccountSweep", &[ASSESS_ROLES, READ_USES, LIST_ACCOUNT]),
];

/// What Lambda does in a function's name: it reads the queue and writes the log.
const LAMBDAS_OWN: &[&str] = &[
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
];

/// What a function's rights are about, where it is a part of the stack: the queue it reads, the
/// queue it may send to, its log.
const PARTS: [(&str, &str, &str, &str); 3] = [
    ("IamChange", "IamQueue", "SweepQueue", "IamChangeLogs"),
    ("EksChange", "EksQueue", "SweepQueue", "EksChangeLogs"),
    ("AccountSweep", "SweepQueue", "SweepQueue", "AccountSweepLogs"),
];

/// What can be granted for every resource alone, or is asked of all of them at once.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const WITHOUT_RESOURCE: &[&str] = &[
    "ec2:DescribeInstances",
    "ec2:DescribeRegions",
    "ecr:DescribeRepositories",
    "ecr:GetAccountSetting",
    "ecr:GetRegistryPolicy",
    "eks:ListClusters",
    "iam:GetAccountAuthorizationDetails",
    "iam:ListInstanceProfiles",
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
        expected.extend(names(&[LAMBDAS_OWN]));
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
                assert!(!action.contains('*'), "{function}: {action}");
                let (service, name) = action.split_once(':').unwrap();
                let reads = ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb));
                let is_audited = ["iam", "eks", "ec2", "ecr"].contains(&service);
                assert!(!is_audited || reads, "{function} may {action}");
            }
        }
    }
}

#[test]
fn each_right_is_to_the_parts_of_the_function_or_to_the_account() {
    let stack = Stack::read("template.yaml");
    for (function, reads, sends, logs) in PARTS {
        let properties = &stack.resource(function)["Properties"];
        assert_eq!(referred(&properties["LoggingConfig"]["LogGroup"]), logs, "{function}");
        for statement in statements(&stack, &referred(&properties["Role"])) {
            for action in texts(&statement["Action"]) {
                let parts: &[&str] = match action.split_once(':').unwrap() {
                    ("sqs", "SendMessage") => &[sends],
                    ("sqs", _) => &[reads],
                    ("logs", _) => &[logs],
                    ("dynamodb", _) => &["Ledger"],
                    ("sns", _) if statement["Sid"] == "TellOwnTopics" => &["OwnerTopicArns"],
                    ("sns", _) => &["AlertTopic", "OperatorsTopic"],
                    _ => {
                        assert_is_of_the_account(&action, &statement["Resource"]);
                        continue;
                    }
                };
                let parts: Names = parts.iter().map(|part| (*part).to_owned()).collect();
                assert_eq!(all_referred(&statement["Resource"]), parts, "{function}: {action}");
            }
        }
    }
}

/// ARNs of this account, of its partition, or of AWS's own policies; `*` only where it has to be.
fn assert_is_of_the_account(action: &str, resource: &Value) {
    let service = action.split(':').next().unwrap();
    match resource {
        Value::Sequence(items) => {
            for item in items {
                assert_is_of_the_account(action, item);
            }
        }
        Value::String(all) => {
            assert!(all == "*" && WITHOUT_RESOURCE.contains(&action), "{action} on {all}");
        }
        Value::Tagged(sub) => {
            let arn = if sub.value.is_string() { &sub.value } else { &sub.value[0] };
            let arn = arn.as_str().unwrap();
            let of_service = arn.strip_prefix(&format!("arn:${{AWS::Partition}}:{service}:"));
            let rest = of_service.unwrap_or_else(|| panic!("{action} on {arn}"));
            let is_own = ["", "*", "${Region}"].iter().any(|region| {
                let own = rest.strip_prefix(&format!("{region}:${{AWS::AccountId}}:"));
                own.is_some_and(|resource| resource.contains('/'))
            });
            assert!(is_own || rest == ":aws:policy/*", "{action} on {arn}");
        }
        other => panic!("{action} on {other:?}"),
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

/// Every statement of a role's policies, managed and inline, of this stack alone.
fn statements<'stack>(stack: &'stack Stack, role: &str) -> Vec<&'stack Value> {
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
