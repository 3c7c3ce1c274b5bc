//! The tags that are remembered: those that somebody reads. Fifty of them, of a role, a nodegroup
//! and its cluster, are more than a record can hold.

use crate::assessment::RoleFacts;
use crate::message::ENVIRONMENT_TAGS;
use crate::node_role::Use;
use crate::owner_topics;
use crate::settings::Settings;

/// The use with those of its tags that somebody reads.
pub fn with_tags_read(seen: &Use, settings: &Settings) -> Use {
    let mut seen = seen.clone();
    seen.tags.retain(|key, _| is_read(key, settings));
    seen.cluster_tags.retain(|key, _| is_read(key, settings));
    seen
}

/// The role with those of its tags that somebody reads.
pub fn role_with_tags_read(role: &RoleFacts, settings: &Settings) -> RoleFacts {
    let mut role = role.clone();
    role.tags.retain(|key, _| is_read(key, settings));
    role
}

fn is_read(key: &str, settings: &Settings) -> bool {
    settings.owner_tag_keys.iter().any(|known| known == key)
        || key == owner_topics::TAG
        || ENVIRONMENT_TAGS.contains(&key)
}
