//! Which file told of what. Whatever is told a second time is told alike, or it is a problem that
//! names both files: no file silently takes the place of another.

use std::collections::BTreeMap;

use super::folder::File;

/// The files that told of each entry, by what it is in words.
#[derive(Clone, Debug, Default)]
pub struct Told(BTreeMap<String, String>);

impl Told {
    /// Puts an entry in its place. Where another one stands there, that one stays, and the error
    /// names its file.
    pub fn put<Key: Ord, Entry: PartialEq>(
        &mut self,
        file: &File,
        what: &str,
        held: &mut BTreeMap<Key, Entry>,
        key: Key,
        entry: Entry,
    ) -> Result<(), String> {
        match held.get(&key) {
            Some(known) if *known != entry => Err(self.contradiction(what)),
            Some(_) => Ok(()),
            None => {
                held.insert(key, entry);
                self.0.insert(what.to_owned(), file.name.clone());
                Ok(())
            }
        }
    }

    /// Whether no file has told of this before; the first one that does is noted.
    pub fn first(&mut self, file: &File, what: &str) -> bool {
        let is_first = !self.0.contains_key(what);
        self.0.entry(what.to_owned()).or_insert_with(|| file.name.clone());
        is_first
    }

    /// That a file tells something else of this than the first one did.
    pub fn contradiction(&self, what: &str) -> String {
        let first = self.0.get(what).map_or("another entry", String::as_str);
        format!("contradicts {first}, which tells something else of {what}")
    }
}
