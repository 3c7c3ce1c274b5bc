//! Whether what was read already shows a change. IAM reads can lag behind the event; believing
//! them too early would record the state before the change as the state after it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::arn::{RoleArn, RoleName};
use crate::change::{Change, Event, ProfileEffect, ReportedChange, RoleEffect};
use crate::instance_profile::InstanceProfile;
use crate::role_policies::{PolicyName, RolePolicies};

/// How long an event counts as fresh.
pub const FRESH: SignedDuration = SignedDuration::from_mins(15);

/// What one event lets expect of a role, once reads have caught up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What is expected.
    pub effect: ExpectedEffect,
    /// When the change was made.
    pub time: Timestamp,
    /// Whether the message that told of it was received for the first time.
    pub is_first_receipt: bool,
    /// The event that told of it.
    pub event_id: String,
}

/// What a read has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedEffect {
    /// An effect on the role itself.
    Role(RoleEffect),
    /// The role is there, for somebody has just begun to wear it.
    Worn(RoleArn),
    /// A managed policy of the role has this default version.
    PolicyVersion {
        /// The policy.
        policy_arn: String,
        /// Its default version.
        version: String,
    },
}

impl Expectation {
    /// What an event lets expect.
    pub fn new(effect: ExpectedEffect, event: &Event, is_first_receipt: bool) -> Self {
        Self { effect, time: event.time, is_first_receipt, event_id: event.id.clone() }
    }

    /// What a change lets expect of the role. One that says nothing of the role itself, such as a
    /// nodegroup's, was looked up when its event came.
    fn of_change(reported: &ReportedChange) -> Option<Self> {
        let effect = match &reported.change {
            Change::Role { effect, .. } => ExpectedEffect::Role(effect.clone()),
            Change::ManagedPolicy { policy_arn, default_version: Some(version) } => {
                ExpectedEffect::PolicyVersion {
                    policy_arn: policy_arn.clone(),
                    version: version.clone(),
                }
            }
            _ => return None,
        };
        Some(Self::new(effect, &reported.event, false))
    }

    /// What the effect is about: of two changes to the same aspect only the later one shows.
    fn aspect(&self) -> String {
        match &self.effect {
            ExpectedEffect::PolicyVersion { policy_arn, .. } => format!("version {policy_arn}"),
            ExpectedEffect::Worn(role_arn) => format!("existence of {role_arn}"),
            ExpectedEffect::Role(effect) => match effect {
                RoleEffect::PolicyAttached { policy_arn }
                | RoleEffect::PolicyDetached { policy_arn } => {
                    format!("attached {policy_arn}")
                }
                RoleEffect::InlinePolicyPut { policy_name, .. }
                | RoleEffect::InlinePolicyDeleted { policy_name } => {
                    format!("inline {policy_name}")
                }
                RoleEffect::BoundarySet { .. } | RoleEffect::BoundaryRemoved => {
                    "boundary".to_owned()
                }
                RoleEffect::Tagged { .. }
                | RoleEffect::TaggedWith { .. }
                | RoleEffect::Untagged { .. } => "tags".to_owned(),
                RoleEffect::Created { .. } | RoleEffect::Deleted => "existence".to_owned(),
            },
        }
    }
}

/// The first fresh change that the read does not show yet, in words; `None` when all can be
/// believed. `role` is what IAM answered, `None` for a role that does not exist.
pub fn not_yet_visible(
    expectations: &[Expectation],
    role: Option<&RolePolicies>,
    now: Timestamp,
) -> Option<String> {
    latest(expectations)
        .into_iter()
        .find(|(_, expectation)| {
            expectation.is_first_receipt
                && now.duration_since(expectation.time) < FRESH
                && !shows(role, expectation)
        })
        .map(|(aspect, _)| aspect)
}

/// The events whose changes the read does not show, by their ids.
pub fn not_shown<'changes>(
    changes: impl IntoIterator<Item = &'changes ReportedChange>,
    role: Option<&RolePolicies>,
) -> BTreeSet<String> {
    let expectations: Vec<Expectation> =
        changes.into_iter().filter_map(Expectation::of_change).collect();
    latest(&expectations)
        .into_values()
        .filter(|expectation| !shows(role, expectation))
        .map(|expectation| expectation.event_id.clone())
        .collect()
}

/// The latest expectation of each aspect: those before it have been overtaken.
fn latest(expectations: &[Expectation]) -> BTreeMap<String, &Expectation> {
    let mut latest: BTreeMap<String, &Expectation> = BTreeMap::new();
    for expectation in expectations {
        latest
            .entry(expectation.aspect())
            .and_modify(|known| {
                if known.time <= expectation.time {
                    *known = expectation;
                }
            })
            .or_insert(expectation);
    }
    latest
}

