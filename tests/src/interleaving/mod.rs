//! Two functions and a sweep at once, switched between at every port call by a seeded choice,
//! killed before and after each, their messages delivered again.
//!
//! A world is lived through by a seed: the account changes, events come late, twice or never,
//! functions die. Then the account stands still, what is left is delivered, one sweep completes,
//! and the guarantees are checked. The same seed lives the same life.

mod gate;
mod guarantees;
mod life;

pub use gate::{Gate, Planted};
pub use life::{Life, live};
