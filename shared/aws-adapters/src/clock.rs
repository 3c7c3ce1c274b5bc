//! The clock of this machine.

use ecr_audit::ports::Clock;
use jiff::Timestamp;
use uuid::Uuid;

/// Now is now, and ids are random.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn unique_id(&self) -> String {
        Uuid::new_v4().to_string()
    }
}
