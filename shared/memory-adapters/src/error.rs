//! What can go wrong: a call that AWS would refuse, and a folder that is no snapshot.

use std::path::PathBuf;

/// Why a change of the account was refused, in the API's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// What the call names is not there.
    #[error("NoSuchEntity: `{0}` does not exist")]
    NoSuchEntity(String),
    /// What the call would create is there already.
    #[error("EntityAlreadyExists: `{0}` exists")]
    EntityAlreadyExists(String),
    /// What the call would delete is still in use.
    #[error("DeleteConflict: `{0}` is still in use")]
    DeleteConflict(String),
}

/// Why a folder cannot be read as a snapshot at all. What is wrong with single files is a
/// [`crate::Problem`] of the snapshot instead: the rest of it can still be audited.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The folder cannot be listed.
    #[error("the snapshot folder `{}` cannot be read: {reason}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The one file that must be there is not.
    #[error(
        "`{}` is no snapshot: it has no authorization-details.json; save the output of \
         `aws iam get-account-authorization-details` there",
        .0.display()
    )]
    NoAuthorizationDetails(PathBuf),
    /// Nothing in the folder tells which account it is of.
    #[error(
        "the snapshot `{}` does not tell its account: there is no ARN in its files and no account \
         in snapshot.json{}",
        .folder.display(),
        .problems.concat()
    )]
    NoAccount {
        /// The folder.
        folder: PathBuf,
        /// What could not be read in it, a line each, with the break before it.
        problems: Vec<String>,
    },
    /// snapshot.json names something that is no account or no partition.
    #[error("snapshot.json: `{found}` is no {field}: {expected}")]
    NoName {
        /// `account` or `partition`.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// snapshot.json and authorization-details.json are of two accounts.
    #[error(
        "snapshot.json is of the {field} {told}, but the roles are of {of_roles}: the files of two \
         accounts are mixed up"
    )]
    OtherAccount {
        /// `account` or `partition`.
        field: &'static str,
        /// What snapshot.json names.
        told: String,
        /// What the roles' ARNs name.
        of_roles: String,
    },
}
