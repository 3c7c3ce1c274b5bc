//! The tags that are remembered: those that somebody reads. Fifty of them, of a role, a nodegroup
//! and its cluster, are more than a record can hold.

use std::collections::BTreeMap;

use crate::assessment::RoleFacts;
use crate::message::ENVIRONMENT_TAGS;
use crate::node_role::Use;
use crate::owner_topics;
use crate::settings::Settings;

/// The use with those of its tags that somebody reads.
pub fn with_tags_read(seen: &Use, settings: &Settings) -> Use {
    Use {
        tags: tags_read(&seen.tags, settings),
        cluster_tags: tags_read(&seen.cluster_tags, settings),
        ..seen.clone()
    }
}

/// The role with those of its tags that somebody reads.
pub fn role_with_tags_read(role: &RoleFacts, settings: &Settings) -> RoleFacts {
    RoleFacts { tags: tags_read(&role.tags, settings), ..role.clone() }
}

/// Those of the tags that somebody reads.
pub fn tags_read(tags: &BTreeMap<String, String>, settings: &Settings) -> BTreeMap<String, String> {
    let is_read = |key: &String| {
        settings.owner_tag_keys.contains(key)
            || key == owner_topics::TAG
            || ENVIRONMENT_TAGS.contains(&key.as_str())
    };
    let read = tags.iter().filter(|(key, _)| is_read(key));
    read.map(|(key, value)| (key.clone(), value.clone())).collect()
}
