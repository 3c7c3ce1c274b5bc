//! `pullwatch simulate`: authorization requests in, decisions out, a line each.

use std::io::{self, BufRead, Write};

use iam_policy::simulate::answer;

use crate::error::CliError;

/// Answers every line; the status is 2 if one was bad. Blank lines ask nothing.
pub fn run(mut input: impl BufRead, output: &mut dyn Write) -> Result<u8, CliError> {
    let mut status = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(CliError::Input)? == 0 {
            return Ok(status);
        }
        let request = String::from_utf8_lossy(&line);
        // A shell may have put a byte order mark before the first of them.
        let request = request.trim_start_matches('\u{feff}');
        if request.trim().is_empty() {
            continue;
        }
        let answer = answer(request.trim());
        serde_json::to_writer(&mut *output, &answer).map_err(io::Error::from)?;
        writeln!(output)?;
        if answer.is_bad() {
            status = 2;
        }
    }
}
