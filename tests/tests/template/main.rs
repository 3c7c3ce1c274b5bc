//! The stacks held against the code: what a rule catches is read, what is read is caught, each
//! function has the rights to its calls and no others, and names and numbers belong together.

mod alarms;
mod calls;
mod environment;
mod forwarder;
mod ledger;
mod organization;
mod parameters;
mod parts;
mod pattern;
mod queues;
mod resources;
mod rights;
mod rules;
mod sources;
mod stack;
mod topics;
mod triage;
