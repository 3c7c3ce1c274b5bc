//! Facts drawn at random, further out than any account: names that AWS would refuse, texts in
//! every script, lists without end.

use std::collections::{BTreeMap, BTreeSet};

use ecr_audit::alert::{Alert, AlertedTransition, TransitionKind};
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::assessment::{CheckResult, Excess, Fingerprint, FingerprintElement, RoleFacts};
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::error::PortError;
use ecr_audit::exception::{ExceptionEvent, ExceptionEventKind};
use ecr_audit::finding::{Finding, Place, RecordState};
use ecr_audit::mail::operators::{
    About, Unanswered, cannot_tell, of_exception, security_hub_off, topic_refused,
    topic_takes_nothing,
};
use ecr_audit::message::{alert_message, digest_message};
use ecr_audit::missing_action::{MissingAction, MissingCause};
use ecr_audit::node_role::{Compute, Source, Use, UseKind};
use ecr_audit::occasion::Occasion;
use ecr_audit::permissions::{Access, PolicyStatement, Scope, Witness};
use ecr_audit::remedy::Remedy;
use ecr_audit::role_policies::PolicyName;
use ecr_audit::standard::{Check, Severity, Standard, Status};
use ecr_audit::topic_arn::TopicArn;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::told::{alert_is_taken, finding_is_taken, message_is_taken, operators_can_read};

/// A name as somebody who means ill would choose it, or who writes another script.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9+=,.@_-]{1,64}",
        2 => any::<String>(),
        1 => "\\PC{0,400}",
        1 => "[ \t\r\n\u{0}\u{7f}\u{85}]{0,5}",
        1 => "[a-z]{500,3000}",
        1 => "[\u{4e00}-\u{4fff}\u{1f600}-\u{1f64f}']{200,900}",
        1 => select(vec![
            "\"; rm -rf",
            "$(rm -rf ~)",
            "it's `id`",
            "<!channel> <@U1> *b* _i_",
            "a\r\nBcc: everybody@example.com",
            "\u{202e}gnp.exe",
            "\\",
        ]).prop_map(str::to_owned),
    ]
}

/// An ARN as IAM makes it: a path of up to 512 printable characters and a name of up to 64.
fn role_arn() -> impl Strategy<Value = RoleArn> {
    ("(/[!-.0-~]{1,120}){0,4}/", "[a-zA-Z0-9+=,.@_-]{1,64}").prop_map(|(path, name)| {
        RoleArn::parse(&format!("arn:aws:iam::111122223333:role{path}{name}")).unwrap()
    })
}

fn severity() -> impl Strategy<Value = Severity> {
    select(vec![
        Severity::Informational,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ])
}

fn check() -> impl Strategy<Value = Check> {
    select(Check::ALL.to_vec())
}

fn standard() -> impl Strategy<Value = Standard> {
    select(Standard::ALL.to_vec())
}

fn status() -> impl Strategy<Value = Status> {
    select(vec![Status::Passed, Status::Warning, Status::Failed, Status::NotAvailable])
}

prop_compose! {
    fn statement()(
        policy in text(),
        version in option::of(text()),
        sid in option::of(text()),
        index in 0_usize..2000,
    ) -> PolicyStatement {
        PolicyStatement { policy, version, sid, index, effect: "Allow".to_owned() }
    }
}

prop_compose! {
    fn excess()(
        action in prop_oneof![
            select(vec!["ecr:PutImage", "ecr:SetRepositoryPolicy", "ecr:<unknown write>"])
                .prop_map(str::to_owned),
            text(),
        ],
        access in select(vec![Access::Conditional, Access::Allowed]),
        scope in select(vec![Scope::NamedRepositories, Scope::EveryRepository]),
        is_upper_bound in any::<bool>(),
        at_least in option::of(Just(Access::Conditional)),
        severity in severity(),
        witness in option::of((text(), vec((text(), text()), 0..4))),
        statements in vec(statement(), 0..6),
    ) -> Excess {
        let witness = witness.map(|(resource, context)| Witness {
            resource: format!("arn:aws:ecr:eu-west-1:111122223333:repository/{resource}"),
            context: context.into_iter().map(|(key, value)| (key, json!(value))).collect(),
        });
        Excess { action, access, scope, is_upper_bound, at_least, severity, witness, statements }
    }
}

