//! A remedy, carried out: a shell reads its commands, and the account in memory does what they say,
//! as far as AWS would.

use std::process::Command;

use ecr_audit::arn::RoleArn;
use ecr_audit::role_policies::{RolePolicies, RolePolicy};
use ecr_audit::standard::{Check, Standard, Status};
use memory_adapters::{Account, MemoryAccount};

use crate::ACCOUNT;
use crate::look::look;

/// The words that a POSIX shell makes of a command.
pub fn shell_words(command: &str) -> Vec<String> {
    let arguments = command.strip_prefix("aws ").expect("every command is one of the AWS CLI");
    let script = format!("printf '%s\\0' {arguments}");
    let output = Command::new("sh").args(["-c", &script]).output().expect("there is a shell");
    assert!(output.status.success() && output.stderr.is_empty(), "{command}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut words: Vec<String> = text.split('\0').map(str::to_owned).collect();
    assert_eq!(words.pop().as_deref(), Some(""), "{command}");
    words
}

/// Does to the account what a command says. A call that no remedy may make is a failure, and so
/// is one that AWS would refuse.
pub fn carry_out(account: &mut Account, command: &str) {
    let words = shell_words(command);
    let option = |name: &str| -> String {
        let place = words.iter().position(|word| word == name).expect(command);
        words[place + 1].clone()
    };
    match (words[0].as_str(), words[1].as_str()) {
        ("iam", "attach-role-policy") => {
            account.attach_role_policy(&option("--role-name"), &option("--policy-arn"))
        }
        ("iam", "detach-role-policy") => {
            account.detach_role_policy(&option("--role-name"), &option("--policy-arn"))
        }
        ("iam", "delete-role-policy") => {
            account.delete_role_policy(&option("--role-name"), &option("--policy-name"))
        }
        ("iam", "put-role-policy") => account.put_role_policy(
            &option("--role-name"),
            &option("--policy-name"),
            &option("--policy-document"),
        ),
        ("iam", "create-policy-version") => {
            assert!(words.contains(&"--set-as-default".to_owned()), "{command}");
            let (arn, document) = (option("--policy-arn"), option("--policy-document"));
            assert!(arn.contains(ACCOUNT), "nobody can edit a policy of AWS: {command}");
            assert!(size(&document) <= 6144, "IAM refuses {command}");
            account.create_policy_version(&arn, &document, true).map(drop)
        }
        ("ecr", "set-repository-policy") => account.set_repository_policy(
            &option("--region"),
            &option("--repository-name"),
            &option("--policy-text"),
        ),
        ("ecr", "delete-repository-policy") => {
            account.delete_repository_policy(&option("--region"), &option("--repository-name"))
        }
        other => panic!("no remedy may call {other:?}"),
    }
    .unwrap_or_else(|error| panic!("{command}: {error}"));
}

/// Characters beside white space, as IAM counts them.
pub fn size(document: &str) -> usize {
    document.chars().filter(|letter| !letter.is_whitespace()).count()
}

/// What IAM takes of policies on one role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
fn iam_takes(role: &RolePolicies, command: &str) {
    let (inline, managed): (Vec<&RolePolicy>, Vec<&RolePolicy>) =
        role.identity.iter().partition(|known| known.policy.inline_name().is_some());
    let is_attached = command.starts_with("aws iam attach-role-policy");
    assert!(!is_attached || managed.len() <= 10, "IAM refuses {command}");
    let inline: usize = inline.iter().filter_map(|known| known.document.as_deref()).map(size).sum();
    let is_put = command.starts_with("aws iam put-role-policy");
    assert!(!is_put || inline <= 10_240, "IAM refuses {command}");
}

/// What became of a role whose remedy was carried out.
#[derive(Debug, PartialEq, Eq)]
pub enum Mending {
    /// Nothing was wrong.
    Fine,
    /// By these calls, in their order.
    Mended(Vec<String>),
    /// One check by these calls; the other stays, for this reason.
    InPart(Vec<String>, String),
    /// No remedy was offered, for this reason.
    NoSafeOne(String),
}

pub fn mend(account: Account, role_arn: &RoleArn, standard: Standard) -> Mending {
    let account = MemoryAccount::new(account);
    let before = look(&account, role_arn, standard);
    let Some(remedy) = &before.remedy else {
        assert_eq!(before.failed(), [], "{role_arn} has no remedy under {standard}");
        return Mending::Fine;
    };
    if remedy.commands.is_empty() {
        let obstacle = remedy.obstacle.clone();
        return Mending::NoSafeOne(obstacle.expect("an obstacle where no command"));
    }
    let could_pull = before.status(Check::CanPull) == Status::Passed;
    assert_eq!(remedy.checked.contains("can still pull"), could_pull, "{}", remedy.checked);
    for command in &remedy.commands {
        account.change(|account| carry_out(account, command));
        let meanwhile = look(&account, role_arn, standard);
        iam_takes(&meanwhile.role, command);
        // At no moment may the nodes lose the images that they could pull.
        let lost: Vec<_> = before.pulls().difference(&meanwhile.pulls()).copied().collect();
        assert!(lost.is_empty(), "{role_arn} under {standard}: {command}: {lost:?}");
    }
    let after = look(&account, role_arn, standard);
    assert_eq!(after.beside_ecr(), before.beside_ecr(), "{role_arn} under {standard}");
    for check in Check::ALL {
        let (was, is) = (&before.assessment.checks[&check], &after.assessment.checks[&check]);
        assert!(!is.fingerprint.is_worse_than(&was.fingerprint), "{check}: {remedy:?}");
    }
    let call = |command: &String| shell_words(command)[1].clone();
    let calls = remedy.commands.iter().map(call).collect();
    let mended: Vec<Check> = before
        .failed()
        .into_iter()
        .filter(|check| after.status(*check) == Status::Passed)
        .collect();
    match &remedy.obstacle {
        None => {
            assert_eq!(mended, before.failed(), "{role_arn} under {standard}: {remedy:?}");
            Mending::Mended(calls)
        }
        Some(obstacle) => {
            assert_eq!((mended.len(), before.failed().len()), (1, 2), "{role_arn}: {remedy:?}");
            Mending::InPart(calls, obstacle.clone())
        }
    }
}

/// What comes of a role under each standard, in a word.
pub fn outcome(account: &Account, role_arn: &RoleArn, standard: Standard) -> String {
    match mend(account.clone(), role_arn, standard) {
        Mending::Fine => "fine".to_owned(),
        Mending::Mended(calls) => calls.join(", "),
        Mending::InPart(calls, _) => format!("{} in part", calls.join(", ")),
        Mending::NoSafeOne(_) => "none".to_owned(),
    }
}
