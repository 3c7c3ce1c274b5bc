//! Requests whose answers an independent open-source simulator gave and a second evaluator, written
//! apart from it, confirmed, in autumn 2026. Of those marked open the two differ, for AWS's
//! documentation leaves the answer open.
//!
//! 535 lie here: every fortieth, and all that are open. All 20,000 lie beside the checkout
//! where the project is developed; elsewhere their test says so.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use iam_policy::simulate::answer;
use serde_json::Value;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agreement/requests.jsonl.gz")
}

fn beside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases")
}

/// Asks every request of a file, and tells how many there are. Of those that are open, the answer
/// has to say so.
fn ask(path: &Path, is_open: impl Fn(&Value) -> bool) -> usize {
    let file = std::fs::File::open(path).unwrap();
    let (mut asked, mut different) = (0, Vec::new());
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.unwrap();
        let request: Value = serde_json::from_str(&line).unwrap();
        let answer = serde_json::to_value(answer(&line)).unwrap();
        asked += 1;
        if is_open(&request) {
            assert!(answer.get("open").is_some(), "nothing is said to be open: {answer}");
        } else if answer["decision"] != request["expect"]["strict"] {
            different.push(request["id"].clone());
        }
    }
    assert!(different.is_empty(), "{different:?} of {asked} differ");
    asked
}

#[test]
fn strict_answers_agree() {
    assert_eq!(ask(&here(), |request| request["expect"]["open"] == true), 535);
}

#[test]
fn all_strict_answers_agree() {
    let Ok(ambiguous) = std::fs::read_to_string(beside().join("ambiguous-ids.json")) else {
        eprintln!("SKIPPED: {} is not there", beside().display());
        return;
    };
    let ambiguous: Value = serde_json::from_str(&ambiguous).unwrap();
    let is_open = |request: &Value| {
        let mut lists = ambiguous.as_object().unwrap().values();
        lists.any(|ids| ids.as_array().unwrap().contains(&request["id"]))
    };
    assert_eq!(ask(&beside().join("requests.jsonl.gz"), is_open), 20_000);
}
