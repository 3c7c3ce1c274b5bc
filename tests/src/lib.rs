//! Journeys from door to door, and the frame held against the code.

mod faulty_iam;
pub mod interleaving;

pub use faulty_iam::FaultyIam;
