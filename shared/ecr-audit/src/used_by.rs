//! What uses a role, in a person's words.

use std::collections::BTreeMap;

use crate::node_role::{Use, UseKind};

const MOST_PLACES: usize = 5;
const MOST_NAMES: usize = 8;

/// `prod, eu-west-1: nodegroups spot, workers`, a line for each cluster.
pub fn used_by(uses: &[Use]) -> Vec<String> {
    let mut places: BTreeMap<String, BTreeMap<UseKind, Vec<&str>>> = BTreeMap::new();
    for seen in uses {
        let place: Vec<&str> = [seen.cluster_name.as_deref(), seen.source.region.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let kinds = places.entry(place.join(", ")).or_default();
        kinds.entry(seen.source.kind).or_default().push(&seen.name);
    }
    let count = places.len();
    let mut lines: Vec<String> = places
        .into_iter()
        .take(MOST_PLACES)
        .map(|(place, kinds)| {
            let kinds: Vec<String> =
                kinds.into_iter().map(|(kind, names)| named(kind, &names)).collect();
            if place.is_empty() {
                kinds.join("; ")
            } else {
                format!("{place}: {}", kinds.join("; "))
            }
        })
        .collect();
    if count > MOST_PLACES {
        lines.push(format!("and {} more clusters", count - MOST_PLACES));
    }
    if lines.is_empty() {
        lines.push("nothing any more".to_owned());
    }
    lines
}

/// `prod, eu-west-1`, or how many there are.
pub fn used_in(uses: &[Use]) -> String {
    let lines = used_by(uses);
    match lines.as_slice() {
        [line] => line.clone(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
        [] => String::new(),
    }
}

/// `nodegroups spot, workers`.
fn named(kind: UseKind, names: &[&str]) -> String {
    let mut names: Vec<&str> = names.iter().copied().filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    let word = match (kind, names.len()) {
        (UseKind::Nodegroup, 2..) => "nodegroups",
        (UseKind::FargateProfile, 2..) => "Fargate profiles",
        (UseKind::InstanceProfile, 2..) => "instance profiles",
        (UseKind::Instance, 1..) => "instances with profile",
        _ => kind.in_words(),
    };
    let left = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let more = if left > 0 { format!(" +{left}") } else { String::new() };
    format!("{word} {}{more}", names.join(", ")).trim_end().to_owned()
}
