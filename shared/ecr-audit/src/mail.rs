//! An alert as an owner reads it: plain text within 78 columns, facts first, UTC, one link. `page`
//! keeps the width, `command` breaks commands so that a shell still reads them.

mod command;
mod digest;
mod link;
pub mod operators;
mod page;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::alert::{Alert, AlertedTransition, TransitionKind};
use crate::arn::RoleArn;
use crate::assessment::{CheckResult, Excess};
use crate::certainty::Certainty;
use crate::change::ReportedChange;
use crate::exception;
use crate::finding::Place;
use crate::node_role::Use;
use crate::permissions::PolicyStatement;
use crate::remedy::Remedy;
use crate::remedy::shell::quoted;
use crate::standard::{Check, Standard};
use crate::used_by::used_by;
use crate::words::{
    Ability, WORSE_THAN_SUPPRESSED, abilities, abilities_of, about, conditions, place_of,
    shortened, utc,
};

use command::{joined, laid_out};
pub use digest::digest;
pub(crate) use link::{Whereabouts, console};
use page::{Page, is_showable};

/// SNS takes subjects of less than 100 characters, printable ASCII.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST_SUBJECT: usize = 99;
/// What is longer than these is counted, so that a mail can be read.
const MOST_STATEMENTS: usize = 3;
const MOST_CHANGES: usize = 5;
const MOST_ROLES: usize = 100;
const MOST_REASONS: usize = 10;
/// A sentence about a condition may quote a whole policy.
const LONGEST_SENTENCE: usize = 600;
const LONGEST_OBSTACLE: usize = 2000;
/// A remedy of more lines is told, but not shown.
const MOST_COMMAND_LINES: usize = 300;

/// What an owner gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Printable ASCII, less than 100 characters.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// One alert as a mail.
pub fn mail(alert: &Alert) -> Mail {
    let mut page = Page::default();
    headline_of(&mut page, alert);
    role_of(&mut page, alert);
    for transition in &alert.transitions {
        transition_of(&mut page, alert, transition);
    }
    changes_of(&mut page, alert);
    if let Some(remedy) = &alert.remedy {
        remedy_of(&mut page, remedy);
    }
    closing_of(&mut page, alert);
    Mail { subject: subject(alert), text: page.into_text() }
}

/// The alerts of a digest, the worst first, then by role.
pub(crate) fn worst_first(alerts: &[Alert]) -> Vec<&Alert> {
    let mut sorted: Vec<&Alert> = alerts.iter().collect();
    sorted.sort_by_key(|alert| (Reverse(alert.severity()), alert.role.arn.clone()));
    sorted
}

/// `[HIGH] prod-workers can push images to ECR (prod, eu-west-1, 111122223333)`.
fn subject(alert: &Alert) -> String {
    let mark = mark(alert);
    let clusters: BTreeSet<&str> =
        alert.uses.iter().filter_map(|seen| seen.cluster_name.as_deref()).collect();
    let regions: BTreeSet<&str> =
        alert.uses.iter().filter_map(|seen| seen.source.region.as_deref()).collect();
    let one = |names: &BTreeSet<&str>, many: &str| match names.len() {
        0 => String::new(),
        1 => names.first().map_or(String::new(), |name| format!("{}, ", printable(name, 24))),
        count => format!("{count} {many}, "),
    };
    let place = format!(
        "({}{}{})",
        one(&clusters, "clusters"),
        one(&regions, "regions"),
        alert.place.account
    );
    let what = format!("[{mark}] {}", headline(alert));
    let room = LONGEST_SUBJECT.saturating_sub(place.len() + 1);
    format!("{} {place}", printable(&what, room))
}

/// The severity of what is wrong now, or that nothing is.
pub(crate) fn mark(alert: &Alert) -> &'static str {
    if alert.is_failure() { alert.severity().as_str() } else { "RESOLVED" }
}

