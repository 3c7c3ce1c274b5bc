//! The stacks held against the code: what a rule catches is read, what is read is caught, each
//! function has the rights to its calls and no others, and names and numbers belong together.

mod calls;
mod forwarder;
mod parameters;
mod parts;
mod pattern;
mod queues;
mod rights;
mod rules;
mod sources;
mod stack;
mod triage;
