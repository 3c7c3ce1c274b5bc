//! Many lives, each by its seed. A broken guarantee names the seed that shows it.

use tests::interleaving::{Planted, live};

/// How many lives are lived: some hundreds here, as many as are asked for by PULLWATCH_LIVES.
fn lives() -> u64 {
    std::env::var("PULLWATCH_LIVES").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

#[test]
fn the_guarantees_hold_in_every_life() {
    let (mut kills, mut turns) = (0, 0);
    for seed in 0..lives() {
        match live(seed, Planted::Nothing) {
            Ok(life) => {
                kills += life.kills;
                turns += life.turns;
            }
            Err(broken) => panic!("seed {seed}: {broken}"),
        }
    }
    println!("{} lives, {turns} turns, {kills} kills", lives());
    assert!(kills > 0, "nobody was killed, so nothing was shown");
}

#[test]
fn a_stale_read_that_overwrites_a_fresh_one_is_found() {
    assert!((0..lives()).any(|seed| live(seed, Planted::UnconditionalWrites).is_err()));
}

#[test]
fn an_outbox_that_nobody_empties_is_found() {
    assert!((0..lives()).any(|seed| live(seed, Planted::UnseenOutbox).is_err()));
}
