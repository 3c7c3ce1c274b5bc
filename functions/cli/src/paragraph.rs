//! A text for a person -> lines. What policies, files and AWS say is shown as it is but for its
//! control characters, which a terminal or the log of a build would obey; on a terminal a line
//! ends between two words.

use std::io::{self, Write};

use comfy_table::Table;

/// The text with its control characters spelled out, those that change the direction of writing
/// too, and the colon that begins a workflow command of GitHub Actions.
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let begins = text.trim_start();
    let text = if begins.starts_with("::") {
        shown.extend(':'.escape_unicode());
        &begins[1..]
    } else {
        text
    };
    for letter in text.chars() {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if letter.is_control() || turns {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Writes a text behind a label, on as many lines as it takes. The lines after the first begin
/// where the text began.
pub fn write(output: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    for line in lines(label, text, width()) {
        writeln!(output, "{line}")?;
    }
    Ok(())
}

/// The terminal's width; `None` where the output is no terminal, and lines are as long as they are.
pub fn width() -> Option<usize> {
    Table::new().width().map(usize::from)
}

fn lines(label: &str, text: &str, width: Option<usize>) -> Vec<String> {
    let indent = label.chars().count();
    let text = escaped(text);
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(20));
    let mut rows: Vec<String> = Vec::new();
    let mut row = String::new();
    for word in text.split(' ') {
        let is_full = row.chars().count() + 1 + word.chars().count() > room;
        if is_full && !row.is_empty() {
            rows.push(std::mem::take(&mut row));
        } else if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    rows.push(row);
    let indented = |(number, row): (usize, &String)| {
        let begin = if number == 0 { label.to_owned() } else { " ".repeat(indent) };
        (begin + row).trim_end().to_owned()
    };
    rows.iter().enumerate().map(indented).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_spelled_out() {
        assert_eq!(escaped("ecr:Foo\n::error::x\u{1b}[31m"), r"ecr:Foo\n::error::x\u{1b}[31m");
        assert_eq!(escaped("a\u{9b}b\u{202e}c\td\u{7f}"), r"a\u{9b}b\u{202e}c\td\u{7f}");
        assert_eq!(escaped(" ::error::x"), r"\u{3a}:error::x");
        assert_eq!(escaped("größe – Größe “ok” …"), "größe – Größe “ok” …");
    }

    #[test]
    fn a_line_ends_between_two_words() {
        let text = "ecr:PutImage, ecr:BatchCheckLayerAvailability, ecr:TagResource";
        assert_eq!(lines("  by  ", text, None), [format!("  by  {text}")]);
        assert_eq!(
            lines("  by  ", text, Some(40)),
            [
                "  by  ecr:PutImage,",
                "      ecr:BatchCheckLayerAvailability,",
                "      ecr:TagResource"
            ]
        );
        assert_eq!(lines("note: ", "", Some(40)), ["note:"]);
    }
}
