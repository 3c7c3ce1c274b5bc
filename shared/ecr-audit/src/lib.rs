//! Node roles of EKS and what they may do with Amazon ECR: the domain of pullwatch.
//!
//! An event's journey goes down this list. Deciding is pure; the ports stand at the edges, and
//! `journey` alone calls them.

pub mod arn;
pub mod change;
pub mod node_role;
pub mod organization;
pub mod role_policies;
pub mod settings;
pub mod topic_arn;

pub mod add_on_registries;
pub mod catalogue;
pub mod permissions;
pub mod places;
mod regions;
pub mod repository_names;
pub mod request_facts;
pub mod standard;
pub mod unknown_actions;

pub mod assess;
pub mod assessment;
pub mod effective;
mod policy_notes;
mod pull;
mod read_policies;
pub mod remedy;
mod remedy_step;

pub mod drift;
pub mod exception;
pub mod ledger;
pub mod registry_documents;
pub mod sweep_part;
pub mod sweep_step;
pub mod transition;
pub mod uses;
pub mod visibility;

pub mod alert;
pub mod alert_choice;
pub mod finding;

pub mod asff;
pub mod mail;
pub mod message;
pub mod owner_topics;
pub mod owners;
pub mod subscription;
pub mod words;

pub mod error;
pub mod journey;
pub mod ports;
