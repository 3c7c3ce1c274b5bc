//! A tag leads a role's alerts to a topic of its owners' own, from the sweep's digest and from an
//! event, and no alert is lost on the way there.

use async_trait::async_trait;
use ecr_audit::alert::Alert;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::change::{Actor, Change, Event, ReportedChange, RoleEffect};
use ecr_audit::error::PortError;
use ecr_audit::journey::{Arrival, handle, sweep};
use ecr_audit::ports::{Clock, Ports, Topics};
use ecr_audit::settings::Settings;
use ecr_audit::topic_arn::TopicArn;
use futures::executor::block_on;
use jiff::SignedDuration;
use memory_adapters::{Account, Cluster, MemoryTopics, Nodegroup, Tags, World};
use serde_json::json;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const OWN: &str = "arn:aws:sns:eu-west-1:111122223333:payments";
const GONE: &str = "arn:aws:sns:eu-west-1:111122223333:gone";
const SLOW: &str = "arn:aws:sns:eu-west-1:111122223333:slow";
const FOREIGN: &str = "arn:aws:sns:eu-west-1:999999999999:elsewhere";
const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;

/// Topics of which one is gone, and one does not answer.
struct SomeTopics<'a>(&'a MemoryTopics);

impl SomeTopics<'_> {
    fn of(alert: Option<&Alert>) -> Result<(), PortError> {
        match alert.and_then(|alert| alert.topic.as_ref()).map(TopicArn::as_str) {
            Some(GONE) => Err(PortError::lasting("sns:Publish", "NotFound: no such topic")),
            Some(SLOW) => Err(PortError::transient("sns:Publish", "timed out")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Topics for SomeTopics<'_> {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        Self::of(Some(alert))?;
        self.0.alert(alert).await
    }

    async fn digest(&self, owner: &str, alerts: &[Alert]) -> Result<(), PortError> {
        Self::of(alerts.first())?;
        self.0.digest(owner, alerts).await
    }

    async fn operators(&self, subject: &str, text: &str) -> Result<(), PortError> {
        self.0.operators(subject, text).await
    }
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings.owner_topic_arns =
        [OWN, GONE, SLOW].map(|topic| TopicArn::parse(topic).unwrap()).to_vec();
    settings
}

/// A role that can push, worn by a nodegroup with this tag.
fn world(topic: &str) -> World {
    let now = "2026-01-15T10:00:00Z".parse().unwrap();
    let role_arn = RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/workers")).unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_role(&role_arn, now).unwrap();
    let pull_only = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
    account.attach_role_policy("workers", pull_only).unwrap();
    account.put_role_policy("workers", "push", PUSH).unwrap();
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    let tags = Tags::from([("pullwatch:topic".to_owned(), topic.to_owned())]);
    let nodegroup = Nodegroup { node_role: role_arn, tags };
    account.create_nodegroup(REGION, "prod", "workers", nodegroup).unwrap();
    World::new(account, now)
}

fn sweep_it(world: &World) -> Result<(), String> {
    let topics = SomeTopics(&world.topics);
    let ports = Ports { topics: &topics, ..world.ports() };
    let swept = block_on(sweep(&ports, &world.account, &settings()));
    swept.map(drop).map_err(|error| error.to_string())
}

/// The inline policy is taken away, and the event comes.
fn take_away(world: &World) -> bool {
    world.clock.advance(SignedDuration::from_mins(20));
    world.account.change(|account| account.delete_role_policy("workers", "push").unwrap());
    let time = Clock::now(&world.clock);
    let role_name = RoleName::new("workers");
    let effect = RoleEffect::InlinePolicyDeleted { policy_name: "push".to_owned() };
    let event = Event {
        id: "event-1".to_owned(),
        name: "DeleteRolePolicy".to_owned(),
        time,
        account: ACCOUNT.to_owned(),
        region: "us-east-1".to_owned(),
        actor: Actor::default(),
    };
    let arrival = Arrival {
        message_id: "message-1".to_owned(),
        is_first_receipt: false,
        changes: vec![ReportedChange { change: Change::Role { role_name, effect }, event }],
    };
    let topics = SomeTopics(&world.topics);
    let ports = Ports { topics: &topics, ..world.ports() };
    block_on(handle(&ports, &settings(), &[arrival])).failed.is_empty()
}

fn topic_of(alert: &Alert) -> Option<&str> {
    alert.topic.as_ref().map(TopicArn::as_str)
}

#[test]
fn a_tag_leads_digest_and_alert_to_the_owners_own_topic() {
    // What the tag names, where the alerts go, and what the operators are told each time.
    for (tag, topic, told) in [
        (OWN, Some(OWN), None),
        (FOREIGN, None, Some(FOREIGN)),
        (GONE, None, Some("sns:Publish cannot be answered: NotFound")),
    ] {
        let world = world(tag);
        sweep_it(&world).unwrap();
        let digests = world.topics.digests();
        assert_eq!(digests.len(), 1, "{tag}");
        assert_eq!(digests[0].alerts.iter().map(topic_of).collect::<Vec<_>>(), [topic], "{tag}");
        assert!(take_away(&world), "{tag}: the message is done");
        let alerts = world.topics.alerts();
        assert_eq!(alerts.iter().map(topic_of).collect::<Vec<_>>(), [topic], "{tag}");
        let lines = world.topics.operators_lines();
        assert_eq!(lines.len(), if told.is_some() { 2 } else { 0 }, "{tag}: {lines:?}");
        for (line, alert) in lines.iter().zip([&digests[0].alerts[0], &alerts[0]]) {
            assert!(line.text.contains(told.unwrap()), "{}", line.text);
            assert!(line.text.contains(&alert.id), "{}", line.text);
        }
    }
}

/// What may pass does not lead elsewhere: the alert stays in the outbox, the message comes again.
#[test]
fn a_topic_that_does_not_answer_now_is_waited_for() {
    let world = world(SLOW);
    assert!(sweep_it(&world).is_err());
    assert!(world.topics.digests().is_empty());
    assert!(world.topics.operators_lines().is_empty());
    assert!(!take_away(&world), "the message comes again");
    assert!(world.topics.alerts().is_empty());
}

#[test]
fn each_cluster_has_its_own_topic_and_the_alert_its_one_id() {
    let world = world(OWN);
    world.account.change(|account| {
        let role_arn = RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/workers")).unwrap();
        let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
        account.create_cluster(REGION, "test", Cluster::default()).unwrap();
        account.create_nodegroup(REGION, "test", "workers", nodegroup).unwrap();
    });
    sweep_it(&world).unwrap();
    assert_eq!(world.topics.digests().len(), 2);
    assert!(take_away(&world));
    let alerts = world.topics.alerts();
    assert_eq!(alerts.iter().map(topic_of).collect::<Vec<_>>(), [None, Some(OWN)]);
    assert_eq!(alerts[0].id, alerts[1].id);
    assert_eq!(json!(alerts[0].transitions), json!(alerts[1].transitions));
}
