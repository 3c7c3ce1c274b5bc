//! On which repositories of which accounts and registries a role may do what.

mod accounts;
mod add_ons;
mod bounds;
mod brute_force;
mod conditions;
mod draw;
mod optional;
mod pulls;
mod registries;
mod role;
mod severity;
mod truth;
