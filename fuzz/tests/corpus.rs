//! The inputs that libFuzzer kept, each put in again.

use std::fs;
use std::path::Path;

fn each(corpus: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(corpus);
    let mut inputs = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        eprintln!("{}", path.display());
        target(&fs::read(path).unwrap());
        inputs += 1;
    }
    assert!(inputs > 0, "{} is empty", folder.display());
}

#[test]
fn documents_are_read_or_refused() {
    each("document", fuzz::document);
}

#[test]
fn requests_are_answered() {
    each("simulate", fuzz::simulate);
}

#[test]
fn witnesses_are_allowed() {
    each("explain", fuzz::explain);
}
