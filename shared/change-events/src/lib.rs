//! CloudTrail and EventBridge JSON read as changes. The only crate that knows those shapes.
//!
//! `envelope` finds the record in the message, `iam`, `eks`, `ecr` and `security_hub` hold a row
//! for each event name, `actor` names who did it, `batch` reads the messages of a queue.

mod actor;
mod batch;
mod ecr;
mod eks;
mod envelope;
mod error;
mod iam;
mod record;
mod security_hub;
mod table;

pub use batch::{Batch, read_batch};
pub use envelope::{Reading, read};
pub use error::ReadError;
pub use table::{EventName, event_names};
