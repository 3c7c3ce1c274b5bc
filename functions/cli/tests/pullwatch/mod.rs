//! Runs the binary, and copies the snapshot for tests that damage it.

pub mod endpoint;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run of the binary left.
pub struct Run {
    /// The exit status.
    pub status: i32,
    /// The standard output.
    pub output: String,
    /// The standard error.
    pub told: String,
}

impl Run {
    /// The standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.output)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.output, self.told))
    }
}

/// Runs `pullwatch` with nothing on its standard input.
pub fn pullwatch(arguments: &[&str]) -> Run {
    pullwatch_with("", arguments)
}

/// Runs `pullwatch` with a text on its standard input.
pub fn pullwatch_with(input: &str, arguments: &[&str]) -> Run {
    finish(Command::new(env!("CARGO_BIN_EXE_pullwatch")).args(arguments), input)
}

/// Runs `pullwatch` in this environment and no other.
pub fn pullwatch_in(environment: &[(&str, &str)], arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullwatch"));
    finish(command.env_clear().envs(environment.iter().copied()).args(arguments), "")
}

fn finish(command: &mut Command, input: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may be gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let finished = child.wait_with_output().unwrap();
    Run {
        status: finished.status.code().expect("the command ends by itself"),
        output: String::from_utf8(finished.stdout).unwrap(),
        told: String::from_utf8(finished.stderr).unwrap(),
    }
}

/// The folder of the snapshot that the tests share.
pub fn mixed_account() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/mixed-account")
}

/// A copy of the snapshot that one test may change.
pub fn copy_for(test: &str) -> PathBuf {
    let copy = folder_for(test);
    copy_folder(&mixed_account(), &copy);
    copy
}

/// An empty folder for one test.
pub fn folder_for(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file in a folder, written.
pub fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