fn cause() -> impl Strategy<Value = MissingCause> {
    prop_oneof![
        Just(MissingCause::NotGranted),
        Just(MissingCause::OutsideOrganization),
        text().prop_map(|boundary| MissingCause::OutsideBoundary { boundary }),
        vec(statement(), 0..6).prop_map(|statements| MissingCause::Denied { statements }),
        vec(statement(), 0..6).prop_map(|statements| MissingCause::OutOfReach { statements }),
    ]
}

prop_compose! {
    fn missing()(action in text(), causes in vec(cause(), 1..4)) -> MissingAction {
        MissingAction { action: format!("ecr:{action}"), causes }
    }
}

prop_compose! {
    fn result()(
        check in check(),
        standard in standard(),
        status in status(),
        severity in severity(),
        excess in vec(excess(), 0..30),
        missing in vec(missing(), 0..4),
        reasons in vec(text(), 0..15),
        notes in vec(text(), 0..15),
    ) -> CheckResult {
        let elements: BTreeSet<FingerprintElement> = excess
            .iter()
            .map(|excess| FingerprintElement {
                action: excess.action.clone(),
                access: excess.access,
                scope: excess.scope,
            })
            .collect();
        CheckResult {
            status,
            severity,
            fingerprint: Fingerprint { check, standard, elements },
            excess,
            missing,
            standards: Standard::ALL.map(|standard| (standard, status)).into(),
            reasons,
            notes,
        }
    }
}

prop_compose! {
    fn seen()(
        kind in select(UseKind::ALL.to_vec()),
        region in option::of(select(vec!["eu-west-1", "ap-southeast-5"])),
        cluster_name in option::of(text()),
        name in text(),
    ) -> Use {
        Use {
            source: Source { kind, region: region.map(str::to_owned) },
            cluster_name,
            name,
            compute: Compute::Ec2,
            tags: BTreeMap::new(),
            cluster_tags: BTreeMap::new(),
        }
    }
}

prop_compose! {
    fn role()(
        arn in role_arn(),
        role_id in text(),
        tags in vec((text(), text()), 0..5),
        environment in option::of(text()),
        policies in vec((text(), any::<bool>()), 0..40),
        boundary in option::of(text()),
    ) -> RoleFacts {
        let mut tags: BTreeMap<String, String> = tags.into_iter().collect();
        tags.extend(environment.map(|value| ("environment".to_owned(), value)));
        let policy = |(name, is_inline): (String, bool)| {
            let policy = if is_inline {
                PolicyName::inline(&name)
            } else {
                PolicyName::managed(&format!("arn:aws:iam::111122223333:policy/{name}"))
            };
            (policy, Some("v1".to_owned()))
        };
        RoleFacts {
            arn,
            role_id,
            tags,
            policies: policies.into_iter().map(policy).collect(),
            boundary: boundary.map(|name| PolicyName::managed(&name)),
        }
    }
}

prop_compose! {
    fn change()(
        id in text(),
        name in text(),
        principal in text(),
        tool in option::of(text()),
        policy_name in text(),
        second in 0_i64..4_000_000_000,
    ) -> ReportedChange {
        ReportedChange {
            change: Change::Role {
                role_name: RoleName::new("workers"),
                effect: RoleEffect::InlinePolicyDeleted { policy_name },
            },
            event: Event {
                id,
                name,
                time: Timestamp::from_second(second).unwrap(),
                account: "111122223333".to_owned(),
                region: "us-east-1".to_owned(),
                actor: Actor { principal, tool, ..Actor::default() },
            },
        }
    }
}

