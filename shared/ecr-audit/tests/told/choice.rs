//! What the operators chose that owners hear of: it decides on alerts, and on nothing else.

use ecr_audit::alert::TransitionKind;
use ecr_audit::settings::Settings;
use ecr_audit::standard::{Check, Severity};
use ecr_audit::transition::Observed;
use jiff::SignedDuration;

use crate::account::{Account, aws_managed, inline, time};
use crate::story::{ROLE, clean, grants};

/// What the role comes to, or what the operators choose meanwhile.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// It passes.
    Clean,
    /// It can push to one repository.
    Medium,
    /// It can push to every one.
    High,
    /// It can push to every one and change who may use them.
    Critical,
    /// It can push to every one and not pull, which is HIGH and MEDIUM.
    HighAndMedium,
    /// It is deleted.
    Gone,
    /// The settings become others; the role stays.
    Chosen(Choice),
}
use Turn::{Chosen, Clean, Critical, Gone, High, HighAndMedium, Medium};

type Choice = fn(&mut Settings);
const ALL: Choice = |_| {};
const FROM_LOW: Choice = |settings| settings.minimum_severity = Severity::Low;
const FROM_HIGH: Choice = |settings| settings.minimum_severity = Severity::High;
const FROM_CRITICAL: Choice = |settings| settings.minimum_severity = Severity::Critical;
const NO_END: Choice = |settings| settings.alert_resolved = false;
const OBSERVE: Choice = |settings| settings.observe = true;
const NO_OBSERVE: Choice = |settings| settings.observe = false;

#[rustfmt::skip]
/// Each turn with the kinds of the alert that owners get, `-` for none.
const LIVES: &[(Choice, &[(Turn, &str)])] = &[
    (ALL, &[(Medium, "new"), (High, "worse"), (Medium, "-"), (Clean, "resolved"), (Medium, "reopened")]),
    // What was spared is new when it becomes bad enough, and what was told is told to its end.
    (FROM_HIGH, &[(Clean, "-"), (Medium, "-"), (High, "new"), (Medium, "-"), (Clean, "resolved")]),
    (FROM_HIGH, &[(High, "new"), (Medium, "-"), (Gone, "gone")]),
    (FROM_HIGH, &[(Medium, "-"), (Clean, "-"), (Medium, "-"), (High, "new")]),
    (FROM_HIGH, &[(Medium, "-"), (Clean, "-"), (High, "reopened"), (Clean, "resolved")]),
    (FROM_HIGH, &[(Medium, "-"), (Gone, "-")]),
    // With anything that is told, all is told: owners know of both then.
    (FROM_HIGH, &[(HighAndMedium, "new new"), (Clean, "resolved resolved")]),
    (NO_END, &[(High, "new"), (Clean, "-"), (High, "reopened"), (Gone, "-")]),
    (NO_END, &[(Medium, "new"), (High, "worse"), (Clean, "-")]),
    (OBSERVE, &[(Medium, "-"), (High, "-"), (Clean, "-"), (High, "-"), (Gone, "-")]),
    // Another choice tells what it spared, once.
    (FROM_HIGH, &[(Medium, "-"), (Chosen(FROM_LOW), "new"), (Medium, "-"), (Clean, "resolved")]),
    (OBSERVE, &[(High, "-"), (Chosen(NO_OBSERVE), "new"), (High, "-"), (Gone, "gone")]),
    (OBSERVE, &[(High, "-"), (Clean, "-"), (Chosen(NO_OBSERVE), "-")]),
    (FROM_HIGH, &[(High, "new"), (Medium, "-"), (Chosen(FROM_LOW), "-"), (Clean, "resolved")]),
    // So it does with what was added to a failure that they know of.
    (ALL, &[(High, "new"), (Chosen(OBSERVE), "-"), (Critical, "-"), (Chosen(NO_OBSERVE), "worse"),
        (Critical, "-"), (Clean, "resolved")]),
    (ALL, &[(Medium, "new"), (Chosen(FROM_CRITICAL), "-"), (High, "-"), (Critical, "worse")]),
    (ALL, &[(Medium, "new"), (Chosen(FROM_CRITICAL), "-"), (High, "-"), (Chosen(FROM_LOW), "worse")]),
    (ALL, &[(High, "new"), (Chosen(OBSERVE), "-"), (Critical, "-"), (High, "-"), (Chosen(NO_OBSERVE), "-")]),
];

fn turn(account: &mut Account, turn: Turn) {
    let push = |resource| inline("Push", &grants("Push", &["ecr:PutImage"], resource));
    let pull_only = aws_managed("AmazonEC2ContainerRegistryPullOnly");
    match turn {
        Chosen(choice) => choice(&mut account.settings),
        Gone => {}
        Clean | Medium | High | Critical | HighAndMedium => {
            account.take(&push("*").policy);
            account.put(pull_only.clone());
        }
    }
    match turn {
        Medium => account.put(push("arn:aws:ecr:eu-west-1:111122223333:repository/app")),
        High => account.put(push("*")),
        Critical => {
            let actions = ["ecr:PutImage", "ecr:SetRepositoryPolicy"];
            account.put(inline("Push", &grants("Push", &actions, "*")));
        }
        HighAndMedium => {
            account.put(push("*"));
            account.take(&pull_only.policy);
        }
        Clean | Gone | Chosen(_) => {}
    }
}

#[test]
fn owners_hear_what_was_chosen_and_findings_go_on() {
    for (choice, turns) in LIVES {
        let mut account = clean(ROLE);
        choice(&mut account.settings);
        let mut unspared = clean(ROLE);
        let mut now = time("2026-01-15T06:00:00Z");
        for (index, (seen, expected)) in turns.iter().enumerate() {
            now += SignedDuration::from_mins(20);
            let [told, told_to_all] = [&mut account, &mut unspared].map(|account| {
                turn(account, *seen);
                match seen {
                    Gone => account.observe(&now.to_string(), "id", &[], Observed::Gone),
                    _ => account.look(&now.to_string(), "id", &[]),
                }
            });
            let transitions = told.alerts.iter().flat_map(|alert| &alert.transitions);
            let kinds: Vec<&str> = transitions.map(|it| TransitionKind::name(it.kind)).collect();
            let kinds = if kinds.is_empty() { "-".to_owned() } else { kinds.join(" ") };
            let life: Vec<_> = turns[..=index].iter().map(|(seen, _)| seen).collect();
            assert_eq!(kinds, *expected, "{life:?}");
            for told in told.alerts.iter().flat_map(|alert| &alert.transitions) {
                // A new failure is told whole, although the ledger has known a part of it.
                if told.kind == TransitionKind::New && told.check == Check::ReadOnly {
                    assert_eq!(told.added, ["ecr:PutImage"], "{life:?}");
                    assert_eq!(told.severity_before.filter(|it| *it > Severity::Low), None);
                }
            }
            if !matches!(seen, Chosen(_)) {
                assert_eq!(told.findings, told_to_all.findings, "{life:?}");
            }
        }
    }
}
