//! The design's table of transitions, cell by cell: every state that a check can be in, times
//! everything that can be observed. The cells were written from the design, not from the code.
//!
//! A cell says what Security Hub gets, then what the owners are told, then whether the operators
//! are: `FAILED worse`, `PASSED note op`, `-` for nothing at all. `RESOLVED` is the workflow status
//! that only a first import can carry; `note` says that the last look failed and an earlier answer
//! stands.

use std::collections::{BTreeMap, BTreeSet};

use ecr_audit::alert::TransitionKind;
use ecr_audit::arn::RoleArn;
use ecr_audit::asff::asff;
use ecr_audit::assessment::{
    Assessment, CheckResult, Excess, Fingerprint, FingerprintElement, RoleFacts,
};
use ecr_audit::change::{Actor, Change, Event, ReportedChange};
use ecr_audit::ledger::{Message, Record, RecordedUse};
use ecr_audit::permissions::{Access, Scope};
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Severity, Standard, Status};
use ecr_audit::transition::{Observed, RENEW_AFTER, Step, transition};
use jiff::{SignedDuration, Timestamp};

use crate::account::{nodegroup, time};
use crate::story::ROLE;

const OBSERVATIONS: [Seen; 8] = [
    Seen::Passed,
    Seen::Warning,
    Seen::Failed,
    Seen::Worse,
    Seen::Improved,
    Seen::RoleGone,
    Seen::NoUse,
    Seen::Unreadable,
];

