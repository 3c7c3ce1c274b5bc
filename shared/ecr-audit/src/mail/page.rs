//! Lines of a plain text: at most 78 columns, no control characters, no space at a line's end.

use textwrap::wrap_algorithms::Penalties;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// How wide a mail is.
pub const COLUMNS: usize = 78;
/// How wide a fact's label is.
const LABEL: usize = 10;

/// A name may hold anything; a mail's lines hold no control characters, and none that would make
/// a reader see the others in another order.
fn shown(letter: char) -> char {
    if is_showable(letter) { letter } else { '?' }
}

/// Whether a letter can stand in a mail as it is.
pub fn is_showable(letter: char) -> bool {
    let changes_the_order = matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !letter.is_control() && !changes_the_order
}

/// A text that grows line by line.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// The whole text.
    pub fn into_text(self) -> String {
        self.text
    }

    /// How many bytes the text has.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// A line as it stands: whoever calls this has seen to its width.
    pub fn line(&mut self, text: &str) {
        self.text.extend(text.chars().map(shown));
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A heading after an empty line.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.wrapped("", text);
    }

    /// Text between words, or within one that is wider than a line.
    pub fn wrapped(&mut self, indent: &str, text: &str) {
        self.wrapped_after(indent, indent, text);
    }

    /// Text whose first line begins otherwise.
    pub fn wrapped_after(&mut self, first: &str, indent: &str, text: &str) {
        // Lines of even length, but never at the price of one that is too long.
        let penalties = Penalties { overflow_penalty: 1_000_000, ..Penalties::new() };
        let options = Options::new(COLUMNS)
            .wrap_algorithm(WrapAlgorithm::OptimalFit(penalties))
            .initial_indent(first)
            .subsequent_indent(indent)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(true);
        // A line break inside a name is no line break of ours.
        let text: String = text.chars().map(shown).collect();
        for line in textwrap::wrap(&text, options) {
            self.line(&line);
        }
    }

    /// A label at the margin, and what it stands for.
    pub fn fact(&mut self, label: &str, text: &str) {
        let indent = " ".repeat(LABEL);
        self.wrapped_after(&format!("{label:<LABEL$}"), &indent, text);
    }

    /// A label below a heading, and what it stands for; a long label has a line of its own.
    pub fn fact_below(&mut self, label: &str, text: &str) {
        const WIDTH: usize = 16;
        let indent = " ".repeat(WIDTH + 2);
        if label.chars().count() < WIDTH {
            self.wrapped_after(&format!("  {label:<WIDTH$}"), &indent, text);
        } else {
            self.wrapped("  ", label);
            self.wrapped(&indent, text);
        }
    }

    /// Two texts at both ends of a line, or on two lines.
    pub fn at_both_ends(&mut self, left: &str, right: &str) {
        let gap =
            COLUMNS.saturating_sub(textwrap::core::display_width(left) + right.chars().count());
        if gap >= 2 {
            self.line(&format!("{left}{}{right}", " ".repeat(gap)));
        } else {
            self.wrapped("", left);
            self.wrapped("", right);
        }
    }
}
