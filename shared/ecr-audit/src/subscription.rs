//! An owner's subscription to the alerts: who is written to, and which alerts are theirs. The
//! filter policy names the attributes that `message` gives every alert.

use serde_json::{Value, json};

use crate::standard::Severity;
use crate::topic_arn::TopicArn;

/// How many combinations of values a filter policy takes.
/// <https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html>
const MOST_COMBINATIONS: usize = 150;

/// Who gets the alerts of which owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    topic: TopicArn,
    subscriber: Subscriber,
    filter_policy: Value,
}

/// Whom SNS writes to, by the protocol it takes.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscriber {
    /// A person's address.
    Email(String),
    /// A URL, which gets a chat message.
    Https(String),
    /// A queue's ARN, which gets the JSON document.
    Sqs(String),
    /// A function's ARN, which gets the JSON document.
    Lambda(String),
}

/// Why SNS would not take a subscription, or why it would never be written to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// Nobody's alerts are asked for.
    #[error("no owner is named")]
    NoOwner,
    /// An owner's name that no tag can have.
    #[error("`{0}` is no owner: a tag's value has 1 to 256 characters, none of them a line break")]
    NotAnOwner(String),
    /// More than one filter policy takes.
    #[error(
        "{owners} owners with {severities} severities are more than the {MOST_COMBINATIONS} \
         combinations of one filter: subscribe with fewer owners, or without --severity"
    )]
    TooMany {
        /// The owners.
        owners: usize,
        /// The severities.
        severities: usize,
    },
    /// A text that is no endpoint of its protocol.
    #[error("`{endpoint}` is not {expected}")]
    NotAnEndpoint {
        /// The text.
        endpoint: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Subscription {
    /// The alerts of these owners; with a severity, those at least so bad. What is resolved is
    /// told whatever it was: its severity is INFORMATIONAL.
    pub fn new(
        topic: TopicArn,
        subscriber: Subscriber,
        owners: &[String],
        at_least: Option<Severity>,
    ) -> Result<Self, SubscriptionError> {
        let mut names: Vec<&str> = Vec::new();
        for owner in owners {
            let length = owner.chars().count();
            if owner.trim().is_empty() || length > 256 || owner.chars().any(char::is_control) {
                return Err(SubscriptionError::NotAnOwner(owner.clone()));
            }
            if !names.contains(&owner.as_str()) {
                names.push(owner);
            }
        }
        if names.is_empty() {
            return Err(SubscriptionError::NoOwner);
        }
        let severities: Vec<Severity> = at_least.map(told_from).unwrap_or_default();
        if names.len() * severities.len().max(1) > MOST_COMBINATIONS {
            let (owners, severities) = (names.len(), severities.len().max(1));
            return Err(SubscriptionError::TooMany { owners, severities });
        }
        let mut filter_policy = json!({ "owner": names });
        if !severities.is_empty() {
            filter_policy["severity"] = json!(severities);
        }
        Ok(Self { topic, subscriber, filter_policy })
    }

    /// The topic.
    pub const fn topic(&self) -> &TopicArn {
        &self.topic
    }

    /// Who is written to.
    pub const fn subscriber(&self) -> &Subscriber {
        &self.subscriber
    }

    /// The attributes of the subscription, as SNS takes them.
    pub fn attributes(&self) -> [(&'static str, String); 2] {
        [
            ("FilterPolicy", self.filter_policy.to_string()),
            ("FilterPolicyScope", "MessageAttributes".to_owned()),
        ]
    }

    /// The request, as `aws sns subscribe --cli-input-json` takes it.
    pub fn request(&self) -> Value {
        json!({
            "TopicArn": self.topic,
            "Protocol": self.subscriber.protocol(),
            "Endpoint": self.subscriber.endpoint(),
            "Attributes": serde_json::Map::from_iter(
                self.attributes().map(|(name, value)| (name.to_owned(), Value::String(value))),
            ),
            "ReturnSubscriptionArn": true,
        })
    }
}

/// This severity, all that are worse, and what is resolved.
fn told_from(at_least: Severity) -> Vec<Severity> {
    let is_told =
        |severity: &Severity| *severity == Severity::Informational || *severity >= at_least;
    Severity::ALL.into_iter().filter(is_told).collect()
}

impl Subscriber {
    /// A person's address.
    pub fn email(text: &str) -> Result<Self, SubscriptionError> {
        let is_address = text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        if is_address && !text.contains(|letter: char| letter.is_whitespace() || letter == ',') {
            return Ok(Self::Email(text.to_owned()));
        }
        Err(not_an_endpoint(text, "one e-mail address"))
    }

    /// A URL.
    pub fn https(text: &str) -> Result<Self, SubscriptionError> {
        let host = text.strip_prefix("https://").filter(|rest| !rest.is_empty());
        if host.is_some() && !text.contains(char::is_whitespace) {
            return Ok(Self::Https(text.to_owned()));
        }
        Err(not_an_endpoint(text, "a URL that begins with https://"))
    }

    /// A queue's ARN.
    pub fn sqs(text: &str) -> Result<Self, SubscriptionError> {
        match text.split(':').collect::<Vec<_>>()[..] {
            ["arn", _, "sqs", region, _, name] if !region.is_empty() && !name.is_empty() => {
                Ok(Self::Sqs(text.to_owned()))
            }
            _ => Err(not_an_endpoint(text, "a queue's ARN, arn:PARTITION:sqs:REGION:ACCOUNT:NAME")),
        }
    }

    /// A function's ARN, with or without a qualifier.
    pub fn lambda(text: &str) -> Result<Self, SubscriptionError> {
        match text.split(':').collect::<Vec<_>>()[..] {
            ["arn", _, "lambda", region, _, "function", name, ..]
                if !region.is_empty() && !name.is_empty() =>
            {
                Ok(Self::Lambda(text.to_owned()))
            }
            _ => Err(not_an_endpoint(
                text,
                "a function's ARN, arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME",
            )),
        }
    }

    /// The protocol's name.
    pub const fn protocol(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Https(_) => "https",
            Self::Sqs(_) => "sqs",
            Self::Lambda(_) => "lambda",
        }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &str {
        match self {
            Self::Email(text) | Self::Https(text) | Self::Sqs(text) | Self::Lambda(text) => text,
        }
    }

    /// What has to be done before SNS writes there.
    pub const fn what_is_left_to_do(&self) -> &'static str {
        match self {
            Self::Email(_) => {
                "AWS has sent a message there: nothing else is sent before its link is followed, \
                 within two days."
            }
            Self::Https(_) => {
                "AWS has posted a message there: nothing else is sent before its SubscribeURL is \
                 called, within two days."
            }
            Self::Sqs(_) => {
                "The queue's policy must allow sns.amazonaws.com to sqs:SendMessage from this \
                 topic."
            }
            Self::Lambda(_) => {
                "The function's policy must allow sns.amazonaws.com to lambda:InvokeFunction from \
                 this topic."
            }
        }
    }
}

fn not_an_endpoint(endpoint: &str, expected: &'static str) -> SubscriptionError {
    SubscriptionError::NotAnEndpoint { endpoint: endpoint.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";

    fn subscription(
        owners: &[&str],
        at_least: Option<Severity>,
    ) -> Result<Subscription, SubscriptionError> {
        let owners: Vec<String> = owners.iter().map(|owner| (*owner).to_owned()).collect();
        let topic = TopicArn::parse(TOPIC).unwrap();
        Subscription::new(topic, Subscriber::email("ada@example.com")?, &owners, at_least)
    }

    fn filter(owners: &[&str], at_least: Option<Severity>) -> Value {
        let request = subscription(owners, at_least).unwrap().request();
        serde_json::from_str(request["Attributes"]["FilterPolicy"].as_str().unwrap()).unwrap()
    }

    #[test]
    fn the_filter_names_owners_and_severities() {
        for (owners, at_least, expected) in [
            (&["payments"][..], None, json!({"owner": ["payments"]})),
            (&["b", "a", "b"][..], None, json!({"owner": ["b", "a"]})),
            (&["Team = \"Ä\""][..], None, json!({"owner": ["Team = \"Ä\""]})),
            (
                &["payments"][..],
                Some(Severity::High),
                json!({"owner": ["payments"], "severity": ["INFORMATIONAL", "HIGH", "CRITICAL"]}),
            ),
            (
                &["payments"][..],
                Some(Severity::Low),
                json!({
                    "owner": ["payments"],
                    "severity": ["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"],
                }),
            ),
        ] {
            assert_eq!(filter(owners, at_least), expected, "{owners:?} {at_least:?}");
        }
    }

    #[test]
    fn the_request_is_what_the_aws_cli_takes() {
        assert_eq!(
            subscription(&["payments"], None).unwrap().request(),
            json!({
                "TopicArn": TOPIC,
                "Protocol": "email",
                "Endpoint": "ada@example.com",
                "Attributes": {
                    "FilterPolicy": "{\"owner\":[\"payments\"]}",
                    "FilterPolicyScope": "MessageAttributes",
                },
                "ReturnSubscriptionArn": true,
            })
        );
    }

    #[test]
    fn what_sns_would_refuse_is_refused_first() {
        let many: Vec<String> = (0..51).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(subscription(&many[..50], Some(Severity::High)).is_ok(), "50 owners, 3 severities");
        let error = subscription(&many, Some(Severity::High)).unwrap_err();
        assert_eq!(error, SubscriptionError::TooMany { owners: 51, severities: 3 });
        assert_eq!(subscription(&[], None), Err(SubscriptionError::NoOwner));
        for owner in ["", " ", "a\nb"] {
            let error = subscription(&[owner], None).unwrap_err();
            assert_eq!(error, SubscriptionError::NotAnOwner(owner.to_owned()));
        }
    }

    #[test]
    fn an_endpoint_is_read_by_its_protocol() {
        type Read = fn(&str) -> Result<Subscriber, SubscriptionError>;
        let queue = "arn:aws:sqs:eu-west-1:111122223333:alerts";
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:alerts:live";
        for (read, protocol, good, bad) in [
            (
                Subscriber::email as Read,
                "email",
                "a+b@example.com",
                &["", "a", "a@", "@b", "a@b, c@d"][..],
            ),
            (
                Subscriber::https,
                "https",
                "https://example.com/a?b=c",
                &["", "http://example.com", "https://", "https://a b"],
            ),
            (Subscriber::sqs, "sqs", queue, &["", "alerts", function, "arn:aws:sqs::1:"]),
            (Subscriber::lambda, "lambda", function, &["", "alerts", queue]),
        ] {
            let subscriber = read(good).unwrap();
            assert_eq!((subscriber.protocol(), subscriber.endpoint()), (protocol, good));
            for text in bad {
                assert!(read(text).is_err(), "{protocol}: {text}");
            }
        }
    }
}
