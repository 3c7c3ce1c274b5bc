//! The files of a snapshot's folder and the JSON in them. Several documents one after the other are
//! pages.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::text::decoded_text;

/// A file of a snapshot.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path within the snapshot, with slashes.
    pub name: String,
    path: PathBuf,
}

/// Why a file holds no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where in the file; empty: all of it.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

/// Every file in a folder and its subfolders, in the order of their names. Links are followed; one
/// that leads nowhere, or back to a folder that it lies in, stands as a file that cannot be read.
/// Hidden ones are none of the snapshot's.
pub fn files(folder: &Path) -> io::Result<Vec<File>> {
    let mut found = Vec::new();
    walk(folder, "", &mut vec![folder.canonicalize()?], &mut found)?;
    found.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(found)
}

/// Walks through a folder; `above` are the folders that it lies in, and itself.
fn walk(
    folder: &Path,
    prefix: &str,
    above: &mut Vec<PathBuf>,
    found: &mut Vec<File>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if file_name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{file_name}");
        let path = entry.path();
        match path.canonicalize() {
            Ok(folder) if folder.is_dir() && !above.contains(&folder) => {
                above.push(folder);
                walk(&path, &format!("{name}/"), above, found)?;
                above.pop();
            }
            _ => found.push(File { name, path }),
        }
    }
    Ok(())
}

impl File {
    /// The path within the snapshot, piece by piece.
    pub fn segments(&self) -> Vec<&str> {
        self.name.split('/').collect()
    }

    /// The file as text.
    pub fn text(&self) -> Result<String, Damage> {
        let bytes = std::fs::read(&self.path).map_err(|error| Damage::whole(&error.to_string()))?;
        decoded_text(&bytes).map_err(Damage::whole)
    }

    /// The JSON documents in the file, one or several; the pages of a list are documents too.
    pub fn documents(&self) -> Result<Vec<Value>, Damage> {
        let text = self.text()?;
        let mut documents = Vec::new();
        for document in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            match document {
                Ok(Value::Array(pages)) => documents.extend(pages),
                Ok(page) => documents.push(page),
                Err(error) => return Err(Damage::at(&error)),
            }
        }
        if documents.is_empty() {
            return Err(Damage::whole("is empty: the call that should have filled it failed"));
        }
        Ok(documents)
    }

    /// The one JSON document in the file.
    pub fn document(&self) -> Result<Value, Damage> {
        let mut documents = self.documents()?;
        match documents.len() {
            1 => Ok(documents.remove(0)),
            more => Err(Damage::whole(&format!("holds {more} documents where one is expected"))),
        }
    }
}

impl Damage {
    fn whole(reason: &str) -> Self {
        Self { place: String::new(), reason: reason.to_owned() }
    }

    fn at(error: &serde_json::Error) -> Self {
        let place = format!("line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text);
        Self { place, reason: format!("is not JSON: {reason}") }
    }
}
