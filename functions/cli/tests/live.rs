//! The account of the current credentials: an endpoint on this machine stands for AWS.
#![cfg(feature = "aws")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod pullwatch;

use std::fs;

use pullwatch::endpoint::endpoint;
use pullwatch::{Run, folder_for, pullwatch, pullwatch_in};

/// Runs `pullwatch` with credentials for this endpoint, and nothing else of whoever runs the test.
fn pullwatch_at(endpoint: &str, arguments: &[&str]) -> Run {
    pullwatch_from("us-east-1", endpoint, arguments)
}

fn pullwatch_from(region: &str, endpoint: &str, arguments: &[&str]) -> Run {
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "example"),
        ("AWS_REGION", region),
    ];
    pullwatch_in(&environment, arguments)
}

#[test]
fn a_live_account_and_its_snapshot_are_judged_alike() {
    let without_regions = endpoint(&[("DescribeRegions", "UnauthorizedOperation")]);
    let endpoint = endpoint(&[]);
    let folder = folder_for("live-snapshot");
    let output = folder.join("new/snapshot");
    let output = output.to_str().unwrap();
    let saved = pullwatch_at(&endpoint, &["snapshot", "--output", output]);
    assert_eq!((saved.status, saved.told.as_str()), (0, ""));
    assert!(saved.output.contains("111122223333 in 1 region "), "{}", saved.output);

    for command in ["audit", "explain"] {
        let live = pullwatch_at(&endpoint, &[command, "--format", "json"]);
        assert_eq!(live.told, "", "nothing is shown where there is no terminal");
        let offline = pullwatch(&[command, "--format", "json", "--snapshot", output]);
        assert_eq!((live.json(), live.status), (offline.json(), offline.status));
        assert_eq!(live.json()["roles"][0]["role"], "arn:aws:iam::111122223333:role/workers");
    }
    let named = ["audit", "--region", "eu-west-1", "--format", "json"];
    let live = pullwatch_at(&without_regions, &named);
    assert_eq!(live.status, 1);
    let uses = &live.json()["roles"][0]["uses"];
    assert_eq!((&uses[0]["name"], &uses[0]["cluster_name"]), (&"blue".into(), &"prod".into()));
    assert_eq!((&uses[1]["name"], &uses[1]["cluster_name"]), (&"nodes".into(), &"legacy".into()));

    let again = pullwatch_at(&endpoint, &["snapshot", "--output", output]);
    assert_eq!(again.status, 2);
    assert!(again.told.contains("not empty"), "{}", again.told);
}

#[test]
fn a_denied_listing_is_told_and_is_no_pass() {
    let endpoint = endpoint(&[("/clusters", "AccessDeniedException")]);
    let run = pullwatch_at(&endpoint, &["audit", "--format", "json"]);
    assert_eq!(run.status, 1, "the role of the instance is known and fails");
    assert!(!run.output.contains("blue"), "{}", run.output);
    assert!(run.told.contains("denied: eks:ListClusters: AccessDeniedException"), "{}", run.told);
    assert!(run.told.contains("ReadOnlyAccess"), "{}", run.told);
    assert_eq!(run.told.matches("eks:ListClusters").count(), 1, "{}", run.told);
    let folder = folder_for("live-denied").join("snapshot");
    let saved = pullwatch_at(&endpoint, &["snapshot", "--output", folder.to_str().unwrap()]);
    assert_eq!(saved.status, 0);
    assert!(saved.told.contains("denied: eks:ListClusters"), "{}", saved.told);
}

