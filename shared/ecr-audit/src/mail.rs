//! An alert as an owner reads it: plain text within 78 columns, facts first, UTC, one link. `page`
//! keeps the width, `command` breaks commands so that a shell still reads them.

mod command;
mod link;
pub mod operators;
mod page;
mod role;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::alert::{Alert, AlertedTransition, TransitionKind};
use crate::arn::RoleArn;
use crate::assessment::{CheckResult, Excess};
use crate::change::ReportedChange;
use crate::finding::Place;
use crate::node_role::Use;
use crate::permissions::{Access, PolicyStatement, Scope};
use crate::remedy::Remedy;
use crate::standard::{Check, Standard};
use crate::words::{Ability, abilities, abilities_of, about, shortened};

use command::joined;
pub(crate) use link::{Whereabouts, console};
use page::{Page, is_showable};
use role::worn_by;
pub(crate) use role::worn_in;

/// SNS takes subjects of less than 100 characters, printable ASCII.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST_SUBJECT: usize = 99;
/// What is longer than these is counted, so that a mail can be read.
const MOST_STATEMENTS: usize = 3;
const MOST_CHANGES: usize = 5;
const MOST_ROLES: usize = 100;
const LONGEST_DIGEST: usize = 64 * 1024;
const MOST_REASONS: usize = 10;
/// A sentence about a condition may quote a whole policy.
const LONGEST_SENTENCE: usize = 600;
const LONGEST_OBSTACLE: usize = 2000;
/// A remedy of more lines is told, but not shown.
const MOST_COMMAND_LINES: usize = 300;

/// What an alert says of a finding that a person had suppressed.
pub(crate) const WORSE_THAN_SUPPRESSED: &str = "The finding was suppressed in Security Hub. This is worse than what was suppressed, so the \
     finding is NEW again.";

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

/// Many alerts of one owner as one mail, the worst first.
pub fn digest(owner: &str, alerts: &[Alert]) -> Mail {
    let mut page = Page::default();
    let look = match alerts.len() {
        1 => format!("1 node role of {owner} needs a look"),
        count => format!("{count} node roles of {owner} need a look"),
    };
    page.wrapped("", &look);
    let mut shown = 0;
    for alert in worst_first(alerts).into_iter().take(MOST_ROLES) {
        if page.len() > LONGEST_DIGEST {
            break;
        }
        page.gap();
        in_digest(&mut page, alert);
        shown += 1;
    }
    if shown < alerts.len() {
        let left = alerts.len() - shown;
        page.gap();
        page.wrapped("", &format!("{left} more are not shown here. Every one has its finding."));
    }
    let account = alerts.first().map_or("", |alert| alert.place.account.as_str());
    if let Some(alert) = alerts.first() {
        finding_at(&mut page, "Findings", &console(&alert.place, None));
    }
    let room = LONGEST_SUBJECT.saturating_sub("pullwatch:  ()".len() + account.len());
    let subject = format!("pullwatch: {} ({account})", printable(&look, room));
    Mail { subject, text: page.into_text() }
}

fn in_digest(page: &mut Page, alert: &Alert) {
    let indent = " ".repeat(10);
    let severity = format!("{:<8}  ", alert.severity().as_str());
    page.wrapped_after(&severity, &indent, &headline(alert));
    page.wrapped(&indent, alert.role.arn.as_str());
    for line in worn_by(&alert.uses) {
        page.wrapped(&indent, &line);
    }
    for transition in &alert.transitions {
        for line in summary(transition) {
            page.wrapped_after(&format!("{indent}- "), &format!("{indent}  "), &line);
        }
    }
    page.wrapped(&indent, &format!("Id {}", alert.id));
}

/// The alerts of a digest, the worst first, then by role.
pub(crate) fn worst_first(alerts: &[Alert]) -> Vec<&Alert> {
    let mut sorted: Vec<&Alert> = alerts.iter().collect();
    sorted.sort_by_key(|alert| (Reverse(alert.severity()), alert.role.arn.clone()));
    sorted
}

