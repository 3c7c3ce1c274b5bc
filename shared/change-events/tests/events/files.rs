//! The files of `events/`, by folder and name.

use std::collections::BTreeMap;
use std::path::Path;

use change_events::{Reading, read};
use ecr_audit::change::ReportedChange;

/// The account of all files.
pub const ACCOUNT: &str = "111122223333";

/// The folders whose events have an effect, with EventBridge's source.
pub const WITH_EFFECT: [(&str, &str); 4] = [
    ("iam", "aws.iam"),
    ("eks", "aws.eks"),
    ("ecr", "aws.ecr"),
    ("organizations", "aws.organizations"),
];

/// A folder's files: name without ending -> content.
pub fn files(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(folder);
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (stem, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// One file.
pub fn file(folder: &str, name: &str) -> String {
    files(folder).remove(name).unwrap_or_else(|| panic!("events/{folder}/{name}.json is missing"))
}

/// The changes that an event tells of.
pub fn changes(text: &str) -> Vec<ReportedChange> {
    match read(text, ACCOUNT) {
        Ok(Reading::Changes(changes)) => changes,
        other => panic!("{other:?}"),
    }
}
