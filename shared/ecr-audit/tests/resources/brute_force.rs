//! Effective permissions against the requests themselves: no upper bound lies below what some
//! request is permitted, and no lower bound above.
//!
//! `PULLWATCH_CASES` says how many roles are drawn.

use ecr_audit::catalogue::C0223_ACTIONS;
use ecr_audit::permissions::Access;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::draw::{ACTIONS, role};
use crate::role::{PULL, Role};
use crate::truth::World;

fn cases() -> u32 {
    std::env::var("PULLWATCH_CASES").map_or(200, |cases| cases.parse().unwrap())
}

#[test]
fn effective_permissions_are_those_that_trying_every_request_finds() {
    let config = Config { failure_persistence: None, cases: cases(), ..Config::default() };
    let mut runner = TestRunner::new(config);
    if let Err(failure) = runner.run(&role(), |role| agrees(&role)) {
        panic!("{failure}");
    }
}

fn agrees(role: &Role) -> Result<(), TestCaseError> {
    let world = World::of(role);
    let permissions = role.effective();
    for action in ACTIONS {
        let found = permissions.actions.iter().find(|found| found.action == action).unwrap();
        let truth = world.bounds(&[action]);
        prop_assert!(found.access >= truth.upper, "{action}: {truth:?} {found:?}");
        if !found.is_upper_bound {
            prop_assert_eq!(found.access, truth.upper, "{}: {:?} {:?}", action, truth, found);
            prop_assert_eq!(found.access, truth.lower, "{}: {:?} {:?}", action, truth, found);
        }
    }
    let pull = &permissions.pull;
    for (names, found) in [(&PULL[..], &pull.granted), (&C0223_ACTIONS, &pull.c0223)] {
        let truth = world.bounds(names);
        let is_enough = found.access == Access::Allowed;
        prop_assert_eq!(is_enough, truth.lower == Access::Allowed, "{:?} {:?}", truth, found);
        let is_out = found.access == Access::Denied;
        prop_assert_eq!(is_out, truth.upper == Access::Denied, "{:?} {:?}", truth, found);
    }
    Ok(())
}
