//! Service and resource control policies: policy documents, or what `describe-policy` prints. The
//! file's name gives the level, root first.

use ecr_audit::organization::NamedDocument;
use serde_json::Value;

use super::Snapshot;
use super::document::document_text;
use super::folder::File;

impl Snapshot {
    /// Reads one policy. The files come in the order of their names, so those of a level follow
    /// one another.
    pub(super) fn read_control_policy(&mut self, kind: &str, file: &File) {
        let document = match file.document() {
            Ok(document) => match &document["Policy"]["Content"] {
                Value::Null => document.to_string(),
                content => document_text(content).unwrap_or_default(),
            },
            Err(damage) => {
                self.problem(file, &damage.place, &damage.reason, &[]);
                // Kept as it stands: whoever judges says that a policy above the account is lost.
                file.text().unwrap_or_default()
            }
        };
        let levels = match kind {
            "scps" => &mut self.organization.scps,
            _ => &mut self.organization.rcps,
        };
        let named = NamedDocument { name: file.name.clone(), document };
        match levels.iter_mut().find(|level| level.iter().any(|held| is_same_level(held, file))) {
            Some(level) => level.push(named),
            None => levels.push(vec![named]),
        }
        levels.sort_by_key(|level| level.first().map(|held| level_key(&held.name)));
    }
}

fn is_same_level(held: &NamedDocument, file: &File) -> bool {
    level_key(&held.name) == level_key(&file.name)
}

/// `organizations/scps/10-deny.json` is of level 10, which comes after level 2.
fn level_key(name: &str) -> (u64, String) {
    let file_name = name.rsplit('/').next().unwrap_or(name);
    let level = file_name.split(['-', '.']).next().unwrap_or(file_name);
    (level.parse().unwrap_or(u64::MAX), level.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_by_their_numbers() {
        let mut names = ["scps/10-a.json", "scps/2-b.json", "scps/0-root.json", "scps/ou-c.json"];
        names.sort_by_key(|name| level_key(name));
        assert_eq!(
            names,
            ["scps/0-root.json", "scps/2-b.json", "scps/10-a.json", "scps/ou-c.json"]
        );
    }
}
