//! The folder that a snapshot is written to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::SaveError;

/// An empty folder that is being filled.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a folder; makes it if it is not there. Files that were there before would pass for
    /// parts of the snapshot; hidden ones, which its reader leaves out, may stay.
    pub fn open(path: &Path) -> Result<Self, SaveError> {
        let failed = |reason| SaveError::Path { path: path.to_owned(), reason };
        fs::create_dir_all(path).map_err(failed)?;
        for entry in fs::read_dir(path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if !name.to_string_lossy().starts_with('.') {
                return Err(SaveError::NotEmpty(path.to_owned()));
            }
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Writes JSON to a file; its folders are made. No segment may lead out of the folder: those
    /// that come from AWS are made by `names`.
    pub fn write(&self, segments: &[&str], value: &impl Serialize) -> Result<(), SaveError> {
        let path = segments.iter().fold(self.path.clone(), |path, segment| path.join(segment));
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            let mut text = serde_json::to_vec_pretty(value).map_err(io::Error::from)?;
            text.push(b'\n');
            fs::write(&path, text)
        });
        written.map_err(|reason| SaveError::Path { path, reason })
    }
}
