//! Policies of a small world, where every resource and every context can be tried one by one: what
//! is found that way is the truth, read by a second, naive reading of IAM's rules (`reading`), and
//! `decide` and `effective` have to agree with it.
//!
//! `PULLWATCH_CASES` says how many cases are drawn.

mod claims;
mod draw;
mod reading;
mod truth;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn cases() -> u32 {
    std::env::var("PULLWATCH_CASES").map_or(2_000, |cases| cases.parse().unwrap())
}

fn check(claim: fn(&world::Case) -> Result<(), TestCaseError>) {
    let config = Config {
        failure_persistence: None,
        cases: cases(),
        max_shrink_time: 30_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    if let Err(failure) = runner.run(&draw::case(), |case| claim(&case)) {
        panic!("{failure}");
    }
}

#[test]
fn the_level_is_the_one_that_trying_everything_finds() {
    check(claims::level);
}

#[test]
fn an_answer_whose_budget_ran_out_is_a_bound() {
    check(claims::budget);
}

#[test]
fn a_point_decision_is_the_one_of_the_naive_reading() {
    check(claims::decision);
}

#[test]
fn a_witness_put_back_as_a_request_is_allowed() {
    check(claims::witness);
}

#[test]
fn the_granting_statements_suffice_and_without_them_nothing_is_granted() {
    check(claims::statements);
}

#[test]
fn what_can_only_take_away_takes_away_and_order_never_matters() {
    check(claims::metamorphic);
}
