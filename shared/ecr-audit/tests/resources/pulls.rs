//! What a pull depends on, and what the four actions of C-0223 do.

use ecr_audit::standard::{Check, Standard, Status};
use serde_json::{Value, json};

use crate::role::{OWN, PULL, Role, allow, deny, given, role};

const LAYER_CHECK: &str = "ecr:BatchCheckLayerAvailability";

fn statuses(role: &Role) -> Vec<Status> {
    let assessment = role.assessment();
    let of = |standard| assessment.checks[&Check::CanPull].standards[&standard];
    [Standard::ReadOnly, Standard::PullOnly, Standard::C0223].map(of).to_vec()
}

fn under(standard: Standard, role: &Role) -> (Status, Vec<String>, Vec<String>) {
    let role = Role { standard, ..role.clone() };
    let result = role.assessment().checks.remove(&Check::CanPull).unwrap();
    let missing = result.missing.into_iter().map(|missing| missing.action).collect();
    (result.status, missing, result.reasons)
}

fn reasons(role: &Role) -> Vec<String> {
    under(Standard::ReadOnly, role).2
}

fn on(account: &str, name: &str) -> String {
    format!("arn:aws:ecr:us-east-1:{account}:repository/{name}")
}

#[test]
fn under_c_0223_the_layer_check_is_needed_where_images_are() {
    use Status::{Failed, Passed, Warning};
    let within = json!({ "StringEquals": { "aws:SourceVpce": "vpce-0123456789abcdef0" } });
    let unknown = on(OWN, "${aws:SourceVpc}");
    for (layer_check, expected) in [
        (allow(LAYER_CHECK, "*"), Passed),
        (allow(LAYER_CHECK, on(OWN, "aa")), Passed),
        (given(allow(LAYER_CHECK, "*"), within), Warning),
        // It may be granted, or may not: the upper bound alone is more than that.
        (allow(LAYER_CHECK, unknown), Warning),
        (allow(LAYER_CHECK, on("999988887777", "aa")), Warning),
        (allow("ecr:PutImage", "*"), Failed),
    ] {
        let role = role(&[allow(json!(PULL), "*"), layer_check.clone()]);
        assert_eq!(statuses(&role), [Passed, Passed, expected], "{layer_check}");
        for standard in [Standard::ReadOnly, Standard::PullOnly] {
            assert_eq!(under(standard, &role), (Passed, vec![], vec![]), "{layer_check}");
        }
        let (status, missing, reasons) = under(Standard::C0223, &role);
        assert_eq!(status, expected, "{layer_check}");
        assert_eq!(reasons.is_empty(), expected == Passed, "{layer_check}: {reasons:?}");
        let is_missing = expected == Failed;
        assert_eq!(missing, if is_missing { vec![LAYER_CHECK] } else { vec![] }, "{layer_check}");
    }
}

#[test]
fn under_c_0223_a_layer_check_on_other_repositories_fails() {
    let role = role(&[
        allow(PULL[0], "*"),
        allow(json!(&PULL[1..]), on(OWN, "images/*")),
        allow(LAYER_CHECK, on(OWN, "other/*")),
    ]);
    assert_eq!(statuses(&role), [Status::Passed, Status::Passed, Status::Failed]);
    let apart = "On no repository are all four actions of C-0223 granted together.";
    let (status, missing, reasons) = under(Standard::C0223, &role);
    assert_eq!((status, missing), (Status::Failed, vec![]));
    assert_eq!(reasons, [apart]);
    let notes = role.assessment().checks[&Check::CanPull].notes.clone();
    let told = "ecr:BatchCheckLayerAvailability is not granted for certain where images are. \
                C-0223 lists it, but only pushing needs it.";
    assert!(notes.iter().any(|note| note == told), "{notes:?}");
}

#[test]
fn under_c_0223_what_depends_is_the_layer_check() {
    let within = json!({ "StringEquals": { "aws:SourceVpce": "vpce-0123456789abcdef0" } });
    let role = role(&[allow(json!(PULL), "*"), given(allow(LAYER_CHECK, "*"), within)]);
    let told = "Having all four actions of C-0223 depends on conditions that pullwatch cannot \
                determine: aws:SourceVpce = vpce-0123456789abcdef0.";
    assert_eq!(under(Standard::C0223, &role).2, [told]);
}

#[test]
fn a_pull_from_another_account_names_it_and_what_its_owner_must_do() {
    let pulls = |account: &str| {
        role(&[allow(PULL[0], "*"), allow(json!(&PULL[1..]), on(account, "team/*"))])
    };
    let other = pulls("999988887777");
    assert_eq!(other.status(Check::CanPull), Status::Warning);
    let named = "Pulling depends on the consent of account 999988887777, where the repositories \
                 lie: a repository policy there has to grant the role these actions. Where it \
                 does, name 999988887777 in pullwatch's setting RegistryAccounts \
                 (--registry-account).";
    assert_eq!(reasons(&other), [named]);
    // The setting answers it.
    let settled = Role { registry_accounts: vec!["999988887777"], ..other };
    assert_eq!(settled.status(Check::CanPull), Status::Passed);
}

/// A pattern is met by accounts that nobody has named.
#[test]
fn an_account_that_stands_for_many_is_not_named() {
    let role = role(&[allow(PULL[0], "*"), allow(json!(&PULL[1..]), on("99*", "team/*"))]);
    let told = reasons(&role);
    assert!(told[0].starts_with("Pulling depends on the consent of another account,"), "{told:?}");
    assert!(told[0].contains(" name that account in "), "{told:?}");
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_pull_that_hangs_on_an_unknown_value_names_its_key() {
    let role =
        role(&[allow(PULL[0], "*"), allow(json!(&PULL[1..]), on(OWN, "${aws:SourceVpc}/*"))]);
    assert_eq!(role.status(Check::CanPull), Status::Warning);
    let told = "It is not certain that the policies grant it, because the value of aws:SourceVpc \
                is not known.";
    assert_eq!(reasons(&role), [told]);
}

#[test]
fn a_pull_that_was_not_followed_to_the_end_says_so() {
    let when = |key: usize| json!({ "StringEquals": { format!("aws:ResourceTag/k{key}"): "x" } });
    let denies = (0..14).map(|key| given(deny(json!(PULL), "*"), when(key)));
    let statements: Vec<Value> = [allow(json!(PULL), "*")].into_iter().chain(denies).collect();
    let role = role(&statements);
    assert_eq!(role.status(Check::CanPull), Status::Warning);
    let told = "It is not certain that the policies grant it, because the policies are too \
                intricate to be followed to the end.";
    assert!(reasons(&role).iter().any(|reason| reason == told), "{:?}", reasons(&role));
}

/// The policy of one repository takes nothing away from a role that can use every other, which is
/// asked of what the standard needs.
#[test]
fn an_unread_policy_counts_where_only_certain_repositories_have_all_four() {
    let unread = crate::role::registry("us-east-1", Some("zz"), None, &json!("no policy"));
    let role = Role {
        registry: vec![unread],
        ..role(&[allow(json!(PULL), "*"), allow(LAYER_CHECK, on(OWN, "aa"))])
    };
    let expected = [Status::Passed, Status::Passed, Status::NotAvailable];
    assert_eq!(statuses(&role), expected);
    assert_eq!(under(Standard::C0223, &role).0, Status::NotAvailable);
}
