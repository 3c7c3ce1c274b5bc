//! `pullwatch subscribe`: sends the alerts of some owners to somebody, by a filter on the
//! attributes of the alerts' topic.

use std::io::Write;

use clap::{ArgGroup, Args};
use ecr_audit::standard::{Severity, UnknownSeverity};
use ecr_audit::subscription::{Subscriber, Subscription, SubscriptionError};
use ecr_audit::topic_arn::TopicArn;

use crate::error::CliError;
use crate::{live, output};

/// Who gets the alerts of which owners.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("subscriber").required(true))]
pub struct SubscribeArguments {
    /// An owner, spelled as in the tag; repeatable. `unowned` stands for roles without one.
    #[arg(long = "owner", value_name = "NAME", required = true)]
    owners: Vec<String>,
    /// An address, which receives the e-mails; AWS asks it to confirm.
    #[arg(long, value_name = "ADDRESS", group = "subscriber")]
    email: Option<String>,
    /// A URL, which receives the chat messages.
    #[arg(long, value_name = "URL", group = "subscriber")]
    https: Option<String>,
    /// A queue, which receives the JSON documents.
    #[arg(long, value_name = "ARN", group = "subscriber")]
    sqs: Option<String>,
    /// A function, which receives the JSON documents.
    #[arg(long, value_name = "ARN", group = "subscriber")]
    lambda: Option<String>,
    /// Only alerts of at least this severity (LOW, MEDIUM, HIGH or CRITICAL), and all resolved ones.
    #[arg(long, value_name = "LABEL", value_parser = severity)]
    severity: Option<Severity>,
    /// The topic; without it, that of the one stack in the account of the current credentials.
    #[arg(long, value_name = "ARN", value_parser = TopicArn::parse)]
    topic_arn: Option<TopicArn>,
    /// Print the request and do not send it.
    #[arg(long)]
    dry_run: bool,
}

fn severity(text: &str) -> Result<Severity, UnknownSeverity> {
    text.to_ascii_uppercase().parse()
}

/// Makes the subscription, and says what is left to do.
pub fn run(arguments: &SubscribeArguments, output: &mut dyn Write) -> Result<u8, CliError> {
    let subscriber = arguments.subscriber()?;
    let topic = match &arguments.topic_arn {
        Some(topic) => topic.clone(),
        None => live::alert_topic()?,
    };
    let owners = &arguments.owners;
    let subscription = Subscription::new(topic, subscriber, owners, arguments.severity)?;
    if arguments.dry_run {
        output::json(output, &subscription.request())?;
        return Ok(0);
    }
    let subscription_arn = live::subscribe(&subscription)?;
    let subscriber = subscription.subscriber();
    let (endpoint, protocol) = (subscriber.endpoint(), subscriber.protocol());
    writeln!(output, "The alerts of {} go to {endpoint} ({protocol}).", owners.join(", "))?;
    writeln!(output, "{}", subscriber.what_is_left_to_do())?;
    writeln!(output, "SNS applies a new filter within 15 minutes.")?;
    writeln!(output, "{subscription_arn}")?;
    Ok(0)
}

impl SubscribeArguments {
    /// The one that is given.
    fn subscriber(&self) -> Result<Subscriber, SubscriptionError> {
        let Self { email, https, sqs, lambda, .. } = self;
        let read = |text: &Option<String>, read: fn(&str) -> _| text.as_deref().map(read);
        read(email, Subscriber::email)
            .or_else(|| read(https, Subscriber::https))
            .or_else(|| read(sqs, Subscriber::sqs))
            .or_else(|| read(lambda, Subscriber::lambda))
            .expect("clap takes the command with one of them alone")
    }
}
