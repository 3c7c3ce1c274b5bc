//! Every remedy that is offered is carried out: a shell reads its commands, the account in memory
//! does what they say, and the role is assessed again. Where none is offered, it says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use ecr_audit::arn::RoleArn;
use ecr_audit::assess::{RoleState, assess};
use ecr_audit::assessment::Assessment;
use ecr_audit::node_role::{Compute, Source, Use, UseKind};
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::ports::{Ecr, Iam};
use ecr_audit::remedy::{Remedy, remedy};
use ecr_audit::role_policies::{RegistryDocument, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Standard, Status};
use futures::executor::block_on;
use jiff::Timestamp;
use memory_adapters::{Account, MemoryAccount, Snapshot};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
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

/// A role at one moment, with what can touch it.
struct Look {
    role: RolePolicies,
    assessment: Assessment,
    remedy: Option<Remedy>,
}

fn look(account: &MemoryAccount, role_arn: &RoleArn, standard: Standard) -> Look {
    static NO_ORGANIZATION: LazyLock<OrganizationPolicies> =
        LazyLock::new(OrganizationPolicies::default);
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec!["eu-west-1".to_owned()];
    settings.standard = standard;
    let role = block_on(account.role(&role_arn.role_name())).unwrap().unwrap();
    let registry: Vec<RegistryDocument> =
        block_on(account.policies("eu-west-1", Timestamp::UNIX_EPOCH)).unwrap();
    let uses = [Use {
        source: Source::regional(UseKind::Nodegroup, "eu-west-1"),
        cluster_name: Some("prod".to_owned()),
        name: "workers".to_owned(),
        compute: Compute::Ec2,
        tags: BTreeMap::new(),
        cluster_tags: BTreeMap::new(),
    }];
    let state = RoleState {
        role: &role,
        uses: &uses,
        registry: &registry,
        unread: &[],
        organization: &NO_ORGANIZATION,
    };
    let assessment = assess(&state, &settings);
    let remedy = remedy(&state, &assessment, &settings);
    Look { role, assessment, remedy }
}

impl Look {
    fn statuses(&self) -> Vec<Status> {
        Check::ALL.iter().map(|check| self.assessment.checks[check].status).collect()
    }

    fn is_failed(&self) -> bool {
        self.statuses().contains(&Status::Failed)
    }

    /// Every grant and every denial that is not about ECR, with resource and condition.
    fn beside_ecr(&self) -> BTreeSet<String> {
        let mut rights = BTreeSet::new();
        for policy in &self.role.identity {
            let Some(text) = &policy.document else { continue };
            let document: Value = serde_json::from_str(text).unwrap();
            let statements = match &document["Statement"] {
                Value::Array(statements) => statements.clone(),
                statement => vec![statement.clone()],
            };
            for statement in statements {
                let actions = match &statement["Action"] {
                    Value::Array(actions) => actions.clone(),
                    action => vec![action.clone()],
                };
                for action in actions {
                    let name = action.as_str().unwrap_or("").to_lowercase();
                    if !name.starts_with("ecr:") && !name.starts_with("ecr-public:") {
                        let mut right = statement.clone();
                        right["Action"] = action;
                        rights.insert(right.to_string());
                    }
                }
            }
        }
        rights
    }
}

/// The words that a POSIX shell makes of a command.
fn shell_words(command: &str) -> Vec<String> {
    let arguments = command.strip_prefix("aws ").expect("every command is one of the AWS CLI");
    let script = format!("printf '%s\\0' {arguments}");
    let output = Command::new("sh").args(["-c", &script]).output().expect("there is a shell");
    assert!(output.status.success() && output.stderr.is_empty(), "{command}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim_end_matches('\0').split('\0').map(str::to_owned).collect()
}

/// Does to the account what a command says. A call that no remedy may make is a failure.
fn carry_out(account: &mut Account, command: &str) {
    let words = shell_words(command);
    let option = |name: &str| -> String {
        let place = words.iter().position(|word| word == name).expect(command);
        words[place + 1].clone()
    };
    assert_eq!(words[0], "iam", "{command}");
    match words[1].as_str() {
        "attach-role-policy" => {
            account.attach_role_policy(&option("--role-name"), &option("--policy-arn"))
        }
        "detach-role-policy" => {
            account.detach_role_policy(&option("--role-name"), &option("--policy-arn"))
        }
        "delete-role-policy" => {
            account.delete_role_policy(&option("--role-name"), &option("--policy-name"))
        }
        "put-role-policy" => account.put_role_policy(
            &option("--role-name"),
            &option("--policy-name"),
            &option("--policy-document"),
        ),
        "create-policy-version" => {
            assert!(words.contains(&"--set-as-default".to_owned()), "{command}");
            let (arn, document) = (option("--policy-arn"), option("--policy-document"));
            assert!(arn.contains(ACCOUNT), "nobody can edit a policy of AWS: {command}");
            account.create_policy_version(&arn, &document, true).map(drop)
        }
        other => panic!("no remedy may call {other}"),
    }
    .unwrap_or_else(|error| panic!("{command}: {error}"));
}

/// What became of a role whose remedy was carried out.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing was wrong.
    Fine,
    /// By these calls, in their order.
    Mended(Vec<String>),
    /// No remedy was offered, for this reason.
    NoSafeOne(String),
}

