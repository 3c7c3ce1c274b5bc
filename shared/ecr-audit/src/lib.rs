//! Node roles of EKS and what they may do with Amazon ECR: the domain of pullwatch.
//!
//! An event's journey goes down this list. Deciding is pure; the ports stand at the edges, and
//! `journey` alone calls them.

pub mod arn;
pub mod change;
pub mod node_role;
pub mod role_policies;
pub mod settings;

pub mod catalogue;
pub mod permissions;
pub mod standard;

pub mod assessment;
pub mod ledger;

pub mod alert;
pub mod finding;
pub mod remedy;

pub mod error;
pub mod ports;