/// A word of a command: a name, or a document that holds it.
fn word() -> impl Strategy<Value = String> {
    let document = |name: String| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": name, "Effect": "Allow", "Action": ["ecr:BatchGetImage"], "Resource": [name]},
        ]})
        .to_string()
    };
    prop_oneof![2 => text(), 1 => text().prop_map(document)]
}

prop_compose! {
    fn remedy()(
        words in vec(vec(word(), 1..6), 0..5),
        obstacle in option::of(text()),
    ) -> Remedy {
        let quoted = |word: &String| format!("'{}'", word.replace('\'', r"'\''"));
        let command = |words: &Vec<String>| {
            let words: Vec<String> = words.iter().map(quoted).collect();
            format!("aws iam detach-role-policy {}", words.join(" "))
        };
        Remedy {
            commands: words.iter().map(command).collect(),
            checked: "the nodes can still pull, and nothing but ECR rights is lost.".to_owned(),
            advice: vec!["Something in the cluster must push?".to_owned()],
            obstacle,
        }
    }
}

prop_compose! {
    fn finding()(
        role in role(),
        result in result(),
        uses in vec(seen(), 0..50),
        owners in vec(text(), 0..30),
        changes in vec(change(), 0..5),
        not_available in option::of(text()),
        remedy in option::of(remedy()),
        is_archived in any::<bool>(),
        role_created_anew in any::<bool>(),
        place in any_place(),
    ) -> Finding {
        Finding {
            place,
            check: result.fingerprint.check,
            standard: result.fingerprint.standard,
            role,
            uses,
            owners,
            result,
            not_available,
            remedy,
            record_state: if is_archived { RecordState::Archived } else { RecordState::Active },
            changes,
            occasion: Occasion::default(),
            role_created_anew,
            is_organization_considered: false,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }
}

prop_compose! {
    fn transition()(
        result in result(),
        kind in select(vec![
            TransitionKind::New,
            TransitionKind::Reopened,
            TransitionKind::Worse,
            TransitionKind::Resolved,
            TransitionKind::Gone,
        ]),
        severity_before in option::of(severity()),
        added in vec(text(), 0..20),
        granted_before in vec(statement(), 0..10),
        was_suppressed in any::<bool>(),
    ) -> AlertedTransition {
        AlertedTransition {
            check: result.fingerprint.check,
            kind,
            result,
            severity_before,
            added,
            granted_before,
            was_suppressed,
        }
    }
}

prop_compose! {
    fn alert()(
        role in role(),
        standard in standard(),
        uses in vec(seen(), 0..50),
        owners in vec(text(), 0..40),
        transitions in vec(transition(), 1..3),
        changes in vec(change(), 0..20),
        remedy in option::of(remedy()),
        place in any_place(),
    ) -> Alert {
        Alert {
            id: "11111111-1111-4111-8111-111111111102".to_owned(),
            time: Timestamp::UNIX_EPOCH,
            place,
            standard,
            role,
            uses,
            owners,
            topic: None,
            transitions,
            changes,
            occasion: Occasion::default(),
            remedy,
        }
    }
}

/// A place in each kind of partition: with a public console, and without one.
fn any_place() -> impl Strategy<Value = Place> {
    select(vec!["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-eusc"])
        .prop_map(|partition| Place { partition: partition.to_owned(), ..place() })
}

fn place() -> Place {
    Place {
        partition: "aws".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
    }
}

/// A round of `make test`; `PULLWATCH_ROUNDS` asks for more.
fn cases(count: u32) -> ProptestConfig {
    let rounds = std::env::var("PULLWATCH_ROUNDS")
        .map_or(1, |rounds| rounds.parse().expect("PULLWATCH_ROUNDS is a count"));
    ProptestConfig {
        cases: count * rounds,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn security_hub_takes_every_finding(finding in finding()) {
        finding_is_taken(&finding);
    }

    #[test]
    fn operators_can_read_every_mail(
        finding in finding(),
        reason in text(),
        names in vec(text(), 1..5),
        change in option::of(change()),
        alerts in vec(alert(), 1..3),
    ) {
        let about = About {
            role_arn: &finding.role.arn,
            uses: &finding.uses,
            owners: &finding.owners,
            place: &finding.place,
            id: "11111111-1111-4111-8111-111111111102",
        };
        let unanswered = Check::ALL.map(|check| Unanswered {
            check,
            reason: reason.clone(),
            stands: Some(finding.result.clone()),
        });
        let event = ExceptionEvent {
            kind: ExceptionEventKind::Changed,
            sentence: reason.clone(),
            is_tag_changed: true,
            change,
            is_sweep: false,
        };
        let topic = TopicArn::parse("arn:aws:sns:eu-west-1:111122223333:payments").unwrap();
        let error = PortError::lasting("sns:Publish", &reason);
        for mail in [
            cannot_tell(about, &unanswered),
            of_exception(about, &event),
            topic_refused(about, &names),
            topic_takes_nothing(&topic, &alerts, &error),
            security_hub_off(&finding.place, &reason),
        ] {
            operators_can_read(&mail);
        }
    }

    #[test]
    fn sns_takes_every_alert_and_a_person_reads_it(alert in alert()) {
        alert_is_taken(&alert);
    }
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn sns_takes_every_digest_and_a_person_reads_it(
        owner in text(),
        alerts in vec(alert(), 1..12),
    ) {
        message_is_taken(&digest_message(&owner, &alerts));
    }
}

/// A repository may be called anything in a policy. A person reads its name as it is, programs
/// and chats get it escaped, and the commands, which hold it in a document, are read by a shell.
#[test]
fn a_repository_with_the_name_of_a_command_is_a_name() {
    let hostile = r#""; rm -rf"#;
    let resource = format!("arn:aws:ecr:eu-west-1:111122223333:repository/{hostile}");
    let mut alert = extreme_alert();
    alert.role.arn = RoleArn::parse("arn:aws:iam::111122223333:role/eks/prod-workers").unwrap();
    alert.transitions[0].result.excess = vec![Excess {
        action: "ecr:PutImage".to_owned(),
        access: Access::Allowed,
        scope: Scope::NamedRepositories,
        is_upper_bound: false,
        at_least: None,
        severity: Severity::Medium,
        witness: Some(Witness { resource: resource.clone(), context: BTreeMap::new() }),
        statements: Vec::new(),
    }];
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ecr:BatchGetImage"], "Resource": resource},
    ]})
    .to_string();
    alert.remedy = Some(Remedy {
        commands: vec![format!(
            "aws iam put-role-policy --role-name prod-workers --policy-name more \
             --policy-document '{document}'"
        )],
        checked: "the nodes can still pull, and nothing but ECR rights is lost.".to_owned(),
        advice: Vec::new(),
        obstacle: None,
    });
    alert_is_taken(&alert);
    finding_is_taken(&finding_of(&alert));
    let texts: BTreeMap<String, String> =
        serde_json::from_str(&alert_message(&alert).message).unwrap();
    let line = format!("    on            certain repositories, such as {hostile} in eu-west-1\n");
    assert!(texts["email"].contains(&line), "{}", texts["email"]);
    let told: serde_json::Value = serde_json::from_str(&texts["sqs"]).unwrap();
    assert_eq!(told["transitions"][0]["excess"][0]["witness"]["resource"], resource);
    let chat: serde_json::Value = serde_json::from_str(&texts["default"]).unwrap();
    let description = chat["content"]["description"].as_str().unwrap();
    assert!(description.contains(&format!("such as {hostile} in eu-west-1")), "{description}");
}

