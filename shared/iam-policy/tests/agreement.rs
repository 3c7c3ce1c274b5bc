//! 20,000 requests whose answers an independent simulator gave and a second evaluator confirmed.
//! They lie beside the checkout where the project is developed; elsewhere this test says so.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use iam_policy::simulate::answer;
use serde_json::Value;

fn shared() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases")
}

#[test]
fn strict_answers_agree() {
    let Ok(file) = std::fs::File::open(shared().join("requests.jsonl.gz")) else {
        eprintln!("SKIPPED: {} is not there", shared().join("requests.jsonl.gz").display());
        return;
    };
    let ambiguous: Value = serde_json::from_str(
        &std::fs::read_to_string(shared().join("ambiguous-ids.json")).unwrap(),
    )
    .unwrap();
    let is_ambiguous = |id: &Value| {
        ambiguous.as_object().unwrap().values().any(|ids| ids.as_array().unwrap().contains(id))
    };
    let (mut asked, mut different) = (0, Vec::new());
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.unwrap();
        let request: Value = serde_json::from_str(&line).unwrap();
        let answer = serde_json::to_value(answer(&line)).unwrap();
        asked += 1;
        if is_ambiguous(&request["id"]) {
            assert!(answer.get("open").is_some(), "nothing is said to be open: {answer}");
        } else if answer["decision"] != request["expect"]["strict"] {
            different.push(request["id"].clone());
        }
    }
    eprintln!("{} of {asked} answers agree; not {different:?}", asked - different.len());
    assert!(different.is_empty(), "{different:?}");
}
