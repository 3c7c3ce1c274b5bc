//! The AWS Security Finding Format.

use sha2::{Digest, Sha256};

use crate::arn::RoleArn;
use crate::standard::Check;

/// The longest Id that Security Hub takes.
const LONGEST_ID: usize = 512;

/// The finding's Id, of role and check alone.
pub fn finding_id(role_arn: &RoleArn, check: Check) -> String {
    let id = format!("{role_arn}/pullwatch/{check}");
    if id.len() <= LONGEST_ID {
        return id;
    }
    format!("{}/pullwatch/{check}", hex::encode(Sha256::digest(role_arn.as_str())))
}
