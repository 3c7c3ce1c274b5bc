//! What AWS IAM would say to a request, and to every request.
//!
//! `decision` answers one request; `effective` answers for every resource and every context at
//! once. No SDK, no I/O, no clock, and no knowledge of any service: the ranges of resources and
//! the facts of a request are handed in.
//!
//! A newcomer reads in this order: a document is made of statements; a statement is about
//! actions, resources, principals and conditions; a decision combines the statements of all
//! policies; effective permissions combine all decisions.

pub mod document;
pub mod error;
mod json;
mod reader;

pub mod action;
pub mod condition;
pub mod context;
pub mod glob;
pub mod principal;
pub mod template;
pub mod truth;

mod bits;
pub mod decision;
mod evaluation;
pub mod statement;

pub mod effective;
pub mod notes;
pub mod simulate;
