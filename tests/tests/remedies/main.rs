//! Every remedy that is offered is carried out, and the role is assessed again. Where none is
//! offered, it says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ecr_audit::arn::RoleArn;
use ecr_audit::journey::sweep;
use ecr_audit::remedy::Remedy;
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Standard};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, MemoryAccount, Nodegroup, Snapshot, Tags, World};
use serde_json::{Value, json};

use crate::look::{Look, look};
use crate::mending::{Mending, carry_out, mend, outcome, shell_words, size};

mod look;
mod mending;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const STANDARDS: [Standard; 3] = [Standard::ReadOnly, Standard::PullOnly, Standard::C0223];

/// A role of this name with policies: the names of AWS's own, and documents, inline or managed.
fn account(
    aws_policies: &[&str],
    inline: &[(&str, Value)],
    managed: &[(&str, Value)],
) -> (Account, RoleArn) {
    let role_arn = RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/eks/workers")).unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_role(&role_arn, Timestamp::UNIX_EPOCH).unwrap();
    for name in aws_policies {
        let policy_arn = format!("arn:aws:iam::aws:policy/{name}");
        account.attach_role_policy("workers", &policy_arn).unwrap();
    }
    for (name, document) in inline {
        account.put_role_policy("workers", name, &document.to_string()).unwrap();
    }
    for (name, document) in managed {
        let policy_arn = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
        account.create_policy(&policy_arn, &document.to_string()).unwrap();
        account.attach_role_policy("workers", &policy_arn).unwrap();
    }
    (account, role_arn)
}

fn statement(effect: &str, actions: &[&str]) -> Value {
    json!({"Effect": effect, "Action": actions, "Resource": "*"})
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[test]
fn every_failed_role_of_a_real_shaped_account_is_mended_or_told_why_not() {
    const READ_ONLY_POLICY: &str = "put-role-policy, detach-role-policy";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../functions/cli/tests/snapshots/mixed-account");
    let snapshot = Snapshot::read(&folder).unwrap();
    // Under `read-only`, `pull-only` and `c-0223`.
    let expected: BTreeMap<&str, [&str; 3]> = BTreeMap::from([
        (
            "eks/prod-workers",
            [
                "detach-role-policy",
                "attach-role-policy, detach-role-policy, detach-role-policy",
                "put-role-policy, detach-role-policy, detach-role-policy",
            ],
        ),
        ("spot-workers", ["fine", "fine", "fine"]),
        ("auto-nodes", ["fine", "fine", READ_ONLY_POLICY]),
        ("batch-pods", ["fine", "fine", "fine"]),
        // AdministratorAccess grants everything else as well.
        ("admin-nodes", ["none", "none", "none"]),
        // A repository's policy lets it push, and names nobody else.
        (
            "karpenter-nodes",
            [
                "delete-repository-policy",
                "attach-role-policy, detach-role-policy, delete-repository-policy",
                "put-role-policy, detach-role-policy, delete-repository-policy",
            ],
        ),
        // An inline Deny keeps it from pulling; what it may read beyond a standard can be taken.
        (
            "blind-nodes",
            [
                "none",
                "attach-role-policy, detach-role-policy in part",
                "put-role-policy, detach-role-policy in part",
            ],
        ),
        // Its boundary keeps the power user from pushing, but not from reading.
        ("bounded-nodes", ["fine", "attach-role-policy, detach-role-policy", READ_ONLY_POLICY]),
        // A document is missing, so nothing is FAILED.
        ("lost-nodes", ["fine", "fine", "fine"]),
        // AmazonEC2ContainerRegistryFullAccess grants CloudTrail and IAM as well.
        ("ci-runner", ["none", "none", "none"]),
    ]);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let details = std::fs::read_to_string(folder.join("authorization-details.json")).unwrap();
    let details: Value = serde_json::from_str(&details).unwrap();
    for role in details["RoleDetailList"].as_array().unwrap() {
        let role_arn = RoleArn::parse(role["Arn"].as_str().unwrap()).unwrap();
        let outcomes = STANDARDS.map(|standard| outcome(&snapshot.account, &role_arn, standard));
        let path = role_arn.as_str().rsplit_once(":role/").unwrap().1;
        found.insert(path.to_owned(), outcomes.to_vec());
    }
    let expected: BTreeMap<String, Vec<String>> = expected
        .into_iter()
        .map(|(path, outcomes)| (path.to_owned(), outcomes.map(str::to_owned).to_vec()))
        .collect();
    assert_eq!(found, expected);
}

/// Each policy of AWS that the project carries, alone and beside what the nodes pull by.
#[test]
fn every_policy_of_aws_is_mended_or_told_why_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/memory-adapters/data/aws-managed-policies.json");
    let carried: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for policy in carried["policies"].as_array().unwrap() {
        let name = policy["arn"].as_str().unwrap().split_once(":policy/").unwrap().1;
        for beside in [None, Some("AmazonEC2ContainerRegistryPullOnly")] {
            let names: BTreeSet<&str> = beside.into_iter().chain([name]).collect();
            let names: Vec<&str> = names.into_iter().collect();
            let (account, role_arn) = account(&names, &[], &[]);
            for standard in STANDARDS {
                let kind = match mend(account.clone(), &role_arn, standard) {
                    Mending::Fine => "fine",
                    Mending::Mended(_) | Mending::InPart(..) => "mended",
                    Mending::NoSafeOne(obstacle) => {
                        assert!(!obstacle.is_empty(), "{names:?} under {standard}");
                        "none"
                    }
                };
                *counts.entry(kind).or_default() += 1;
            }
        }
    }
    assert!(["fine", "mended", "none"].iter().all(|kind| counts.contains_key(kind)), "{counts:?}");
}

