//! The adapters against AWS's own wire shapes: the real SDK clients, and in place of the network
//! a `Wire` that answers what AWS would. One binary, because each links every SDK.

mod ecr;
mod eks;
mod failures;
mod iam;
mod ledger;
mod own_queue;
mod requests;
mod samples;
mod security_hub;
mod signature;
mod snapshot;
mod subscriptions;
mod sweep_requests;
mod topics;
mod wire;