fn shows(role: Option<&RolePolicies>, expectation: &Expectation) -> bool {
    let Some(role) = role else {
        // Any other change to a role that is gone now has been overtaken.
        return !matches!(
            &expectation.effect,
            ExpectedEffect::Role(RoleEffect::Created { .. }) | ExpectedEffect::Worn(_)
        );
    };
    match &expectation.effect {
        ExpectedEffect::Worn(role_arn) => role.role_arn == *role_arn,
        ExpectedEffect::PolicyVersion { policy_arn, version } => role
            .identity
            .iter()
            .chain(&role.boundary)
            .filter(|policy| policy.policy.as_str() == policy_arn)
            .all(|policy| policy.version.as_ref().is_none_or(|known| known == version)),
        ExpectedEffect::Role(effect) => shows_effect(role, effect, expectation.time),
    }
}

fn shows_effect(role: &RolePolicies, effect: &RoleEffect, time: Timestamp) -> bool {
    let holds = |name: &PolicyName| role.identity.iter().find(|policy| policy.policy == *name);
    match effect {
        RoleEffect::PolicyAttached { policy_arn } => {
            holds(&PolicyName::managed(policy_arn)).is_some()
        }
        RoleEffect::PolicyDetached { policy_arn } => {
            holds(&PolicyName::managed(policy_arn)).is_none()
        }
        RoleEffect::InlinePolicyPut { policy_name, document } => {
            holds(&PolicyName::inline(policy_name)).is_some_and(|policy| {
                match (document, &policy.document) {
                    (Some(expected), Some(read)) => is_same_json(expected, read),
                    _ => true,
                }
            })
        }
        RoleEffect::InlinePolicyDeleted { policy_name } => {
            holds(&PolicyName::inline(policy_name)).is_none()
        }
        RoleEffect::BoundarySet { policy_arn } => {
            role.boundary.as_ref().is_some_and(|boundary| boundary.policy.as_str() == policy_arn)
        }
        RoleEffect::BoundaryRemoved => role.boundary.is_none(),
        RoleEffect::Tagged { tags } => {
            tags.iter().all(|(key, value)| role.tags.get(key) == Some(value))
        }
        RoleEffect::TaggedWith { tag_keys } => {
            tag_keys.iter().all(|key| role.tags.contains_key(key))
        }
        RoleEffect::Untagged { tag_keys } => {
            tag_keys.iter().all(|key| !role.tags.contains_key(key))
        }
        RoleEffect::Created { role_id } => role_id.as_ref().is_none_or(|id| *id == role.role_id),
        // A role that was created after the deletion is another one. IAM counts in seconds.
        RoleEffect::Deleted => {
            role.created.is_some_and(|created| created.as_second() >= time.as_second())
        }
    }
}

/// Whether a read of an instance profile shows a change to it. `profile` is what IAM answered,
/// `None` for a profile that does not exist; `role_name` is the role that was added or removed.
pub fn shows_profile(
    profile: Option<&InstanceProfile>,
    effect: &ProfileEffect,
    role_name: Option<&RoleName>,
) -> bool {
    let Some(profile) = profile else {
        // What a profile that is gone now had or had not has been overtaken, but that a role was
        // put into it.
        return *effect != ProfileEffect::RoleAdded;
    };
    let held = profile.role_arn.as_ref().map(RoleArn::role_name);
    match effect {
        ProfileEffect::RoleAdded => {
            held.is_some() && role_name.is_none_or(|it| held.as_ref() == Some(it))
        }
        ProfileEffect::RoleRemoved => held.is_none() || held.as_ref() != role_name,
        ProfileEffect::Deleted => false,
        ProfileEffect::Tagged { tags } => {
            tags.iter().all(|(key, value)| profile.tags.get(key) == Some(value))
        }
        ProfileEffect::Untagged { tag_keys } => {
            tag_keys.iter().all(|key| !profile.tags.contains_key(key))
        }
    }
}

