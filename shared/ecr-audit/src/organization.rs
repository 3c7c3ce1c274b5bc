//! Service and resource control policies, where somebody gives them: the account itself cannot
//! read them, so they come from a snapshot alone.

use serde::{Deserialize, Serialize};

/// The policies of an organization that stand above the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationPolicies {
    /// Service control policies, a list of named documents for each level, root first.
    pub scps: Vec<Vec<NamedDocument>>,
    /// Resource control policies, likewise.
    pub rcps: Vec<Vec<NamedDocument>>,
}

/// A policy document with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedDocument {
    /// The name a finding gives it.
    pub name: String,
    /// The document as JSON text.
    pub document: String,
}
