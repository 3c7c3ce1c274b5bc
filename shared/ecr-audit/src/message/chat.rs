//! An alert in a chat channel: a custom notification of Amazon Q Developer in chat applications,
//! with the document for programs inside.
//! <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
//!
//! Slack and Teams mark bold text differently; a code span is the same in both, so it is the only
//! mark used.

use serde_json::{Value, json};

use crate::alert::{Alert, AlertedTransition, TransitionKind};
use crate::assessment::Excess;
use crate::mail::{Mail, Whereabouts, by_whom, console, headline, mail, mark, was, worst_first};
use crate::standard::Check;
use crate::used_by::used_in;
use crate::words::{Ability, WORSE_THAN_SUPPRESSED, abilities_of, about, place_of, shortened, utc};

const LONGEST_SENTENCE: usize = 400;
const MOST_ABILITIES: usize = 5;
const MOST_CHANGES: usize = 3;
const MOST_COMMANDS: usize = 5;
const MOST_ROLES: usize = 15;
const MOST_OWNERS: usize = 5;

/// One alert.
pub fn chat(alert: &Alert, document: &Value) -> Value {
    let mut lines = vec![
        format!(
            "Role {}, used by {}.",
            code(alert.role.arn.as_str()),
            plain(&used_in(&alert.uses))
        ),
        format!("Account {}, owner {}.", alert.place.account, plain(&owners(alert))),
    ];
    for transition in &alert.transitions {
        lines.extend(told(alert, transition).iter().map(|line| format!("• {}", plain(line))));
        if transition.was_suppressed {
            lines.push(format!("• {WORSE_THAN_SUPPRESSED}"));
        }
    }
    for reported in alert.changes.iter().rev().take(MOST_CHANGES) {
        let event = &reported.event;
        let time = utc(event.time);
        let line =
            format!("{time} {} {} {}", event.name, about(&reported.change), by_whom(reported));
        lines.push(format!("• {}", plain(&line)));
    }
    let worst = alert.transitions.first().map(|transition| (&alert.role.arn, transition.check));
    lines.push(found_at(&console(&alert.place, worst)));
    notification(
        &mail(alert),
        &lines,
        &next_steps(alert),
        &json!({
            "threadId": alert.role.arn,
            "summary": mail(alert).subject,
            "eventType": "pullwatch",
            "relatedResources": [alert.role.arn],
            "additionalContext": {"document": document.to_string()},
        }),
        &alert.id,
    )
}

/// Many alerts of one owner.
pub fn digest_chat(owner: &str, alerts: &[Alert], mail: &Mail, document: &Value) -> Value {
    let sorted = worst_first(alerts);
    let shown = &sorted[..sorted.len().min(MOST_ROLES)];
    let mut lines: Vec<String> = shown
        .iter()
        .map(|alert| {
            let line = format!("{}  {}, {}", mark(alert), headline(alert), used_in(&alert.uses));
            format!("• {}", plain(&line))
        })
        .collect();
    if shown.len() < alerts.len() {
        lines.push(format!("• and {} more", alerts.len() - shown.len()));
    }
    lines.extend(sorted.first().map(|alert| found_at(&console(&alert.place, None))));
    let related: Vec<&str> = shown.iter().map(|alert| alert.role.arn.as_str()).collect();
    notification(
        mail,
        &lines,
        &[],
        &json!({
            "threadId": format!("digest/{owner}"),
            "summary": mail.subject,
            "eventType": "pullwatch",
            "relatedResources": related,
            "additionalContext": {"document": document.to_string()},
        }),
        sorted.first().map_or("", |alert| &alert.id),
    )
}

fn found_at(whereabouts: &Whereabouts) -> String {
    match whereabouts {
        Whereabouts::Link(link) => link.clone(),
        Whereabouts::Words(words) => plain(words),
    }
}

fn notification(
    mail: &Mail,
    lines: &[String],
    next_steps: &[String],
    metadata: &Value,
    id: &str,
) -> Value {
    let mut content = json!({
        "textType": "client-markdown",
        "title": plain(&mail.subject),
        "description": lines.join("\n"),
    });
    if !next_steps.is_empty() {
        content["nextSteps"] = next_steps.into();
    }
    json!({
        "version": "1.0",
        "source": "custom",
        "id": id,
        "content": content,
        "metadata": metadata,
    })
}

