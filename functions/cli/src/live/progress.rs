//! What is being read, a line a place, for whoever waits at a terminal. Elsewhere nothing is
//! shown: the lines go to the standard error, and only where that is a terminal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_adapters::snapshot::Progress;
use indicatif::{MultiProgress, ProgressBar};

/// How often a line shows that it is alive.
const TICK: Duration = Duration::from_millis(120);

/// A line for each place that is being read.
#[derive(Debug, Default)]
pub struct Lines {
    lines: MultiProgress,
    by_place: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress for Lines {
    fn reading(&self, place: &str, what: &str) {
        let mut by_place = self.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        let line = by_place.entry(place.to_owned()).or_insert_with(|| {
            let line = self.lines.add(ProgressBar::new_spinner());
            line.enable_steady_tick(TICK);
            line
        });
        line.set_message(format!("{place:<16}{what}"));
    }

    fn finished(&self, place: &str) {
        let mut by_place = self.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = by_place.remove(place) {
            line.finish_and_clear();
            self.lines.remove(&line);
        }
    }
}
