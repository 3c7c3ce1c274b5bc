//! Shapes other than the fixtures': older records, other tools, what AWS leaves out.

use change_events::{Reading, read};
use ecr_audit::change::{Change, RoleEffect};
use serde_json::{Value, json};

use crate::files::{ACCOUNT, changes, file};

/// A file with its record changed.
fn changed(folder: &str, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut event: Value = serde_json::from_str(&file(folder, name)).unwrap();
    change(&mut event["detail"]);
    event.to_string()
}

fn as_filed(folder: &str, name: &str) -> Change {
    changes(&file(folder, name)).remove(0).change
}

/// Whatever stands in one place only is found there.
#[test]
fn a_name_is_found_wherever_it_stands() {
    for name in ["CreateNodegroup", "DeleteNodegroup", "CreateFargateProfile", "CreateAccessEntry"]
    {
        let older = changed("eks", name, |detail| {
            let parameters = detail["requestParameters"].as_object_mut().unwrap();
            let cluster_name = parameters.remove("name").unwrap();
            parameters.insert("clusterName".to_owned(), cluster_name);
        });
        assert_eq!(changes(&older)[0].change, as_filed("eks", name), "{name} with clusterName");
    }
    for (folder, name) in [
        ("eks", "CreateNodegroup"),
        ("eks", "DeleteNodegroup"),
        ("eks", "CreateCluster"),
        ("eks", "DeleteCluster"),
        ("eks", "CreateFargateProfile"),
        ("eks", "CreateAccessEntry"),
        ("ecr", "SetRepositoryPolicy"),
        ("ecr", "CreateRepository"),
        ("ecr", "PutAccountSetting"),
        ("iam", "CreateRole"),
    ] {
        let cut = changed(folder, name, |detail| detail["requestParameters"] = Value::Null);
        assert_eq!(changes(&cut)[0].change, as_filed(folder, name), "{name} by its response");
    }
    for (folder, name) in [
        ("eks", "CreateNodegroup"),
        ("eks", "CreateCluster"),
        ("eks", "CreateFargateProfile"),
        ("eks", "CreateAccessEntry"),
        ("ecr", "SetRepositoryPolicy"),
        ("ecr", "CreateRepository"),
    ] {
        let cut = changed(folder, name, |detail| detail["responseElements"] = Value::Null);
        assert_eq!(changes(&cut)[0].change, as_filed(folder, name), "{name} by its request");
    }
}

#[test]
fn a_policy_version_is_believed_to_be_the_default_unless_the_record_denies_it() {
    let with = |request: Value, response: Value| {
        let text = changed("iam", "CreatePolicyVersion", |detail| {
            detail["requestParameters"]["setAsDefault"] = request;
            detail["responseElements"]["policyVersion"]["isDefaultVersion"] = response;
        });
        match read(&text, ACCOUNT).unwrap() {
            Reading::Changes(changes) => match &changes[0].change {
                Change::ManagedPolicy { default_version, .. } => Some(default_version.clone()),
                other => panic!("{other:?}"),
            },
            Reading::Ignored { .. } => None,
        }
    };
    let version = || Some(Some("v4".to_owned()));
    assert_eq!(with(json!(true), json!(null)), version());
    assert_eq!(with(json!("true"), json!(null)), version());
    assert_eq!(with(json!(false), json!(true)), version());
    assert_eq!(with(json!(null), json!(null)), Some(None));
    assert_eq!(with(json!(true), json!(false)), None);
    assert_eq!(with(json!(false), json!(null)), None);
}

#[test]
fn a_document_that_was_cut_is_not_expected_in_a_read() {
    let text = changed("iam", "PutRolePolicy", |detail| {
        detail["requestParameters"]["policyDocument"] = json!("{\"Version\":\"2012-10-17\",\"Sta");
    });
    let Change::Role { effect: RoleEffect::InlinePolicyPut { document, .. }, .. } =
        changes(&text).remove(0).change
    else {
        panic!("PutRolePolicy is read otherwise");
    };
    assert_eq!(document, None);
}

#[test]
fn a_rewritten_time_gives_way_to_the_envelopes() {
    let text = changed("ecr", "SetRepositoryPolicy", |detail| {
        detail["eventTime"] = json!("2026-01-15 10:35:00.000");
    });
    let filed: Value = serde_json::from_str(&file("ecr", "SetRepositoryPolicy")).unwrap();
    assert_eq!(changes(&text)[0].event.time.to_string(), filed["time"].as_str().unwrap());
}

#[test]
fn a_key_that_stands_twice_is_read_once() {
    let text = file("iam", "AttachRolePolicy")
        .replace(r#""roleName": "#, r#""roleName": "somebody-else", "roleName": "#);
    assert_eq!(changes(&text)[0].change, as_filed("iam", "AttachRolePolicy"));
}

#[test]
fn a_large_event_is_read() {
    let text = changed("iam", "PutRolePolicy", |detail| {
        detail["padding"] = json!(vec!["x".repeat(1024); 4096]);
    });
    assert_eq!(changes(&text)[0].change, as_filed("iam", "PutRolePolicy"));
}
