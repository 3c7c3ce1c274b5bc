//! On which repositories of which accounts and registries a role may do what.

mod accounts;
mod add_ons;
mod registries;
mod role;
