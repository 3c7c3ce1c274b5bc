//! What the operators get: what pullwatch cannot do, and what somebody told it to keep quiet
//! about. The same page as an owner's, from other facts.

use crate::alert::Alert;
use crate::arn::RoleArn;
use crate::assessment::CheckResult;
use crate::error::PortError;
use crate::exception::{self, ExceptionEvent};
use crate::finding::Place;
use crate::node_role::Use;
use crate::owner_topics;
use crate::standard::{Check, Status};
use crate::topic_arn::TopicArn;

use super::page::Page;
use super::{
    LONGEST_SUBJECT, MOST_ROLES, Mail, by, call_of, console, facts_of, finding_at, printable,
};

/// The role that operators are told of.
#[derive(Clone, Copy, Debug)]
pub struct About<'facts> {
    /// The role.
    pub role_arn: &'facts RoleArn,
    /// Why it is a node role, or was.
    pub uses: &'facts [Use],
    /// Who is told of it else.
    pub owners: &'facts [String],
    /// Where its findings are posted.
    pub place: &'facts Place,
    /// The transition's id.
    pub id: &'facts str,
}

/// A check that could not be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The check.
    pub check: Check,
    /// Why.
    pub reason: String,
    /// The last answer, which stands; `None` where there never was one.
    pub stands: Option<CheckResult>,
}

/// Checks of a role that cannot be answered. What is the reason for both is told once.
pub fn cannot_tell(about: About<'_>, unanswered: &[Unanswered]) -> Mail {
    let name = about.role_arn.role_name();
    let mut page = page_about(about, &format!("{name} cannot be assessed"), "NOT_AVAILABLE");
    page.heading("What is not known");
    for one in unanswered {
        let stands = match &one.stands {
            Some(result) if matches!(result.status, Status::Failed | Status::Warning) => {
                format!("{}, {}: the last answer stands", result.status, result.severity)
            }
            Some(result) => format!("{}: the last answer stands", result.status),
            None => "there has never been an answer".to_owned(),
        };
        page.fact_below(one.check.as_str(), &stands);
    }
    page.heading("Why");
    let mut reasons: Vec<&str> = unanswered.iter().map(|one| one.reason.as_str()).collect();
    reasons.dedup();
    for reason in reasons {
        page.wrapped("  ", reason);
    }
    page.heading("What to do");
    page.wrapped(
        "  ",
        "Grant the functions' roles the permission that is named, or correct the document. The role \
         is assessed again at its next change and by every sweep.",
    );
    let first = unanswered.first().map(|one| one.check);
    closed(page, about, first, &format!("pullwatch cannot assess {name}"))
}

/// What became of a role's exception.
pub fn of_exception(about: About<'_>, event: &ExceptionEvent) -> Mail {
    let name = about.role_arn.role_name();
    let mut page = page_about(about, &format!("Exception of {name}"), event.kind.as_str());
    page.heading("What happened");
    page.wrapped("  ", &event.sentence);
    if event.is_tag_changed {
        page.heading(&format!("Who changed the tag {}", exception::TAG));
        match &event.change {
            Some(reported) => {
                call_of(&mut page, reported);
                by(&mut page, reported);
            }
            None if event.is_sweep => page.wrapped("  ", "No event reported it. A sweep found it."),
            None => page.wrapped("  ", "No event reported it."),
        }
    }
    let subject = format!("pullwatch: exception of {name} {}", event.kind.as_str());
    closed(page, about, Some(exception::CHECK), &subject)
}

/// Tags that name topics which the settings do not list.
pub fn topic_refused<'name>(
    about: About<'_>,
    names: impl IntoIterator<Item = &'name String>,
) -> Mail {
    let name = about.role_arn.role_name();
    let mut page = page_about(about, &format!("A topic is refused for {name}"), "");
    page.heading(&format!("What the tag {} names", owner_topics::TAG));
    for name in names {
        page.wrapped("  ", name);
    }
    page.heading("What happened to the alert");
    page.wrapped("  ", "The stack's topic receives it, with the id below.");
    page.heading("What to do");
    page.wrapped(
        "  ",
        "If the topic is intended, add it to the stack's parameter OwnerTopicArns. If not, find out \
         who set the tag: it would have diverted the alert.",
    );
    closed(page, about, None, &format!("pullwatch: topic refused for {name}"))
}

/// An owners' own topic that cannot be published to.
pub fn topic_takes_nothing(topic: &TopicArn, alerts: &[Alert], error: &PortError) -> Mail {
    let what = "An owners' topic takes no alert";
    let account = alerts.first().map_or("", |alert| alert.place.account.as_str());
    let mut page = Page::default();
    page.wrapped("", what);
    page.gap();
    page.fact("Topic", topic.as_str());
    page.fact("Account", account);
    page.heading("Why");
    page.wrapped("  ", &error.to_string());
    page.heading("What happened to the alerts");
    page.wrapped("  ", "The stack's topic receives them, with the ids below.");
    page.heading("What to do");
    page.wrapped(
        "  ",
        "Create the topic again, or let its policy and its key admit the functions' roles, or \
         remove it from the stack's parameter OwnerTopicArns.",
    );
    page.gap();
    for (index, alert) in alerts.iter().take(MOST_ROLES).enumerate() {
        page.fact(if index == 0 { "Id" } else { "" }, &alert.id);
    }
    if alerts.len() > MOST_ROLES {
        page.fact("", &format!("and {} more", alerts.len() - MOST_ROLES));
    }
    Mail {
        subject: subject("pullwatch: an owners' topic takes no alert", account),
        text: page.into_text(),
    }
}

/// Security Hub is switched off where the findings are posted.
pub fn security_hub_off(place: &Place, reason: &str) -> Mail {
    let what = "Security Hub is not enabled";
    let mut page = Page::default();
    page.at_both_ends(what, &place.region);
    page.gap();
    page.fact("Account", &place.account);
    page.fact("Region", &place.region);
    page.heading("Why");
    page.wrapped("  ", reason);
    page.heading("What still works");
    page.wrapped(
        "  ",
        "Roles are assessed and owners receive their alerts, but no findings are kept.",
    );
    page.heading("How to fix it");
    page.line(&format!("  aws securityhub enable-security-hub --region {} \\", place.region));
    page.line("    --no-enable-default-standards");
    page.gap();
    page.wrapped("  ", "The next sweep after that imports every finding.");
    Mail { subject: subject(&format!("pullwatch: {what}"), &place.account), text: page.into_text() }
}

fn page_about(about: About<'_>, headline: &str, right: &str) -> Page {
    let mut page = Page::default();
    page.at_both_ends(headline, right);
    facts_of(&mut page, about.role_arn, ("Used by", about.uses), about.place, about.owners);
    page
}

fn closed(mut page: Page, about: About<'_>, check: Option<Check>, what: &str) -> Mail {
    if let Some(check) = check {
        finding_at(&mut page, "Finding", &console(about.place, Some((about.role_arn, check))));
    }
    page.gap();
    page.fact("Id", about.id);
    Mail { subject: subject(what, &about.place.account), text: page.into_text() }
}

/// `pullwatch cannot assess prod-workers (111122223333)`.
fn subject(what: &str, account: &str) -> String {
    let room = LONGEST_SUBJECT.saturating_sub(account.len() + " ()".len());
    format!("{} ({account})", printable(what, room))
}