/// `prod-workers can push images to ECR`: the worst of what an alert tells.
pub(crate) fn headline(alert: &Alert) -> String {
    let name = alert.role.arn.role_name();
    let Some(first) = alert.transitions.first() else {
        return name.to_string();
    };
    match (first.kind, first.check) {
        (TransitionKind::Gone, _) => format!("{name} is no longer a node role"),
        (TransitionKind::Resolved, Check::ReadOnly) => match alert.standard {
            Standard::ReadOnly => format!("{name} can only read from ECR again"),
            Standard::PullOnly | Standard::C0223 => format!("{name} can only pull from ECR again"),
        },
        (TransitionKind::Resolved, Check::CanPull) => format!("{name} can pull from ECR again"),
        (_, Check::CanPull) => format!("{name} cannot pull from ECR"),
        (_, Check::ReadOnly) => match abilities_of(news(first)).first() {
            None => format!("{name} can do more than its standard permits"),
            Some(ability) => {
                let can = if ability.is_perhaps { "may be able to" } else { "can" };
                format!("{name} {can} {}{}", ability.sentence, ability.condition())
            }
        },
    }
}

/// What a transition is about: of what became worse, what was added; else everything.
fn news(transition: &AlertedTransition) -> impl Iterator<Item = &Excess> {
    let is_about_all = transition.kind != TransitionKind::Worse
        || !transition.result.excess.iter().any(|excess| transition.added.contains(&excess.action));
    let excess = transition.result.excess.iter();
    excess.filter(move |excess| is_about_all || transition.added.contains(&excess.action))
}

/// `could push images (ecr:PutImage +3)`: the last answer of a role that is gone.
pub(crate) fn was(check: Check, result: &CheckResult) -> String {
    match check {
        Check::CanPull => "could not pull images from ECR".to_owned(),
        Check::ReadOnly => match abilities(&result.excess).first() {
            Some(ability) => {
                let perhaps = if ability.is_perhaps { "perhaps " } else { "" };
                format!("could {perhaps}{} ({})", ability.sentence, ability.actions(1))
            }
            None => "could do more than its standard permits".to_owned(),
        },
    }
}

/// Printable ASCII of at most `longest` characters; all else becomes `?`.
fn printable(text: &str, longest: usize) -> String {
    let plain: String = text
        .chars()
        .map(|letter| if letter.is_ascii_graphic() || letter == ' ' { letter } else { '?' })
        .collect();
    if plain.len() <= longest {
        plain
    } else {
        format!("{}...", plain[..longest.saturating_sub(3)].trim_end())
    }
}

fn headline_of(page: &mut Page, alert: &Alert) {
    let kind = alert.transitions.first().map_or("", |transition| transition.kind.as_str());
    let right =
        if alert.is_failure() { format!("{}  {kind}", alert.severity()) } else { kind.to_owned() };
    page.at_both_ends(&headline(alert), &right);
}

fn role_of(page: &mut Page, alert: &Alert) {
    let is_gone = alert.transitions.iter().any(|known| known.kind == TransitionKind::Gone);
    let worn = if is_gone { "Last seen" } else { "Used by" };
    facts_of(page, &alert.role.arn, (worn, &alert.uses), &alert.place, &alert.owners);
}

/// The facts that every mail about a role begins with.
fn facts_of(
    page: &mut Page,
    role_arn: &RoleArn,
    (worn, uses): (&str, &[Use]),
    place: &Place,
    owners: &[String],
) {
    page.gap();
    page.fact("Role", role_arn.role_name().as_str());
    page.fact("", role_arn.as_str());
    let mut label = worn;
    for line in used_by(uses) {
        page.fact(label, &line);
        label = "";
    }
    page.fact("Account", &place.account);
    let owners = match owners.len() {
        0 => "nobody is named".to_owned(),
        count if count > 20 => format!("{} +{}", owners[..20].join(", "), count - 20),
        _ => owners.join(", "),
    };
    page.fact("Owner", &owners);
}

