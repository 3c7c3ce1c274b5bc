//! The filter of a subscription against the attributes that alerts are sent with, matched as SNS
//! does it: each key by one of its values, a list by any of its items.
//! <https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html>

use ecr_audit::message::{Attribute, SnsMessage, alert_message, digest_message};
use ecr_audit::node_role::{Source, UseKind};
use ecr_audit::standard::Severity;
use ecr_audit::subscription::{Subscriber, Subscription};
use ecr_audit::topic_arn::TopicArn;
use serde_json::Value;

use crate::account::tags;
use crate::story::{Year, first_sweep, year};

fn gets(message: &SnsMessage, owners: &[&str], at_least: Option<Severity>) -> bool {
    let topic = TopicArn::parse("arn:aws:sns:us-east-1:111122223333:alerts").unwrap();
    let owners: Vec<String> = owners.iter().map(|owner| (*owner).to_owned()).collect();
    let subscriber = Subscriber::email("ada@example.com").unwrap();
    let subscription = Subscription::new(topic, subscriber, &owners, at_least).unwrap();
    let filter = &subscription.attributes()[0].1;
    let filter: serde_json::Map<String, Value> = serde_json::from_str(filter).unwrap();
    filter.iter().all(|(key, values)| {
        let is_asked_for = |sent: &String| values.as_array().unwrap().contains(&(&**sent).into());
        match &message.attributes[key] {
            Attribute::Text(text) => is_asked_for(text),
            Attribute::List(list) => list.iter().any(is_asked_for),
        }
    })
}

#[test]
fn a_subscriber_gets_the_alerts_that_were_asked_for() {
    let Year { new, resolved, .. } = year();
    let (high, resolved) = (alert_message(&new.alerts[0]), alert_message(&resolved.alerts[0]));
    let mut of_nobody = new.alerts[0].clone();
    of_nobody.owners.clear();
    let of_nobody = alert_message(&of_nobody);
    let critical = digest_message("team-payments", &first_sweep());
    for (message, owners, at_least, is_sent) in [
        (&high, &["team-payments"][..], None, true),
        (&high, &["web", "team-payments"], Some(Severity::High), true),
        (&high, &["web"], None, false),
        (&high, &["team-payments"], Some(Severity::Critical), false),
        (&resolved, &["team-payments"], Some(Severity::Critical), true),
        (&resolved, &["web"], Some(Severity::Critical), false),
        (&critical, &["team-payments"], Some(Severity::Critical), true),
        (&of_nobody, &["unowned"], Some(Severity::Low), true),
        (&of_nobody, &["team-payments"], None, false),
    ] {
        let subject = &message.subject;
        assert_eq!(gets(message, owners, at_least), is_sent, "{subject} {owners:?} {at_least:?}");
    }
}

/// The nearest tag counts, and of several clusters each has its say.
#[test]
fn an_environment_is_that_of_the_role_its_nodegroups_or_their_clusters() {
    let environment = |value: &str| tags(&[("environment", value)]);
    // The tags of the role, of a nodegroup, of its cluster, and of the other cluster.
    for (role, nodegroup, cluster, other, expected) in [
        ("prod", "test", "dev", "dev", &["prod"][..]),
        ("", "test", "dev", "test", &["test"]),
        ("", "", "dev", "dev", &["dev"]),
        ("", "", "", "", &[]),
        ("", "", "prod", "dev", &["dev", "prod"]),
    ] {
        let mut alert = year().new.alerts[0].clone();
        let is_given = |value: &str| !value.is_empty();
        if is_given(role) {
            alert.role.tags.extend(environment(role));
        }
        if is_given(nodegroup) {
            alert.uses[0].tags = environment(nodegroup);
        }
        alert.uses[0].cluster_tags = environment(cluster);
        alert.uses[1].cluster_tags = environment(other);
        let message = alert_message(&alert);
        assert_eq!(list(&message, "environment"), expected, "{role} {nodegroup} {cluster} {other}");
    }
}

/// A tag without a value names nothing, and hides no other.
#[test]
fn an_environment_without_a_value_is_none() {
    let mut alert = year().new.alerts[0].clone();
    alert.role.tags = tags(&[("environment", ""), ("env", "production")]);
    let message = alert_message(&alert);
    assert_eq!(list(&message, "environment"), ["production"]);
}

/// A team filters by where its nodes are, not by where Security Hub is.
#[test]
fn the_places_are_those_of_the_nodes_and_of_a_digest_those_of_all_its_alerts() {
    let mut alerts = first_sweep();
    let places = [("prod", "eu-west-1"), ("far", "ap-southeast-2")];
    for (alert, (cluster_name, region)) in alerts.iter_mut().zip(places) {
        alert.uses.truncate(1);
        alert.uses[0].cluster_name = Some(cluster_name.to_owned());
        alert.uses[0].source = Source::regional(UseKind::Nodegroup, region);
    }
    alerts.truncate(2);
    let one = alert_message(&alerts[1]);
    assert_eq!(
        (list(&one, "cluster"), list(&one, "region")),
        (vec!["far"], vec!["ap-southeast-2"])
    );
    let both = digest_message("team-payments", &alerts);
    assert_eq!(list(&both, "cluster"), ["far", "prod"]);
    assert_eq!(list(&both, "region"), ["ap-southeast-2", "eu-west-1"]);
}

/// The values of a list among the attributes; none where it is left out.
fn list<'message>(message: &'message SnsMessage, name: &str) -> Vec<&'message str> {
    match message.attributes.get(name) {
        Some(Attribute::List(values)) => values.iter().map(String::as_str).collect(),
        Some(Attribute::Text(text)) => panic!("{name} is one text: {text}"),
        None => Vec::new(),
    }
}
