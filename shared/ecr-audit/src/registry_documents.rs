//! Which roles a repository's or registry's policy can touch. An estimate from above: it may
//! name a role too many, which costs one assessment, but never one too few. What cannot be parsed
//! touches everybody.

use iam_policy::document::PolicyDocument;

use crate::arn::RoleArn;

/// Whether a policy can grant or deny anything to some role of the account.
pub fn can_touch_account(document: &str, account: &str) -> bool {
    document.contains("\"*\"")
        || document.contains("NotPrincipal")
        || document.contains(account)
        || has_escapes(document)
        || damage(document).is_some()
}

/// Whether a policy can grant or deny anything to this role.
pub fn can_touch(document: &str, role_arn: &RoleArn) -> bool {
    let account = role_arn.account();
    document.contains("\"*\"")
        || document.contains("NotPrincipal")
        || document.contains(&format!("\"{account}\""))
        || document.contains(&format!("::{account}:root"))
        || document.contains(role_arn.as_str())
        || document.contains(&format!("::{account}:assumed-role/{}/", role_arn.role_name()))
        || document.contains(&role_arn.role_name().key())
        || has_escapes(document)
        || damage(document).is_some()
}

/// Why a document is no policy, if it is none.
pub fn damage(document: &str) -> Option<String> {
    PolicyDocument::parse(document).err().map(|error| error.to_string())
}

/// JSON can spell any letter as an escape; then the text alone does not tell.
fn has_escapes(document: &str) -> bool {
    document.contains("\\u") || document.contains("\\/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_touches_whom_it_can_name() {
        let role = RoleArn::parse("arn:aws:iam::111122223333:role/eks/workers").unwrap();
        for (principal, touched) in [
            (r#""*""#, true),
            (r#"{"AWS":"*"}"#, true),
            (r#"{"AWS":"111122223333"}"#, true),
            (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, true),
            (r#"{"AWS":"arn:aws:iam::111122223333:role/eks/workers"}"#, true),
            (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/workers/i-0abc"}"#, true),
            (r#"{"AWS":"arn:aws:iam::111122223333:role/ci"}"#, false),
            (r#"{"AWS":"arn:aws:iam::444455556666:root"}"#, false),
            (r#"{"Service":"codebuild.amazonaws.com"}"#, false),
        ] {
            let document = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"ecr:*"}}]}}"#
            );
            assert_eq!(can_touch(&document, &role), touched, "{principal}");
        }
    }

    #[test]
    fn what_is_no_policy_touches_everybody() {
        let role = RoleArn::parse("arn:aws:iam::111122223333:role/eks/workers").unwrap();
        for document in ["", "no JSON", "{\"Statement\":", "{\"Statement\":5}"] {
            assert!(can_touch(document, &role), "{document}");
            assert!(can_touch_account(document, role.account()), "{document}");
        }
    }
}
