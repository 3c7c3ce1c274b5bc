//! A finding, an alert and a record with something in every field that is carried.

use std::collections::BTreeMap;

use ecr_audit::alert::{Alert, AlertedTransition, TransitionKind};
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::assessment::{CheckResult, Excess, Fingerprint, FingerprintElement, RoleFacts};
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::finding::{Finding, Place, RecordState};
use ecr_audit::ledger::{CheckRecord, Extent, Message, OutboxEntry, Record, RecordedUse};
use ecr_audit::node_role::{Compute, Source, Use, UseKind};
use ecr_audit::occasion::Occasion;
use ecr_audit::permissions::{Access, PolicyStatement, Scope, Witness};
use ecr_audit::role_policies::PolicyName;
use ecr_audit::standard::{Check, Severity, Standard, Status};
use jiff::Timestamp;

pub fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub fn role_arn(name: &str) -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::111122223333:role/eks/{name}")).expect("an ARN")
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn nodegroup() -> Use {
    Use {
        source: Source::regional(UseKind::Nodegroup, "eu-central-1"),
        cluster_name: Some("prod".to_owned()),
        name: "blue \u{2013} \"1\"".to_owned(),
        compute: Compute::Ec2,
        tags: tags(&[("owner", "ada")]),
        cluster_tags: tags(&[("team", "payments")]),
    }
}

fn change() -> ReportedChange {
    ReportedChange {
        change: Change::Role {
            role_name: RoleName::new("workers"),
            effect: RoleEffect::PolicyAttached {
                policy_arn: "arn:aws:iam::111122223333:policy/NodeEcr".to_owned(),
            },
        },
        event: Event {
            id: "3038ebd2-c98a-4c65-9b6e-e22506292313".to_owned(),
            name: "AttachRolePolicy".to_owned(),
            time: time("2026-11-23T11:58:00Z"),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            actor: Actor {
                principal: "assumed-role/Deployer/pipeline".to_owned(),
                arn: Some("arn:aws:sts::111122223333:assumed-role/Deployer/pipeline".to_owned()),
                source: Some("192.0.2.17".to_owned()),
                tool: Some("Terraform".to_owned()),
                user_agent: Some("APN/1.0 HashiCorp/1.0 Terraform/1.9.5".to_owned()),
            },
        },
    }
}

fn result(check: Check, status: Status) -> CheckResult {
    let is_failure = status == Status::Failed;
    let excess = Excess {
        action: "ecr:PutImage".to_owned(),
        access: Access::Allowed,
        scope: Scope::EveryRepository,
        is_upper_bound: false,
        at_least: None,
        severity: Severity::High,
        witness: Some(Witness {
            resource: "arn:aws:ecr:us-east-1:111122223333:repository/aa".to_owned(),
            context: BTreeMap::from([(
                "aws:SourceVpc".to_owned(),
                serde_json::json!(["vpc-0a1b2c3d", 7, 1.5, null]),
            )]),
        }),
        statements: vec![PolicyStatement {
            policy: "arn:aws:iam::111122223333:policy/NodeEcr".to_owned(),
            version: Some("v4".to_owned()),
            sid: Some("AllowPush".to_owned()),
            index: 1,
            effect: "Allow".to_owned(),
        }],
    };
    let element = FingerprintElement {
        action: excess.action.clone(),
        access: excess.access,
        scope: excess.scope,
    };
    CheckResult {
        status,
        severity: if is_failure { Severity::High } else { Severity::Informational },
        fingerprint: Fingerprint {
            check,
            standard: Standard::ReadOnly,
            elements: is_failure.then_some(element).into_iter().collect(),
        },
        excess: is_failure.then_some(excess).into_iter().collect(),
        missing: Vec::new(),
        standards: Standard::ALL.map(|standard| (standard, status)).into(),
        reasons: vec!["Umlauts: \u{e4}\u{f6}\u{fc}, and a line\nbreak.".to_owned()],
        notes: vec!["The standard `pull-only` takes away 8 more actions.".to_owned()],
    }
}

