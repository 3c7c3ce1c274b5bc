//! A shell command over as many lines as it needs: pasted as it stands, a POSIX shell reads the
//! same words as from the one line.

use serde_json::Value;

use super::page::COLUMNS;
use crate::remedy::shell::{quoted, words};

const FIRST: &str = "  ";
const NEXT: &str = "    ";

/// What joins a command to the next, which must not run where this one failed.
const JOINED: &str = " &&";

/// The lines of commands of which each runs only after the one before has succeeded.
pub fn joined(commands: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        lines.extend(laid_out(command));
        let Some(last) = lines.last_mut().filter(|_| index + 1 < commands.len()) else { break };
        if width(last) + JOINED.len() <= COLUMNS {
            last.push_str(JOINED);
        } else {
            last.push_str(" \\");
            lines.push(format!("{NEXT}{}", JOINED.trim_start()));
        }
    }
    lines
}

/// The lines of a command, each at most 78 columns wide; the last has room for a backslash.
pub fn laid_out(command: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = FIRST.to_owned();
    for part in parts(&words(command)) {
        let is_first_word = line.trim().is_empty();
        let space = if is_first_word { "" } else { " " };
        if width(&line) + space.len() + width(&part) + 2 <= COLUMNS {
            line.push_str(space);
            line.push_str(&part);
            continue;
        }
        if !is_first_word {
            lines.push(format!("{line} \\"));
            NEXT.clone_into(&mut line);
        }
        if width(&line) + width(&part) + 2 <= COLUMNS {
            line.push_str(&part);
            continue;
        }
        let mut broken = broken(&part, COLUMNS - width(&line) - 2);
        let last = broken.pop().unwrap_or_default();
        for piece in broken {
            lines.push(format!("{line}{piece}"));
            line.clear();
        }
        line.push_str(&last);
    }
    lines.push(line);
    lines
}

/// The words of a command, each option with its value where both fit on a line.
fn parts(words: &[String]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in words {
        let quoted = quoted(word);
        match parts.last_mut() {
            Some(option)
                if option.starts_with("--")
                    && !option.contains(' ')
                    && !word.starts_with("--")
                    && NEXT.len() + width(option) + width(&quoted) + 3 <= COLUMNS =>
            {
                option.push(' ');
                option.push_str(&quoted);
            }
            _ => parts.push(quoted),
        }
    }
    parts
}

/// A word too wide for a line. A policy document goes over several lines inside its quotes, where
/// a line break is a space between JSON's tokens; any other word is broken where a backslash
/// joins its pieces again.
fn broken(part: &str, room: usize) -> Vec<String> {
    let word = words(part).concat();
    match serde_json::from_str::<Value>(&word) {
        Ok(document @ Value::Object(_)) => document_lines(&document),
        _ => pieces(&word, room),
    }
}

fn document_lines(document: &Value) -> Vec<String> {
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    let count = text.lines().count();
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let open = if index == 0 { "'" } else { "" };
        let close = if index + 1 == count { "'" } else { "" };
        let escaped = line.replace('\'', r"'\''");
        if width(&escaped) + 2 <= COLUMNS {
            lines.push(format!("{open}{escaped}{close}"));
            continue;
        }
        // A string of JSON cannot be broken, but the shell's word around it can.
        let mut pieces = split(line, COLUMNS - 6);
        let last = pieces.pop().unwrap_or_default();
        for (index, piece) in pieces.iter().enumerate() {
            let open = if index == 0 { open } else { "'" };
            lines.push(format!("{open}{}'\\", piece.replace('\'', r"'\''")));
        }
        lines.push(format!("'{}{close}", last.replace('\'', r"'\''")));
    }
    lines
}

/// Pieces of a word, each no wider than `room` as it is quoted, with the backslash that joins it
/// to the next.
fn pieces(word: &str, room: usize) -> Vec<String> {
    let fits = |piece: &str| width(&quoted(piece)) < room;
    let mut pieces: Vec<String> = vec![String::new()];
    for letter in word.chars() {
        let Some(piece) = pieces.last_mut() else { break };
        piece.push(letter);
        if !fits(piece) && piece.chars().nth(1).is_some() {
            piece.pop();
            pieces.push(letter.to_string());
        }
    }
    let last = pieces.len() - 1;
    pieces
        .iter()
        .enumerate()
        .map(|(index, piece)| quoted(piece) + if index < last { "\\" } else { "" })
        .collect()
}

/// Splits a text so that each piece, with its single quotes escaped, is at most `room` wide.
fn split(text: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for letter in text.chars() {
        let wide = if letter == '\'' { 4 } else { width(letter.encode_utf8(&mut [0; 4])) };
        if used + wide > room {
            pieces.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}

fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}
