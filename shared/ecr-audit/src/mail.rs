//! An alert as an owner reads it: plain text within 78 columns, facts first, UTC, one link, no JSON.

use std::collections::{BTreeMap, BTreeSet};

use textwrap::{Options, WordSplitter};

use crate::alert::{Alert, AlertedTransition, TransitionKind};
use crate::asff::finding_id;
use crate::assessment::Excess;
use crate::change::ReportedChange;
use crate::node_role::Use;
use crate::permissions::{PolicyStatement, Scope};
use crate::remedy::Remedy;
use crate::standard::Check;
use crate::words::{Ability, abilities};

const COLUMNS: usize = 78;
/// SNS takes subjects of less than 100 characters, printable ASCII.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST_SUBJECT: usize = 99;
const LABEL: usize = 10;

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
    page.headline(alert);
    page.role(alert);
    for transition in &alert.transitions {
        page.transition(transition);
    }
    page.changes(&alert.changes);
    if let Some(remedy) = &alert.remedy {
        page.remedy(remedy);
    }
    page.closing(alert);
    Mail { subject: subject(alert), text: page.text }
}

/// Many alerts of one owner as one mail.
pub fn digest(owner: &str, alerts: &[Alert]) -> Mail {
    let mut page = Page::default();
    page.line(&format!("{} node roles of {owner} need a look", alerts.len()));
    for alert in alerts {
        page.line("");
        page.line(&format!("{:<8}  {}", alert.severity().as_str(), headline(alert)));
        page.wrapped("          ", alert.role.arn.as_str());
        page.wrapped("          ", &format!("worn by {}", worn_by(&alert.uses)));
        for transition in &alert.transitions {
            page.wrapped("          ", &summary(transition));
        }
        page.wrapped("          ", &format!("id {}", alert.id));
    }
    if let Some(alert) = alerts.first() {
        page.line("");
        page.line(&format!("Findings  {}", console(alert, None)));
    }
    let account = alerts.first().map_or("", |alert| alert.place.account.as_str());
    let subject =
        format!("pullwatch: {} node roles of {owner} need a look ({account})", alerts.len());
    Mail { subject: printable(&subject, LONGEST_SUBJECT), text: page.text }
}