#[test]
fn a_policy_is_mended_by_the_least_that_mends_it() {
    let pull = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    let push = statement("Allow", &["ecr:PutImage", "ecr:InitiateLayerUpload"]);
    let mixed = document(&[
        statement("Allow", &["s3:GetObject", "ecr:*"]),
        push.clone(),
        statement("Deny", &["s3:DeleteBucket"]),
    ]);
    let hostile = r#""; rm -rf"#;
    for (why, aws_policies, inline, managed, calls) in [
        (
            "what is about ECR alone is detached",
            &["AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryPowerUser"][..],
            vec![],
            vec![],
            vec!["detach-role-policy"],
        ),
        (
            "what the nodes pull by is given before it is taken",
            &["AmazonEC2ContainerRegistryPowerUser"],
            vec![],
            vec![],
            vec!["attach-role-policy", "detach-role-policy"],
        ),
        (
            "what also grants other services gets a new document",
            &["AmazonEC2ContainerRegistryPullOnly"],
            vec![],
            vec![("Mixed", mixed.clone())],
            vec!["create-policy-version"],
        ),
        (
            "so does an inline policy",
            &["AmazonEC2ContainerRegistryPullOnly"],
            vec![("mixed", mixed.clone())],
            vec![],
            vec!["put-role-policy"],
        ),
        (
            "a shell takes no name for a command",
            &["AmazonEC2ContainerRegistryPullOnly"],
            vec![(hostile, document(std::slice::from_ref(&push)))],
            vec![],
            vec!["delete-role-policy"],
        ),
        (
            "who cannot pull is given the right to",
            &["AmazonEKSWorkerNodePolicy"],
            vec![],
            vec![],
            vec!["attach-role-policy"],
        ),
        (
            "several policies are mended one by one",
            &["AmazonEC2ContainerRegistryPullOnly"],
            vec![("a", document(std::slice::from_ref(&push)))],
            vec![("B", document(&[statement("Allow", &pull), push.clone()]))],
            vec!["detach-role-policy", "delete-role-policy"],
        ),
    ] {
        let (account, role_arn) = account(aws_policies, &inline, &managed);
        let calls: Vec<String> = calls.into_iter().map(str::to_owned).collect();
        let outcome = mend(account, &role_arn, Standard::ReadOnly);
        assert_eq!(outcome, Mending::Mended(calls), "{why}");
    }
}