fn mend(account: Account, role_arn: &RoleArn, standard: Standard) -> Outcome {
    let account = MemoryAccount::new(account);
    let before = look(&account, role_arn, standard);
    let Some(remedy) = &before.remedy else {
        assert!(!before.is_failed(), "{role_arn} has no remedy under {standard}");
        return Outcome::Fine;
    };
    if remedy.commands.is_empty() {
        return Outcome::NoSafeOne(remedy.obstacle.clone().expect("an obstacle where no command"));
    }
    assert_eq!(remedy.obstacle, None);
    for command in &remedy.commands {
        account.change(|account| carry_out(account, command));
        let role = look(&account, role_arn, standard).role;
        let is_managed = |known: &&RolePolicy| known.policy.inline_name().is_none();
        let attached = role.identity.iter().filter(is_managed).count();
        let is_attached = command.starts_with("aws iam attach-role-policy");
        assert!(!is_attached || attached <= 10, "IAM refuses {command}");
        // At no moment may the nodes lose the images that they could pull.
        let meanwhile = look(&account, role_arn, standard);
        if before.assessment.checks[&Check::CanPull].status == Status::Passed {
            let can_pull = meanwhile.assessment.checks[&Check::CanPull].status;
            assert_eq!(can_pull, Status::Passed, "{role_arn}: {command}");
        }
    }
    let after = look(&account, role_arn, standard);
    let passed = [Status::Passed, Status::Passed];
    assert_eq!(after.statuses(), passed, "{role_arn} under {standard}: {remedy:?}");
    assert_eq!(after.beside_ecr(), before.beside_ecr(), "{role_arn} under {standard}");
    let call = |command: &String| shell_words(command)[1].clone();
    Outcome::Mended(remedy.commands.iter().map(call).collect())
}

/// What comes of a role under each standard, in a word.
fn outcome(account: &Account, role_arn: &RoleArn, standard: Standard) -> String {
    match mend(account.clone(), role_arn, standard) {
        Outcome::Fine => "fine".to_owned(),
        Outcome::Mended(calls) => calls.join(", "),
        Outcome::NoSafeOne(_) => "none".to_owned(),
    }
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
        // A repository's policy lets it push.
        ("karpenter-nodes", ["none", "none", "none"]),
        // An inline Deny keeps it from pulling.
        ("blind-nodes", ["none", "none", "none"]),
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
                    Outcome::Fine => "fine",
                    Outcome::Mended(_) => "mended",
                    Outcome::NoSafeOne(obstacle) => {
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
        assert_eq!(outcome, Outcome::Mended(calls), "{why}");
    }
}

#[test]
fn under_c0223_the_four_actions_are_given_inline() {
    for policy in ["AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly"] {
        let (account, role_arn) = account(&[policy], &[], &[]);
        let calls = ["put-role-policy", "detach-role-policy"].map(str::to_owned).to_vec();
        assert_eq!(mend(account, &role_arn, Standard::C0223), Outcome::Mended(calls), "{policy}");
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
        assert_eq!(mend(account, &role_arn, Standard::ReadOnly), Outcome::Mended(calls));
    }
}

/// An inline policy of the remedy's own name must not be overwritten with its other rights.
#[test]
fn an_inline_policy_of_the_remedys_name_keeps_its_rights() {
    let own = document(&[statement("Allow", &["s3:GetObject"])]);
    let (account, role_arn) =
        account(&["AmazonEC2ContainerRegistryReadOnly"], &[("EcrPull", own)], &[]);
    let outcome = mend(account, &role_arn, Standard::C0223);
    assert!(matches!(outcome, Outcome::Mended(_)), "{outcome:?}");
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
            Outcome::NoSafeOne(obstacle) => assert!(obstacle.contains(told), "{obstacle}"),
            other => panic!("{aws_policies:?}: {other:?}"),
        }
    }
    let (mut account, role_arn) = account(&["AmazonEC2ContainerRegistryPullOnly"], &[], &[]);
    let policy_arn = format!("arn:aws:iam::{ACCOUNT}:policy/Boundary");
    account.create_policy(&policy_arn, &boundary.to_string()).unwrap();
    account.put_role_permissions_boundary("workers", &policy_arn).unwrap();
    match mend(account, &role_arn, Standard::ReadOnly) {
        Outcome::NoSafeOne(obstacle) => assert!(obstacle.contains("boundary"), "{obstacle}"),
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
        Outcome::NoSafeOne(obstacle) => {
            assert!(obstacle.contains("characters of at most 6144"), "{obstacle}");
        }
        other => panic!("{other:?}"),
    }
    // Where fewer names are left it fits.
    let (managed, role_arn) = account(&pull, &[], &[("Large", large)]);
    let outcome = mend(managed, &role_arn, Standard::C0223);
    assert!(matches!(outcome, Outcome::Mended(_)), "{outcome:?}");
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
