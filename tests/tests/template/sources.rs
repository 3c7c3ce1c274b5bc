//! The project's sources as texts: what runs, without comments and unit tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::stack::root;

/// Every source below a folder of the project.
pub fn sources(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has no source");
    found
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(code(&fs::read_to_string(&path).unwrap()));
        }
    }
}

fn code(source: &str) -> String {
    let code = source.split("#[cfg(test)]").next().unwrap().lines();
    code.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Everything that a source has in quotation marks.
pub fn literals(source: &str) -> BTreeSet<String> {
    source.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The folders of the functions, which are their names: each but the command.
pub fn function_folders() -> BTreeSet<String> {
    fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|folder| folder != "cli")
        .collect()
}
