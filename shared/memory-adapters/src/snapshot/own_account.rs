//! Of which account a snapshot is: snapshot.json says so, else the first ARN of a role, else that of
//! any other file. Whatever belongs to another account is a problem, and never taken for its own.

use ecr_audit::arn::RoleArn;
use serde_json::Value;

use super::Snapshot;
use super::folder::File;

/// The folders whose files hold ARNs of the account itself.
const OWN: [&str; 4] = ["eks", "iam", "ecr", "ec2"];

impl Snapshot {
    /// Takes the account from the first file that tells it, where nothing has told it yet.
    pub(super) fn find_account(&mut self, files: &[File]) {
        if self.account.id.is_empty() {
            let own = files.iter().filter(|file| OWN.contains(&file.segments()[0]));
            // What is damaged is told when the file itself is read.
            let mut documents = own.filter_map(|file| file.documents().ok()).flatten();
            if let Some((partition, account)) = documents.find_map(|document| first_arn(&document))
            {
                self.account.id = account;
                if self.account.partition.is_empty() {
                    self.account.partition = partition;
                }
            }
        }
        if self.account.partition.is_empty() {
            "aws".clone_into(&mut self.account.partition);
        }
    }

    /// A role of the account. The first one tells which account that is, if nothing else has.
    pub(super) fn own_role(&mut self, text: &str) -> Result<RoleArn, String> {
        let arn = RoleArn::parse(text).map_err(|error| error.to_string())?;
        if self.account.id.is_empty() {
            arn.account().clone_into(&mut self.account.id);
        }
        if self.account.partition.is_empty() {
            arn.partition().clone_into(&mut self.account.partition);
        }
        self.is_own(text)?;
        Ok(arn)
    }

    /// An error where an ARN is of another account.
    pub(super) fn is_own(&self, arn: &str) -> Result<(), String> {
        match arn.split(':').nth(4) {
            Some(account) if account != self.account.id => {
                Err(format!("`{arn}` is not of the account {}", self.account.id))
            }
            _ => Ok(()),
        }
    }
}

/// The partition and the account of the first ARN in a document.
fn first_arn(value: &Value) -> Option<(String, String)> {
    match value {
        Value::String(text) => {
            let mut parts = text.strip_prefix("arn:")?.split(':');
            let (partition, account) = (parts.next()?, parts.nth(2)?);
            let is_account =
                account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
            is_account.then(|| (partition.to_owned(), account.to_owned()))
        }
        Value::Array(values) => values.iter().find_map(first_arn),
        Value::Object(fields) => fields.values().find_map(first_arn),
        _ => None,
    }
}
