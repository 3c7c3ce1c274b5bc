//! Events in the shape in which EventBridge delivers CloudTrail's records.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::{ACCOUNT, CLUSTER, REGION, WORKERS};

/// Who makes a change in the demo.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The role that is assumed.
    pub role: &'static str,
    /// The name of the session.
    pub session: &'static str,
    /// The program that is used.
    pub user_agent: &'static str,
}

/// The pipeline that builds the platform.
pub const PIPELINE: Person = Person {
    role: "Deployer",
    session: "pipeline",
    user_agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) \
                 terraform-provider-aws/6.21.0 (+https://registry.terraform.io/providers/hashicorp/aws)",
};

/// Somebody in a hurry.
pub const GRACE: Person = Person {
    role: "Developer",
    session: "grace.hopper",
    user_agent: "aws-cli/2.31.7 md/awscrt#0.27.6 ua/2.1 os/linux#6.12 md/arch#x86_64 \
                 lang/python#3.13.7 md/pyimpl#CPython md/command#iam.attach-role-policy",
};

/// `CreateNodegroup`.
pub fn create_nodegroup(time: Timestamp, person: Person, nodegroup_name: &str) -> Value {
    let tags = json!({ "owner": "team-payments" });
    let arn = format!(
        "arn:aws:eks:{REGION}:{ACCOUNT}:nodegroup/{CLUSTER}/{nodegroup_name}/\
         1ec75f5f-0e21-dcc0-b46e-f9c442685cd8"
    );
    event(
        time,
        person,
        "eks",
        REGION,
        "CreateNodegroup",
        json!({
            "requestParameters": {
                "name": CLUSTER, "nodegroupName": nodegroup_name, "nodeRole": WORKERS,
                "subnets": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
                "scalingConfig": { "minSize": 2, "maxSize": 6, "desiredSize": 3 },
                "tags": tags,
            },
            "responseElements": { "nodegroup": {
                "nodegroupName": nodegroup_name, "nodegroupArn": arn, "clusterName": CLUSTER,
                "nodeRole": WORKERS, "status": "CREATING", "tags": tags,
            }},
        }),
    )
}

/// `AttachRolePolicy` or `DetachRolePolicy`.
pub fn role_policy(
    time: Timestamp,
    person: Person,
    event_name: &str,
    role_name: &str,
    policy_arn: &str,
) -> Value {
    let home_region = crate::settings::home_region("aws");
    event(
        time,
        person,
        "iam",
        home_region,
        event_name,
        json!({
            "requestParameters": { "roleName": role_name, "policyArn": policy_arn },
            "responseElements": null,
        }),
    )
}

fn event(
    time: Timestamp,
    person: Person,
    service: &str,
    region: &str,
    event_name: &str,
    parameters: Value,
) -> Value {
    let Person { role, session, user_agent } = person;
    let id = format!("00000000-0000-4000-8000-{:012x}", time.as_second());
    let mut detail = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": format!("AROAEXAMPLEDEMO000000:{session}"),
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"),
            "accountId": ACCOUNT,
            "sessionContext": { "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEDEMO000000",
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
                "accountId": ACCOUNT,
                "userName": role,
            }},
        },
        "eventTime": time,
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": event_name,
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.10",
        "userAgent": user_agent,
        "requestID": id,
        "eventID": id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    });
    if let (Value::Object(detail), Value::Object(parameters)) = (&mut detail, parameters) {
        detail.extend(parameters);
    }
    json!({
        "version": "0",
        "id": id,
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"),
        "account": ACCOUNT,
        "time": time,
        "region": region,
        "resources": [],
        "detail": detail,
    })
}
