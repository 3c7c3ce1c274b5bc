//! EKS speaks rest-json: `nextToken` in the query, errors named by the header `x-amzn-errortype`.
//! <https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html>

use std::collections::BTreeSet;

use aws_adapters::eks::AwsEks;
use ecr_audit::error::PortError;
use ecr_audit::node_role::{Compute, Source, Use, UseKind, UseListing};
use ecr_audit::ports::Eks;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::requests::Request;
use crate::wire::{Answer, Wire};

type Exchange = (Request, Answer);

const REGION: &str = "eu-central-1";
const KINDS: [UseKind; 4] =
    [UseKind::Nodegroup, UseKind::AccessEntry, UseKind::AutoMode, UseKind::FargateProfile];

fn get(path: &str) -> Request {
    Request::get("eks.eu-central-1.amazonaws.com", path)
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/eks/{name}")
}

fn absent() -> Answer {
    Answer::rest_error(404, "ResourceNotFoundException")
}

fn denied() -> Answer {
    Answer::rest_error(403, "AccessDeniedException")
}

/// One page of a list: `token` is what it was asked for with, `next` leads to another.
fn page(
    path: &str,
    token: Option<&str>,
    field: &str,
    names: &[&str],
    next: Option<&str>,
) -> Exchange {
    let query = token.map_or_else(String::new, |token| format!("?nextToken={token}"));
    (get(&format!("{path}{query}")), Answer::json(json!({field: names, "nextToken": next})))
}

fn clusters(names: &[&str]) -> Exchange {
    page("/clusters", None, "clusters", names, None)
}

fn cluster(name: &str, more: &Value) -> Exchange {
    let mut cluster = json!({
        "name": name,
        "arn": format!("arn:aws:eks:eu-central-1:111122223333:cluster/{name}"),
        "createdAt": 1_763_900_000.123,
        "version": "1.34",
        "roleArn": "arn:aws:iam::111122223333:role/ClusterRole",
        "status": "ACTIVE",
        "accessConfig": {"authenticationMode": "API"},
        "tags": {"team": "payments"},
    });
    for (key, value) in more.as_object().unwrap() {
        cluster[key] = value.clone();
    }
    (get(&format!("/clusters/{name}")), Answer::json(json!({"cluster": cluster})))
}

fn nodegroup(cluster: &str, name: &str, role_arn: &str) -> Exchange {
    let body = json!({"nodegroup": {
        "nodegroupName": name,
        "nodegroupArn": format!("arn:aws:eks:eu-central-1:111122223333:nodegroup/{cluster}/{name}/a1"),
        "clusterName": cluster,
        "createdAt": 1_763_900_000.5,
        "status": "CREATE_FAILED",
        "capacityType": "ON_DEMAND",
        "nodeRole": role_arn,
        "tags": {"owner": "ada"},
    }});
    (get(&format!("/clusters/{cluster}/node-groups/{name}")), Answer::json(body))
}

fn fargate_profile(cluster: &str, name: &str, role_arn: &str) -> Exchange {
    let body = json!({"fargateProfile": {
        "fargateProfileName": name,
        "clusterName": cluster,
        "podExecutionRoleArn": role_arn,
        "status": "ACTIVE",
        "tags": {},
    }});
    (get(&format!("/clusters/{cluster}/fargate-profiles/{name}")), Answer::json(body))
}

fn asked_access_entry(cluster: &str, principal_arn: &str) -> Request {
    let principal = principal_arn.replace(':', "%3A").replace('/', "%2F");
    get(&format!("/clusters/{cluster}/access-entries/{principal}"))
}

fn access_entry(cluster: &str, principal_arn: &str, entry_type: &str) -> Exchange {
    let body = json!({"accessEntry": {
        "clusterName": cluster,
        "principalArn": principal_arn,
        "kubernetesGroups": ["system:nodes"],
        "accessEntryArn": "arn:aws:eks:eu-central-1:111122223333:access-entry/prod/role/1/2/3",
        "createdAt": 1_763_900_000.5,
        "modifiedAt": 1_763_900_000.5,
        "tags": {"entry": "yes"},
        "username": "system:node:{{EC2PrivateDNSName}}",
        "type": entry_type,
    }});
    (asked_access_entry(cluster, principal_arn), Answer::json(body))
}

