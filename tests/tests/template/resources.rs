//! What each right is to: the resources of its call, all of them and no others, on the condition
//! that the call meets.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use crate::rights::{CALLS, statements};
use crate::sources::sources;
use crate::stack::{Stack, referred, texts, yaml};

/// Some calls, and what IAM asks them of, in the template's own words. `OWN_QUEUE` and `OWN_LOG`
/// are the function's.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const RESOURCES: &[(&[&str], &[&str])] = &[
    // Any role may become a node role, whatever its path and name.
    (
        &[
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
        ],
        &["!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*'"],
    ),
    // A role's policies are the account's or AWS's own.
    (
        &["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"],
        &[
            "!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/*'",
            "!Sub 'arn:${AWS::Partition}:iam::aws:policy/*'",
        ],
    ),
    (
        &["iam:GetInstanceProfile", "iam:ListInstanceProfileTags"],
        &["!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:instance-profile/*'"],
    ),
    // Clusters and repositories are read in every region.
    (
        &[
            "eks:DescribeCluster",
            "eks:ListAccessEntries",
            "eks:ListFargateProfiles",
            "eks:ListNodegroups",
        ],
        &["!Sub 'arn:${AWS::Partition}:eks:*:${AWS::AccountId}:cluster/*'"],
    ),
    (
        &["eks:DescribeAccessEntry"],
        &["!Sub 'arn:${AWS::Partition}:eks:*:${AWS::AccountId}:access-entry/*'"],
    ),
    (
        &["eks:DescribeFargateProfile"],
        &["!Sub 'arn:${AWS::Partition}:eks:*:${AWS::AccountId}:fargateprofile/*'"],
    ),
    (
        &["eks:DescribeNodegroup"],
        &["!Sub 'arn:${AWS::Partition}:eks:*:${AWS::AccountId}:nodegroup/*'"],
    ),
    (
        &["ecr:GetRepositoryPolicy"],
        &["!Sub 'arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/*'"],
    ),
    // These know no resource, or are asked of every one.
    (
        &[
            "ec2:DescribeInstances",
            "ec2:DescribeRegions",
            "ecr:DescribeRepositories",
            "ecr:GetAccountSetting",
            "ecr:GetRegistryPolicy",
            "eks:ListClusters",
            "iam:GetAccountAuthorizationDetails",
            "iam:ListInstanceProfiles",
        ],
        &["'*'"],
    ),
    (
        &["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
        &["!GetAtt Ledger.Arn"],
    ),
    // Findings are the account's own, in the region that gets them.
    (
        &["securityhub:BatchImportFindings"],
        &["!Sub ['arn:${AWS::Partition}:securityhub:${Region}:${AWS::AccountId}:product/${AWS::AccountId}/default',
            { Region: !If [HasSecurityHubRegion, !Ref SecurityHubRegion, !Ref 'AWS::Region'] }]"],
    ),
    (
        &["securityhub:BatchUpdateFindings", "securityhub:GetFindings"],
        &["!Sub ['arn:${AWS::Partition}:securityhub:${Region}:${AWS::AccountId}:hub/default',
            { Region: !If [HasSecurityHubRegion, !Ref SecurityHubRegion, !Ref 'AWS::Region'] }]"],
    ),
    (&["sns:Publish"], &["!Ref AlertTopic", "!Ref OperatorsTopic"]),
    (&["sqs:SendMessage"], &["!GetAtt SweepQueue.Arn"]),
    (
        &[
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ],
        &["!GetAtt OWN_QUEUE.Arn"],
    ),
    (&["logs:CreateLogStream", "logs:PutLogEvents"], &["!GetAtt OWN_LOG.Arn"]),
];

/// Statements that stand apart, because they are granted where a parameter asks for it: the
/// condition of the template, the calls, and what they are to.
const ON_A_PARAMETER: &[(&str, &str, &[&str], &str)] = &[
    ("TellOwnTopics", "HasOwnerTopics", &["sns:Publish"], "!Ref OwnerTopicArns"),
    (
        "UseKeysOfOwnTopics",
        "HasOwnerTopicKeys",
        &["kms:Decrypt", "kms:GenerateDataKey*"],
        "!Ref OwnerTopicKeyArns",
    ),
    (
        "UseKey",
        "HasKmsKey",
        &[
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        ],
        "!Ref KmsKeyArn",
    ),
];

/// What the statement of a name is bound to. Every other one has no condition, which would only
/// take away.
const CONDITIONS: &[(&str, &str)] = &[
    // Findings of this account alone, also where Security Hub trusts an administrator's account.
    ("ImportFindings", "{ StringEquals: { 'securityhub:TargetAccount': !Ref 'AWS::AccountId' } }"),
    // `hub/default` is every finding of every product. The code opens, resolves and notes; a note
    // comes without a workflow. It suppresses nothing and makes nothing less bad.
    (
        "ResolveFindings",
        "{ StringEqualsIfExists: { 'securityhub:ASFFSyntaxPath/Workflow.Status': [NEW, RESOLVED] },
           'Null': {
             'securityhub:ASFFSyntaxPath/Confidence': true,
             'securityhub:ASFFSyntaxPath/Criticality': true,
             'securityhub:ASFFSyntaxPath/RelatedFindings': true,
             'securityhub:ASFFSyntaxPath/Severity.Label': true,
             'securityhub:ASFFSyntaxPath/Severity.Normalized': true,
             'securityhub:ASFFSyntaxPath/Severity.Product': true,
             'securityhub:ASFFSyntaxPath/Types': true,
             'securityhub:ASFFSyntaxPath/UserDefinedFields.key': true,
             'securityhub:ASFFSyntaxPath/UserDefinedFields.value': true,
             'securityhub:ASFFSyntaxPath/VerificationState': true } }",
    ),
    // A key is used through the service that holds what is encrypted, and not for anything else. A
    // topic of owners' own may be in any region.
    ("UseKeysOfOwnTopics", "{ StringLike: { 'kms:ViaService': !Sub 'sns.*.${AWS::URLSuffix}' } }"),
    (
        "UseKey",
        "{ StringEquals: { 'kms:ViaService': [
            !Sub 'dynamodb.${AWS::Region}.${AWS::URLSuffix}',
            !Sub 'sns.${AWS::Region}.${AWS::URLSuffix}',
            !Sub 'sqs.${AWS::Region}.${AWS::URLSuffix}'] } }",
    ),
];

