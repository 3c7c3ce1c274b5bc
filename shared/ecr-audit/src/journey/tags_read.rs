//! The tags of a use that are remembered with it: those that somebody reads.

use crate::message::ENVIRONMENT_TAGS;
use crate::node_role::Use;
use crate::owner_topics;
use crate::settings::Settings;

/// The use with those of its tags that somebody reads. Fifty of them, of a nodegroup and of its
/// cluster, are more than a record of many uses can hold.
pub fn with_tags_read(seen: &Use, settings: &Settings) -> Use {
    let is_read = |key: &String| {
        settings.owner_tag_keys.contains(key)
            || key == owner_topics::TAG
            || ENVIRONMENT_TAGS.contains(&key.as_str())
    };
    let mut seen = seen.clone();
    seen.tags.retain(|key, _| is_read(key));
    seen.cluster_tags.retain(|key, _| is_read(key));
    seen
}