/// Empty lists of a cluster, but for one.
fn empty_lists(cluster: &str, but: &str) -> Vec<Exchange> {
    let lists = [
        ("node-groups", "nodegroups"),
        ("fargate-profiles", "fargateProfileNames"),
        ("access-entries", "accessEntries"),
    ];
    let others = lists.into_iter().filter(|(path, _)| *path != but);
    others
        .map(|(path, field)| page(&format!("/clusters/{cluster}/{path}"), None, field, &[], None))
        .collect()
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn sources(kinds: &[UseKind]) -> BTreeSet<Source> {
    kinds.iter().map(|kind| Source::regional(*kind, REGION)).collect()
}

fn seen(listing: &UseListing) -> Vec<(&str, UseKind, &str, &str, Compute)> {
    listing
        .sightings
        .iter()
        .map(|sighting| {
            let Use { source, cluster_name, name, compute, .. } = &sighting.seen;
            let role_name = sighting.role_arn.as_str().rsplit('/').next().unwrap_or_default();
            let cluster_name = cluster_name.as_deref().unwrap_or_default();
            (role_name, source.kind, cluster_name, name.as_str(), *compute)
        })
        .collect()
}

#[tokio::test]
async fn every_page_of_every_list_is_read() {
    let prod = "/clusters/prod";
    let [first, second] = [role("EntryOne"), role("EntryTwo")];
    let wire = Wire::new(
        [
            page("/clusters", None, "clusters", &["prod"], Some("c2")),
            page("/clusters", Some("c2"), "clusters", &["test"], None),
            cluster(
                "prod",
                &json!({"computeConfig": {
                    "enabled": true, "nodePools": ["system"], "nodeRoleArn": role("Auto"),
                }}),
            ),
            page(&format!("{prod}/node-groups"), None, "nodegroups", &["blue"], Some("n2")),
            page(&format!("{prod}/node-groups"), Some("n2"), "nodegroups", &["green"], None),
            nodegroup("prod", "blue", &role("Blue")),
            nodegroup("prod", "green", &role("Green")),
            page(
                &format!("{prod}/fargate-profiles"),
                None,
                "fargateProfileNames",
                &["one"],
                Some("f2"),
            ),
            page(
                &format!("{prod}/fargate-profiles"),
                Some("f2"),
                "fargateProfileNames",
                &["two"],
                None,
            ),
            fargate_profile("prod", "one", &role("PodOne")),
            fargate_profile("prod", "two", &role("PodTwo")),
            page(&format!("{prod}/access-entries"), None, "accessEntries", &[&first], Some("a2")),
            page(&format!("{prod}/access-entries"), Some("a2"), "accessEntries", &[&second], None),
            access_entry("prod", &first, "EC2_LINUX"),
            access_entry("prod", &second, "HYBRID_LINUX"),
            cluster("test", &json!({"computeConfig": {"enabled": false}})),
        ]
        .into_iter()
        .chain(empty_lists("test", "none")),
    );
    let listing = AwsEks::new(&wire.aws()).uses(REGION, now()).await;
    assert_eq!(
        seen(&listing),
        [
            ("Auto", UseKind::AutoMode, "prod", "", Compute::Ec2),
            ("Blue", UseKind::Nodegroup, "prod", "blue", Compute::Ec2),
            ("Green", UseKind::Nodegroup, "prod", "green", Compute::Ec2),
            ("PodOne", UseKind::FargateProfile, "prod", "one", Compute::Fargate),
            ("PodTwo", UseKind::FargateProfile, "prod", "two", Compute::Fargate),
            ("EntryOne", UseKind::AccessEntry, "prod", "", Compute::Ec2),
            ("EntryTwo", UseKind::AccessEntry, "prod", "", Compute::Hybrid),
        ]
    );
    assert_eq!(listing.began, Some(now()));
    assert_eq!(listing.complete, sources(&KINDS));
    assert!(listing.incomplete.is_empty());
    for sighting in &listing.sightings {
        assert_eq!(sighting.at, now());
        assert_eq!(sighting.seen.source.region.as_deref(), Some(REGION));
        assert_eq!(sighting.seen.cluster_tags["team"], "payments");
    }
    assert_eq!(listing.sightings[1].seen.tags["owner"], "ada");
    assert_eq!(listing.sightings[5].seen.tags["entry"], "yes");
}

#[tokio::test]
async fn an_access_entry_is_a_use_only_by_its_type() {
    let types = [
        ("Standard", "STANDARD", None),
        ("Linux", "EC2_LINUX", Some(Compute::Ec2)),
        ("Windows", "EC2_WINDOWS", Some(Compute::Ec2)),
        ("Ec2", "EC2", Some(Compute::Ec2)),
        ("Fargate", "FARGATE_LINUX", Some(Compute::Fargate)),
        ("Hybrid", "HYBRID_LINUX", Some(Compute::Hybrid)),
        ("Hyperpod", "HYPERPOD_LINUX", Some(Compute::Unknown)),
    ];
    // Users, and principals of other services, are not even described.
    let mut principals = vec!["arn:aws:iam::111122223333:user/ada".to_owned()];
    principals.extend(types.iter().map(|(name, ..)| role(name)));
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let list = "/clusters/prod/access-entries";
    let wire = Wire::new(
        [
            clusters(&["prod"]),
            cluster("prod", &json!({"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}})),
            page(list, None, "accessEntries", &principals, None),
        ]
        .into_iter()
        .chain(empty_lists("prod", "access-entries"))
        .chain(types.iter().map(|(name, kind, _)| access_entry("prod", &role(name), kind))),
    );
    let listing = AwsEks::new(&wire.aws()).uses(REGION, now()).await;
    let expected: Vec<_> = types
        .iter()
        .filter_map(|(name, _, compute)| {
            Some((*name, UseKind::AccessEntry, "prod", "", (*compute)?))
        })
        .collect();
    assert_eq!(seen(&listing), expected);
    assert_eq!(listing.complete, sources(&KINDS));
}

#[tokio::test]
async fn a_cluster_of_the_config_map_alone_is_not_asked_for_access_entries() {
    let by_config_map =
        || cluster("old", &json!({"accessConfig": {"authenticationMode": "CONFIG_MAP"}}));
    let lists = empty_lists("old", "access-entries");
    let wire =
        Wire::new([clusters(&["old"]), by_config_map(), by_config_map()].into_iter().chain(lists));
    let eks = AwsEks::new(&wire.aws());
    let listing = eks.uses(REGION, now()).await;
    assert!(listing.sightings.is_empty() && listing.incomplete.is_empty());
    assert_eq!(listing.complete, sources(&KINDS));
    assert_eq!(eks.access_entry(REGION, "old", &role("Linux")).await, Ok(None));
}

#[tokio::test]
async fn what_is_deleted_between_two_calls_is_gone_and_no_failure() {
    let wire = Wire::new([
        clusters(&["gone", "going", "prod"]),
        (get("/clusters/gone"), absent()),
        cluster("going", &json!({"status": "DELETING"})),
        (get("/clusters/going/node-groups"), absent()),
        (get("/clusters/going/fargate-profiles"), absent()),
        (get("/clusters/going/access-entries"), absent()),
        cluster("prod", &json!({})),
        page("/clusters/prod/node-groups", None, "nodegroups", &["blue", "green"], None),
        (get("/clusters/prod/node-groups/blue"), absent()),
        nodegroup("prod", "green", &role("Green")),
        page("/clusters/prod/fargate-profiles", None, "fargateProfileNames", &["one"], None),
        (get("/clusters/prod/fargate-profiles/one"), absent()),
        page("/clusters/prod/access-entries", None, "accessEntries", &[&role("Entry")], None),
        (asked_access_entry("prod", &role("Entry")), absent()),
    ]);
    let listing = AwsEks::new(&wire.aws()).uses(REGION, now()).await;
    assert_eq!(seen(&listing), [("Green", UseKind::Nodegroup, "prod", "green", Compute::Ec2)]);
    assert_eq!(listing.complete, sources(&KINDS));
    assert!(listing.incomplete.is_empty());
}

/// What was denied, and the kind that it leaves incomplete.
#[tokio::test]
async fn a_denied_call_leaves_its_kind_incomplete_and_the_others_complete() {
    let nodegroups = page("/clusters/prod/node-groups", None, "nodegroups", &["blue"], None);
    let second_page = page("/clusters/prod/node-groups", None, "nodegroups", &[], Some("n2"));
    let cases = [
        (
            "eks:ListNodegroups",
            UseKind::Nodegroup,
            "node-groups",
            vec![(get("/clusters/prod/node-groups"), denied())],
        ),
        (
            "eks:ListNodegroups",
            UseKind::Nodegroup,
            "node-groups",
            vec![second_page, (get("/clusters/prod/node-groups?nextToken=n2"), denied())],
        ),
        (
            "eks:DescribeNodegroup",
            UseKind::Nodegroup,
            "node-groups",
            vec![nodegroups, (get("/clusters/prod/node-groups/blue"), denied())],
        ),
        (
            "eks:ListFargateProfiles",
            UseKind::FargateProfile,
            "fargate-profiles",
            vec![(get("/clusters/prod/fargate-profiles"), denied())],
        ),
        (
            "eks:DescribeFargateProfile",
            UseKind::FargateProfile,
            "fargate-profiles",
            vec![
                page(
                    "/clusters/prod/fargate-profiles",
                    None,
                    "fargateProfileNames",
                    &["one"],
                    None,
                ),
                (get("/clusters/prod/fargate-profiles/one"), denied()),
            ],
        ),
        (
            "eks:ListAccessEntries",
            UseKind::AccessEntry,
            "access-entries",
            vec![(get("/clusters/prod/access-entries"), denied())],
        ),
        (
            "eks:DescribeAccessEntry",
            UseKind::AccessEntry,
            "access-entries",
            vec![
                page(
                    "/clusters/prod/access-entries",
                    None,
                    "accessEntries",
                    &[&role("Entry")],
                    None,
                ),
                (asked_access_entry("prod", &role("Entry")), denied()),
            ],
        ),
    ];
    for (call, kind, list, exchanges) in cases {
        let others = empty_lists("prod", list);
        let wire = Wire::new(
            [clusters(&["prod"]), cluster("prod", &json!({}))]
                .into_iter()
                .chain(exchanges)
                .chain(others),
        );
        let listing = AwsEks::new(&wire.aws()).uses(REGION, now()).await;
        let reason = format!(
            "{call} cannot be answered: AccessDeniedException: The service says AccessDeniedException."
        );
        assert_eq!(listing.incomplete, [(Source::regional(kind, REGION), reason)].into());
        let others: Vec<UseKind> = KINDS.into_iter().filter(|other| *other != kind).collect();
        assert_eq!(listing.complete, sources(&others), "{call}");
    }
}

#[tokio::test]
async fn one_cluster_that_fails_leaves_every_kind_incomplete_and_the_other_cluster_seen() {
    let wire = Wire::new(
        [
            clusters(&["dark", "prod"]),
            (get("/clusters/dark"), denied()),
            cluster("prod", &json!({})),
            page("/clusters/prod/node-groups", None, "nodegroups", &["blue"], None),
            nodegroup("prod", "blue", &role("Blue")),
        ]
        .into_iter()
        .chain(empty_lists("prod", "node-groups")),
    );
    let listing = AwsEks::new(&wire.aws()).uses(REGION, now()).await;
    assert_eq!(seen(&listing), [("Blue", UseKind::Nodegroup, "prod", "blue", Compute::Ec2)]);
    assert!(listing.complete.is_empty());
    assert_eq!(listing.incomplete.into_keys().collect::<BTreeSet<_>>(), sources(&KINDS));
}

/// A region that the account has not opted into knows no credentials of it.
#[tokio::test]
async fn a_region_that_cannot_be_listed_leaves_every_kind_incomplete() {
    for (answer, reason) in [
        (denied(), "AccessDeniedException: The service says AccessDeniedException."),
        (
            Answer::rest_error(403, "UnrecognizedClientException"),
            "UnrecognizedClientException: The service says UnrecognizedClientException.",
        ),
    ] {
        let wire = Wire::new([(get("/clusters"), answer)]);
        let listing = AwsEks::new(&wire.aws()).uses(REGION, now()).await;
        assert!(listing.complete.is_empty() && listing.sightings.is_empty());
        assert_eq!(listing.incomplete.keys().cloned().collect::<BTreeSet<_>>(), sources(&KINDS));
        for why in listing.incomplete.values() {
            assert_eq!(*why, format!("eks:ListClusters cannot be answered: {reason}"));
        }
    }
}

#[tokio::test]
async fn the_second_page_of_clusters_denied_ends_nothing() {
    let wire = Wire::new([
        page("/clusters", None, "clusters", &["prod"], Some("c2")),
        (get("/clusters?nextToken=c2"), denied()),
    ]);
    let listing = AwsEks::new(&wire.aws()).uses(REGION, now()).await;
    assert!(listing.complete.is_empty());
    assert_eq!(listing.incomplete.len(), 4);
}

#[tokio::test]
async fn one_resource_is_read_with_its_clusters_tags() {
    let auto = json!({"computeConfig": {"enabled": true, "nodeRoleArn": role("Auto")}});
    let wire = Wire::new([
        nodegroup("prod", "blue", &role("Blue")),
        cluster("prod", &auto),
        fargate_profile("prod", "one", &role("Pod")),
        cluster("prod", &auto),
        cluster("prod", &auto),
        cluster("prod", &auto),
        access_entry("prod", &role("Entry"), "EC2"),
    ]);
    let eks = AwsEks::new(&wire.aws());
    let found = [
        eks.nodegroup(REGION, "prod", "blue").await.unwrap().unwrap(),
        eks.fargate_profile(REGION, "prod", "one").await.unwrap().unwrap(),
        eks.auto_mode(REGION, "prod").await.unwrap().unwrap(),
        eks.access_entry(REGION, "prod", &role("Entry")).await.unwrap().unwrap(),
    ];
    let expected = [
        ("Blue", UseKind::Nodegroup, "blue"),
        ("Pod", UseKind::FargateProfile, "one"),
        ("Auto", UseKind::AutoMode, ""),
        ("Entry", UseKind::AccessEntry, ""),
    ];
    for ((role_arn, seen), (role_name, kind, name)) in found.iter().zip(expected) {
        assert_eq!(role_arn.as_str(), role(role_name));
        assert_eq!(seen.source, Source::regional(kind, REGION));
        assert_eq!(seen.cluster_name.as_deref(), Some("prod"));
        assert_eq!(seen.name, name);
        assert_eq!(seen.cluster_tags["team"], "payments");
    }
}

#[tokio::test]
async fn a_clusters_tags_are_read_and_one_that_is_gone_has_none() {
    let wire = Wire::new([cluster("prod", &json!({})), (get("/clusters/test"), absent())]);
    let eks = AwsEks::new(&wire.aws());
    let tags = [("team".to_owned(), "payments".to_owned())].into();
    assert_eq!(eks.cluster_tags(REGION, "prod").await, Ok(Some(tags)));
    assert_eq!(eks.cluster_tags(REGION, "test").await, Ok(None));
}

#[tokio::test]
async fn one_resource_that_is_gone_is_none_and_one_denied_an_error() {
    let wire = Wire::new([
        (get("/clusters/prod/node-groups/blue"), absent()),
        (get("/clusters/prod/fargate-profiles/one"), absent()),
        (get("/clusters/prod"), absent()),
        (get("/clusters/prod"), absent()),
        (get("/clusters/prod/node-groups/blue"), denied()),
    ]);
    let eks = AwsEks::new(&wire.aws());
    assert_eq!(eks.nodegroup(REGION, "prod", "blue").await, Ok(None));
    assert_eq!(eks.fargate_profile(REGION, "prod", "one").await, Ok(None));
    assert_eq!(eks.auto_mode(REGION, "prod").await, Ok(None));
    assert_eq!(eks.access_entry(REGION, "prod", &role("Entry")).await, Ok(None));
    let error = eks.nodegroup(REGION, "prod", "blue").await.unwrap_err();
    let reason = "AccessDeniedException: The service says AccessDeniedException.";
    assert_eq!(error, PortError::lasting("eks:DescribeNodegroup", reason));
}

#[tokio::test]
async fn auto_mode_without_a_node_role_is_no_use() {
    for compute_config in [
        json!({}),
        json!({"computeConfig": {"enabled": true, "nodePools": []}}),
        json!({"computeConfig": {"enabled": false, "nodeRoleArn": role("Auto")}}),
    ] {
        let wire = Wire::new([cluster("prod", &compute_config)]);
        assert_eq!(AwsEks::new(&wire.aws()).auto_mode(REGION, "prod").await, Ok(None));
    }
}

#[tokio::test]
async fn the_host_is_that_of_the_partition() {
    let list = Request::get("eks.cn-north-1.amazonaws.com.cn", "/clusters");
    let wire = Wire::new([(list, Answer::json(json!({"clusters": []})))]);
    let listing = AwsEks::new(&wire.aws()).uses("cn-north-1", now()).await;
    assert_eq!(listing.complete.len(), 4);
}
