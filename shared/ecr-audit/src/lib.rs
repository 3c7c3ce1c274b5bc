//! Node roles of EKS and what they may do with Amazon ECR: the domain of pullwatch.
//!
//! An event's journey goes down this list. Deciding is pure; the ports stand at the edges, and
//! `journey` alone calls them.

pub mod arn;
pub mod change;
pub mod instance_profile;
pub mod node_role;
pub mod organization;
pub mod role_policies;
pub mod settings;
pub mod topic_arn;

pub mod add_on_registries;
pub mod catalogue;
pub mod certainty;
pub mod permissions;
pub mod places;
mod regions;
pub mod repository_names;
pub mod request_facts;
pub mod standard;
pub mod unknown_actions;

mod as_far_as_known;
pub mod assess;
pub mod assessment;
mod beyond;
mod dates_ahead;
pub mod dates_named;
pub mod effective;
mod left_open;
pub mod missing_action;
mod policy_notes;
mod pull;
mod read_policies;
pub mod remedy;
mod spelling;

pub mod basis;
pub mod date_passed;
pub mod drift;
pub mod exception;
mod kept_change;
mod kept_result;
pub mod ledger;
pub mod occasion;
pub mod registries;
pub mod registry_documents;
pub mod sweep_part;
pub mod sweep_step;
mod tags_read;
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
mod recommendation;
mod remedy_fields;
pub mod subscription;
pub mod used_by;
pub mod words;

pub mod error;
pub mod journey;
pub mod ports;