/// A role that can do ten thousand things, each by a statement of its own.
#[test]
fn ten_thousand_actions_fit_and_are_counted() {
    let mut alert = extreme_alert();
    let excess: Vec<Excess> = (0..10_000)
        .map(|number| Excess {
            action: format!("ecr:PutSomething{number}"),
            access: Access::Allowed,
            scope: Scope::EveryRepository,
            is_upper_bound: false,
            at_least: None,
            severity: Severity::Medium,
            witness: None,
            statements: vec![PolicyStatement {
                policy: format!("arn:aws:iam::111122223333:policy/{}", "p".repeat(128)),
                version: Some("v1".to_owned()),
                sid: Some(format!("Sid{number}")),
                index: number,
                effect: "Allow".to_owned(),
            }],
        })
        .collect();
    alert.transitions[0].result.excess = excess;
    alert_is_taken(&alert);
    let message = alert_message(&alert);
    let texts: BTreeMap<String, String> = serde_json::from_str(&message.message).unwrap();
    assert!(texts["email"].contains("and 9997 more statements"), "{}", texts["email"]);
    let document: serde_json::Value = serde_json::from_str(&texts["sqs"]).unwrap();
    assert_eq!(
        (&document["is_shortened"], &document["transitions"][0]["excess_count"]),
        (&true.into(), &10_000.into(),)
    );
    finding_is_taken(&finding_of(&alert));
}

