#![doc = include_str!("../README.md")]
//!
//! # To read it
//!
//! From the top of the list of modules: a document is made of statements; a statement is about
//! actions, resources, principals and conditions; a decision combines the statements of all
//! policies; effective permissions combine all decisions. Each rule has AWS's page beside it.

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
