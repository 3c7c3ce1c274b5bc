//! CloudTrail and EventBridge JSON read as changes. The only crate that knows those shapes.
//!
//! `batch` takes a queue's messages apart, `envelope` finds the record in a message, `table` finds
//! the row of its event name; `iam`, `eks`, `ecr` and `organizations` hold the rows, which look
//! things up in a `record`. `security_hub` reads what is no API call, `sweep_queue` the sweep's own messages. `actor` and `tool` name who
//! did it, and with what.

mod actor;
mod batch;
mod ecr;
mod eks;
mod envelope;
mod error;
mod iam;
mod organizations;
mod record;
mod security_hub;
mod sweep_queue;
mod table;
mod tool;

pub use batch::{Batch, read_batch};
pub use envelope::{Reading, read};
pub use error::ReadError;
pub use security_hub::{CUSTOM_ACTION, SECURITY_HUB};
pub use sweep_queue::{SweepMessages, read_sweep_messages};
pub use table::{EventName, event_names};