fn transition_of(page: &mut Page, alert: &Alert, transition: &AlertedTransition) {
    let result = &transition.result;
    match (transition.kind, transition.check) {
        (TransitionKind::Gone, check) => {
            page.heading("What it was");
            page.wrapped("  ", &format!("{}: it {}", result.severity, was(check, result)));
        }
        (TransitionKind::Resolved, Check::ReadOnly) => {
            page.heading("What is fixed");
            let standard = alert.standard;
            page.wrapped("  ", &format!("everything that went beyond the {standard} standard"));
            for statement in transition.granted_before.iter().take(MOST_STATEMENTS) {
                page.fact_below("was granted by", &statement.to_string());
            }
            more_of(page, transition.granted_before.len(), MOST_STATEMENTS, "statements");
        }
        (TransitionKind::Resolved, Check::CanPull) => {
            page.heading("What the nodes can do");
            page.wrapped("  ", "pull images from Amazon ECR again");
        }
        (kind, Check::CanPull) => {
            page.heading("What the nodes cannot do");
            page.wrapped("  ", "pull images from Amazon ECR");
            for reason in result.reasons.iter().take(MOST_REASONS) {
                page.wrapped("  ", &shortened(reason, LONGEST_SENTENCE));
            }
            let added: Vec<&str> = transition
                .added
                .iter()
                .map(String::as_str)
                .filter(|it| *it != "ecr:pull")
                .collect();
            if kind == TransitionKind::Worse && !added.is_empty() {
                page.wrapped("  ", &format!("New since the last alert: {}.", added.join(", ")));
            }
        }
        (TransitionKind::Worse, Check::ReadOnly) if !transition.added.is_empty() => {
            let (new, known): (Vec<&Excess>, Vec<&Excess>) =
                result.excess.iter().partition(|excess| transition.added.contains(&excess.action));
            page.heading("What the nodes can do now");
            abilities_on(page, alert, &abilities_of(new.into_iter()));
            if !known.is_empty() {
                page.heading("What they could do before");
                abilities_on(page, alert, &abilities_of(known.into_iter()));
            }
        }
        (_, Check::ReadOnly) => {
            page.heading("What the nodes can do");
            abilities_on(page, alert, &abilities(&result.excess));
        }
    }
    if transition.kind.is_failure() && transition.check == Check::ReadOnly {
        for reason in result.reasons.iter().take(MOST_REASONS) {
            page.wrapped("  ", &shortened(reason, LONGEST_SENTENCE));
        }
    }
    if transition.was_suppressed {
        page.gap();
        page.wrapped("  ", WORSE_THAN_SUPPRESSED);
    }
}