/// What the adapter updates of a finding is what the condition leaves: its workflow, to one of two
/// values, and its note.
#[test]
fn a_finding_is_updated_in_nothing_but_what_the_condition_leaves() {
    let adapter = sources("shared/aws-adapters/src");
    let source = adapter.iter().find(|source| source.contains("batch_update_findings()")).unwrap();
    let call = source.split("batch_update_findings()").nth(1).unwrap().split(".send()").next();
    let set: BTreeSet<&str> =
        call.unwrap().split('.').skip(1).map(|method| method.split('(').next().unwrap()).collect();
    assert_eq!(set, BTreeSet::from(["set_finding_identifiers", "set_note", "set_workflow"]));
    let statuses: BTreeSet<&str> = source
        .split("WorkflowStatus::")
        .skip(1)
        .map(|rest| rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap())
        // Not its methods.
        .filter(|name| name.starts_with(char::is_uppercase))
        .collect();
    assert_eq!(statuses, BTreeSet::from(["New", "Resolved"]));
}

/// Each function with its queue and its log.
const PARTS: [(&str, &str, &str); 3] = [
    ("IamChange", "IamQueue", "IamChangeLogs"),
    ("EksChange", "EksQueue", "EksChangeLogs"),
    ("AccountSweep", "SweepQueue", "AccountSweepLogs"),
];

#[test]
fn each_right_is_to_the_resources_of_its_call_and_to_no_others() {
    let stack = Stack::read("template.yaml");
    for (function, queue, log) in PARTS {
        let properties = &stack.resource(function)["Properties"];
        assert_eq!(referred(&properties["LoggingConfig"]["LogGroup"]), log, "{function}");
        let own = |text: &str| yaml(&text.replace("OWN_QUEUE", queue).replace("OWN_LOG", log));
        for statement in statements(&stack, &referred(&properties["Role"])) {
            let sid = statement["Sid"].as_str().unwrap();
            let on_a_parameter = ON_A_PARAMETER.iter().find(|(known, ..)| *known == sid);
            let expected: Vec<Value> = match on_a_parameter {
                Some((_, _, calls, resource)) => {
                    assert_eq!(texts(&statement["Action"]), *calls, "{function}: {sid}");
                    vec![yaml(resource)]
                }
                None => texts(&statement["Action"])
                    .iter()
                    .flat_map(|call| resources(call))
                    .map(|resource| own(resource))
                    .collect(),
            };
            let granted = match &statement["Resource"] {
                Value::Sequence(items) => items.clone(),
                one => vec![one.clone()],
            };
            for resource in &granted {
                assert!(expected.contains(resource), "{function}: {sid} is to {resource:?}");
            }
            for resource in &expected {
                assert!(granted.contains(resource), "{function}: {sid} is not to {resource:?}");
            }
        }
    }
}

#[test]
fn a_right_is_bound_to_its_condition_and_to_nothing_else() {
    let stack = Stack::read("template.yaml");
    let mut bound = BTreeSet::new();
    for (function, _) in CALLS {
        let role = referred(&stack.resource(function)["Properties"]["Role"]);
        for statement in statements(&stack, &role) {
            let sid = statement["Sid"].as_str().unwrap();
            let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
            for (key, _) in statement.as_mapping().unwrap() {
                assert!(known.contains(&key.as_str().unwrap()), "{function}: {sid} has {key:?}");
            }
            let condition = CONDITIONS.iter().find(|(known, _)| *known == sid);
            let expected = condition.map_or(Value::Null, |(_, condition)| yaml(condition));
            assert_eq!(statement["Condition"], expected, "{function}: {sid}");
            bound.extend(condition.map(|(known, _)| *known));
        }
    }
    assert_eq!(bound.len(), CONDITIONS.len(), "a condition of no statement");
}

#[test]
fn what_a_parameter_grants_is_granted_on_its_condition() {
    let stack = Stack::read("template.yaml");
    let policy = stack.resource("AssessRolePolicy");
    let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_sequence().unwrap();
    let mut found = BTreeSet::new();
    for statement in statements {
        let Value::Tagged(condition) = statement else { continue };
        assert_eq!(condition.tag, "If");
        let sid = condition.value[1]["Sid"].as_str().unwrap();
        let (_, on, ..) = ON_A_PARAMETER.iter().find(|(known, ..)| *known == sid).expect(sid);
        assert_eq!(condition.value[0], **on, "{sid}");
        assert_eq!(condition.value[2], yaml("!Ref 'AWS::NoValue'"), "{sid}");
        found.insert(sid);
    }
    assert_eq!(found.len(), ON_A_PARAMETER.len());
}

fn resources(call: &str) -> &'static [&'static str] {
    let row = RESOURCES.iter().find(|(calls, _)| calls.contains(&call));
    row.unwrap_or_else(|| panic!("{call} is a call of no known resource")).1
}