#[test]
fn under_c0223_the_four_actions_are_given_inline() {
    for policy in ["AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly"] {
        let (account, role_arn) = account(&[policy], &[], &[]);
        let calls = ["put-role-policy", "detach-role-policy"].map(str::to_owned).to_vec();
        assert_eq!(mend(account, &role_arn, Standard::C0223), Mending::Mended(calls), "{policy}");
    }
}

#[test]
fn a_role_that_takes_no_further_policy_is_given_an_inline_one() {
    let own = document(&[statement("Allow", &["s3:GetObject"])]);
    let names = ["A", "B", "C", "D", "E", "F", "G", "H", "I"];
    let managed: Vec<(&str, Value)> = names.map(|name| (name, own.clone())).to_vec();
    for (most, giving) in [(9, "put-role-policy"), (8, "attach-role-policy")] {
        let (account, role_arn) =
            account(&["AmazonEC2ContainerRegistryPowerUser"], &[], &managed[..most]);
        let calls = [giving, "detach-role-policy"].map(str::to_owned).to_vec();
        assert_eq!(mend(account, &role_arn, Standard::ReadOnly), Mending::Mended(calls));
    }
}

/// An inline policy of the remedy's own name must not be overwritten with its other rights.
#[test]
fn an_inline_policy_of_the_remedys_name_keeps_its_rights() {
    let own = document(&[statement("Allow", &["s3:GetObject"])]);
    let (account, role_arn) =
        account(&["AmazonEC2ContainerRegistryReadOnly"], &[("EcrPull", own)], &[]);
    let outcome = mend(account, &role_arn, Standard::C0223);
    assert!(matches!(outcome, Mending::Mended(_)), "{outcome:?}");
}

#[test]
fn where_no_remedy_is_safe_it_says_which_rights_would_go() {
    let all = document(&[statement("Allow", &["*"])]);
    let boundary = document(&[statement("Allow", &["s3:*"])]);
    for (aws_policies, managed, told) in [
        (&["AdministratorAccess"][..], vec![], "every other right"),
        (&["AmazonEC2ContainerRegistryFullAccess"], vec![], "cloudtrail:LookupEvents"),
        (&["AmazonEC2ContainerRegistryFullAccess"], vec![], "iam:CreateServiceLinkedRole"),
        (&["PowerUserAccess"], vec![], "everything but iam:*, organizations:*, account:*"),
        (&[], vec![("All", all)], "by a wildcard over all services"),
    ] {
        let (account, role_arn) = account(aws_policies, &[], &managed);
        match mend(account, &role_arn, Standard::ReadOnly) {
            Mending::NoSafeOne(obstacle) => assert!(obstacle.contains(told), "{obstacle}"),
            other => panic!("{aws_policies:?}: {other:?}"),
        }
    }
    let (mut account, role_arn) = account(&["AmazonEC2ContainerRegistryPullOnly"], &[], &[]);
    let policy_arn = format!("arn:aws:iam::{ACCOUNT}:policy/Boundary");
    account.create_policy(&policy_arn, &boundary.to_string()).unwrap();
    account.put_role_permissions_boundary("workers", &policy_arn).unwrap();
    match mend(account, &role_arn, Standard::ReadOnly) {
        Mending::NoSafeOne(obstacle) => assert!(obstacle.contains("boundary"), "{obstacle}"),
        other => panic!("{other:?}"),
    }
}

