//! Where a role's alerts go: a tag may name a topic of its owners' own. Only one that the settings
//! list counts, or whoever may tag a role could send its alerts anywhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::node_role::Use;
use crate::settings::Settings;
use crate::topic_arn::TopicArn;

/// The tag on a role, a nodegroup or a cluster. Its value is the topic's ARN.
pub const TAG: &str = "pullwatch:topic";

/// Where a role's alerts go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerTopics {
    /// The topics; `None` is the stack's own. Never empty.
    pub topics: BTreeSet<Option<TopicArn>>,
    /// What tags name that the settings do not list.
    pub refused: BTreeSet<String>,
}

/// The nearest tag counts, as for owners: the role's, else those of its nodegroups, else those of
/// their clusters. What no tag of its own leads elsewhere goes to the stack's topic.
pub fn owner_topics(
    role_tags: &BTreeMap<String, String>,
    uses: &[Use],
    settings: &Settings,
) -> OwnerTopics {
    let tag_of = |tags: &BTreeMap<String, String>| {
        tags.get(TAG).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let mut names: BTreeSet<Option<String>> = match tag_of(role_tags) {
        Some(name) => BTreeSet::from([Some(name)]),
        None => uses
            .iter()
            .map(|seen| tag_of(&seen.tags).or_else(|| tag_of(&seen.cluster_tags)))
            .collect(),
    };
    if names.is_empty() {
        names.insert(None);
    }
    let mut found = OwnerTopics::default();
    for name in names {
        let listed = name.as_ref().and_then(|name| {
            settings.owner_topic_arns.iter().find(|topic| topic.as_str() == name).cloned()
        });
        if listed.is_none() {
            found.refused.extend(name);
        }
        found.topics.insert(listed);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_role::{Compute, Source, UseKind};

    const PAYMENTS: &str = "arn:aws:sns:eu-west-1:111122223333:payments";
    const WEB: &str = "arn:aws:sns:us-east-1:111122223333:web";
    const ELSEWHERE: &str = "arn:aws:sns:us-east-1:999999999999:elsewhere";

    fn tags(topic: Option<&str>) -> BTreeMap<String, String> {
        topic.map(|topic| (TAG.to_owned(), topic.to_owned())).into_iter().collect()
    }

    fn seen((nodegroup, cluster): &(Option<&str>, Option<&str>)) -> Use {
        Use {
            source: Source::regional(UseKind::Nodegroup, "eu-west-1"),
            cluster_name: Some("prod".to_owned()),
            name: "workers".to_owned(),
            compute: Compute::Ec2,
            tags: tags(*nodegroup),
            cluster_tags: tags(*cluster),
        }
    }

    #[test]
    fn a_tag_leads_only_to_a_topic_that_is_listed() {
        type Uses<'a> = &'a [(Option<&'a str>, Option<&'a str>)];
        let mut settings = Settings::for_account("111122223333", "aws", "us-east-1");
        settings.owner_topic_arns =
            [PAYMENTS, WEB].map(|topic| TopicArn::parse(topic).unwrap()).to_vec();
        let untagged: Uses = &[(None, None)];
        for (role, uses, topics, refused) in [
            (None, untagged, &[None][..], &[][..]),
            (None, &[], &[None], &[]),
            (Some(PAYMENTS), untagged, &[Some(PAYMENTS)], &[]),
            (Some(" "), untagged, &[None], &[]),
            (None, &[(Some(PAYMENTS), Some(WEB))], &[Some(PAYMENTS)], &[]),
            (None, &[(None, Some(WEB))], &[Some(WEB)], &[]),
            (Some(WEB), &[(Some(PAYMENTS), None)], &[Some(WEB)], &[]),
            // Each use by itself: the owners of the untagged one are told as ever.
            (None, &[(Some(PAYMENTS), None), (None, None)], &[None, Some(PAYMENTS)], &[]),
            (None, &[(Some(PAYMENTS), None), (None, Some(PAYMENTS))], &[Some(PAYMENTS)], &[]),
            (Some(ELSEWHERE), untagged, &[None], &[ELSEWHERE]),
            // A nearer tag that does not count does not let a farther one count.
            (Some(ELSEWHERE), &[(Some(WEB), None)], &[None], &[ELSEWHERE]),
            (None, &[(Some("x"), None), (Some(WEB), None)], &[None, Some(WEB)], &["x"]),
            (Some(&PAYMENTS.to_uppercase()), untagged, &[None], &[&PAYMENTS.to_uppercase()]),
        ] {
            let uses: Vec<Use> = uses.iter().map(seen).collect();
            let found = owner_topics(&tags(role), &uses, &settings);
            let found_topics: Vec<Option<&str>> =
                found.topics.iter().map(|topic| topic.as_ref().map(TopicArn::as_str)).collect();
            assert_eq!(found_topics, topics, "{role:?} {uses:?}");
            assert_eq!(found.refused.iter().collect::<Vec<_>>(), refused, "{role:?} {uses:?}");
        }
    }
}
