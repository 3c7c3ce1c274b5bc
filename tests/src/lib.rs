//! Journeys from door to door, and the frame held against the code.

mod faulty_iam;
pub mod interleaving;
mod sweep;

pub use faulty_iam::FaultyIam;
pub use sweep::{do_steps, run_of};