/// What one transition says.
fn told(alert: &Alert, transition: &AlertedTransition) -> Vec<String> {
    let result = &transition.result;
    match (transition.kind, transition.check) {
        (TransitionKind::Gone, check) => {
            vec![format!("{}; it {}", transition.kind.as_str(), was(check, result))]
        }
        (TransitionKind::Resolved, Check::CanPull) => vec!["resolved: can pull images".to_owned()],
        (TransitionKind::Resolved, Check::ReadOnly) => {
            vec![format!("resolved: nothing beyond the {} standard", alert.standard)]
        }
        (kind, Check::CanPull) => {
            let reasons = shortened(&result.reasons.join(" "), LONGEST_SENTENCE);
            vec![format!("{}: cannot pull images. {reasons}", kind.as_str())]
        }
        (kind, Check::ReadOnly) => {
            let is_known = |excess: &&Excess| {
                kind == TransitionKind::Worse
                    && !transition.added.is_empty()
                    && !transition.added.contains(&excess.action)
            };
            let (known, new): (Vec<&Excess>, Vec<&Excess>) =
                result.excess.iter().partition(is_known);
            let can: Vec<String> = abilities_of(new.into_iter())
                .iter()
                .map(|ability| line(alert, kind.as_str(), ability))
                .chain(
                    abilities_of(known.into_iter())
                        .iter()
                        .map(|ability| line(alert, "as before", ability)),
                )
                .collect();
            let left = can.len().saturating_sub(MOST_ABILITIES);
            let mut lines: Vec<String> = can.into_iter().take(MOST_ABILITIES).collect();
            if left > 0 {
                lines.push(format!("and {left} more kinds of action"));
            }
            lines
        }
    }
}

/// `new: can push images (ecr:PutImage +3) on every repository, granted by policy NodeEcr v4, …`.
fn line(alert: &Alert, how: &str, ability: &Ability<'_>) -> String {
    let Some(worst) = ability.excess.first() else { return String::new() };
    let granted =
        worst.statements.first().map_or(String::new(), |one| format!(", granted by {one}"));
    let (words, actions) = (ability.in_words(), ability.actions(2));
    let condition = ability.condition();
    let comma = if condition.is_empty() { "" } else { "," };
    let place = place_of(worst, &alert.place.account);
    format!("{how}: can {words} ({actions}){condition}{comma} on {place}{granted}")
}

fn owners(alert: &Alert) -> String {
    match alert.owners.as_slice() {
        [] => "nobody is named".to_owned(),
        owners if owners.len() > MOST_OWNERS => {
            format!("{} +{}", owners[..MOST_OWNERS].join(", "), owners.len() - MOST_OWNERS)
        }
        owners => owners.join(", "),
    }
}

/// The commands, what is known of them, and what else to do.
fn next_steps(alert: &Alert) -> Vec<String> {
    let Some(remedy) = &alert.remedy else { return Vec::new() };
    let mut steps: Vec<String> = Vec::new();
    let is_short = remedy.commands.iter().all(|command| command.len() <= LONGEST_SENTENCE);
    if is_short && remedy.commands.len() <= MOST_COMMANDS {
        if remedy.commands.len() > 1 {
            steps.push("Run these in their order, and stop where one fails:".to_owned());
        }
        steps.extend(remedy.commands.iter().map(|command| code(command)));
    } else {
        steps.push(
            "The commands are too long for a chat: see the e-mail or the document.".to_owned(),
        );
    }
    if !remedy.commands.is_empty() {
        steps.push(format!("Checked: {}", remedy.checked));
    }
    if let Some(obstacle) = &remedy.obstacle {
        let obstacle = shortened(obstacle, LONGEST_SENTENCE);
        let is_alone = remedy.commands.is_empty();
        let beginning = if is_alone { "There is no safe command. " } else { "" };
        steps.push(plain(&format!("{beginning}{obstacle}")));
    }
    steps.extend(remedy.advice.iter().map(|advice| plain(advice)));
    steps
}

/// A code span. In it nothing but its own end has a meaning.
fn code(text: &str) -> String {
    format!("`{}`", plain(text))
}

/// No name may call the whole channel, or begin a mark.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '<' => '(',
            '>' => ')',
            '`' => '\'',
            letter if letter.is_control() => ' ',
            letter => letter,
        })
        .collect()
}
