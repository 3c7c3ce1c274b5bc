//! The remedy in a finding's product fields, for whoever has no mail: as many fields as a finding
//! has room for, each within Security Hub's limit. Put one after another, the fields
//! `pullwatch/Remedy/00`, … are the commands: each command begins a field, and goes on in the next
//! where it is longer.

use crate::remedy::Remedy;
use crate::words::shortened;

/// Of a finding's 50 product fields, those that hold commands.
const MOST_FIELDS: usize = 12;
/// Less than the 2,048 characters that a field may have.
const LONGEST_PIECE: usize = 2000;
const LONGEST_FIELD: usize = 2048;

/// How many bytes of commands an alert carries. It waits in the ledger's record, once for each
/// topic that it goes to.
const LONGEST_TOLD: usize = 24 * 1024;

/// How many bytes of each of its sentences are kept.
const LONGEST_SENTENCE: usize = 600;

/// The remedy as an alert carries it: commands that are too long together are left out, and long
/// sentences shortened.
pub fn kept_in_alert(remedy: &Remedy) -> Remedy {
    let mut kept = remedy.clone();
    let sentences = kept.advice.iter_mut().chain(&mut kept.obstacle);
    for sentence in sentences.chain([&mut kept.checked]) {
        *sentence = shortened(sentence, LONGEST_SENTENCE);
    }
    if remedy.commands.iter().map(String::len).sum::<usize>() > LONGEST_TOLD {
        kept.advice.insert(
            0,
            format!(
                "{} too long to be sent. `pullwatch explain --role ARN` shows every statement that \
                 grants too much.",
                which(remedy)
            ),
        );
        kept.commands.clear();
    }
    kept
}

/// The remedy as a finding keeps it: commands that are too long for its fields are left out, so
/// that neither the finding nor the ledger's record grows with them.
pub fn kept_in_finding(remedy: &Remedy) -> Remedy {
    let mut kept = kept_in_alert(remedy);
    if pieces(&kept).len() > MOST_FIELDS {
        kept.advice.insert(
            0,
            format!(
                "{} too long for a finding. Subscribers of the JSON document get them all.",
                which(remedy)
            ),
        );
        kept.commands.clear();
    }
    kept
}

fn which(remedy: &Remedy) -> String {
    match remedy.commands.len() {
        1 => "The command is".to_owned(),
        count => format!("The {count} commands are"),
    }
}

/// Names, behind `pullwatch/`, and values.
pub fn remedy_fields(remedy: &Remedy) -> Vec<(String, String)> {
    let mut values = pieces(remedy);
    values.truncate(MOST_FIELDS);
    if let Some(obstacle) = &remedy.obstacle
        && values.is_empty()
    {
        values = vec![shortened(&format!("There is no safe command. {obstacle}"), LONGEST_FIELD)];
    }
    let mut fields: Vec<(String, String)> = values
        .into_iter()
        .enumerate()
        .map(|(index, value)| (format!("Remedy/{index:02}"), value))
        .collect();
    if !remedy.commands.is_empty() {
        fields.push(("RemedyChecked".to_owned(), shortened(&remedy.checked, LONGEST_FIELD)));
    }
    let obstacle = remedy.obstacle.iter().filter(|_| !remedy.commands.is_empty());
    let advice: Vec<&str> = obstacle.chain(&remedy.advice).map(String::as_str).collect();
    if !advice.is_empty() {
        fields.push(("RemedyAdvice".to_owned(), shortened(&advice.join(" "), LONGEST_FIELD)));
    }
    fields
}

/// The commands, each in as many pieces as it needs.
fn pieces(remedy: &Remedy) -> Vec<String> {
    let last = remedy.commands.len().saturating_sub(1);
    let commands = remedy.commands.iter().enumerate();
    commands
        .flat_map(|(index, command)| {
            // What takes must not run where what gives has failed.
            let joined = if index < last { " &&" } else { "" };
            pieces_of(&format!("{command}{joined}"))
        })
        .collect()
}

/// A field keeps no white space at its ends, so no piece has any.
fn pieces_of(command: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = command;
    while rest.len() > LONGEST_PIECE {
        let is_within_a_word = |place: &usize| {
            let (before, after) = rest.split_at(*place);
            !before.ends_with(char::is_whitespace) && !after.starts_with(char::is_whitespace)
        };
        let longest = rest.floor_char_boundary(LONGEST_PIECE);
        let end = (1..=longest)
            .rev()
            .filter(|place| rest.is_char_boundary(*place))
            .find(is_within_a_word)
            .unwrap_or(longest);
        let (piece, left) = rest.split_at(end);
        pieces.push(piece.to_owned());
        rest = left;
    }
    pieces.push(rest.to_owned());
    pieces
}
