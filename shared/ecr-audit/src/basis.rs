//! What a verdict rests on, as far as a date can make another one of it without anybody's doing.
//! Where no policy names a date, nothing is kept: then no date explains anything.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::assess::RoleState;
use crate::role_policies::RolePolicy;

/// The keys whose values are dates that pass, in lower case.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub const DATE_KEYS: [&str; 3] = ["aws:currenttime", "aws:epochtime", "aws:tokenissuetime"];

/// What a definite answer was made of, and when it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The digest of what was judged, as [`digest`] makes it.
    pub digest: String,
    /// When this verdict was first found of it. Telling it again does not move this.
    pub found_at: Timestamp,
}

/// The SHA-256, in hexadecimal, of the documents that bear on a role and of its tags: its own
/// policies, its boundary, those of its registry and its organization. None where no document names
/// a date. The order of policies makes no difference, nor does when they were read.
pub fn digest(state: &RoleState<'_>) -> Option<String> {
    if !state.documents().any(may_name_a_date) {
        return None;
    }
    let text = |policy: &RolePolicy| json!([policy.policy, policy.document]).to_string();
    let mut identity: Vec<String> = state.role.identity.iter().map(text).collect();
    identity.sort_unstable();
    let mut registry: Vec<String> = state
        .registry
        .iter()
        .map(|known| {
            let place = (&known.region, &known.repository_name);
            json!([place, known.covers_all_actions, known.document]).to_string()
        })
        .collect();
    registry.sort_unstable();
    let boundary = state.role.boundary.as_ref().map(text);
    let judged = json!([identity, boundary, registry, state.organization, state.role.tags]);
    Some(hex::encode(Sha256::digest(judged.to_string())))
}

/// Whether a document has the name of such a key, or an escape that may hide one.
fn may_name_a_date(document: &str) -> bool {
    let lower = document.to_ascii_lowercase();
    lower.contains("\\u") || DATE_KEYS.iter().any(|key| lower.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::RoleArn;
    use crate::organization::{NamedDocument, OrganizationPolicies};
    use crate::role_policies::{PolicyName, RegistryDocument, RolePolicies};

    const DATED: &str = r#"{"Condition":{"DateLessThan":{"aws:CurrentTime":"2027-01-01"}}}"#;

    fn policy(name: &str, document: &str) -> RolePolicy {
        let document = Some(document.to_owned());
        RolePolicy { policy: PolicyName::inline(name), version: None, document }
    }

    #[derive(Clone)]
    struct Judged {
        role: RolePolicies,
        registry: Vec<RegistryDocument>,
        organization: OrganizationPolicies,
    }

    impl Judged {
        fn of(identity: Vec<RolePolicy>) -> Self {
            let role_arn = RoleArn::parse("arn:aws:iam::111122223333:role/nodes").unwrap();
            let role = RolePolicies {
                role_arn,
                role_id: String::new(),
                created: None,
                tags: std::collections::BTreeMap::new(),
                identity,
                boundary: None,
            };
            let organization = OrganizationPolicies::default();
            Self { role, registry: Vec::new(), organization }
        }

        fn digest_at(&self, now: &str) -> Option<String> {
            digest(&RoleState {
                role: &self.role,
                uses: &[],
                registry: &self.registry,
                unread: &[],
                organization: &self.organization,
                now: now.parse().unwrap(),
            })
        }

        fn digest(&self) -> Option<String> {
            self.digest_at("2026-01-15T10:00:00Z")
        }

        fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
            let mut changed = self.clone();
            change(&mut changed);
            changed
        }
    }

    fn registry_document(read_at: &str) -> RegistryDocument {
        RegistryDocument {
            region: "eu-west-1".to_owned(),
            repository_name: None,
            document: "{}".to_owned(),
            covers_all_actions: Some(true),
            unfollowed: Vec::new(),
            read_at: read_at.parse().unwrap(),
        }
    }

    #[test]
    fn it_is_kept_only_where_a_date_may_be_named() {
        assert_eq!(Judged::of(vec![policy("plain", "{}")]).digest(), None);
        for document in [DATED, r#"{"AWS:EPOCHTIME":1}"#, r#"{"aws\u003aCurrentTime":1}"#] {
            assert!(Judged::of(vec![policy("dated", document)]).digest().is_some(), "{document}");
        }
    }

    #[test]
    fn every_document_and_tag_makes_another_digest_and_the_time_does_not() {
        let dated = Judged::of(vec![policy("a", DATED), policy("b", "{}")]);
        let named = NamedDocument { name: "scp".to_owned(), document: "{}".to_owned() };
        let read = registry_document("2026-01-15T10:00:00Z");
        for (what, changed) in [
            ("policy", dated.with(|it| it.role.identity.push(policy("c", "{}")))),
            ("document", dated.with(|it| it.role.identity[1] = policy("b", "{ }"))),
            ("name", dated.with(|it| it.role.identity[1] = policy("c", "{}"))),
            ("boundary", dated.with(|it| it.role.boundary = Some(policy("b", "{}")))),
            ("tag", dated.with(|it| drop(it.role.tags.insert("a".into(), "b".into())))),
            ("registry", dated.with(|it| it.registry.push(read.clone()))),
            ("scp", dated.with(|it| it.organization.scps.push(vec![named.clone()]))),
            ("rcp", dated.with(|it| it.organization.rcps.push(vec![named.clone()]))),
        ] {
            assert_ne!(changed.digest(), dated.digest(), "{what}");
        }
        assert_eq!(dated.digest_at("2036-01-15T10:00:00Z"), dated.digest());
        let turned = dated.with(|it| it.role.identity.reverse());
        assert_eq!(turned.digest(), dated.digest());
        let then = dated.with(|it| it.registry.push(read));
        let later = registry_document("2026-01-16T10:00:00Z");
        assert_eq!(dated.with(|it| it.registry.push(later)).digest(), then.digest());
    }
}
