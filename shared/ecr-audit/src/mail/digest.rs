//! Many alerts of one owner as one mail: of each role a few lines that can be acted on. What does
//! not fit is counted; every role has its finding, with the same commands.

use crate::alert::{Alert, AlertedTransition, TransitionKind};
use crate::assessment::Excess;
use crate::permissions::PolicyStatement;
use crate::remedy::Remedy;
use crate::standard::Check;
use crate::used_by::used_by;
use crate::words::{abilities_of, shortened};

use super::command::joined;
use super::page::{Page, is_showable};
use super::{
    LONGEST_SENTENCE, LONGEST_SUBJECT, MOST_ROLES, Mail, Whereabouts, console, finding_at,
    headline, mark, news, printable, was, worst_first,
};

/// SNS takes 256 KB for the texts of all protocols together.
const LONGEST_DIGEST: usize = 64 * 1024;
const MOST_ABILITIES: usize = 3;
const MOST_STATEMENTS: usize = 2;
const MOST_REASONS: usize = 3;
/// Commands of more lines are in the finding, but not here.
const MOST_COMMAND_LINES: usize = 12;
const LONGEST_OBSTACLE: usize = 400;

const INDENT: &str = "          ";

/// Many alerts of one owner as one mail, the worst first.
pub fn digest(owner: &str, alerts: &[Alert]) -> Mail {
    let mut page = Page::default();
    let look = look(owner, alerts);
    page.wrapped("", &look);
    let mut shown = 0;
    for alert in worst_first(alerts).into_iter().take(MOST_ROLES) {
        if page.len() > LONGEST_DIGEST {
            break;
        }
        page.gap();
        role(&mut page, alert);
        shown += 1;
    }
    if shown < alerts.len() {
        page.gap();
        let left = alerts.len() - shown;
        page.wrapped(
            "",
            &format!(
                "{left} more, none of them worse than these, are not shown here. Each has its \
                 finding."
            ),
        );
    }
    let account = alerts.first().map_or("", |alert| alert.place.account.as_str());
    if let Some(alert) = alerts.first() {
        finding_at(&mut page, "Findings", &console(&alert.place, None));
    }
    let room = LONGEST_SUBJECT.saturating_sub("pullwatch:  ()".len() + account.len());
    let subject = format!("pullwatch: {} ({account})", printable(&look, room));
    Mail { subject, text: page.into_text() }
}

/// `3 node roles of team-payments need a look, 1 no longer fails`.
fn look(owner: &str, alerts: &[Alert]) -> String {
    let failing = alerts.iter().filter(|alert| alert.is_failure()).count();
    let (need, fail) = (
        if failing == 1 { "role of" } else { "roles of" },
        if failing == 1 { "needs a look" } else { "need a look" },
    );
    let look = format!("{failing} node {need} {owner} {fail}");
    match (failing, alerts.len() - failing) {
        (_, 0) => look,
        (0, 1) => format!("1 node role of {owner} no longer fails"),
        (0, ended) => format!("{ended} node roles of {owner} no longer fail"),
        (_, 1) => format!("{look}, 1 no longer fails"),
        (_, ended) => format!("{look}, {ended} no longer fail"),
    }
}

fn role(page: &mut Page, alert: &Alert) {
    page.wrapped_after(&format!("{:<8}  ", mark(alert)), INDENT, &headline(alert));
    page.wrapped(INDENT, alert.role.arn.as_str());
    for line in used_by(&alert.uses) {
        page.wrapped(INDENT, &line);
    }
    page.wrapped(INDENT, &format!("Id {}", alert.id));
    for transition in &alert.transitions {
        let summary = summary(transition);
        page.wrapped_after(&format!("{INDENT}- "), &format!("{INDENT}  "), &summary);
    }
    if let Some(remedy) = &alert.remedy {
        commands(page, remedy);
    }
    let worst = alert.transitions.first().map(|worst| (&alert.role.arn, worst.check));
    match console(&alert.place, worst) {
        Whereabouts::Link(link) => page.line(&link),
        Whereabouts::Words(words) => page.wrapped(INDENT, &words),
    }
}

/// One transition: what the nodes can do and by what, or what they cannot and why.
fn summary(transition: &AlertedTransition) -> String {
    let (kind, result) = (transition.kind.as_str(), &transition.result);
    match (transition.kind, transition.check) {
        (TransitionKind::Gone, check) => format!("{kind}; it {}", was(check, result)),
        (TransitionKind::Resolved, _) => kind.to_owned(),
        (_, Check::CanPull) => {
            let reasons = result.reasons.iter().take(MOST_REASONS);
            let reasons: Vec<String> =
                reasons.map(|reason| shortened(reason, LONGEST_SENTENCE)).collect();
            format!("{kind}: cannot pull images. {}", reasons.join(" ")).trim_end().to_owned()
        }
        (_, Check::ReadOnly) => {
            let excess: Vec<&Excess> = news(transition).collect();
            let abilities = abilities_of(excess.iter().copied());
            let mut can: Vec<String> = abilities
                .iter()
                .take(MOST_ABILITIES)
                .map(|ability| format!("{} ({})", ability.in_words(), ability.actions(1)))
                .collect();
            match abilities.len().saturating_sub(MOST_ABILITIES) {
                0 => {}
                1 => can.push("and one other kind of action".to_owned()),
                left => can.push(format!("and {left} other kinds of action")),
            }
            let granted_by = granted_by(&excess).unwrap_or_default();
            format!("{kind}: can {}{granted_by}", can.join(", "))
        }
    }
}

/// The statements behind the worst first.
fn granted_by(excess: &[&Excess]) -> Option<String> {
    let mut statements: Vec<&PolicyStatement> = Vec::new();
    for statement in excess.iter().flat_map(|excess| &excess.statements) {
        if !statements.contains(&statement) {
            statements.push(statement);
        }
        if statements.len() > MOST_STATEMENTS {
            break;
        }
    }
    let cited: Vec<String> =
        statements.iter().take(MOST_STATEMENTS).map(ToString::to_string).collect();
    let more = if statements.len() > MOST_STATEMENTS { " and others" } else { "" };
    (!cited.is_empty()).then(|| format!("; granted by {}{more}", cited.join("; ")))
}

/// The commands, or why there are none.
fn commands(page: &mut Page, remedy: &Remedy) {
    if let Some(obstacle) = &remedy.obstacle {
        let obstacle = shortened(obstacle, LONGEST_OBSTACLE);
        page.wrapped(INDENT, &format!("There is no safe command. {obstacle}"));
        return;
    }
    let lines = joined(&remedy.commands);
    let is_showable = lines.iter().all(|line| line.chars().all(is_showable));
    if lines.len() > MOST_COMMAND_LINES || !is_showable {
        page.wrapped(INDENT, "The commands are too long for a digest: see the finding.");
        return;
    }
    for line in &lines {
        page.line(line);
    }
}
