//! What is told of a role, to Security Hub, to its owners and to programs, and how a role is put
//! right: from policies through `assess` and `transition`, as the journey goes, without a port.

mod account;
mod bounds;
mod choice;
mod dates;
mod descriptions;
mod digests;
mod exceptions;
mod golden;
mod missing;
mod operators;
mod remedy_fields;
mod schema;
mod story;
mod subscribed;
mod table;
