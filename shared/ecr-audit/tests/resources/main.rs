//! On which repositories of which accounts and registries a role may do what.

mod accounts;
mod add_ons;
mod optional;
mod registries;
mod role;
mod severity;
