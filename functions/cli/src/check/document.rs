//! A file -> the policy document in it, what kind of policy it looks like, and whose role could
//! hold it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use iam_policy::document::PolicyDocument;
use memory_adapters::{decoded_text, policy_document};
use serde_json::Value;

use crate::settings::{PARTITIONS, account};

/// The account of a role whose policy names none: AWS's own example.
const SOME_ACCOUNT: &str = "111122223333";

/// A policy document of a file.
#[derive(Debug)]
pub struct Document {
    /// The file, as it was named.
    pub file: String,
    /// Its last part, after which the policy is called.
    pub name: String,
    /// The document as JSON text.
    pub text: String,
    /// Accounts and partitions that it names.
    accounts: BTreeSet<String>,
    partitions: BTreeSet<String>,
}

impl Document {
    /// Reads a file; `-` is the standard input.
    pub fn read(file: &Path) -> Result<Self, String> {
        let bytes = if file == Path::new("-") {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(file)
        };
        let bytes = bytes.map_err(|error| format!("cannot be read: {error}"))?;
        let text = policy_document(&decoded_text(&bytes)?)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut document = Self {
            file: file.display().to_string(),
            name,
            accounts: BTreeSet::new(),
            partitions: BTreeSet::new(),
            text,
        };
        if let Ok(value) = serde_json::from_str(&document.text) {
            document.gather(&value);
        }
        Ok(document)
    }

    /// The accounts that it names, else some account.
    pub fn accounts(&self) -> Vec<String> {
        named_or(&self.accounts, SOME_ACCOUNT)
    }

    /// The partitions that it names, else AWS's main one.
    pub fn partitions(&self) -> Vec<String> {
        named_or(&self.partitions, "aws")
    }

    /// Takes accounts and partitions out of every text: they stand in ARNs, and an account also
    /// by itself as the value of a condition.
    fn gather(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                let parts: Vec<&str> = text.split(':').collect();
                let (partition, owner) = match parts[..] {
                    ["arn", partition, _, _, owner, _, ..] => (partition, owner),
                    _ => ("", text.as_str()),
                };
                if PARTITIONS.contains(&partition) {
                    self.partitions.insert(partition.to_owned());
                }
                self.accounts.extend(account(owner));
            }
            Value::Array(items) => items.iter().for_each(|item| self.gather(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.gather(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// What it looks like, where that is no policy of an identity.
    pub fn looks_like(&self) -> Option<String> {
        let document = PolicyDocument::parse(&self.text).ok()?;
        let with_principal: Vec<_> =
            document.statements.iter().filter(|statement| statement.principal.is_some()).collect();
        if with_principal.is_empty() {
            return None;
        }
        let is_of_sts = with_principal.iter().all(|statement| {
            statement.action.patterns.iter().all(|pattern| pattern.as_str().starts_with("sts:"))
        });
        let is_of_resource = with_principal.iter().all(|statement| statement.resource.is_none());
        let what = match (is_of_sts, is_of_resource) {
            (true, _) => "a trust policy, which says who may assume a role",
            (false, true) => "a repository policy, which says who may use a repository",
            (false, false) => return None,
        };
        Some(format!("It looks like {what}; a policy of a node role names no principals."))
    }
}

fn named_or(named: &BTreeSet<String>, otherwise: &str) -> Vec<String> {
    if named.is_empty() { vec![otherwise.to_owned()] } else { named.iter().cloned().collect() }
}
