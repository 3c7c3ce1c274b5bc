//! An action of which the catalogue says that its repository is optional.

use ecr_audit::permissions::Access;
use serde_json::json;

use crate::role::{allow, deny, given, role};

const ACTION: &str = "ecr-public:DescribeRepositories";

#[test]
fn a_request_may_leave_an_optional_repository_out() {
    let all = "arn:aws:ecr-public::*:repository/*";
    let described = role(&[allow(ACTION, "*"), deny(ACTION, all)]).action(ACTION);
    assert_eq!(described.access, Access::Allowed);
    assert_eq!(described.witness.unwrap().resource, "*");

    let described = role(&[allow(ACTION, all)]).action(ACTION);
    assert_eq!(described.access, Access::Allowed);
    assert!(described.witness.unwrap().resource.starts_with("arn:aws:ecr-public::111122223333:"));

    assert_eq!(role(&[allow(ACTION, "*"), deny(ACTION, "*")]).access(ACTION), Access::Denied);

    // A request without a repository carries no repository's tag.
    let tagged = json!({ "StringEquals": { "aws:ResourceTag/env": "dev" } });
    let role = role(&[given(allow(ACTION, "*"), tagged), deny(ACTION, all)]);
    assert_eq!(role.access(ACTION), Access::Denied);
}
