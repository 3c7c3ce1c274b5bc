//! Journeys from door to door, and the frame held against the code.

pub mod interleaving;
