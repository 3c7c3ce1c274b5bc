//! Why a snapshot could not be written.

use std::io;
use std::path::PathBuf;

/// Why a snapshot could not be written. What AWS does not answer is no such error.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Something is in the folder, which would be taken for a part of the snapshot.
    #[error("the folder `{}` is not empty: name a new or an empty one", .0.display())]
    NotEmpty(PathBuf),
    /// A file or folder cannot be made.
    #[error("`{}` cannot be written: {reason}", .path.display())]
    Path {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}