fn is_same_json(one: &str, two: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    match (parse(one), parse(two)) {
        (Some(one), Some(two)) => one == two,
        _ => one == two,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::RoleArn;
    use crate::role_policies::RolePolicy;

    const POLICY: &str = "arn:aws:iam::111122223333:policy/NodeEcr";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn role(policies: &[(PolicyName, &str)]) -> RolePolicies {
        RolePolicies {
            role_arn: RoleArn::parse("arn:aws:iam::111122223333:role/workers").unwrap(),
            role_id: "AROAEXAMPLE".to_owned(),
            created: Some(at(50)),
            tags: [("env".to_owned(), "prod".to_owned())].into(),
            identity: policies
                .iter()
                .map(|(policy, document)| RolePolicy {
                    policy: policy.clone(),
                    version: policy.inline_name().is_none().then(|| "v2".to_owned()),
                    document: Some((*document).to_owned()),
                })
                .collect(),
            boundary: None,
        }
    }

    fn expectation(effect: RoleEffect, time: i64) -> Expectation {
        Expectation {
            effect: ExpectedEffect::Role(effect),
            time: at(time),
            is_first_receipt: true,
            event_id: String::new(),
        }
    }

    /// One line a case: what was read, what the event lets expect, whether the read shows it.
    #[test]
    fn a_read_shows_a_change_or_does_not() {
        let attached = role(&[(PolicyName::managed(POLICY), "{}")]);
        let inline = role(&[(PolicyName::inline("Push"), r#"{"Version": "2012-10-17"}"#)]);
        let none = role(&[]);
        let policy_arn = POLICY.to_owned();
        let policy_name = "Push".to_owned();
        let put = |document: &str| RoleEffect::InlinePolicyPut {
            policy_name: policy_name.clone(),
            document: Some(document.to_owned()),
        };
        let cases: Vec<(Option<&RolePolicies>, RoleEffect, bool)> = vec![
            (Some(&attached), RoleEffect::PolicyAttached { policy_arn: policy_arn.clone() }, true),
            (Some(&none), RoleEffect::PolicyAttached { policy_arn: policy_arn.clone() }, false),
            (Some(&attached), RoleEffect::PolicyDetached { policy_arn: policy_arn.clone() }, false),
            (Some(&none), RoleEffect::PolicyDetached { policy_arn }, true),
            (Some(&inline), put(r#"{"Version":"2012-10-17"}"#), true),
            (Some(&inline), put(r#"{"Version":"2008-10-17"}"#), false),
            (Some(&none), put("{}"), false),
            (
                Some(&inline),
                RoleEffect::InlinePolicyDeleted { policy_name: policy_name.clone() },
                false,
            ),
            (Some(&none), RoleEffect::BoundaryRemoved, true),
            (Some(&none), RoleEffect::BoundarySet { policy_arn: POLICY.to_owned() }, false),
            (
                Some(&none),
                RoleEffect::Tagged { tags: [("env".to_owned(), "test".to_owned())].into() },
                false,
            ),
            (Some(&none), RoleEffect::Untagged { tag_keys: vec!["env".to_owned()] }, false),
            (Some(&none), RoleEffect::Created { role_id: Some("AROAOTHER".to_owned()) }, false),
            (None, RoleEffect::Created { role_id: None }, false),
            (None, RoleEffect::Deleted, true),
            (Some(&none), RoleEffect::Deleted, false),
            (None, RoleEffect::BoundaryRemoved, true),
        ];
        for (role, effect, shown) in cases {
            let expectations = [expectation(effect.clone(), 100)];
            assert_eq!(
                not_yet_visible(&expectations, role, at(101)).is_none(),
                shown,
                "{effect:?}"
            );
        }
    }

    #[test]
    fn a_role_that_is_worn_since_is_there() {
        let role_arn = role(&[]).role_arn;
        let worn = |role_arn: &RoleArn| Expectation {
            effect: ExpectedEffect::Worn(role_arn.clone()),
            time: at(100),
            is_first_receipt: true,
            event_id: String::new(),
        };
        assert_eq!(not_yet_visible(&[worn(&role_arn)], Some(&role(&[])), at(101)), None);
        assert!(not_yet_visible(&[worn(&role_arn)], None, at(101)).is_some());
        let moved = RoleArn::parse("arn:aws:iam::111122223333:role/eks/workers").unwrap();
        assert!(not_yet_visible(&[worn(&moved)], Some(&role(&[])), at(101)).is_some());
    }

    #[test]
    fn a_role_created_after_the_deletion_is_another_one() {
        let expectations = [expectation(RoleEffect::Deleted, 40)];
        assert_eq!(not_yet_visible(&expectations, Some(&role(&[])), at(60)), None);
    }

    #[test]
    fn only_the_latest_change_of_an_aspect_has_to_show() {
        let attached = RoleEffect::PolicyAttached { policy_arn: POLICY.to_owned() };
        let detached = RoleEffect::PolicyDetached { policy_arn: POLICY.to_owned() };
        let expectations = [expectation(attached, 100), expectation(detached, 101)];
        assert_eq!(not_yet_visible(&expectations, Some(&role(&[])), at(102)), None);
    }

    #[test]
    fn an_old_event_and_a_second_receipt_are_believed() {
        let effect = RoleEffect::PolicyAttached { policy_arn: POLICY.to_owned() };
        let mut expected = expectation(effect, 100);
        let none = role(&[]);
        assert!(not_yet_visible(std::slice::from_ref(&expected), Some(&none), at(999)).is_some());
        assert!(not_yet_visible(std::slice::from_ref(&expected), Some(&none), at(1000)).is_none());
        expected.is_first_receipt = false;
        assert!(not_yet_visible(&[expected], Some(&none), at(101)).is_none());
    }
}
