//! The events of `events/` and what is read from them.

mod damage;
mod files;
mod fixtures;
mod shapes;
