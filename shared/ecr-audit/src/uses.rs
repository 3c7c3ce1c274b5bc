//! Which uses a role has, given what was recorded, what was just seen, and which sources were
//! listed to their end.

use crate::ledger::RecordedUse;
use crate::node_role::{Sighting, UseListing};

/// The uses that stand. A recorded use ends only if its source was listed completely, the listing
/// does not show it, and it was last seen before that listing began.
pub fn standing_uses(
    recorded: &[RecordedUse],
    sightings: &[Sighting],
    listing: &UseListing,
) -> Vec<RecordedUse> {
    let mut uses: Vec<RecordedUse> = recorded
        .iter()
        .filter(|known| {
            let listed = listing.complete.contains(&known.seen.source)
                && listing.began.is_some_and(|began| known.last_seen < began);
            !listed || sightings.iter().any(|sighting| sighting.seen.is_same_as(&known.seen))
        })
        .cloned()
        .collect();
    for sighting in sightings {
        match uses.iter_mut().find(|known| known.seen.is_same_as(&sighting.seen)) {
            // What a walk shows unchanged is left as it is, so that a quiet sweep writes nothing:
            // the next walk begins later and shows the use again, or ends it rightly. What an
            // event shows counts as new: a walk that began before it may have missed the use.
            Some(known) if listing.began.is_some() && known.seen == sighting.seen => {}
            Some(known) if known.last_seen <= sighting.at => {
                *known = RecordedUse { seen: sighting.seen.clone(), last_seen: sighting.at };
            }
            Some(_) => {}
            None => uses.push(RecordedUse { seen: sighting.seen.clone(), last_seen: sighting.at }),
        }
    }
    uses.sort_by(|one, two| one.seen.cmp(&two.seen));
    uses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::RoleArn;
    use crate::node_role::{Compute, Source, Use, UseKind};

    fn seen(name: &str) -> Use {
        Use {
            source: Source::regional(UseKind::Nodegroup, "eu-west-1"),
            cluster_name: Some("prod".to_owned()),
            name: name.to_owned(),
            compute: Compute::Ec2,
            tags: std::collections::BTreeMap::new(),
            cluster_tags: std::collections::BTreeMap::new(),
        }
    }

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).unwrap()
    }

    fn recorded(name: &str, second: i64) -> RecordedUse {
        RecordedUse { seen: seen(name), last_seen: at(second) }
    }

    fn sighting(name: &str, second: i64) -> Sighting {
        Sighting {
            role_arn: RoleArn::parse("arn:aws:iam::111122223333:role/workers").unwrap(),
            seen: seen(name),
            at: at(second),
        }
    }

    fn complete(began: i64) -> UseListing {
        UseListing {
            began: Some(at(began)),
            complete: [Source::regional(UseKind::Nodegroup, "eu-west-1")].into(),
            ..UseListing::default()
        }
    }

    #[test]
    fn a_complete_listing_ends_what_it_does_not_show() {
        assert_eq!(standing_uses(&[recorded("a", 5)], &[], &complete(10)), []);
    }

    #[test]
    fn an_incomplete_listing_ends_nothing() {
        let mut listing = complete(10);
        listing.complete.clear();
        assert_eq!(standing_uses(&[recorded("a", 5)], &[], &listing), [recorded("a", 5)]);
    }

    #[test]
    fn a_listing_of_another_region_ends_nothing() {
        let mut listing = complete(10);
        listing.complete = [Source::regional(UseKind::Nodegroup, "us-east-1")].into();
        assert_eq!(standing_uses(&[recorded("a", 5)], &[], &listing), [recorded("a", 5)]);
    }

    #[test]
    fn a_use_seen_after_the_listing_began_stays() {
        assert_eq!(standing_uses(&[recorded("a", 11)], &[], &complete(10)), [recorded("a", 11)]);
    }

    #[test]
    fn what_is_seen_again_unchanged_stays_as_it_is() {
        assert_eq!(
            standing_uses(&[recorded("a", 5)], &[sighting("a", 10)], &complete(10)),
            [recorded("a", 5)]
        );
    }

    #[test]
    fn what_an_event_shows_again_is_safe_from_a_walk_that_began_before() {
        let seen_again =
            standing_uses(&[recorded("a", 5)], &[sighting("a", 12)], &UseListing::default());
        assert_eq!(seen_again, [recorded("a", 12)]);
        assert_eq!(standing_uses(&seen_again, &[], &complete(10)), [recorded("a", 12)]);
    }

    #[test]
    fn what_is_seen_for_the_first_time_is_added() {
        assert_eq!(
            standing_uses(&[recorded("a", 5)], &[sighting("b", 10)], &UseListing::default()),
            [recorded("a", 5), recorded("b", 10)]
        );
    }
}