/// Three hundred clusters in all of which the role is worn, each with an owner of its own.
#[test]
fn hundreds_of_clusters_fit_and_are_counted() {
    let mut alert = extreme_alert();
    alert.uses = (0..300)
        .map(|number| Use {
            source: Source::regional(UseKind::Nodegroup, "ap-southeast-5"),
            cluster_name: Some(format!("{}-{number:03}", "c".repeat(96))),
            name: "n".repeat(63),
            compute: Compute::Ec2,
            tags: BTreeMap::new(),
            cluster_tags: BTreeMap::new(),
        })
        .collect();
    alert.owners = (0..300).map(|number| format!("{}{number:03}", "ö".repeat(253))).collect();
    alert_is_taken(&alert);
    let message = alert_message(&alert);
    assert!(message.subject.contains("(300 clusters, ap-southeast-5, 111122223333)"));
    let texts: BTreeMap<String, String> = serde_json::from_str(&message.message).unwrap();
    assert!(texts["email"].contains("and 295 more clusters"), "{}", texts["email"]);
    finding_is_taken(&finding_of(&alert));
    message_is_taken(&digest_message(&"ö".repeat(256), &vec![alert; 200]));
}

/// The longest ARN that IAM can make.
fn extreme_alert() -> Alert {
    let arn = format!("arn:aws:iam::111122223333:role/{}/{}", "p".repeat(510), "r".repeat(64));
    let arn = RoleArn::parse(&arn).unwrap();
    let check = Check::ReadOnly;
    let mut result = CheckResult::not_available(check, Standard::ReadOnly, "");
    result.status = Status::Failed;
    result.severity = Severity::Critical;
    Alert {
        id: "11111111-1111-4111-8111-111111111102".to_owned(),
        time: Timestamp::UNIX_EPOCH,
        place: place(),
        standard: Standard::ReadOnly,
        role: RoleFacts::unread(&arn, None),
        uses: Vec::new(),
        owners: Vec::new(),
        topic: None,
        transitions: vec![AlertedTransition {
            check,
            kind: TransitionKind::New,
            result,
            severity_before: None,
            added: Vec::new(),
            granted_before: Vec::new(),
            was_suppressed: false,
        }],
        changes: Vec::new(),
        occasion: Occasion::default(),
        remedy: None,
    }
}

fn finding_of(alert: &Alert) -> Finding {
    Finding {
        place: place(),
        check: Check::ReadOnly,
        standard: alert.standard,
        role: alert.role.clone(),
        uses: alert.uses.clone(),
        owners: alert.owners.clone(),
        result: alert.transitions[0].result.clone(),
        not_available: None,
        remedy: alert.remedy.clone(),
        record_state: RecordState::Active,
        changes: Vec::new(),
        occasion: Occasion::default(),
        role_created_anew: false,
        is_organization_considered: false,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}