/// A pattern is replaced by the names of what it may still grant, and IAM takes no document
/// without end.
#[test]
fn a_document_that_would_become_too_large_is_not_offered() {
    let actions: Vec<String> = (0..150).map(|number| format!("s3:GetObject{number:09}")).collect();
    let mut all: Vec<&str> = actions.iter().map(String::as_str).collect();
    let repositories: Vec<String> = (0..12)
        .map(|number| format!("arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/a{number}"))
        .collect();
    all.truncate(60);
    let mut statements = vec![statement("Allow", &all)];
    statements.extend(repositories.iter().map(|repository| {
        json!({"Effect": "Allow", "Action": ["s3:GetObject", "ecr:*"], "Resource": repository})
    }));
    let large = document(&statements);
    assert!(large.to_string().len() < 6144, "IAM took it");
    let pull = ["AmazonEC2ContainerRegistryPullOnly"];
    let (managed, role_arn) = account(&pull, &[], &[("Large", large.clone())]);
    match mend(managed, &role_arn, Standard::ReadOnly) {
        Mending::NoSafeOne(obstacle) => {
            assert!(obstacle.contains("characters of at most 6144"), "{obstacle}");
        }
        other => panic!("{other:?}"),
    }
    // Where fewer names are left it fits.
    let (managed, role_arn) = account(&pull, &[], &[("Large", large)]);
    let outcome = mend(managed, &role_arn, Standard::C0223);
    assert!(matches!(outcome, Mending::Mended(_)), "{outcome:?}");
}

/// Whoever keeps the role in a template reads what to do there, in its own words.
#[test]
fn the_note_for_templates_says_the_same_as_the_commands() {
    let push = document(&[statement("Allow", &["ecr:PutImage"])]);
    let mixed = document(&[statement("Allow", &["s3:GetObject", "ecr:PutImage"])]);
    let pull = "AmazonEC2ContainerRegistryPullOnly";
    for (aws_policies, inline, managed, terraform, cloudformation) in [
        (
            &[pull, "AmazonEC2ContainerRegistryPowerUser"][..],
            None,
            None,
            "take out the aws_iam_role_policy_attachment of AmazonEC2ContainerRegistryPowerUser;",
            "take AmazonEC2ContainerRegistryPowerUser out of ManagedPolicyArns of the role.",
        ),
        (
            &[],
            None,
            None,
            "add an aws_iam_role_policy_attachment of AmazonEC2ContainerRegistryPullOnly;",
            "add AmazonEC2ContainerRegistryPullOnly to ManagedPolicyArns of the role.",
        ),
        (
            &[pull],
            Some(("push", push)),
            None,
            "take out the aws_iam_role_policy push;",
            "take push out of Policies of the role.",
        ),
        (
            &[pull],
            Some(("mixed", mixed.clone())),
            None,
            "give the aws_iam_role_policy mixed that document;",
            "give mixed in Policies of the role that document.",
        ),
        (
            &[pull],
            None,
            Some(("Mixed", mixed)),
            "give the aws_iam_policy Mixed that document;",
            "give the AWS::IAM::ManagedPolicy Mixed that document.",
        ),
    ] {
        let (inline, managed): (Vec<_>, Vec<_>) =
            (inline.into_iter().collect(), managed.into_iter().collect());
        let (account, role_arn) = account(aws_policies, &inline, &managed);
        let found = look(&MemoryAccount::new(account), &role_arn, Standard::ReadOnly);
        let advice = found.remedy.unwrap().advice;
        let note = advice.last().unwrap();
        assert!(note.contains(&format!("If Terraform keeps the role, {terraform}")), "{note}");
        assert!(note.contains(&format!("if CloudFormation does, {cloudformation}")), "{note}");
        // A policy of the customer's may be worn by others, and has five versions at most.
        let is_shared = advice.iter().any(|one| {
            one.contains(
                "list-entities-for-policy --policy-arn arn:aws:iam::111122223333:policy/Mixed",
            ) && one.contains("five versions")
        });
        assert_eq!(is_shared, !managed.is_empty(), "{advice:?}");
    }
}

const PULL_ONLY: &str = "AmazonEC2ContainerRegistryPullOnly";
const POWER_USER: &str = "AmazonEC2ContainerRegistryPowerUser";