/// A state by what led to it, and what the table says of each observation in it.
#[rustfmt::skip]
const TABLE: [(&str, &[Seen], [&str; 8]); 18] = [
    //                                             PASSED             WARNING    FAILED             worse              improved           role gone               no use left             unreadable
    ("never seen",          &[],                  ["PASSED RESOLVED", "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "-",                    "-",                    "NOT_AVAILABLE op"]),
    ("passed",              &[P],                 ["-",               "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "PASSED ARCHIVED",      "PASSED ARCHIVED",      "PASSED note op"]),
    ("warning",             &[W],                 ["PASSED",          "-",       "FAILED new",      "FAILED new",      "FAILED new",      "WARNING ARCHIVED",     "WARNING ARCHIVED",     "WARNING note op"]),
    ("failed",              &[F],                 ["PASSED resolved", "WARNING", "-",               "FAILED worse",    "FAILED",          "FAILED ARCHIVED gone", "FAILED ARCHIVED gone", "FAILED note op"]),
    ("resolved",            &[F, P],              ["-",               "WARNING", "FAILED reopened", "FAILED reopened", "FAILED reopened", "PASSED ARCHIVED",      "PASSED ARCHIVED",      "PASSED note op"]),
    ("eased",               &[F, W],              ["PASSED",          "-",       "FAILED reopened", "FAILED reopened", "FAILED reopened", "WARNING ARCHIVED",     "WARNING ARCHIVED",     "WARNING note op"]),
    ("never answered",      &[N],                 ["PASSED",          "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "NOT_AVAILABLE ARCHIVED", "NOT_AVAILABLE ARCHIVED", "-"]),
    ("passed, unreadable",  &[P, N],              ["PASSED",          "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "PASSED ARCHIVED note", "PASSED ARCHIVED note", "-"]),
    ("warning, unreadable", &[W, N],              ["PASSED",          "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "WARNING ARCHIVED note", "WARNING ARCHIVED note", "-"]),
    ("failed, unreadable",  &[F, N],              ["PASSED resolved", "WARNING", "FAILED",          "FAILED worse",    "FAILED",          "FAILED ARCHIVED note gone", "FAILED ARCHIVED note gone", "-"]),
    ("passed, gone",        &[P, Seen::RoleGone], ["PASSED",          "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "-",                    "-",                    "PASSED ARCHIVED note op"]),
    ("warning, gone",       &[W, Seen::RoleGone], ["PASSED",          "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "-",                    "-",                    "WARNING ARCHIVED note op"]),
    ("failed, gone",        &[F, Seen::RoleGone], ["PASSED resolved", "WARNING", "FAILED",          "FAILED worse",    "FAILED",          "-",                    "-",                    "FAILED ARCHIVED note op"]),
    ("resolved, gone",      &[F, P, Seen::RoleGone], ["PASSED",       "WARNING", "FAILED reopened", "FAILED reopened", "FAILED reopened", "-",                    "-",                    "PASSED ARCHIVED note op"]),
    ("never answered, gone", &[N, Seen::RoleGone], ["PASSED",         "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "-",                    "-",                    "NOT_AVAILABLE op"]),
    ("passed, no use",      &[P, Seen::NoUse],    ["PASSED",          "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "-",                    "-",                    "PASSED note op"]),
    ("failed, no use",      &[F, Seen::NoUse],    ["PASSED resolved", "WARNING", "FAILED",          "FAILED worse",    "FAILED",          "-",                    "-",                    "FAILED note op"]),
    ("never answered, no use", &[N, Seen::NoUse], ["PASSED",          "WARNING", "FAILED new",      "FAILED new",      "FAILED new",      "-",                    "-",                    "NOT_AVAILABLE op"]),
];

const P: Seen = Seen::Passed;
const W: Seen = Seen::Warning;
const F: Seen = Seen::Failed;
const N: Seen = Seen::Unreadable;

/// What can be observed of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Passed,
    Warning,
    Failed,
    /// FAILED with one action more than `Failed`.
    Worse,
    /// FAILED with less than `Failed`.
    Improved,
    /// IAM says that the role does not exist.
    RoleGone,
    /// Every source of its uses was listed, and none shows it.
    NoUse,
    /// A read was denied.
    Unreadable,
}

/// One check of one role, looked at again and again.
struct Life {
    check: Check,
    record: Record,
    now: Timestamp,
    settings: Settings,
}

/// What one look has to tell of the check.
#[derive(Debug, Default)]
struct Told {
    finding: Option<serde_json::Value>,
    alerts: Vec<(TransitionKind, Vec<String>)>,
    operators: Vec<String>,
}

impl Life {
    fn new(check: Check) -> Self {
        Self {
            check,
            record: Record::new(RoleArn::parse(ROLE).unwrap()),
            now: time("2026-01-15T10:00:00Z"),
            settings: Settings::for_account("111122223333", "aws", "us-east-1"),
        }
    }

    fn observe(&mut self, seen: Seen) -> Told {
        let element = |action, access| element(action, access, Scope::EveryRepository);
        let failed = [element("ecr:PutImage", Access::Allowed)];
        let observed = match seen {
            Seen::Passed => assessed(self.check, Status::Passed, Severity::Informational, &[]),
            Seen::Warning => assessed(
                self.check,
                Status::Warning,
                Severity::Low,
                &[element("ecr:PutImage", Access::Conditional)],
            ),
            Seen::Failed => assessed(self.check, Status::Failed, Severity::High, &failed),
            Seen::Worse => assessed(
                self.check,
                Status::Failed,
                Severity::High,
                &[failed[0].clone(), element("ecr:BatchDeleteImage", Access::Conditional)],
            ),
            Seen::Improved => assessed(
                self.check,
                Status::Failed,
                Severity::Medium,
                &[element("ecr:PutImage", Access::Conditional)],
            ),
            Seen::RoleGone => Observed::Gone,
            Seen::NoUse => {
                let readable = assessed(self.check, Status::Failed, Severity::High, &failed);
                return self.step(&readable, false, &[]);
            }
            Seen::Unreadable => Observed::Unreadable("iam:GetRole was denied".to_owned()),
        };
        self.step(&observed, true, &[])
    }

    fn step(&mut self, observed: &Observed, is_worn: bool, changes: &[ReportedChange]) -> Told {
        let uses = if is_worn {
            vec![RecordedUse { seen: nodegroup("prod", "workers"), last_seen: self.now }]
        } else {
            Vec::new()
        };
        let mut next = transition(&Step {
            before: &self.record,
            uses,
            observed: observed.clone(),
            changes,
            unseen: BTreeSet::new(),
            settings: &self.settings,
            now: self.now,
            is_sweep: changes.is_empty(),
            id: format!("id of {}", self.now),
            into_digest: false,
            stored: None,
        });
        self.now += SignedDuration::from_mins(1);
        let mut told = Told::default();
        for entry in std::mem::take(&mut next.outbox) {
            match entry.message {
                Message::SecurityHub { finding, .. } if finding.check == self.check => {
                    assert!(told.finding.is_none(), "one finding a check");
                    told.finding = Some(asff(&finding));
                }
                Message::SecurityHub { .. } => {}
                Message::Owners { alert } | Message::Digest { alert, .. } => {
                    let of_check =
                        alert.transitions.into_iter().filter(|it| it.check == self.check);
                    told.alerts.extend(of_check.map(|it| (it.kind, it.added)));
                }
                Message::Operators { text, .. } => {
                    let lines = text.lines().map(str::trim_start);
                    let of_check = lines.filter(|line| line.starts_with(self.check.as_str()));
                    told.operators.extend(of_check.map(str::to_owned));
                }
            }
        }
        self.record = next;
        told
    }
}

impl Told {
    /// In the words of the table.
    fn in_words(&self) -> String {
        let mut words: Vec<&str> = Vec::new();
        if let Some(finding) = &self.finding {
            words.push(finding["Compliance"]["Status"].as_str().unwrap());
            if finding["RecordState"] == "ARCHIVED" {
                words.push("ARCHIVED");
            }
            words.extend(finding["Workflow"]["Status"].as_str());
            if finding["Description"].as_str().unwrap().contains("The last assessment failed") {
                words.push("note");
            }
        }
        words.extend(self.alerts.iter().map(|(kind, _)| kind.name()));
        words.extend(self.operators.iter().map(|_| "op"));
        if words.is_empty() { "-".to_owned() } else { words.join(" ") }
    }
}

fn element(action: &str, access: Access, scope: Scope) -> FingerprintElement {
    FingerprintElement { action: action.to_owned(), access, scope }
}

fn assessed(
    check: Check,
    status: Status,
    severity: Severity,
    elements: &[FingerprintElement],
) -> Observed {
    let excess = elements.iter().map(|element| Excess {
        action: element.action.clone(),
        access: element.access,
        scope: element.scope,
        is_upper_bound: false,
        at_least: None,
        severity,
        witness: None,
        statements: Vec::new(),
    });
    let result = CheckResult {
        status,
        severity,
        fingerprint: Fingerprint {
            check,
            standard: Standard::ReadOnly,
            elements: elements.iter().cloned().collect::<BTreeSet<_>>(),
        },
        excess: if status == Status::Failed { excess.collect() } else { Vec::new() },
        missing: Vec::new(),
        standards: Standard::ALL.map(|standard| (standard, status)).into(),
        reasons: Vec::new(),
        notes: Vec::new(),
    };
    let arn = RoleArn::parse(ROLE).unwrap();
    let assessment = Assessment {
        role: RoleFacts::unread(&arn, Some("AROAEXAMPLEEXAMPLE001".to_owned())),
        standard: Standard::ReadOnly,
        checks: BTreeMap::from([(check, result)]),
        lacks_registries: false,
    };
    Observed::Assessed {
        assessment: Box::new(assessment),
        remedy: None,
        digest: None,
        date_passed: BTreeSet::new(),
    }
}

fn in_state(check: Check, path: &[Seen]) -> Life {
    let mut life = Life::new(check);
    for seen in path {
        life.observe(*seen);
    }
    life
}

#[test]
fn every_cell_of_the_table_holds() {
    let mut wrong = Vec::new();
    for (state, path, cells) in TABLE {
        for (seen, cell) in OBSERVATIONS.into_iter().zip(cells) {
            for check in Check::ALL {
                let told = in_state(check, path).observe(seen).in_words();
                if told != cell {
                    wrong.push(format!("{check}: {state} -> {seen:?}: {told}, not {cell}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever happens, a finding keeps its birthday and only moves forward.
#[test]
fn a_finding_keeps_its_birthday_and_moves_forward() {
    for (state, path, _) in TABLE {
        for first in OBSERVATIONS {
            for second in OBSERVATIONS {
                let mut life = Life::new(Check::ReadOnly);
                let mut imports = Vec::new();
                for seen in path.iter().copied().chain([first, second]) {
                    imports.extend(life.observe(seen).finding);
                    // A clock that stands still, or goes back, must not make Security Hub deaf.
                    life.now -= SignedDuration::from_secs(75);
                }
                for pair in imports.windows(2) {
                    let name = format!("{state} -> {first:?} -> {second:?}");
                    assert_eq!(pair[0]["CreatedAt"], pair[1]["CreatedAt"], "{name}");
                    assert_eq!(pair[0]["FirstObservedAt"], pair[1]["FirstObservedAt"], "{name}");
                    let updated_at =
                        |finding: &serde_json::Value| time(finding["UpdatedAt"].as_str().unwrap());
                    assert!(updated_at(&pair[0]) < updated_at(&pair[1]), "{name}");
                }
            }
        }
    }
}

/// Security Hub forgets after 90 days. What is archived may be forgotten.
#[test]
fn what_stands_is_renewed_in_silence_before_it_expires() {
    for (path, again, renewed) in [
        (&[P][..], P, "PASSED"),
        (&[W], W, "WARNING"),
        (&[F], F, "FAILED"),
        (&[N], N, "NOT_AVAILABLE"),
        (&[P, N], N, "PASSED note"),
        (&[F, N], N, "FAILED note"),
        (&[F, Seen::RoleGone], Seen::RoleGone, "-"),
        (&[F, Seen::NoUse], Seen::NoUse, "-"),
        (&[F, Seen::RoleGone, N], N, "-"),
    ] {
        let mut life = in_state(Check::ReadOnly, path);
        life.now += RENEW_AFTER - SignedDuration::from_mins(2);
        assert_eq!(life.observe(again).in_words(), "-", "{path:?} is not due yet");
        life.now += SignedDuration::from_mins(2);
        assert_eq!(life.observe(again).in_words(), renewed, "{path:?} is due");
    }
    assert!(RENEW_AFTER < SignedDuration::from_hours(90 * 24) / 2, "two tries before it expires");
}

/// A clock finer than milliseconds must not hide that a finding is new.
#[test]
fn a_first_passed_finding_is_resolved_whatever_the_clock() {
    let mut life = Life::new(Check::ReadOnly);
    life.now = time("2026-01-15T10:00:00.123456789Z");
    let told = life.observe(Seen::Passed);
    assert_eq!(told.in_words(), "PASSED RESOLVED");
    let finding = told.finding.unwrap();
    assert_eq!(finding["CreatedAt"], "2026-01-15T10:00:00.123Z");
    assert_eq!(finding["UpdatedAt"], "2026-01-15T10:00:00.123Z");
}

/// Worse is whatever was added or strengthened; the alert lists that and nothing else.
#[test]
fn worse_is_what_was_added_or_strengthened() {
    let every = |action, access| element(action, access, Scope::EveryRepository);
    let named = |action, access| element(action, access, Scope::NamedRepositories);
    let (put, delete) = ("ecr:PutImage", "ecr:BatchDeleteImage");
    let before = [every(put, Access::Conditional), named(delete, Access::Allowed)];
    for (why, severity, now, added) in [
        ("the same", Severity::High, before.to_vec(), None),
        (
            "one more",
            Severity::High,
            [&before[..], &[every("ecr:TagResource", Access::Conditional)]].concat(),
            Some(vec!["ecr:TagResource"]),
        ),
        (
            "no condition any more",
            Severity::High,
            vec![every(put, Access::Allowed), before[1].clone()],
            Some(vec![put]),
        ),
        (
            "no longer named repositories alone",
            Severity::High,
            vec![before[0].clone(), every(delete, Access::Allowed)],
            Some(vec![delete]),
        ),
        (
            "one strengthened, one gone",
            Severity::High,
            vec![every(put, Access::Allowed)],
            Some(vec![put]),
        ),
        (
            "one added, one weakened: the weakened one is not new",
            Severity::High,
            vec![
                named(put, Access::Conditional),
                before[1].clone(),
                every("ecr:TagResource", Access::Allowed),
            ],
            Some(vec!["ecr:TagResource"]),
        ),
        (
            "stronger in one way, weaker in the other",
            Severity::High,
            vec![named(put, Access::Allowed), before[1].clone()],
            Some(vec![put]),
        ),
        ("one gone", Severity::High, vec![before[0].clone()], None),
        (
            "one weakened",
            Severity::High,
            vec![named(put, Access::Conditional), before[1].clone()],
            None,
        ),
        ("a higher severity alone", Severity::Critical, before.to_vec(), Some(vec![])),
        ("a lower severity alone", Severity::Medium, before.to_vec(), None),
    ] {
        let mut life = Life::new(Check::ReadOnly);
        life.step(&assessed(Check::ReadOnly, Status::Failed, Severity::High, &before), true, &[]);
        let told = life.step(&assessed(Check::ReadOnly, Status::Failed, severity, &now), true, &[]);
        let expected: Vec<(TransitionKind, Vec<String>)> = added
            .into_iter()
            .map(|added| (TransitionKind::Worse, added.into_iter().map(str::to_owned).collect()))
            .collect();
        assert_eq!(told.alerts, expected, "{why}");
    }
}

fn heard(at: &str) -> ReportedChange {
    ReportedChange {
        change: Change::Unclear { reason: String::new() },
        event: Event {
            id: format!("event of {at}"),
            name: "AttachRolePolicy".to_owned(),
            time: time(at),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            actor: Actor { principal: "user/ada".to_owned(), ..Actor::default() },
        },
    }
}

/// The sweep may find a failure before its event comes: then the actor is added, in silence. What
/// happened after the answer and led to no other is not its cause.
#[test]
fn an_event_that_comes_after_its_failure_names_the_actor() {
    for (event, expected) in [
        ("2026-01-15T09:59:30Z", Some("user/ada with an unknown tool")),
        ("2026-01-15T10:00:30Z", None),
    ] {
        let mut life = Life::new(Check::ReadOnly);
        let first = life.observe(Seen::Failed).finding.unwrap();
        assert_eq!(
            first["ProductFields"]["pullwatch/Change"],
            "no event reported a change; a sweep found it"
        );
        let failed = assessed(
            Check::ReadOnly,
            Status::Failed,
            Severity::High,
            &[element("ecr:PutImage", Access::Allowed, Scope::EveryRepository)],
        );
        let told = life.step(&failed, true, &[heard(event)]);
        let by = told.finding.as_ref().map(|it| it["ProductFields"]["pullwatch/ChangedBy"].clone());
        assert_eq!(by, expected.map(Into::into), "{event}");
        assert_eq!(told.alerts, [], "{event}");
        // The same event again has nothing to add.
        assert_eq!(life.step(&failed, true, &[heard(event)]).in_words(), "-", "{event}");
    }
}

/// What is heard while a role cannot be read is the cause of what is read later.
#[test]
fn a_change_heard_while_nothing_could_be_read_is_told_with_the_answer() {
    let mut life = in_state(Check::ReadOnly, &[P]);
    let unreadable = Observed::Unreadable("iam:GetRole was denied".to_owned());
    life.step(&unreadable, true, &[heard("2026-01-15T10:00:30Z")]);
    let finding = life.observe(Seen::Failed).finding.unwrap();
    assert_eq!(finding["ProductFields"]["pullwatch/ChangedBy"], "user/ada with an unknown tool");
}

/// `Observe=true` records everything and tells nobody.
#[test]
fn an_observer_imports_and_sends_nothing() {
    let mut life = Life::new(Check::ReadOnly);
    life.settings.observe = true;
    assert_eq!(life.observe(Seen::Failed).in_words(), "FAILED");
    assert_eq!(life.observe(Seen::Worse).in_words(), "FAILED");
}
