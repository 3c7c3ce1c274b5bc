//! Who is told of a role: its tags, then its uses', then the account's default.

use std::collections::{BTreeMap, BTreeSet};

use crate::node_role::Use;
use crate::settings::Settings;

/// The owners of a role, sorted, each once; empty where nobody is named.
pub fn owners(
    role_tags: &BTreeMap<String, String>,
    uses: &[Use],
    settings: &Settings,
) -> Vec<String> {
    let named = |tags: &BTreeMap<String, String>| {
        settings.owner_tag_keys.iter().find_map(|key| tags.get(key).cloned())
    };
    if let Some(owner) = named(role_tags) {
        return vec![owner];
    }
    let owners: BTreeSet<String> = uses
        .iter()
        .filter_map(|seen| named(&seen.tags).or_else(|| named(&seen.cluster_tags)))
        .collect();
    if owners.is_empty() {
        settings.default_owner.iter().cloned().collect()
    } else {
        owners.into_iter().collect()
    }
}
