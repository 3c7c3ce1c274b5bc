//! A failure is one step less severe where it is on named repositories alone.

use ecr_audit::permissions::Scope;
use ecr_audit::standard::Severity;
use serde_json::json;

use crate::role::{OWN, ROLE, Role, allow, deny, document, registry, role};

fn named(name: &str) -> String {
    format!("arn:aws:ecr:*:*:repository/{name}")
}

#[test]
fn a_denied_repository_makes_the_others_no_named_ones() {
    for (role, scope, severity) in [
        (role(&[allow("ecr:PutImage", "*")]), Scope::EveryRepository, Severity::High),
        (
            role(&[allow("ecr:PutImage", "*"), deny("ecr:PutImage", named("zz-not-used"))]),
            Scope::EveryRepository,
            Severity::High,
        ),
        (
            role(&[
                allow("ecr:PutImage", "*"),
                deny("ecr:PutImage", json!([named("aa"), named("ab"), named("zz")])),
            ]),
            Scope::EveryRepository,
            Severity::High,
        ),
        (
            role(&[allow("ecr:PutImage", "*"), deny("ecr:PutImage", named("prod/*"))]),
            Scope::NamedRepositories,
            Severity::Medium,
        ),
        (role(&[allow("ecr:PutImage", named("app"))]), Scope::NamedRepositories, Severity::Medium),
        (
            role(&[allow("ecr:PutImage", json!([named("aa"), named("ab")]))]),
            Scope::NamedRepositories,
            Severity::Medium,
        ),
        (
            role(&[allow("ecr:PutImage", named("team/*"))]),
            Scope::NamedRepositories,
            Severity::Medium,
        ),
    ] {
        assert_eq!(role.action("ecr:PutImage").scope, scope, "{role:?}");
        assert_eq!(role.severity(), severity, "{role:?}");
    }
}

#[test]
fn a_repositorys_own_policy_names_it() {
    let says = |effect: &str| {
        let statement = json!({
            "Effect": effect, "Principal": { "AWS": ROLE }, "Action": "ecr:PutImage",
        });
        vec![registry("us-east-1", Some("app"), Some(true), &document(&[statement]))]
    };
    let own = format!("arn:aws:ecr:us-east-1:{OWN}:repository/*");
    let denied = Role { registry: says("Deny"), ..role(&[allow("ecr:PutImage", own)]) };
    assert_eq!(denied.action("ecr:PutImage").scope, Scope::EveryRepository);
    let granted = Role { registry: says("Allow"), ..Role::default() };
    assert_eq!(granted.action("ecr:PutImage").scope, Scope::NamedRepositories);
}