#[test]
fn what_keeps_everything_from_being_read_says_what_to_do() {
    let home = folder_for("home");
    fs::create_dir_all(home.join(".aws")).unwrap();
    fs::write(
        home.join(".aws/config"),
        "[profile broken]\nsource_profile = missing\nrole_arn = arn:aws:iam::111122223333:role/a\n",
    )
    .unwrap();
    let home = home.to_str().unwrap();
    let nobody = [("HOME", home), ("AWS_EC2_METADATA_DISABLED", "true")];
    let broken = [nobody[0], nobody[1], ("AWS_PROFILE", "broken")];
    let expired = endpoint(&[("GetCallerIdentity", "ExpiredToken")]);
    let unknown = endpoint(&[("GetCallerIdentity", "InvalidClientTokenId")]);
    let without_regions = endpoint(&[("DescribeRegions", "UnauthorizedOperation")]);
    for (run, call, advice) in [
        (pullwatch_in(&nobody, &["audit"]), "sts:GetCallerIdentity", "aws sso login"),
        (pullwatch_in(&nobody, &["explain"]), "sts:GetCallerIdentity", "AWS_PROFILE"),
        (pullwatch_in(&nobody, &["snapshot", "--output", "/nowhere"]), "sts:", "aws sso login"),
        (pullwatch_in(&broken, &["audit"]), "sts:GetCallerIdentity", "AWS_PROFILE"),
        (pullwatch_at(&expired, &["audit"]), "sts:GetCallerIdentity", "have expired"),
        (pullwatch_at(&unknown, &["audit"]), "sts:GetCallerIdentity", "does not know"),
        (pullwatch_at(&without_regions, &["audit"]), "ec2:DescribeRegions", "--region"),
    ] {
        assert_eq!((run.status, run.output.as_str()), (2, ""), "{}", run.told);
        assert!(run.told.contains(call) && run.told.contains(advice), "{}", run.told);
        assert!(run.told.lines().count() <= 3, "{}", run.told);
        for inside in ["Error {", "Error(", "panicked", "source:"] {
            assert!(!run.told.contains(inside), "{}", run.told);
        }
    }
}

#[test]
fn a_subscription_is_made_and_what_is_left_to_do_is_told() {
    let endpoint = endpoint(&[]);
    let run = pullwatch_at(
        &endpoint,
        &["subscribe", "--owner", "payments", "--owner", "ada", "--email", "ada@example.com"],
    );
    assert_eq!((run.status, run.told.as_str()), (0, ""));
    let lines: Vec<&str> = run.output.lines().collect();
    assert_eq!(lines[0], "The alerts of payments, ada go to ada@example.com (email).");
    assert!(lines[1].contains("before its link is followed"), "{}", run.output);
    assert_eq!(lines[3], "arn:aws:sns:us-east-1:111122223333:pw-AlertTopic-1A:80289ba6");
    assert_eq!(lines.len(), 4);

    // The topic is looked up for a dry run too, in the home region whatever AWS_REGION is.
    let dry = ["subscribe", "--owner", "payments", "--email", "ada@example.com", "--dry-run"];
    let run = pullwatch_from("eu-west-1", &endpoint, &dry);
    assert_eq!(run.json()["TopicArn"], "arn:aws:sns:us-east-1:111122223333:pw-AlertTopic-1A");
}

#[test]
fn a_subscription_that_cannot_be_made_says_what_to_do() {
    let topic = "arn:aws:sns:us-east-1:111122223333:alerts";
    let found = ["subscribe", "--owner", "payments", "--email", "ada@example.com"];
    let named = [&found[..], &["--topic-arn", topic]].concat();
    for (refused, arguments, words) in [
        (&[("ListTopics", "AuthorizationError")][..], &found[..], "--topic-arn"),
        (&[("Subscribe", "AuthorizationError")], &named[..], "sns:Subscribe"),
        (&[("Subscribe", "NotFound")], &named[..], "AlertTopicArn"),
        (&[("GetCallerIdentity", "ExpiredToken")], &found[..], "have expired"),
    ] {
        let run = pullwatch_at(&endpoint(refused), arguments);
        assert_eq!((run.status, run.output.as_str()), (2, ""), "{}", run.told);
        assert!(run.told.contains(words), "{}", run.told);
        assert!(run.told.contains(refused[0].1), "{}", run.told);
    }
}