fn on(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

/// A pull of images, and perhaps a push, on the repositories that begin with a name; and the token.
fn of_repositories(name: &str, can_push: bool) -> Value {
    let resource = format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}/*");
    let pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    let push = ["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:PutImage"];
    let actions = if can_push { [&pull[..], &push].concat() } else { pull.to_vec() };
    document(&[on(&["ecr:GetAuthorizationToken"], "*"), on(&actions, &resource)])
}

fn remedy_of(account: &Account, role_arn: &RoleArn, standard: Standard) -> Remedy {
    look(&MemoryAccount::new(account.clone()), role_arn, standard).remedy.expect("something FAILED")
}

fn mended(calls: &[&str]) -> Mending {
    Mending::Mended(calls.iter().map(|call| (*call).to_owned()).collect())
}

/// What the nodes can pull by a policy alone, they can pull by it afterwards, and nothing else.
#[test]
fn of_a_policy_that_grants_pulls_as_well_the_pulls_are_left() {
    let (app, base) = (of_repositories("app", true), of_repositories("base", false));
    let with_denial = document(&[
        on(&["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage"], "*"),
        json!({
            "Effect": "Deny",
            "Action": "ecr:BatchGetImage",
            "Resource": format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/secret"),
        }),
    ]);
    for (why, aws_policies, inline, managed, calls) in [
        (
            "another policy pulls from other repositories",
            &[][..],
            vec![],
            vec![("App", app.clone()), ("Base", base.clone())],
            &["create-policy-version"][..],
        ),
        (
            "no other policy pulls",
            &[],
            vec![],
            vec![("App", app.clone())],
            &["create-policy-version"],
        ),
        (
            "an inline policy is no other",
            &[],
            vec![("app", app.clone())],
            vec![("Base", base)],
            &["put-role-policy"],
        ),
        (
            "another policy pulls from everywhere, so that nothing is lost with this one",
            &[PULL_ONLY],
            vec![],
            vec![("App", app)],
            &["detach-role-policy"],
        ),
        (
            "what it denies stays denied",
            &[PULL_ONLY],
            vec![("all-but-secret", with_denial)],
            vec![],
            &["put-role-policy"],
        ),
        (
            "of AWS's own nothing can be left, but what the customer's grants can",
            &[POWER_USER],
            vec![],
            vec![("App", of_repositories("app", true))],
            &["attach-role-policy", "detach-role-policy", "create-policy-version"],
        ),
    ] {
        let (account, role_arn) = account(aws_policies, &inline, &managed);
        let before = look(&MemoryAccount::new(account.clone()), &role_arn, Standard::ReadOnly);
        let remedy = remedy_of(&account, &role_arn, Standard::ReadOnly);
        assert_eq!(mend(account.clone(), &role_arn, Standard::ReadOnly), mended(calls), "{why}");
        let account = MemoryAccount::new(account);
        account.change(|account| remedy.commands.iter().for_each(|it| carry_out(account, it)));
        let after = look(&account, &role_arn, Standard::ReadOnly);
        assert_eq!(after.pulls(), before.pulls(), "{why}");
    }
}

/// What goes with a policy of AWS beyond the excess is named, and where nothing does, that is said.
#[test]
fn a_remedy_says_what_is_lost() {
    let push = document(&[statement("Allow", &["ecr:PutImage"])]);
    for (aws_policies, inline, checked) in [
        (
            &[PULL_ONLY][..],
            vec![("push", push)],
            "the nodes can still pull, and only excess ECR rights are lost.",
        ),
        (
            &[PULL_ONLY, POWER_USER],
            vec![],
            "the nodes can still pull, and nothing but ECR rights is lost: beside the excess, \
             ecr:BatchCheckLayerAvailability, ecr:DescribeImageScanFindings +7, which no pull \
             needs.",
        ),
        (
            &["AmazonEKSWorkerNodePolicy"],
            vec![],
            "afterwards the nodes can pull from every repository, and they have lost nothing.",
        ),
    ] {
        let (account, role_arn) = account(aws_policies, &inline, &[]);
        assert_eq!(remedy_of(&account, &role_arn, Standard::ReadOnly).checked, checked);
    }
}

fn unless(condition: &Value) -> Value {
    let pulls = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    document(&[json!({
        "Effect": "Deny", "Action": pulls, "Resource": "*", "Condition": condition,
    })])
}

/// Whether the nodes can pull decides nothing about what they can do beside.
#[test]
fn each_check_is_mended_by_itself() {
    let endpoint = unless(&json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}));
    let always = unless(&json!({}));
    let aws_policies = [PULL_ONLY, POWER_USER];
    let (role, role_arn) = account(&aws_policies, &[("endpoint", endpoint.clone())], &[]);
    let checked = remedy_of(&role, &role_arn, Standard::ReadOnly).checked;
    assert!(checked.starts_with("the nodes can pull on the same condition, and "), "{checked}");
    let outcome = mend(role, &role_arn, Standard::ReadOnly);
    assert_eq!(outcome, mended(&["detach-role-policy"]), "pulling hangs on an endpoint");

    let (role, role_arn) = account(&aws_policies, &[("always", always.clone())], &[]);
    match mend(role, &role_arn, Standard::ReadOnly) {
        Mending::InPart(calls, obstacle) => {
            assert_eq!(calls, ["detach-role-policy"]);
            assert!(obstacle.starts_with("The nodes still cannot pull"), "{obstacle}");
            assert!(obstacle.contains("Other grants do not help"), "{obstacle}");
        }
        other => panic!("pulling is denied altogether: {other:?}"),
    }

    // The other way round: AdministratorAccess stays, and the nodes can pull again.
    let all_but_pull = json!({
        "Effect": "Allow",
        "NotAction": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Resource": "*",
    });
    let (role, role_arn) = account(&[], &[("most", document(&[all_but_pull]))], &[]);
    match mend(role, &role_arn, Standard::ReadOnly) {
        Mending::InPart(calls, obstacle) => {
            assert_eq!(calls, ["attach-role-policy"]);
            assert!(obstacle.starts_with("What goes beyond the standard stays"), "{obstacle}");
            assert!(obstacle.contains("by a wildcard over all services"), "{obstacle}");
            assert!(!obstacle.contains("Other grants do not help"), "{obstacle}");
        }
        other => panic!("{other:?}"),
    }

    // What is lacking can be given, but then pulling still hangs on the endpoint.
    let worker = ["AmazonEKSWorkerNodePolicy"];
    let (role, role_arn) = account(&worker, &[("endpoint", endpoint)], &[]);
    match mend(role, &role_arn, Standard::ReadOnly) {
        Mending::NoSafeOne(obstacle) => {
            assert!(obstacle.contains("aws:SourceVpce = vpce-1"), "{obstacle}");
            assert!(!obstacle.contains("Other grants do not help"), "{obstacle}");
        }
        other => panic!("{other:?}"),
    }
}

/// IAM counts the inline policies of a role together, so a new one may be one too many.
#[test]
fn an_inline_policy_is_given_only_where_there_is_room_for_it() {
    let filled = |length: usize| {
        let with = |name: &str| document(&[on(&["s3:GetObject"], &format!("arn:aws:s3:::{name}"))]);
        let beside = size(&with("").to_string());
        with(&"x".repeat(length - beside))
    };
    let (empty, role_arn) = account(&[PULL_ONLY], &[], &[]);
    let remedy = remedy_of(&empty, &role_arn, Standard::C0223);
    let given = size(shell_words(&remedy.commands[0]).last().unwrap());
    let (full, role_arn) = account(&[PULL_ONLY], &[("own", filled(10_240 - given))], &[]);
    let calls = ["put-role-policy", "detach-role-policy"];
    assert_eq!(mend(full, &role_arn, Standard::C0223), mended(&calls));
    let (over, role_arn) = account(&[PULL_ONLY], &[("own", filled(10_241 - given))], &[]);
    match mend(over, &role_arn, Standard::C0223) {
        Mending::NoSafeOne(obstacle) => {
            assert!(obstacle.contains("10241 characters of at most 10240"), "{obstacle}");
        }
        other => panic!("{other:?}"),
    }
}

/// A document that says the same thrice comes to IAM's limit for nothing, and an author's own
/// pattern stays where all that it means is permitted.
#[test]
fn a_narrowed_document_names_each_action_once() {
    let written = [
        "ecr:GetAuthorizationToken",
        "ecr:getauthorizationtoken",
        "ecr:*",
        "ecr:Get*",
        "ecr:BatchG*",
        "s3:GetObject",
    ];
    let resource = format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app");
    let mixed = document(&[statement("Allow", &written), on(&["ecr:*"], &resource)]);
    for standard in STANDARDS {
        let (account, role_arn) = account(&[PULL_ONLY], &[("mixed", mixed.clone())], &[]);
        let remedy = remedy_of(&account, &role_arn, standard);
        let put = |command: &&String| command.contains("--policy-name mixed ");
        let command = remedy.commands.iter().find(put).expect("the policy gets a document");
        let narrowed: Value = serde_json::from_str(shell_words(command).last().unwrap()).unwrap();
        for statement in narrowed["Statement"].as_array().unwrap() {
            let actions = statement["Action"].as_array().unwrap();
            let actions: Vec<String> =
                actions.iter().map(|action| action.as_str().unwrap().to_lowercase()).collect();
            let once: BTreeSet<&String> = actions.iter().collect();
            assert_eq!(once.len(), actions.len(), "{standard}: {narrowed}");
        }
        let [of_all, of_one] =
            [0, 1].map(|index| narrowed["Statement"][index]["Action"].to_string());
        assert_eq!(of_all.contains("\"ecr:Get*\""), standard == Standard::ReadOnly, "{of_all}");
        // The token is of no repository, so nothing of it was granted on one.
        assert!(!of_one.contains("GetAuthorizationToken"), "{of_one}");
        assert!(matches!(mend(account, &role_arn, standard), Mending::Mended(_)), "{standard}");
    }
}

/// A role that pulls, and a repository whose policy holds these statements.
fn with_repository_policy(statements: &[Value]) -> (Account, RoleArn) {
    let (mut account, role_arn) = account(&[PULL_ONLY], &[], &[]);
    account.create_repository(REGION, "app/web", BTreeMap::new()).unwrap();
    let policy = document(statements).to_string();
    account.set_repository_policy(REGION, "app/web", &policy).unwrap();
    (account, role_arn)
}

fn granted_to(principal: &Value, actions: &[&str]) -> Value {
    json!({"Sid": "Team", "Effect": "Allow", "Principal": principal, "Action": actions})
}

/// A repository's policy is changed by a command only where that touches nobody else.
#[test]
fn a_repositorys_policy_is_mended_for_the_role_alone() {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/eks/workers");
    let ci = format!("arn:aws:iam::{ACCOUNT}:role/ci");
    let (pull, push) = (["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], ["ecr:PutImage"]);
    let both = [&pull[..], &push].concat();
    let of = |arns: &[&str]| json!({"AWS": arns});
    let other = json!({
        "Sid": "Ci", "Effect": "Allow", "Principal": {"AWS": ci}, "Action": "ecr:*",
    });
    for (why, statements, calls) in [
        (
            "the policy is about the role and nothing permitted",
            vec![granted_to(&of(&[&role]), &push)],
            &["delete-repository-policy"],
        ),
        (
            "what is permitted stays",
            vec![granted_to(&json!({"AWS": role}), &both)],
            &["set-repository-policy"],
        ),
        (
            "of all actions those of a repository stay that are permitted",
            vec![granted_to(&json!({"AWS": role}), &["ecr:*"])],
            &["set-repository-policy"],
        ),
        (
            "other statements stay",
            vec![other, granted_to(&of(&[&role]), &push)],
            &["set-repository-policy"],
        ),
        (
            "others that the statement names keep what they have",
            vec![granted_to(&of(&[&ci, &role]), &both)],
            &["set-repository-policy"],
        ),
        (
            "so does a service",
            vec![granted_to(&json!({"AWS": role, "Service": "codebuild.amazonaws.com"}), &both)],
            &["set-repository-policy"],
        ),
    ] {
        let (account, role_arn) = with_repository_policy(&statements);
        let remedy = remedy_of(&account, &role_arn, Standard::ReadOnly);
        assert_eq!(mend(account.clone(), &role_arn, Standard::ReadOnly), mended(calls), "{why}");
        // ECR takes no action that is not about a repository.
        assert!(!remedy.commands[0].contains("GetAuthorizationToken"), "{remedy:?}");
        let read = "aws ecr get-repository-policy --region eu-west-1 --repository-name app/web";
        assert!(remedy.advice.iter().any(|advice| advice.contains(read)), "{remedy:?}");
        let ci = RoleArn::parse(&ci).unwrap();
        let account = MemoryAccount::new(account);
        let before = look(&account, &role_arn, Standard::ReadOnly);
        account.change(|account| remedy.commands.iter().for_each(|it| carry_out(account, it)));
        let after = look(&account, &role_arn, Standard::ReadOnly);
        assert_eq!(after.pulls_of(&ci), before.pulls_of(&ci), "{why}");
        let services =
            |look: &Look| look.registry.iter().any(|it| it.document.contains("codebuild"));
        assert_eq!(services(&after), services(&before), "{why}");
    }
}

/// Where others would be touched, it says which statement of which policy to change.
#[test]
fn a_policy_of_others_as_well_is_told_in_words() {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/eks/workers");
    for principal in [json!("*"), json!({"AWS": "*"}), json!({"AWS": [role, "*"]})] {
        let (account, role_arn) = with_repository_policy(&[granted_to(
            &principal,
            &["ecr:BatchGetImage", "ecr:PutImage"],
        )]);
        match mend(account, &role_arn, Standard::ReadOnly) {
            Mending::NoSafeOne(obstacle) => {
                let told = "The policy of the repository app/web in eu-west-1 grants ecr:PutImage \
                            to workers by statement Team";
                assert!(obstacle.starts_with(told), "{obstacle}");
            }
            other => panic!("{principal}: {other:?}"),
        }
    }
    let (mut account, role_arn) = account(&[PULL_ONLY], &[], &[]);
    let registry = json!({
        "Effect": "Allow", "Principal": {"AWS": role}, "Action": "ecr:PutImage",
        "Resource": format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app/*"),
    });
    account.put_registry_policy(REGION, &document(&[registry]).to_string());
    match mend(account, &role_arn, Standard::ReadOnly) {
        Mending::NoSafeOne(obstacle) => {
            let told = "The registry policy in eu-west-1 grants ecr:PutImage to workers by \
                        statement [0]";
            assert!(obstacle.starts_with(told), "{obstacle}");
        }
        other => panic!("{other:?}"),
    }
}

/// What an exception covers is left as it is, whatever else has to be mended.
#[test]
fn what_is_excepted_is_not_taken_away() {
    let push = document(&[statement("Allow", &["ecr:PutImage"])]);
    let (mut account, role_arn) = account(&[PULL_ONLY], &[("push", push)], &[]);
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let nodegroup = Nodegroup { node_role: role_arn.clone(), tags: Tags::new() };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
    let now: Timestamp = "2026-01-15T10:00:00Z".parse().unwrap();
    let world = World::new(account, now);
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    let sweep = || {
        world.clock.advance(SignedDuration::from_hours(1));
        block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    };
    sweep();
    world.account.change(|account| {
        account.tag_role("workers", "pullwatch:exception", "2026-03-31 migration").unwrap();
    });
    sweep();
    assert!(world.topics.alerts().is_empty(), "what was found first is told in a digest");
    world.account.change(|account| {
        let policy_arn = format!("arn:aws:iam::aws:policy/{PULL_ONLY}");
        account.detach_role_policy("workers", &policy_arn).unwrap();
    });
    sweep();
    let alerts = world.topics.alerts();
    let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
    let checks: Vec<Check> = alert.transitions.iter().map(|it| it.check).collect();
    assert_eq!(checks, [Check::CanPull]);
    let remedy = alert.remedy.as_ref().expect("the nodes cannot pull");
    let calls: Vec<String> =
        remedy.commands.iter().map(|command| shell_words(command)[1].clone()).collect();
    assert_eq!(calls, ["attach-role-policy"]);
    assert!(!remedy.checked.contains("still"), "{}", remedy.checked);
    assert!(!remedy.advice.iter().any(|advice| advice.contains("push")), "{:?}", remedy.advice);
}