/// `[HIGH] prod-workers can push images to ECR (prod, eu-west-1, 111122223333)`.
fn subject(alert: &Alert) -> String {
    let is_failure = alert.transitions.iter().any(|transition| transition.kind.is_failure());
    let mark = if is_failure { alert.severity().as_str() } else { "RESOLVED" };
    let clusters: BTreeSet<&str> =
        alert.uses.iter().filter_map(|seen| seen.cluster_name.as_deref()).collect();
    let regions: BTreeSet<&str> =
        alert.uses.iter().filter_map(|seen| seen.source.region.as_deref()).collect();
    let one = |names: &BTreeSet<&str>, many: &str| match names.len() {
        0 => String::new(),
        1 => format!("{}, ", names.iter().next().copied().unwrap_or_default()),
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
    printable(&format!("{} {place}", printable(&what, room)), LONGEST_SUBJECT)
}

fn headline(alert: &Alert) -> String {
    let name = alert.role.arn.role_name();
    let Some(first) = alert.transitions.first() else {
        return name.to_string();
    };
    match (first.kind, first.check) {
        (TransitionKind::Gone, _) => format!("{name} is no node role any more"),
        (TransitionKind::Resolved, Check::ReadOnly) => {
            format!("{name} can only pull from ECR again")
        }
        (TransitionKind::Resolved, Check::CanPull) => format!("{name} can pull from ECR again"),
        (_, Check::CanPull) => format!("{name} cannot pull from ECR"),
        (_, Check::ReadOnly) => {
            let can = abilities(&first.result.excess);
            let words = can.first().map_or("do more than pull", |ability| ability.words);
            format!("{name} can {words} in ECR")
        }
    }
}

fn summary(transition: &AlertedTransition) -> String {
    let kind = transition.kind.as_str();
    match transition.check {
        Check::CanPull => format!("{kind}: can-pull {}", transition.result.status),
        Check::ReadOnly => {
            let can: Vec<String> = abilities(&transition.result.excess)
                .iter()
                .map(|ability| format!("{} ({})", ability.words, ability.actions(1)))
                .collect();
            if can.is_empty() {
                format!("{kind}: read-only {}", transition.result.status)
            } else {
                format!("{kind}: can {}", can.join(", "))
            }
        }
    }
}

/// `prod, eu-west-1: nodegroup workers, nodegroup spot`.
fn worn_by(uses: &[Use]) -> String {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for seen in uses {
        let place: Vec<&str> = [seen.cluster_name.as_deref(), seen.source.region.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let kind = seen.source.kind.in_words();
        let what =
            if seen.name.is_empty() { kind.to_owned() } else { format!("{kind} {}", seen.name) };
        places.entry(place.join(", ")).or_default().push(what);
    }
    let mut lines: Vec<String> = places
        .into_iter()
        .map(|(place, what)| {
            if place.is_empty() { what.join(", ") } else { format!("{place}: {}", what.join(", ")) }
        })
        .collect();
    let left = lines.len().saturating_sub(5);
    lines.truncate(5);
    if left > 0 {
        lines.push(format!("and {left} more clusters"));
    }
    if lines.is_empty() { "nothing any more".to_owned() } else { lines.join("; ") }
}

/// The finding in Security Hub's console, whose domain is the partition's.
fn console(alert: &Alert, check: Option<Check>) -> String {
    let domain = match alert.place.partition.as_str() {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    let region = &alert.place.region;
    let base = format!("https://{region}.{domain}/securityhub/home?region={region}#/findings");
    match check {
        None => base,
        Some(check) => {
            let id = finding_id(&alert.role.arn, check).replace(':', "%253A").replace('/', "%252F");
            format!("{base}?search=Id%3D%255Coperator%255C%253AEQUALS%255C%253A{id}")
        }
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

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        // A name may hold anything; a mail's lines hold no control characters.
        self.text.extend(text.chars().map(|letter| if letter.is_control() { '?' } else { letter }));
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    fn wrapped(&mut self, indent: &str, text: &str) {
        self.wrapped_after(indent, indent, text);
    }

    fn wrapped_after(&mut self, first: &str, indent: &str, text: &str) {
        let options = Options::new(COLUMNS)
            .initial_indent(first)
            .subsequent_indent(indent)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(false);
        for line in textwrap::wrap(text, options) {
            self.line(&line);
        }
    }

    fn fact(&mut self, label: &str, text: &str) {
        let indent = " ".repeat(LABEL);
        self.wrapped_after(&format!("{label:<LABEL$}"), &indent, text);
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    fn headline(&mut self, alert: &Alert) {
        let kind = alert.transitions.first().map_or("", |transition| transition.kind.as_str());
        let severity = alert.severity();
        let right = if alert.transitions.iter().any(|transition| transition.kind.is_failure()) {
            format!("{severity}  {kind}")
        } else {
            kind.to_owned()
        };
        let left = headline(alert);
        let gap = COLUMNS.saturating_sub(left.chars().count() + right.len());
        if gap >= 2 {
            self.line(&format!("{left}{}{right}", " ".repeat(gap)));
        } else {
            self.wrapped("", &left);
            self.line(&right);
        }
    }

    fn role(&mut self, alert: &Alert) {
        self.line("");
        self.fact("Role", alert.role.arn.role_name().as_str());
        self.fact("", alert.role.arn.as_str());
        self.fact("Worn by", &worn_by(&alert.uses));
        self.fact("Account", &alert.place.account);
        let owners = if alert.owners.is_empty() {
            "nobody is named".to_owned()
        } else {
            alert.owners.join(", ")
        };
        self.fact("Owner", &owners);
    }

    fn transition(&mut self, transition: &AlertedTransition) {
        match (transition.kind, transition.check) {
            (TransitionKind::Gone, _) => {
                self.heading("What it was");
                self.wrapped("  ", &summary(transition));
            }
            (TransitionKind::Resolved, Check::ReadOnly) => {
                self.heading("What the nodes can do");
                self.wrapped("  ", "pull images, and nothing beyond the standard");
                self.was_granted_by(&transition.granted_before);
            }
            (TransitionKind::Resolved, Check::CanPull) => {
                self.heading("What the nodes can do");
                self.wrapped("  ", "pull images again");
            }
            (_, Check::CanPull) => {
                self.heading("What the nodes cannot do");
                self.wrapped("  ", "pull images from Amazon ECR");
                for reason in &transition.result.reasons {
                    self.wrapped("  ", reason);
                }
            }
            (kind, Check::ReadOnly) => {
                self.heading("What the nodes can do");
                for ability in abilities(&transition.result.excess) {
                    self.ability(&ability);
                }
                if kind == TransitionKind::Worse && !transition.added.is_empty() {
                    self.heading("New since the last alert");
                    self.wrapped("  ", &transition.added.join(", "));
                }
            }
        }
    }

    fn ability(&mut self, ability: &Ability<'_>) {
        self.fact_below(ability.words, &ability.actions(2));
        let Some(worst) = ability.excess.first() else { return };
        self.fact_below("  on", &where_to(worst));
        for statement in statements(&ability.excess).iter().take(3) {
            self.fact_below("  granted by", &cited(statement));
        }
    }

    fn fact_below(&mut self, label: &str, text: &str) {
        const WIDTH: usize = 16;
        if label.chars().count() < WIDTH {
            self.wrapped_after(&format!("  {label:<WIDTH$}"), &" ".repeat(WIDTH + 2), text);
        } else {
            self.line(&format!("  {label}"));
            self.wrapped(&" ".repeat(WIDTH + 2), text);
        }
    }

    fn was_granted_by(&mut self, statements: &[PolicyStatement]) {
        for statement in statements.iter().take(3) {
            self.fact_below("was granted by", &cited(statement));
        }
    }

    fn changes(&mut self, changes: &[ReportedChange]) {
        self.heading("What changed");
        if changes.is_empty() {
            self.wrapped("  ", "No event told of a change; the sweep found it.");
        }
        for reported in changes.iter().rev().take(5) {
            let event = &reported.event;
            let time = event.time.to_string().replace('T', " ").replace('Z', " UTC");
            self.wrapped_after("  ", "      ", &format!("{time}  {}", event.name));
            let tool =
                event.actor.tool.as_ref().map_or(String::new(), |tool| format!(" with {tool}"));
            self.wrapped("  ", &format!("by {}{tool}", event.actor.principal));
        }
    }

    fn remedy(&mut self, remedy: &Remedy) {
        self.heading("Put it right");
        for command in &remedy.commands {
            self.command(command);
        }
        if !remedy.commands.is_empty() {
            self.wrapped("  ", &format!("Checked: {}", remedy.checked));
        }
        if let Some(obstacle) = &remedy.obstacle {
            self.wrapped("  ", &format!("There is no safe command. {obstacle}"));
        }
        for advice in &remedy.advice {
            self.wrapped("  ", advice);
        }
    }

    /// A command to paste: broken before its options, each line but the last with a backslash.
    fn command(&mut self, command: &str) {
        let mut lines: Vec<String> = Vec::new();
        for part in command.split(" --") {
            let part = if lines.is_empty() { part.to_owned() } else { format!("--{part}") };
            match lines.last_mut() {
                Some(line) if line.chars().count() + part.chars().count() + 7 <= COLUMNS => {
                    line.push(' ');
                    line.push_str(&part);
                }
                _ => lines.push(part),
            }
        }
        let last = lines.len().saturating_sub(1);
        for (index, line) in lines.iter().enumerate() {
            let indent = if index == 0 { "  " } else { "    " };
            let tail = if index == last { "" } else { " \\" };
            self.line(&format!("{indent}{line}{tail}"));
        }
    }

    fn closing(&mut self, alert: &Alert) {
        self.line("");
        let check = alert.transitions.first().map(|transition| transition.check);
        // A link is one word: it may be longer than the line.
        self.line(&format!("{:<LABEL$}{}", "Finding", console(alert, check)));
        if alert.transitions.iter().any(|transition| transition.kind.is_failure()) {
            self.fact("Silence", "suppress the finding in Security Hub");
        }
        self.fact("Id", &alert.id);
    }
}

fn where_to(excess: &Excess) -> String {
    let witness = excess.witness.as_ref().map(|witness| witness.resource.as_str());
    let name = witness.and_then(|arn| arn.split_once(":repository/")).map(|(_, name)| name);
    let place = match (excess.scope, name) {
        (Scope::EveryRepository, None) => "the whole registry".to_owned(),
        (Scope::EveryRepository, Some(name)) => format!("every repository, e.g. repository/{name}"),
        (Scope::NamedRepositories, Some(name)) => {
            format!("certain repositories, e.g. repository/{name}")
        }
        (Scope::NamedRepositories, None) => "certain repositories".to_owned(),
    };
    match excess.access {
        crate::permissions::Access::Conditional => format!("{place}, on a condition"),
        _ => place,
    }
}

fn statements(excess: &[&Excess]) -> Vec<PolicyStatement> {
    let all: BTreeSet<&PolicyStatement> =
        excess.iter().flat_map(|excess| &excess.statements).collect();
    all.into_iter().cloned().collect()
}

/// `policy NodeEcr v4, statement AllowPush`.
fn cited(statement: &PolicyStatement) -> String {
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
        None => format!("statement {}", statement.index),
    };
    format!("{name}{version}, {which}")
}
