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
        // A tag may have no value: then it names nobody.
        settings
            .owner_tag_keys
            .iter()
            .filter_map(|key| tags.get(key))
            .find(|owner| !owner.trim().is_empty())
            .cloned()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_role::{Compute, Source, UseKind};

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn seen(nodegroup: &[(&str, &str)], cluster: &[(&str, &str)]) -> Use {
        Use {
            source: Source::regional(UseKind::Nodegroup, "eu-west-1"),
            cluster_name: Some("prod".to_owned()),
            name: "workers".to_owned(),
            compute: Compute::Ec2,
            tags: tags(nodegroup),
            cluster_tags: tags(cluster),
        }
    }

    #[test]
    fn the_nearest_tag_names_the_owner() {
        let mut settings = Settings::for_account("111122223333", "aws", "us-east-1");
        settings.default_owner = Some("platform".to_owned());
        let both = [seen(&[("team", "b")], &[("owner", "c")]), seen(&[], &[("owner", "a")])];
        for (role, uses, owner) in [
            (tags(&[("owner", "role")]), &both[..], vec!["role"]),
            (tags(&[("team", "later"), ("owner", "first")]), &both[..], vec!["first"]),
            (tags(&[("owner", ""), ("team", "other")]), &both[..], vec!["other"]),
            (tags(&[("owner", " ")]), &both[..], vec!["a", "b"]),
            (tags(&[]), &both[..], vec!["a", "b"]),
            (tags(&[]), &[], vec!["platform"]),
        ] {
            assert_eq!(owners(&role, uses, &settings), owner, "{role:?}");
        }
        settings.default_owner = None;
        assert_eq!(owners(&tags(&[]), &[], &settings), Vec::<String>::new());
    }
}
