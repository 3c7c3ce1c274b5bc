//! An account is saved, and what is saved is read back by `memory-adapters`: it must say what the
//! adapters of the deployed functions would have said of the same answers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use aws_adapters::ecr::AwsEcr;
use aws_adapters::eks::AwsEks;
use aws_adapters::snapshot::caller::Caller;
use aws_adapters::snapshot::{Instances, Progress, SaveError, Taking};
use ecr_audit::arn::RoleName;
use ecr_audit::error::PortError;
use ecr_audit::node_role::{Source, Use, UseKind, UseListing};
use ecr_audit::ports::{Ec2, Ecr, Eks, Iam, InstanceProfile};
use jiff::Timestamp;
use memory_adapters::{ListingState, MemoryAccount, Reading, Snapshot, SnapshotError};
use serde_json::{Value, json};

use crate::requests::Request;
use crate::wire::{Answer, Wire};

type Exchange = (Request, Answer);

const REGION: &str = "eu-west-1";
const NODES: &str = "arn:aws:iam::111122223333:role/eks/Nodes";
const PODS: &str = "arn:aws:iam::111122223333:role/eks/Pods";
const SPOT: &str = "arn:aws:iam::111122223333:role/Spot";
const PROFILE: &str = "arn:aws:iam::111122223333:instance-profile/prod";
/// `{"Statement":[]}`, as IAM encodes it.
const EMPTY_POLICY: &str = "%7B%22Statement%22%3A%5B%5D%7D";
const REPOSITORY_POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*"}]}"#;

// ---- What AWS is asked and answers ----

fn iam(action: &str, parameters: &[(&str, &str)], result: &str) -> Exchange {
    let answer = format!(
        "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">
           <{action}Result>{result}</{action}Result>
         </{action}Response>"
    );
    (Request::query("iam.amazonaws.com", "2010-05-08", action, parameters), Answer::xml(answer))
}

fn asked_details(marker: Option<&str>) -> Vec<(&str, &str)> {
    let mut parameters = vec![
        ("Filter.member.1", "Role"),
        ("Filter.member.2", "LocalManagedPolicy"),
        ("Filter.member.3", "AWSManagedPolicy"),
        ("MaxItems", "1000"),
    ];
    parameters.extend(marker.map(|marker| ("Marker", marker)));
    parameters
}

