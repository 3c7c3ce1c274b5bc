//! Text with wildcards and policy variables, as it stands in Resource and Condition.
//!
//! Variables exist in version 2012-10-17 alone; in an older document `${…}` is plain text.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::context::Context;
use crate::document::Version;
use crate::glob::{self, Piece};

/// Text with wildcards and variables.
#[derive(Clone, Debug)]
pub struct Template<'text> {
    text: Cow<'text, str>,
    /// Empty where there is no variable: the text is all there is.
    parts: Vec<Part>,
    /// Of a text without a variable, its pieces, once they are asked for.
    pieces: OnceLock<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Pieces(Vec<Piece>),
    Variable { key: String, default: Option<String> },
}

impl PartialEq for Template<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.parts == other.parts
    }
}

impl<'text> Template<'text> {
    /// Reads a text.
    pub fn parse(text: impl Into<Cow<'text, str>>, version: Version) -> Self {
        let text = text.into();
        let mut parts = Vec::new();
        if version == Version::V2012 && text.contains("${") {
            let mut rest = &*text;
            while let Some(start) = rest.find("${") {
                let Some(length) = rest[start..].find('}') else {
                    break;
                };
                let inner = &rest[start + 2..start + length];
                push(&mut parts, glob::pieces(&rest[..start]));
                match inner {
                    "*" | "?" | "$" => {
                        push(&mut parts, inner.chars().map(Piece::Plain).collect());
                    }
                    _ => parts.push(variable(inner)),
                }
                rest = &rest[start + length + 1..];
            }
            push(&mut parts, glob::pieces(rest));
        }
        Self { text, parts, pieces: OnceLock::new() }
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text is all there is.
    pub(crate) fn is_plain(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether every variable has a value or a default.
    pub(crate) fn is_resolved(&self, context: &Context) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Variable { key, default: None } => context.single(key).is_some(),
            Part::Variable { .. } | Part::Pieces(_) => true,
        })
    }

    /// The keys of the variables that have to be known.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { key, .. } => Some(key.as_str()),
            Part::Pieces(_) => None,
        })
    }

    /// The pattern with its variables replaced, `None` if one has no value and no default. The
    /// value of a variable is plain text: a `*` in a tag is no wildcard.
    pub fn resolve(&self, context: &Context) -> Option<Cow<'_, [Piece]>> {
        if self.parts.is_empty() {
            return Some(Cow::Borrowed(self.plain_pieces()));
        }
        let mut pieces = Vec::new();
        for part in &self.parts {
            match part {
                Part::Pieces(some) => pieces.extend(some.iter().cloned()),
                Part::Variable { key, default } => {
                    let value = match context.single(key) {
                        Some(value) => value,
                        None => default.as_deref()?,
                    };
                    pieces.extend(value.chars().map(Piece::Plain));
                }
            }
        }
        Some(Cow::Owned(pieces))
    }

    /// Whether a text matches the pattern with its variables replaced; if one has no value, none
    /// does.
    pub(crate) fn matches(&self, text: &str, context: &Context) -> bool {
        if self.parts.is_empty() {
            return glob::matches_text(&self.text, text);
        }
        self.resolve(context).is_some_and(|pattern| glob::matches(&pattern, text))
    }

    /// Whether the parts of an ARN match those of the pattern, each by itself.
    pub(crate) fn matches_by_part(&self, arn: &str, context: &Context) -> bool {
        if self.parts.is_empty() {
            return glob::matches_text_by_part(&self.text, arn);
        }
        self.resolve(context).is_some_and(|pattern| glob::matches_by_part(&pattern, arn))
    }

    /// Whether the pattern, with its variables replaced, is nothing but `*`.
    pub(crate) fn is_all_stars(&self, context: &Context) -> bool {
        if self.parts.is_empty() {
            return self.text.bytes().all(|byte| byte == b'*');
        }
        let is_star = |pattern: Cow<'_, [Piece]>| pattern.iter().all(|piece| *piece == Piece::Many);
        self.resolve(context).is_some_and(is_star)
    }

    /// The pattern with a `*` in the place of each variable whose value is not known, or that has
    /// none: an upper bound.
    pub fn widened(&self, context: &Context) -> Vec<Piece> {
        if self.parts.is_empty() {
            return self.plain_pieces().to_vec();
        }
        let mut pieces = Vec::new();
        for part in &self.parts {
            match part {
                Part::Pieces(some) => pieces.extend(some.iter().cloned()),
                Part::Variable { key, .. } if context.is_open(key) => pieces.push(Piece::Many),
                Part::Variable { key, default } => match context.single(key).or(default.as_deref())
                {
                    Some(value) => pieces.extend(value.chars().map(Piece::Plain)),
                    None => pieces.push(Piece::Many),
                },
            }
        }
        pieces
    }

    /// The resolved text without any wildcard meaning, `None` if a variable has no value.
    pub fn resolve_text(&self, context: &Context) -> Option<Cow<'_, str>> {
        if self.parts.is_empty() {
            return Some(Cow::Borrowed(&self.text));
        }
        let pieces = self.resolve(context)?;
        Some(Cow::Owned(text_of(&pieces)))
    }

    fn plain_pieces(&self) -> &[Piece] {
        self.pieces.get_or_init(|| glob::pieces(&self.text))
    }
}

/// Pieces written out again.
pub fn text_of(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Plain(letter) => *letter,
            Piece::One => '?',
            Piece::Many => '*',
        })
        .collect()
}

fn push(parts: &mut Vec<Part>, pieces: Vec<Piece>) {
    if !pieces.is_empty() {
        parts.push(Part::Pieces(pieces));
    }
}

/// `key`, or `key, 'default'`.
fn variable(inner: &str) -> Part {
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => {
            let default = default.trim();
            let plain = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            (key, plain.map(str::to_owned))
        }
        None => (inner, None),
    };
    Part::Variable { key: key.trim().to_ascii_lowercase(), default }
}