fn abilities_on(page: &mut Page, alert: &Alert, abilities: &[Ability<'_>]) {
    for ability in abilities {
        page.fact_below(&ability.in_words(), &ability.actions(2));
        let Some(worst) = ability.excess.first() else { continue };
        page.fact_below("  on", &place_of(worst, &alert.place.account));
        for condition in conditions(worst).iter().take(MOST_STATEMENTS) {
            page.fact_below("  if", condition);
        }
        if worst.certainty() == Certainty::PerhapsAlways {
            page.fact_below("  or", "perhaps always");
        }
        let statements: BTreeSet<&PolicyStatement> =
            ability.excess.iter().flat_map(|excess| &excess.statements).collect();
        for statement in statements.iter().take(MOST_STATEMENTS) {
            page.fact_below("  granted by", &statement.to_string());
        }
        more_of(page, statements.len(), MOST_STATEMENTS, "statements");
    }
}

fn more_of(page: &mut Page, count: usize, most: usize, what: &str) {
    if count > most {
        page.wrapped(&" ".repeat(18), &format!("and {} more {what}", count - most));
    }
}

fn changes_of(page: &mut Page, alert: &Alert) {
    page.heading("What changed");
    if let Some(ended) = &alert.occasion.exception_ended {
        page.wrapped("  ", &ended.sentence());
    }
    if alert.changes.is_empty()
        && let Some(sentence) = alert.occasion.without_event()
    {
        page.wrapped("  ", sentence);
    }
    let shown = &alert.changes[alert.changes.len().saturating_sub(MOST_CHANGES)..];
    if shown.len() < alert.changes.len() {
        let left = alert.changes.len() - shown.len();
        page.wrapped("  ", &format!("{left} earlier changes, and then"));
    }
    for (index, reported) in shown.iter().enumerate() {
        call_of(page, reported);
        if shown.get(index + 1).is_none_or(|next| who(next) != who(reported)) {
            by(page, reported);
        }
    }
}

/// `2026-01-15 10:00:00 UTC  AttachRolePolicy NodeEcr`.
fn call_of(page: &mut Page, reported: &ReportedChange) {
    let event = &reported.event;
    let call = format!("{} {}", event.name, about(&reported.change));
    let time = utc(event.time);
    page.wrapped_after("  ", &" ".repeat(27), &format!("{time}  {}", call.trim_end()));
}

/// Who made a change, and with which tool.
fn who(reported: &ReportedChange) -> (&str, Option<&str>) {
    let actor = &reported.event.actor;
    (&actor.principal, actor.tool.as_deref())
}

/// `by assumed-role/Deployer/pipeline with Terraform`.
pub(crate) fn by_whom(reported: &ReportedChange) -> String {
    let (principal, tool) = who(reported);
    let with = tool.map_or(String::new(), |tool| format!(" with {tool}"));
    format!("by {principal}{with}")
}

fn by(page: &mut Page, reported: &ReportedChange) {
    let by_whom = by_whom(reported);
    let tool = reported.event.actor.tool.as_deref();
    if 2 + by_whom.chars().count() <= page::COLUMNS || tool.is_none() {
        page.wrapped("  ", &by_whom);
    } else {
        page.wrapped("  ", &format!("by {}", reported.event.actor.principal));
        page.wrapped("  ", &format!("with {}", tool.unwrap_or_default()));
    }
}

fn remedy_of(page: &mut Page, remedy: &Remedy) {
    page.heading("How to fix it");
    let lines = joined(&remedy.commands);
    let is_showable = lines.iter().all(|line| line.chars().all(is_showable));
    if lines.len() > MOST_COMMAND_LINES || !is_showable {
        let (which, is) = match remedy.commands.len() {
            1 => ("The command".to_owned(), "is"),
            count => (format!("The {count} commands"), "are"),
        };
        let why = if is_showable {
            format!("{is} too long for a mail")
        } else {
            "cannot be shown in a mail".to_owned()
        };
        page.wrapped(
            "  ",
            &format!("{which} {why}. Subscribers of the JSON document get everything."),
        );
    } else {
        for line in &lines {
            page.line(line);
        }
    }
    if !remedy.commands.is_empty() {
        page.gap();
        page.wrapped("  ", &format!("Checked: {}", remedy.checked));
    }
    if let Some(obstacle) = &remedy.obstacle {
        let obstacle = shortened(obstacle, LONGEST_OBSTACLE);
        let is_alone = remedy.commands.is_empty();
        let beginning = if is_alone { "There is no safe command. " } else { "" };
        page.wrapped("  ", &format!("{beginning}{obstacle}"));
    }
    for advice in &remedy.advice {
        page.wrapped("  ", advice);
    }
}

fn finding_at(page: &mut Page, heading: &str, whereabouts: &Whereabouts) {
    page.heading(heading);
    match whereabouts {
        // A line of its own, and nothing else on it: no form of the link fits into 78 columns.
        Whereabouts::Link(link) => page.line(link),
        Whereabouts::Words(words) => page.wrapped("", words),
    }
}

fn closing_of(page: &mut Page, alert: &Alert) {
    let worst = alert.transitions.first().map(|transition| (&alert.role.arn, transition.check));
    finding_at(page, "Finding", &console(&alert.place, worst));
    page.gap();
    silence_of(page, alert);
    page.fact("Id", &alert.id);
}

/// How to hear no more of what is wrong: an exception covers the check
/// read-only alone.
fn silence_of(page: &mut Page, alert: &Alert) {
    let failing: BTreeSet<Check> = alert
        .transitions
        .iter()
        .filter(|transition| transition.kind.is_failure())
        .map(|transition| transition.check)
        .collect();
    if failing.is_empty() {
        return;
    }
    if !failing.contains(&exception::CHECK) {
        page.fact("Silence", "Suppress the finding in Security Hub.");
        return;
    }
    let mut how = "Suppress the finding in Security Hub, or accept what the role can do now until \
                   a date at most 180 days ahead"
        .to_owned();
    if failing.len() > 1 {
        how.push_str(" (which covers the check read-only alone)");
    }
    page.fact("Silence", &format!("{how}:"));
    let tag = format!("Key={},Value=YYYY-MM-DD reason", exception::TAG);
    let role_name = quoted(alert.role.arn.role_name().as_str());
    for line in
        laid_out(&format!("aws iam tag-role --role-name {role_name} --tags {}", quoted(&tag)))
    {
        page.line(&line);
    }
}