fn role_facts(role_name: &str) -> RoleFacts {
    RoleFacts {
        arn: role_arn(role_name),
        role_id: "AROADBQP57FF2AEXAMPLE".to_owned(),
        tags: tags(&[("environment", "prod")]),
        policies: vec![
            (
                PolicyName::managed("arn:aws:iam::111122223333:policy/NodeEcr"),
                Some("v4".to_owned()),
            ),
            (PolicyName::inline("push"), None),
        ],
        boundary: Some(PolicyName::managed("arn:aws:iam::111122223333:policy/NodeBoundary")),
    }
}

fn place() -> Place {
    Place {
        partition: "aws".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
    }
}

/// The finding of a check of a role.
pub fn finding(role_name: &str, check: Check, status: Status) -> Finding {
    Finding {
        place: place(),
        check,
        standard: Standard::ReadOnly,
        role: role_facts(role_name),
        uses: vec![nodegroup()],
        owners: vec!["payments".to_owned(), "ada".to_owned()],
        result: result(check, status),
        not_available: Some("iam:GetPolicy cannot be answered".to_owned()),
        remedy: None,
        record_state: RecordState::Active,
        changes: vec![change()],
        occasion: Occasion::default(),
        role_created_anew: true,
        is_organization_considered: true,
        created_at: time("2026-11-01T08:00:00.001Z"),
        updated_at: time("2026-11-23T12:00:00.123456Z"),
    }
}

/// An alert of the transition of one check.
pub fn alert(role_name: &str) -> Alert {
    Alert {
        id: "0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(),
        time: time("2026-11-23T12:00:00Z"),
        place: place(),
        standard: Standard::ReadOnly,
        role: role_facts(role_name),
        uses: vec![nodegroup()],
        owners: vec!["payments".to_owned(), "ada".to_owned()],
        topic: None,
        transitions: vec![AlertedTransition {
            check: Check::ReadOnly,
            kind: TransitionKind::New,
            result: result(Check::ReadOnly, Status::Failed),
            severity_before: Some(Severity::Informational),
            added: vec!["ecr:PutImage".to_owned()],
            granted_before: Vec::new(),
            was_suppressed: false,
        }],
        changes: vec![change()],
        occasion: Occasion::default(),
        remedy: None,
    }
}

/// A record with a finding and something to deliver of each kind.
pub fn record(role_name: &str) -> Record {
    let failed = finding(role_name, Check::ReadOnly, Status::Failed);
    let passed = finding(role_name, Check::CanPull, Status::Passed);
    let check = |finding: &Finding| CheckRecord {
        finding: finding.clone(),
        ever_failed: true,
        told: Some(Extent::of(&finding.result)),
        suppressed: None,
        basis: None,
    };
    let entry = |id: &str, message: Message| OutboxEntry {
        id: id.to_owned(),
        message,
        leased_until: Some(time("2026-11-23T12:05:00.5Z")),
        sender: Some("sender-1".to_owned()),
    };
    Record {
        role_id: Some("AROADBQP57FF2AEXAMPLE".to_owned()),
        uses: vec![RecordedUse {
            seen: nodegroup(),
            last_seen: time("2026-11-23T11:00:00.000001Z"),
        }],
        owners: vec!["payments".to_owned()],
        checks: BTreeMap::from([
            (Check::ReadOnly, check(&failed)),
            (Check::CanPull, check(&passed)),
        ]),
        changes: vec![change()],
        aws_managed_versions: BTreeMap::from([(
            "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy".to_owned(),
            "v6".to_owned(),
        )]),
        unexplained_since: Some(time("2026-11-23T11:00:00Z")),
        outbox: vec![
            entry("1", Message::SecurityHub { finding: Box::new(failed), reopens: true }),
            entry("2", Message::Owners { alert: Box::new(alert(role_name)) }),
            entry(
                "3",
                Message::Digest {
                    alert: Box::new(alert(role_name)),
                    told: ["ada".to_owned()].into(),
                },
            ),
            entry("4", Message::Operators { subject: "s".to_owned(), text: "t".to_owned() }),
        ],
        ..Record::new(role_arn(role_name))
    }
}