/// `[HIGH] prod-workers can push images to ECR (prod, eu-west-1, 111122223333)`.
fn subject(alert: &Alert) -> String {
    let mark = if alert.is_failure() { alert.severity().as_str() } else { "RESOLVED" };
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
            Some(ability) if ability.is_conditional() => {
                format!("{name} can {} on a condition", ability.sentence)
            }
            Some(ability) => format!("{name} can {}", ability.sentence),
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

/// One transition of a digest, a line for each thing that the nodes can do.
fn summary(transition: &AlertedTransition) -> Vec<String> {
    if !transition.kind.is_failure() {
        let was = was(transition.check, &transition.result);
        return match transition.kind {
            TransitionKind::Gone => vec![format!("resolved: the role is gone; it {was}")],
            _ => vec!["resolved".to_owned()],
        };
    }
    let kind = transition.kind.as_str();
    match transition.check {
        Check::CanPull => {
            let reasons = transition.result.reasons.iter().take(MOST_REASONS);
            let reasons: Vec<String> =
                reasons.map(|reason| shortened(reason, LONGEST_SENTENCE)).collect();
            vec![format!("{kind}: cannot pull images. {}", reasons.join(" ")).trim_end().to_owned()]
        }
        Check::ReadOnly => abilities(&transition.result.excess)
            .iter()
            .map(|ability| format!("{kind}: can {} ({})", ability.words, ability.actions(1)))
            .collect(),
    }
}

/// `could push images (ecr:PutImage +3)`: the last answer of a role that is gone.
pub(crate) fn was(check: Check, result: &CheckResult) -> String {
    match check {
        Check::CanPull => "could not pull images from ECR".to_owned(),
        Check::ReadOnly => match abilities(&result.excess).first() {
            Some(ability) => format!("could {} ({})", ability.sentence, ability.actions(1)),
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
    let worn = if is_gone { "Last seen" } else { "Worn by" };
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
    for line in worn_by(uses) {
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
            page.heading("What has ended");
            let standard = alert.standard;
            page.wrapped("  ", &format!("all that went beyond the {standard} standard"));
            for statement in transition.granted_before.iter().take(MOST_STATEMENTS) {
                page.fact_below("was granted by", &cited(statement));
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
        page.fact_below(ability.words, &ability.actions(2));
        let Some(worst) = ability.excess.first() else { continue };
        page.fact_below("  on", &place_of(alert, worst));
        for condition in conditions(worst) {
            page.fact_below("  if", &condition);
        }
        let statements: BTreeSet<&PolicyStatement> =
            ability.excess.iter().flat_map(|excess| &excess.statements).collect();
        for statement in statements.iter().take(MOST_STATEMENTS) {
            page.fact_below("  granted by", &cited(statement));
        }
        more_of(page, statements.len(), MOST_STATEMENTS, "statements");
    }
}

fn more_of(page: &mut Page, count: usize, most: usize, what: &str) {
    if count > most {
        page.wrapped(&" ".repeat(18), &format!("and {} more {what}", count - most));
    }
}

/// `every repository`, or one that shows which.
pub(crate) fn place_of(alert: &Alert, excess: &Excess) -> String {
    let witness = excess.witness.as_ref().map(|witness| witness.resource.as_str());
    let shown = witness.and_then(|arn| {
        let mut fields = arn.splitn(6, ':').skip(3);
        let (region, account) = (fields.next()?, fields.next()?);
        let name = fields.next()?.strip_prefix("repository/")?;
        let region = if region.is_empty() { String::new() } else { format!(" in {region}") };
        let account = if account == alert.place.account {
            String::new()
        } else {
            format!(" of account {account}")
        };
        Some(format!("{name}{region}{account}"))
    });
    match (excess.scope, shown) {
        (Scope::EveryRepository, None) if witness.is_some() => "the whole registry".to_owned(),
        (Scope::EveryRepository, _) => "every repository".to_owned(),
        (Scope::NamedRepositories, Some(shown)) => {
            format!("certain repositories, such as {shown}")
        }
        (Scope::NamedRepositories, None) => "certain repositories".to_owned(),
    }
}

/// What a conditional action hangs on, as its witness shows.
fn conditions(excess: &Excess) -> Vec<String> {
    let Some(witness) = &excess.witness else { return Vec::new() };
    if excess.access != Access::Conditional {
        return Vec::new();
    }
    if witness.context.is_empty() {
        return vec!["the other account consents, or another condition holds".to_owned()];
    }
    let conditions = witness.context.iter().map(|(key, value)| match value {
        serde_json::Value::Null => format!("{key} is absent"),
        serde_json::Value::String(text) => format!("{key} is {}", shortened(text, 200)),
        serde_json::Value::Array(texts) => {
            let texts: Vec<&str> = texts.iter().filter_map(serde_json::Value::as_str).collect();
            format!("{key} are {}", shortened(&texts.join(", "), 200))
        }
        other => format!("{key} is {other}"),
    });
    conditions.take(MOST_STATEMENTS).collect()
}

/// `policy NodeEcr v4, statement AllowPush`; a statement without a Sid by its place, from 0.
pub(crate) fn cited(statement: &PolicyStatement) -> String {
    let name = match statement.policy.strip_prefix("inline:") {
        Some(name) => format!("inline policy {name}"),
        None if statement.policy.contains(":policy/") => {
            format!("policy {}", statement.policy.rsplit('/').next().unwrap_or_default())
        }
        None => statement.policy.clone(),
    };
    let version = statement.version.as_ref().map_or(String::new(), |version| format!(" {version}"));
    let which = match &statement.sid {
        Some(sid) => format!("statement {sid}"),
        None => format!("statement [{}]", statement.index),
    };
    format!("{name}{version}, {which}")
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
    let time = event.time.strftime("%Y-%m-%d %H:%M:%S UTC");
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
    page.heading("Put it right");
    let lines = joined(&remedy.commands);
    let is_showable = lines.iter().all(|line| line.chars().all(is_showable));
    if lines.len() > MOST_COMMAND_LINES || !is_showable {
        let why = if is_showable { "too long for a mail" } else { "not to be shown in a mail" };
        page.wrapped(
            "  ",
            &format!(
                "There are {} commands, {why}. Subscribers of the JSON document have them.",
                remedy.commands.len()
            ),
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
    if alert.is_failure() {
        page.fact("Silence", "suppress the finding, or tag the role pullwatch:exception");
    }
    page.fact("Id", &alert.id);
}
