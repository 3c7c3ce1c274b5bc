//! A clock that stands still until somebody moves it.

use std::sync::{Mutex, PoisonError};

use ecr_audit::ports::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock that a test or a replay sets. The ids it makes are counted, so that two runs with the
/// same seed make the same ones.
#[derive(Debug)]
pub struct ManualClock {
    seed: String,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    now: Timestamp,
    ids: u64,
}

impl ManualClock {
    /// A clock that shows this instant. Clocks with different seeds make different ids.
    pub fn new(now: Timestamp, seed: &str) -> Self {
        Self { seed: seed.to_owned(), state: Mutex::new(State { now, ids: 0 }) }
    }

    /// Shows another instant.
    pub fn set(&self, now: Timestamp) {
        self.with(|state| state.now = now);
    }

    /// Moves on. At the end of time it stays there.
    pub fn advance(&self, duration: SignedDuration) {
        self.with(|state| state.now = state.now.saturating_add(duration).unwrap_or(Timestamp::MAX));
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.with(|state| state.now)
    }

    fn unique_id(&self) -> String {
        self.with(|state| {
            state.ids += 1;
            format!("{}-{:06}", self.seed, state.ids)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_until_it_is_moved() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH, "test");
        clock.advance(SignedDuration::from_secs(60));
        assert_eq!(clock.now().to_string(), "1970-01-01T00:01:00Z");
        clock.set(Timestamp::MAX);
        clock.advance(SignedDuration::from_secs(60));
        assert_eq!(clock.now(), Timestamp::MAX);
        assert_eq!([clock.unique_id(), clock.unique_id()], ["test-000001", "test-000002"]);
    }
}
