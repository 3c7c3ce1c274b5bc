//! AWS's own add-ons lie in a registry of AWS's own in each region, which admits every node.
//! <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html>

use ecr_audit::permissions::Access;
use ecr_audit::standard::{Check, Status};
use serde_json::json;

use crate::role::{OWN, PULL, Role, allow, role};

fn pulls_from(repository: &str) -> Role {
    role(&[allow(PULL[0], "*"), allow(json!(&PULL[1..]), repository)])
}

fn notes(role: &Role) -> Vec<String> {
    role.assessment().checks[&Check::CanPull].notes.clone()
}

#[test]
fn a_role_can_pull_from_the_registry_of_its_region_and_from_no_other_of_awss() {
    for (repository, status) in [
        ("arn:aws:ecr:us-east-1:602401143452:repository/*", Status::Passed),
        ("arn:aws:ecr:af-south-1:877085696533:repository/*", Status::Passed),
        // The account of other regions.
        ("arn:aws:ecr:af-south-1:602401143452:repository/*", Status::Warning),
        ("arn:aws:ecr:us-east-1:999988887777:repository/*", Status::Warning),
    ] {
        assert_eq!(pulls_from(repository).status(Check::CanPull), status, "{repository}");
    }
}

/// It admits pulls, and nobody knows that it admits anything else.
#[test]
fn awss_registry_is_not_known_to_admit_a_push() {
    let role = role(&[allow("ecr:PutImage", "arn:aws:ecr:*:602401143452:repository/*")]);
    assert_eq!(role.access("ecr:PutImage"), Access::Conditional);
}

#[test]
fn a_role_that_cannot_pull_add_ons_is_told_so() {
    let note = |region: &str, account: &str| {
        format!(
            "The images of AWS's own add-ons cannot be pulled in {region}: they lie in the \
             registry of account {account}."
        )
    };
    let told = |role: &Role| {
        let notes = notes(role);
        notes.into_iter().filter(|note| note.contains("add-ons")).collect::<Vec<_>>()
    };
    let own = Role {
        regions: vec!["af-south-1", "eu-west-1"],
        ..pulls_from(&format!("arn:aws:ecr:*:{OWN}:repository/app"))
    };
    assert_eq!(own.status(Check::CanPull), Status::Passed);
    let expected = [note("af-south-1", "877085696533"), note("eu-west-1", "602401143452")];
    assert_eq!(told(&own), expected);
    // Where no region has clusters, nobody knows which images are needed.
    assert!(told(&Role { regions: Vec::new(), ..own }).is_empty());

    let both = Role {
        regions: vec!["eu-west-1"],
        ..role(&[
            allow(PULL[0], "*"),
            allow(
                json!(&PULL[1..]),
                json!([
                    format!("arn:aws:ecr:*:{OWN}:repository/app"),
                    "arn:aws:ecr:eu-west-1:602401143452:repository/eks/*",
                ]),
            ),
        ])
    };
    assert!(told(&both).is_empty());
    // A role that cannot pull at all is told that alone.
    let without = Role { regions: vec!["eu-west-1"], ..role(&[allow(PULL[0], "*")]) };
    assert_eq!(without.status(Check::CanPull), Status::Failed);
    assert!(told(&without).is_empty());
}
