//! Names of actions that no catalogue entry has, one for each way in which the policies can tell
//! them apart: an action that AWS adds tomorrow is granted by `ecr:*`, not by a list.

use iam_policy::decision::PolicySet;
use iam_policy::glob::Piece;

use crate::catalogue::Catalogue;

/// Names that begin so count as reads.
const READ_PREFIXES: [&str; 5] = ["Get", "List", "Describe", "BatchGet", "BatchCheck"];

/// A stem that no action of AWS's has.
const STEM: &str = "Zzq";

/// A name that stands for unknown ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnknownAction {
    /// The name without its service.
    pub text: String,
    /// Whether it counts as a read.
    pub is_read: bool,
}

/// The names to try for one service.
pub fn unknown_actions(policies: &PolicySet, service: &str) -> Vec<UnknownAction> {
    let patterns = policies
        .identity
        .iter()
        .chain(&policies.boundary)
        .chain(policies.scps.iter().flatten())
        .chain(policies.rcps.iter().flatten())
        .chain(policies.resource.iter().map(|resource| &resource.policy))
        .flat_map(|policy| &policy.document.statements)
        .flat_map(|statement| &statement.action.patterns)
        .filter_map(|pattern| pattern.pieces_for(service));
    let mut names: Vec<String> =
        READ_PREFIXES.iter().map(|prefix| format!("{prefix}{STEM}")).collect();
    names.push(STEM.to_owned());
    for pieces in patterns {
        for many in ["", STEM] {
            names.push(filled(pieces, many));
        }
        for prefix in READ_PREFIXES {
            if pieces.first() == Some(&Piece::Many) {
                names.push(format!("{prefix}{}", filled(pieces, STEM)));
            }
        }
    }
    let known: Vec<String> =
        Catalogue::embedded().names(service).map(str::to_ascii_lowercase).collect();
    let mut unknown: Vec<UnknownAction> = names
        .into_iter()
        .filter(|name| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && !known.contains(&name.to_ascii_lowercase())
        })
        .map(|text| {
            let lower = text.to_ascii_lowercase();
            let is_read =
                READ_PREFIXES.iter().any(|prefix| lower.starts_with(&prefix.to_ascii_lowercase()));
            UnknownAction { text, is_read }
        })
        .collect();
    unknown.sort();
    unknown.dedup();
    unknown
}

fn filled(pieces: &[Piece], many: &str) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Plain(letter) => letter.to_string(),
            Piece::One => "q".to_owned(),
            Piece::Many => many.to_owned(),
        })
        .collect()
}