fn details(marker: Option<&str>, roles: &str, policies: &str, next: Option<&str>) -> Exchange {
    let more = match next {
        Some(next) => format!("<IsTruncated>true</IsTruncated><Marker>{next}</Marker>"),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    let result = format!(
        "{more}<RoleDetailList>{roles}</RoleDetailList><Policies>{policies}</Policies>
         <UserDetailList/><GroupDetailList/>"
    );
    iam("GetAccountAuthorizationDetails", &asked_details(marker), &result)
}

fn role_detail(arn: &str, policies: &str) -> String {
    let name = arn.rsplit('/').next().unwrap();
    format!(
        "<member>
           <Path>/eks/</Path><RoleName>{name}</RoleName><RoleId>AROA{name}</RoleId><Arn>{arn}</Arn>
           <CreateDate>2026-05-04T09:30:00Z</CreateDate>
           <AssumeRolePolicyDocument>{EMPTY_POLICY}</AssumeRolePolicyDocument>
           <InstanceProfileList/>
           <Tags><member><Key>owner</Key><Value>ada</Value></member></Tags>
           {policies}
         </member>"
    )
}

const MANAGED_POLICY: &str = "<member>
    <PolicyName>NodeEcr</PolicyName><PolicyId>ANPAEXAMPLE</PolicyId>
    <Arn>arn:aws:iam::111122223333:policy/NodeEcr</Arn><Path>/</Path>
    <DefaultVersionId>v2</DefaultVersionId><AttachmentCount>1</AttachmentCount>
    <IsAttachable>true</IsAttachable>
    <PolicyVersionList>
      <member><VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion>
        <Document>%7B%22Sid%22%3A%22a+b%2520c%22%7D</Document></member>
      <member><VersionId>v1</VersionId><IsDefaultVersion>false</IsDefaultVersion>
        <Document>%7B%22Sid%22%3A%22old%22%7D</Document></member>
    </PolicyVersionList>
  </member>";

fn instance_profile(name: &str, roles: &str, tags: &str) -> String {
    format!(
        "<Path>/</Path><InstanceProfileName>{name}</InstanceProfileName>
         <InstanceProfileId>AIPAEXAMPLE</InstanceProfileId>
         <Arn>arn:aws:iam::111122223333:instance-profile/{name}</Arn>
         <CreateDate>2026-05-04T09:30:00Z</CreateDate><Roles>{roles}</Roles>{tags}"
    )
}

/// Two pages of roles and policies, and two instance profiles of which one holds a role.
fn whole_iam() -> Vec<Exchange> {
    let nodes = role_detail(
        NODES,
        "<AttachedManagedPolicies><member><PolicyName>NodeEcr</PolicyName>
           <PolicyArn>arn:aws:iam::111122223333:policy/NodeEcr</PolicyArn>
         </member></AttachedManagedPolicies>",
    );
    let spot = role_detail(
        SPOT,
        &format!(
            "<RolePolicyList><member><PolicyName>pull</PolicyName>
               <PolicyDocument>{EMPTY_POLICY}</PolicyDocument>
             </member></RolePolicyList>
             <PermissionsBoundary>
               <PermissionsBoundaryType>Policy</PermissionsBoundaryType>
               <PermissionsBoundaryArn>arn:aws:iam::111122223333:policy/NodeEcr</PermissionsBoundaryArn>
             </PermissionsBoundary>"
        ),
    );
    let role = format!(
        "<member><Path>/</Path><RoleName>Spot</RoleName><RoleId>AROASpot</RoleId><Arn>{SPOT}</Arn>
           <CreateDate>2026-05-04T09:30:00Z</CreateDate></member>"
    );
    let listed = format!(
        "<IsTruncated>false</IsTruncated>
         <InstanceProfiles><member>{}</member><member>{}</member></InstanceProfiles>",
        instance_profile("prod", &role, ""),
        instance_profile("empty", "", ""),
    );
    let tags =
        "<Tags><member><Key>kubernetes.io/cluster/prod</Key><Value>owned</Value></member></Tags>";
    let described =
        format!("<InstanceProfile>{}</InstanceProfile>", instance_profile("prod", &role, tags));
    vec![
        details(None, &nodes, "", Some("page-2")),
        details(Some("page-2"), &spot, MANAGED_POLICY, None),
        iam("ListInstanceProfiles", &[("MaxItems", "1000")], &listed),
        iam("GetInstanceProfile", &[("InstanceProfileName", "prod")], &described),
    ]
}

fn eks(path: &str, body: Value) -> Exchange {
    (Request::get("eks.eu-west-1.amazonaws.com", path), Answer::json(body))
}

fn cluster(name: &str, authentication_mode: &str) -> Exchange {
    let cluster = json!({
        "name": name,
        "arn": format!("arn:aws:eks:eu-west-1:111122223333:cluster/{name}"),
        "accessConfig": {"authenticationMode": authentication_mode},
        "computeConfig": {"enabled": true, "nodePools": ["system"], "nodeRoleArn": SPOT},
        "tags": {"team": "payments"},
    });
    eks(&format!("/clusters/{name}"), json!({"cluster": cluster}))
}

/// A cluster with a nodegroup on each of two pages, a Fargate profile and two access entries.
fn whole_eks() -> Vec<Exchange> {
    let nodegroup = |name: &str| {
        let nodegroup = json!({
            "nodegroupName": name, "clusterName": "prod", "nodeRole": NODES,
            "status": "CREATE_FAILED", "tags": {"owner": "ada"},
        });
        eks(&format!("/clusters/prod/node-groups/{name}"), json!({"nodegroup": nodegroup}))
    };
    let profile = json!({
        "fargateProfileName": "batch", "clusterName": "prod", "podExecutionRoleArn": PODS,
    });
    let access_entry = |arn: &str, entry_type: &str| {
        let principal = arn.replace(':', "%3A").replace('/', "%2F");
        let entry = json!({"clusterName": "prod", "principalArn": arn, "type": entry_type});
        eks(&format!("/clusters/prod/access-entries/{principal}"), json!({"accessEntry": entry}))
    };
    let person = "arn:aws:iam::111122223333:role/Admins";
    vec![
        eks("/clusters", json!({"clusters": ["prod"]})),
        cluster("prod", "API_AND_CONFIG_MAP"),
        eks("/clusters/prod/node-groups", json!({"nodegroups": ["blue"], "nextToken": "t2"})),
        eks("/clusters/prod/node-groups?nextToken=t2", json!({"nodegroups": ["green"]})),
        nodegroup("blue"),
        nodegroup("green"),
        eks("/clusters/prod/fargate-profiles", json!({"fargateProfileNames": ["batch"]})),
        eks("/clusters/prod/fargate-profiles/batch", json!({"fargateProfile": profile})),
        eks("/clusters/prod/access-entries", json!({"accessEntries": [SPOT, person]})),
        access_entry(SPOT, "EC2_LINUX"),
        access_entry(person, "STANDARD"),
    ]
}

fn asked_ecr(operation: &str, body: Value) -> Request {
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    Request::rpc("api.ecr.eu-west-1.amazonaws.com", &target, body)
}

fn absent_policy(operation: &str, body: Value, code: &str) -> Exchange {
    (asked_ecr(operation, body), Answer::json_error(400, "com.amazonaws.ecr", code))
}

fn no_registry_policy() -> Exchange {
    absent_policy("GetRegistryPolicy", json!({}), "RegistryPolicyNotFoundException")
}

fn repositories(names: &[&str]) -> Exchange {
    let repository = |name: &&str| json!({"repositoryName": name, "repositoryArn": arn_of(name)});
    let repositories: Vec<Value> = names.iter().map(repository).collect();
    let asked = asked_ecr("DescribeRepositories", json!({"maxResults": 1000}));
    (asked, Answer::json(json!({ "repositories": repositories })))
}

fn arn_of(repository: &str) -> String {
    format!("arn:aws:ecr:eu-west-1:111122223333:repository/{repository}")
}

fn policy(name: &str) -> Exchange {
    let answer = json!({
        "registryId": "111122223333", "repositoryName": name, "policyText": REPOSITORY_POLICY,
    });
    (asked_ecr("GetRepositoryPolicy", json!({"repositoryName": name})), Answer::json(answer))
}

fn tags(name: &str) -> Exchange {
    let asked = asked_ecr("ListTagsForResource", json!({"resourceArn": arn_of(name)}));
    (asked, Answer::json(json!({"tags": [{"Key": "team", "Value": "payments"}]})))
}

/// Two repositories, one with a policy, and the registry's policy with its scope.
fn whole_ecr() -> Vec<Exchange> {
    let registry_policy = json!({"registryId": "111122223333", "policyText": REPOSITORY_POLICY});
    let setting = asked_ecr("GetAccountSetting", json!({"name": "REGISTRY_POLICY_SCOPE"}));
    vec![
        repositories(&["team/payments", "team"]),
        policy("team/payments"),
        absent_policy(
            "GetRepositoryPolicy",
            json!({"repositoryName": "team"}),
            "RepositoryPolicyNotFoundException",
        ),
        (asked_ecr("GetRegistryPolicy", json!({})), Answer::json(registry_policy)),
        (setting, Answer::json(json!({"name": "REGISTRY_POLICY_SCOPE", "value": "V1"}))),
    ]
}

fn empty_eks() -> Exchange {
    eks("/clusters", json!({"clusters": []}))
}

fn empty_iam() -> Vec<Exchange> {
    let none = "<IsTruncated>false</IsTruncated><InstanceProfiles/>";
    vec![details(None, "", "", None), iam("ListInstanceProfiles", &[("MaxItems", "1000")], none)]
}

fn denied() -> Answer {
    Answer::rest_error(403, "AccessDeniedException")
}

// ---- Saving and reading back ----

/// One instance that is tagged for a cluster, or no answer.
struct OneInstance(Option<PortError>);

#[async_trait]
impl Instances for OneInstance {
    async fn describe_instances(&self, region: &str) -> Result<Value, PortError> {
        assert_eq!(region, REGION);
        let tags = json!([{"Key": "kubernetes.io/cluster/legacy", "Value": "owned"}]);
        let instance = json!({
            "InstanceId": "i-1", "State": {"Name": "running"}, "Tags": tags,
            "IamInstanceProfile": {"Arn": PROFILE},
        });
        match &self.0 {
            Some(error) => Err(error.clone()),
            None => Ok(json!({"Reservations": [{"Instances": [instance]}]})),
        }
    }
}

struct Silent;

impl Progress for Silent {
    fn reading(&self, _: &str, _: &str) {}
    fn finished(&self, _: &str) {}
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn folder_for(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snapshots").join(test);
    let _ = fs::remove_dir_all(&folder);
    folder
}

async fn save(wire: &Wire, instances: &OneInstance, folder: &Path) -> Result<(), SaveError> {
    let caller = Caller { account: "111122223333".to_owned(), partition: "aws".to_owned() };
    let taking = Taking {
        aws: &wire.aws(),
        instances,
        caller: &caller,
        regions: &[REGION.to_owned()],
        time: now(),
        version: "0.1.0",
        progress: &Silent,
    };
    taking.save(folder).await
}

/// Saves what AWS answers so, and reads it back.
async fn saved(test: &str, exchanges: Vec<Exchange>, instances: OneInstance) -> Snapshot {
    let (wire, folder) = (Wire::new(exchanges), folder_for(test));
    save(&wire, &instances, &folder).await.unwrap();
    Snapshot::read(&folder).unwrap()
}

fn uses(listing: UseListing) -> BTreeSet<(String, Use)> {
    let sightings = listing.sightings.into_iter();
    sightings.map(|sighting| (sighting.role_arn.to_string(), sighting.seen)).collect()
}

fn state(snapshot: &Snapshot, listing: &str) -> Option<ListingState> {
    snapshot.manifest.as_ref()?.listings.get(listing).map(|listing| listing.state)
}

fn problem<'a>(snapshot: &'a Snapshot, listing: &str) -> &'a str {
    let problem = snapshot.problems.iter().find(|problem| problem.place == listing);
    &problem.unwrap_or_else(|| panic!("{:?}", snapshot.problems)).reason
}

