//! The tags of a use that are remembered with it: those that somebody reads.

use std::collections::BTreeMap;

use crate::message::ENVIRONMENT_TAGS;
use crate::node_role::Use;
use crate::owner_topics;
use crate::settings::Settings;

/// The use with those of its tags that somebody reads. Fifty of them, of a nodegroup and of its
/// cluster, are more than a record of many uses can hold.
pub fn with_tags_read(seen: &Use, settings: &Settings) -> Use {
    Use {
        tags: tags_read(&seen.tags, settings),
        cluster_tags: tags_read(&seen.cluster_tags, settings),
        ..seen.clone()
    }
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
