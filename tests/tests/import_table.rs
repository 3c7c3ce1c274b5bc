//! The import table of ARCHITECTURE.md, held against the manifests: the crates import downward
//! only, and the SDK is named in the adapters alone.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// For each crate: which of ours it may use, and what it may never use. A `*` at the end stands
/// for any rest.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("iam-policy", &[], &["aws-*", "tokio", "futures", "async-*", "lambda_runtime"]),
    ("ecr-audit", &["iam-policy"], &["aws-*", "tokio", "lambda_runtime"]),
    ("change-events", &["ecr-audit"], &["aws-*", "lambda_runtime"]),
    ("memory-adapters", &["ecr-audit", "iam-policy"], &["aws-*", "lambda_runtime"]),
    ("aws-adapters", &["ecr-audit", "iam-policy"], &["lambda_runtime"]),
    ("aws-ec2-adapter", &["ecr-audit", "iam-policy"], &["lambda_runtime"]),
    ("iam-change", &["change-events", "ecr-audit", "aws-adapters"], &["aws-sdk-*"]),
    ("eks-change", &["change-events", "ecr-audit", "aws-adapters"], &["aws-sdk-*"]),
    (
        "account-sweep",
        &["change-events", "ecr-audit", "aws-adapters", "aws-ec2-adapter"],
        &["aws-sdk-*"],
    ),
    (
        "cli",
        &[
            "iam-policy",
            "ecr-audit",
            "change-events",
            "memory-adapters",
            "aws-adapters",
            "aws-ec2-adapter",
        ],
        &["aws-sdk-*"],
    ),
    ("fuzz", &["iam-policy", "ecr-audit"], &["aws-*", "tokio", "lambda_runtime"]),
];

fn is_named(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

#[test]
fn the_crates_import_downward_only() {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let ours: BTreeMap<&str, BTreeSet<&str>> = metadata
        .packages
        .iter()
        .map(|package| {
            let dependencies = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind == DependencyKind::Normal)
                .map(|dependency| dependency.name.as_str())
                .collect();
            (package.name.as_str(), dependencies)
        })
        .collect();
    let in_table: BTreeSet<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
    let in_workspace: BTreeSet<&str> =
        ours.keys().copied().filter(|name| *name != "tests").collect();
    assert!(in_workspace.is_subset(&in_table), "every crate has its row");
    for (name, may_use, never) in TABLE.iter().filter(|(name, ..)| ours.contains_key(name)) {
        for dependency in &ours[name] {
            let is_ours = in_table.contains(dependency);
            assert!(!is_ours || may_use.contains(dependency), "{name} imports {dependency}");
            let is_forbidden = never.iter().any(|pattern| is_named(pattern, dependency));
            let is_ours_by_name = in_table.contains(dependency);
            assert!(!is_forbidden || is_ours_by_name, "{name} imports {dependency}");
        }
    }
}