#[tokio::test]
async fn roles_and_policies_are_those_of_every_page() {
    let exchanges =
        [whole_iam(), vec![empty_eks(), repositories(&[]), no_registry_policy()]].concat();
    let snapshot = saved("roles", exchanges, OneInstance(None)).await;
    assert_eq!(snapshot.problems, []);
    assert_eq!(snapshot.notes, [""; 0]);
    assert_eq!((snapshot.account.id(), snapshot.time()), ("111122223333", Some(now())));
    assert_eq!(snapshot.regions(), [REGION]);

    let account = MemoryAccount::new(snapshot.account);
    let nodes = account.role(&RoleName::new("Nodes")).await.unwrap().unwrap();
    assert_eq!((nodes.role_arn.as_str(), nodes.role_id.as_str()), (NODES, "AROANodes"));
    assert_eq!(nodes.created, Some("2026-05-04T09:30:00Z".parse().unwrap()));
    assert_eq!(nodes.tags["owner"], "ada");
    assert_eq!(nodes.identity[0].version.as_deref(), Some("v2"));
    assert_eq!(nodes.identity[0].document.as_deref(), Some(r#"{"Sid":"a+b%20c"}"#));
    let spot = account.role(&RoleName::new("Spot")).await.unwrap().unwrap();
    assert_eq!(spot.identity[0].document.as_deref(), Some(r#"{"Statement":[]}"#));
    assert_eq!(spot.boundary.unwrap().document.as_deref(), Some(r#"{"Sid":"a+b%20c"}"#));

    let profiles = account.instance_profiles().await.unwrap();
    let profiles: Vec<_> = profiles.iter().flat_map(InstanceProfile::uses).collect();
    let profiles: Vec<_> = profiles.iter().map(|(arn, seen)| (arn.as_str(), &*seen.name)).collect();
    assert_eq!(profiles, [(SPOT, "prod")], "the tags are those of GetInstanceProfile");
    assert!(account.instance_profile("empty").await.unwrap().is_some());
    let instances = account.cluster_instances(REGION).await.unwrap();
    assert_eq!(instances[0].instance_profile_arn, PROFILE);
}

#[tokio::test]
async fn a_saved_region_says_what_the_adapters_say() {
    let tags = vec![tags("team/payments"), tags("team")];
    let wire = Wire::new([whole_eks(), whole_ecr()].concat());
    let live_uses = AwsEks::new(&wire.aws()).uses(REGION, now()).await;
    let live_policies = AwsEcr::new(&wire.aws()).policies(REGION, now()).await.unwrap();
    assert_eq!((live_uses.sightings.len(), live_policies.len()), (5, 2));

    let exchanges = [empty_iam(), whole_eks(), whole_ecr(), tags].concat();
    let snapshot = saved("region", exchanges, OneInstance(None)).await;
    assert_eq!(snapshot.problems, []);
    assert!(snapshot.manifest.as_ref().unwrap().listings.len() >= 10);
    for (name, listing) in &snapshot.manifest.as_ref().unwrap().listings {
        assert_eq!(listing.state, ListingState::Complete, "{name}");
    }
    let account = MemoryAccount::new(snapshot.account);
    let saved_uses = account.uses(REGION, now()).await;
    assert_eq!(saved_uses.complete, live_uses.complete);
    assert_eq!(uses(saved_uses), uses(live_uses));
    let saved_policies = account.policies(REGION, now()).await.unwrap();
    assert_eq!(saved_policies, live_policies);
}

#[tokio::test]
async fn a_denied_or_failed_listing_is_noted_and_stops_no_other() {
    let denied_clusters = (Request::get("eks.eu-west-1.amazonaws.com", "/clusters"), denied());
    let unread_policy = (
        asked_ecr("GetRepositoryPolicy", json!({"repositoryName": "team"})),
        Answer::json_error(500, "com.amazonaws.ecr", "ServerException"),
    );
    let exchanges = [
        whole_iam(),
        vec![denied_clusters, repositories(&["team/payments", "team"])],
        vec![policy("team/payments"), tags("team/payments"), unread_policy, tags("team")],
        vec![no_registry_policy()],
    ];
    let throttled = PortError::transient("ec2:DescribeInstances", "RequestLimitExceeded: Slower.");
    let snapshot = saved("denied", exchanges.concat(), OneInstance(Some(throttled))).await;
    let denied = state(&snapshot, "eks/eu-west-1/clusters");
    assert_eq!(denied, Some(ListingState::Denied));
    let reason = "was denied: eks:ListClusters: AccessDeniedException: \
                  The service says AccessDeniedException.";
    assert_eq!(problem(&snapshot, "eks/eu-west-1/clusters"), reason);
    let failed = "failed: ec2:DescribeInstances: RequestLimitExceeded: Slower.";
    assert_eq!(problem(&snapshot, "ec2/eu-west-1/instances"), failed);
    let policies = state(&snapshot, "ecr/eu-west-1/repository-policies");
    assert_eq!(policies, Some(ListingState::Failed));
    assert_eq!(snapshot.problems.len(), 3);
    assert_eq!(state(&snapshot, "iam/instance-profiles"), Some(ListingState::Complete));

    let account = MemoryAccount::new(snapshot.account);
    assert!(account.role(&RoleName::new("Nodes")).await.unwrap().is_some());
    let listing = account.uses(REGION, now()).await;
    assert!(listing.incomplete.contains_key(&Source::regional(UseKind::Nodegroup, REGION)));
    account.cluster_instances(REGION).await.unwrap_err();
    account.policies(REGION, now()).await.unwrap_err();
}

#[tokio::test]
async fn one_description_that_fails_leaves_the_others() {
    let mut exchanges = [empty_iam(), whole_eks()].concat();
    exchanges.extend([repositories(&[]), no_registry_policy()]);
    let green = Request::get("eks.eu-west-1.amazonaws.com", "/clusters/prod/node-groups/green");
    let answer = exchanges.iter_mut().find(|(request, _)| *request == green);
    answer.unwrap().1 = denied();
    let snapshot = saved("description", exchanges, OneInstance(None)).await;
    let nodegroups = state(&snapshot, "eks/eu-west-1/prod/nodegroups");
    assert_eq!(nodegroups, Some(ListingState::Denied));
    assert_eq!(snapshot.problems.len(), 1);
    let seen = uses(MemoryAccount::new(snapshot.account).uses(REGION, now()).await);
    assert!(seen.iter().any(|(arn, seen)| arn == NODES && seen.name == "blue"));
    assert!(seen.iter().any(|(arn, _)| arn == PODS));
}

#[tokio::test]
async fn roles_that_may_not_be_read_leave_a_snapshot_that_says_so() {
    let mut exchanges = empty_iam();
    exchanges[0].1 = Answer::query_error(403, "AccessDenied");
    exchanges.extend([empty_eks(), repositories(&[]), no_registry_policy()]);
    let snapshot = saved("no-roles", exchanges, OneInstance(None)).await;
    assert_eq!(snapshot.account.id(), "111122223333");
    assert!(snapshot.account.gaps().any(|(gap, _)| *gap == Reading::Roles));
    let account = MemoryAccount::new(snapshot.account);
    let error = account.role(&RoleName::new("Nodes")).await.unwrap_err();
    assert!(error.to_string().contains("iam:GetAccountAuthorizationDetails"), "{error}");
}

#[tokio::test]
async fn a_cluster_without_access_entries_is_not_asked_for_them() {
    let mut exchanges = empty_iam();
    exchanges.extend([
        eks("/clusters", json!({"clusters": ["old", "Old", "gone"]})),
        cluster("old", "CONFIG_MAP"),
        cluster("Old", "CONFIG_MAP"),
        (
            Request::get("eks.eu-west-1.amazonaws.com", "/clusters/gone"),
            Answer::rest_error(404, "ResourceNotFoundException"),
        ),
        repositories(&[]),
        no_registry_policy(),
    ]);
    for name in ["old", "Old"] {
        let none = |list: &str| format!("/clusters/{name}/{list}");
        exchanges.push(eks(&none("node-groups"), json!({"nodegroups": []})));
        exchanges.push(eks(&none("fargate-profiles"), json!({"fargateProfileNames": []})));
    }
    let snapshot = saved("config-map", exchanges, OneInstance(None)).await;
    assert_eq!(snapshot.problems, []);
    let seen = uses(MemoryAccount::new(snapshot.account).uses(REGION, now()).await);
    let clusters: Vec<_> = seen.iter().map(|(_, seen)| seen.cluster_name.as_deref()).collect();
    assert_eq!(clusters, [Some("Old"), Some("old")]);
    let folders = fs::read_dir(folder_for_reading("config-map").join("eks/eu-west-1")).unwrap();
    let folders: BTreeSet<String> =
        folders.map(|entry| entry.unwrap().file_name().to_string_lossy().to_lowercase()).collect();
    assert_eq!(folders.len(), 2, "also where the file system takes `old` for `Old`");
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let mut exchanges = [empty_iam(), vec![empty_eks(), no_registry_policy()]].concat();
    let names = ["../../../../escaped", "a.json/b", "a"];
    exchanges.push(repositories(&names));
    exchanges.extend(names.iter().flat_map(|name| [policy(name), tags(name)]));
    let snapshot = saved("names", exchanges, OneInstance(None)).await;
    let outside = folder_for_reading("names").parent().unwrap().join("escaped.json");
    assert!(!outside.exists(), "{}", outside.display());
    assert_eq!(state(&snapshot, "ecr/eu-west-1/tags"), Some(ListingState::Failed));
    let account = MemoryAccount::new(snapshot.account);
    let policies = account.policies(REGION, now()).await.unwrap();
    let read: BTreeSet<_> =
        policies.iter().filter_map(|policy| policy.repository_name.as_deref()).collect();
    assert_eq!(read, BTreeSet::from(names), "each policy is read, wherever its file stands");
}

#[tokio::test]
async fn a_folder_that_holds_something_is_refused_before_aws_is_asked() {
    let folder = folder_for("not-empty");
    fs::create_dir_all(folder.join("eks")).unwrap();
    let error = save(&Wire::new([]), &OneInstance(None), &folder).await.unwrap_err();
    assert!(matches!(error, SaveError::NotEmpty(_)), "{error}");
}

/// Without `snapshot.json` everything would count as complete.
#[tokio::test]
async fn a_snapshot_that_breaks_off_is_none() {
    struct InTheWay<'a>(&'a Path);

    #[async_trait]
    impl Instances for InTheWay<'_> {
        async fn describe_instances(&self, _: &str) -> Result<Value, PortError> {
            fs::create_dir(self.0.join("snapshot.json")).unwrap();
            Ok(json!({"Reservations": []}))
        }
    }

    let folder = folder_for("broken-off");
    let exchanges = [empty_iam(), vec![empty_eks(), repositories(&[]), no_registry_policy()]];
    let wire = Wire::new(exchanges.concat());
    let caller = Caller { account: "111122223333".to_owned(), partition: "aws".to_owned() };
    let taking = Taking {
        aws: &wire.aws(),
        instances: &InTheWay(&folder),
        caller: &caller,
        regions: &[REGION.to_owned()],
        time: now(),
        version: "0.1.0",
        progress: &Silent,
    };
    let error = taking.save(&folder).await.unwrap_err();
    assert!(error.to_string().contains("snapshot.json"), "{error}");
    let error = Snapshot::read(&folder).unwrap_err();
    assert!(matches!(error, SnapshotError::NoAuthorizationDetails(_)), "{error}");
}

#[tokio::test]
async fn account_and_partition_are_those_of_the_caller() {
    let asked =
        Request::query("sts.us-east-1.amazonaws.com", "2011-06-15", "GetCallerIdentity", &[]);
    let answer = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
        <GetCallerIdentityResult>
          <Arn>arn:aws-cn:sts::111122223333:assumed-role/Auditor/ada</Arn>
          <UserId>AROAEXAMPLE:ada</UserId><Account>111122223333</Account>
        </GetCallerIdentityResult>
      </GetCallerIdentityResponse>";
    let wire = Wire::new([(asked.clone(), Answer::xml(answer))]);
    let caller = Caller::of(&wire.aws()).await.unwrap();
    assert_eq!((&*caller.account, &*caller.partition), ("111122223333", "aws-cn"));

    let wire = Wire::new([(asked, Answer::query_error(403, "ExpiredToken"))]);
    let error = Caller::of(&wire.aws()).await.unwrap_err();
    assert!(error.to_string().contains("ExpiredToken"), "{error}");
}

/// The folder of a test that has been saved to.
fn folder_for_reading(test: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("snapshots").join(test)
}
