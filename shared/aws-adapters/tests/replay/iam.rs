//! IAM speaks awsQuery: XML, `IsTruncated` with `Marker`, documents percent-encoded.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>

use aws_adapters::iam::AwsIam;
use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::error::PortError;
use ecr_audit::ports::Iam;
use ecr_audit::role_policies::{PolicyName, RolePolicy};

use crate::requests::Request;
use crate::wire::{Answer, Wire};

type Exchange = (Request, Answer);

const NODE_ECR: &str = "arn:aws:iam::111122223333:policy/NodeEcr";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/platform/NodeBoundary";

fn asked(action: &str, parameters: &[(&str, &str)]) -> Request {
    Request::query("iam.amazonaws.com", "2010-05-08", action, parameters)
}

fn answered(action: &str, result: &str) -> Answer {
    Answer::xml(format!(
        "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">
           <{action}Result>{result}</{action}Result>
           <ResponseMetadata><RequestId>c3ac1d50-6d1c-4b21-a96b-EXAMPLE11111</RequestId></ResponseMetadata>
         </{action}Response>"
    ))
}

/// The answer to `GetRole`, with a boundary and tags where they are given.
fn get_role(boundary: Option<&str>, tags: &[(&str, &str)]) -> Exchange {
    let boundary = boundary.map_or_else(String::new, |arn| {
        format!(
            "<PermissionsBoundary>
               <PermissionsBoundaryType>Policy</PermissionsBoundaryType>
               <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn>
             </PermissionsBoundary>"
        )
    });
    let role = format!(
        "<Role>
           <Path>/eks/prod/</Path>
           <RoleName>Workers</RoleName>
           <RoleId>AROADBQP57FF2AEXAMPLE</RoleId>
           <Arn>arn:aws:iam::111122223333:role/eks/prod/Workers</Arn>
           <CreateDate>2026-05-04T09:30:00Z</CreateDate>
           <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument>
           <Description></Description>
           <MaxSessionDuration>3600</MaxSessionDuration>
           {boundary}
           <Tags>{}</Tags>
           <RoleLastUsed/>
         </Role>",
        members_of(tags)
    );
    (asked("GetRole", &[("RoleName", "Workers")]), answered("GetRole", &role))
}

fn members_of(tags: &[(&str, &str)]) -> String {
    let tag = |(key, value): &(&str, &str)| format!("<Key>{key}</Key><Value>{value}</Value>");
    members(&tags.iter().map(tag).collect::<Vec<_>>())
}

fn members<T: std::fmt::Display>(contents: &[T]) -> String {
    let member = |content: &T| format!("<member>{content}</member>");
    contents.iter().map(member).collect()
}

/// One page of a list. `marker` is what the page was asked for with, `next` leads to another.
fn page(
    action: &str,
    parameters: &[(&str, &str)],
    marker: Option<&str>,
    list: &str,
    next: Option<&str>,
) -> Exchange {
    let mut parameters = parameters.to_vec();
    parameters.extend(marker.map(|marker| ("Marker", marker)));
    let more = match next {
        Some(next) => format!("<IsTruncated>true</IsTruncated><Marker>{next}</Marker>"),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    (asked(action, &parameters), answered(action, &format!("{more}{list}")))
}

fn attached(marker: Option<&str>, arns: &[&str], next: Option<&str>) -> Exchange {
    let policy = |arn: &&str| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        format!("<PolicyName>{name}</PolicyName><PolicyArn>{arn}</PolicyArn>")
    };
    let policies: Vec<String> = arns.iter().map(policy).collect();
    let list = format!("<AttachedPolicies>{}</AttachedPolicies>", members(&policies));
    page("ListAttachedRolePolicies", &[("RoleName", "Workers")], marker, &list, next)
}

fn inline_names(marker: Option<&str>, names: &[&str], next: Option<&str>) -> Exchange {
    let list = format!("<PolicyNames>{}</PolicyNames>", members(names));
    page("ListRolePolicies", &[("RoleName", "Workers")], marker, &list, next)
}

fn asked_inline(name: &str) -> Request {
    asked("GetRolePolicy", &[("RoleName", "Workers"), ("PolicyName", name)])
}

fn inline_policy(name: &str, document: &str) -> Exchange {
    let result = format!(
        "<RoleName>Workers</RoleName><PolicyName>{name}</PolicyName>
         <PolicyDocument>{document}</PolicyDocument>"
    );
    (asked_inline(name), answered("GetRolePolicy", &result))
}

fn get_policy(arn: &str, default_version: &str) -> Exchange {
    let result = format!(
        "<Policy>
           <PolicyName>NodeEcr</PolicyName>
           <DefaultVersionId>{default_version}</DefaultVersionId>
           <PolicyId>ANPADBQP57FF2AEXAMPLE</PolicyId>
           <Path>/</Path>
           <Arn>{arn}</Arn>
           <AttachmentCount>9</AttachmentCount>
           <CreateDate>2026-05-04T09:30:00Z</CreateDate>
           <UpdateDate>2026-05-04T09:30:00Z</UpdateDate>
         </Policy>"
    );
    (asked("GetPolicy", &[("PolicyArn", arn)]), answered("GetPolicy", &result))
}

fn asked_version(arn: &str, version: &str) -> Request {
    asked("GetPolicyVersion", &[("PolicyArn", arn), ("VersionId", version)])
}

fn policy_version(arn: &str, version: &str, document: &str) -> Exchange {
    let result = format!(
        "<PolicyVersion>
           <Document>{document}</Document>
           <VersionId>{version}</VersionId>
           <IsDefaultVersion>true</IsDefaultVersion>
           <CreateDate>2026-05-04T09:30:00Z</CreateDate>
         </PolicyVersion>"
    );
    (asked_version(arn, version), answered("GetPolicyVersion", &result))
}

fn absent() -> Answer {
    Answer::query_error(404, "NoSuchEntity")
}

fn denied() -> Answer {
    Answer::query_error(403, "AccessDenied")
}

fn workers() -> RoleName {
    RoleName::new("Workers")
}

fn managed(arn: &str, version: Option<&str>, document: Option<&str>) -> RolePolicy {
    RolePolicy {
        policy: PolicyName::managed(arn),
        version: version.map(str::to_owned),
        document: document.map(str::to_owned),
    }
}

fn inline(name: &str, document: Option<&str>) -> RolePolicy {
    RolePolicy {
        policy: PolicyName::inline(name),
        version: None,
        document: document.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_role_is_read_with_every_page_of_its_policies() {
    let wire = Wire::new([
        get_role(Some(BOUNDARY), &[("team", "payments"), ("owner", "")]),
        attached(None, &[NODE_ECR], Some("AAMA+/1==")),
        attached(Some("AAMA+/1=="), &[PULL_ONLY], None),
        get_policy(NODE_ECR, "v4"),
        policy_version(NODE_ECR, "v4", "%7B%22Statement%22%3A%5B%5D%7D"),
        get_policy(PULL_ONLY, "v1"),
        policy_version(PULL_ONLY, "v1", "%7B%7D"),
        inline_names(None, &["pull"], Some("second")),
        inline_names(Some("second"), &["push"], None),
        // IAM encodes by RFC 3986: a plus sign is a plus sign, and so is %2B.
        inline_policy("pull", "%7B%22Sid%22%3A%22a+b%2Bc%20d%C3%A9%22%7D"),
        inline_policy("push", "{&quot;Sid&quot;:&quot;raw&quot;}"),
        get_policy(BOUNDARY, "v2"),
        policy_version(BOUNDARY, "v2", "%5B%5D"),
    ]);
    let role = AwsIam::new(&wire.aws()).role(&workers()).await.unwrap().unwrap();
    assert_eq!(role.role_arn.as_str(), "arn:aws:iam::111122223333:role/eks/prod/Workers");
    assert_eq!(role.role_id, "AROADBQP57FF2AEXAMPLE");
    assert_eq!(role.created, Some("2026-05-04T09:30:00Z".parse().unwrap()));
    let tags = [("owner", ""), ("team", "payments")];
    assert_eq!(role.tags, tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(
        role.identity,
        [
            managed(NODE_ECR, Some("v4"), Some("{\"Statement\":[]}")),
            managed(PULL_ONLY, Some("v1"), Some("{}")),
            inline("pull", Some("{\"Sid\":\"a+b+c d\u{e9}\"}")),
            inline("push", Some("{\"Sid\":\"raw\"}")),
        ]
    );
    assert_eq!(role.boundary, Some(managed(BOUNDARY, Some("v2"), Some("[]"))));
}

/// A request that comes twice fails the test.
#[tokio::test]
async fn a_policy_of_many_roles_is_read_once() {
    let of_one_role = || {
        [
            get_role(Some(BOUNDARY), &[]),
            attached(None, &[NODE_ECR, BOUNDARY], None),
            inline_names(None, &["push"], None),
            inline_policy("push", "%7B%7D"),
        ]
    };
    let of_both = [
        get_policy(NODE_ECR, "v4"),
        policy_version(NODE_ECR, "v4", "%7B%22Statement%22%3A%5B%5D%7D"),
        get_policy(BOUNDARY, "v2"),
        policy_version(BOUNDARY, "v2", "%5B%5D"),
    ];
    let wire = Wire::new(of_one_role().into_iter().chain(of_one_role()).chain(of_both));
    let roles = AwsIam::new(&wire.aws()).roles(&[workers(), workers()]).await;
    assert_eq!(roles.len(), 2);
    for role in roles {
        let role = role.unwrap().unwrap();
        let boundary = managed(BOUNDARY, Some("v2"), Some("[]"));
        let node_ecr = managed(NODE_ECR, Some("v4"), Some("{\"Statement\":[]}"));
        assert_eq!(role.identity, [node_ecr, boundary.clone(), inline("push", Some("{}"))]);
        assert_eq!(role.boundary, Some(boundary));
    }
}

/// The role whose policy vanished is read again by itself; one that IAM does not know is absent.
#[tokio::test]
async fn each_of_many_roles_is_answered_by_itself() {
    let spot = RoleName::new("spot");
    let wire = Wire::new([
        (asked("GetRole", &[("RoleName", "spot")]), absent()),
        get_role(None, &[]),
        attached(None, &[NODE_ECR], None),
        inline_names(None, &[], None),
        (asked("GetPolicy", &[("PolicyArn", NODE_ECR)]), absent()),
        get_role(None, &[]),
        attached(None, &[], None),
        inline_names(None, &[], None),
    ]);
    let roles = AwsIam::new(&wire.aws()).roles(&[spot, workers()]).await;
    assert_eq!(roles[0], Ok(None));
    assert!(roles[1].as_ref().unwrap().as_ref().unwrap().identity.is_empty());
}

#[tokio::test]
async fn a_role_without_anything_has_no_policies() {
    let wire =
        Wire::new([get_role(None, &[]), attached(None, &[], None), inline_names(None, &[], None)]);
    let role = AwsIam::new(&wire.aws()).role(&workers()).await.unwrap().unwrap();
    assert!(role.identity.is_empty() && role.boundary.is_none() && role.tags.is_empty());
}

#[tokio::test]
async fn a_role_that_iam_does_not_know_is_absent() {
    let wire = Wire::new([(asked("GetRole", &[("RoleName", "Workers")]), absent())]);
    assert_eq!(AwsIam::new(&wire.aws()).role(&workers()).await, Ok(None));
}

#[tokio::test]
async fn a_document_that_is_no_utf8_stays_as_it_came() {
    let wire = Wire::new([
        get_role(None, &[]),
        attached(None, &[], None),
        inline_names(None, &["odd"], None),
        inline_policy("odd", "%FF%FE"),
    ]);
    let role = AwsIam::new(&wire.aws()).role(&workers()).await.unwrap().unwrap();
    assert_eq!(role.identity, [inline("odd", Some("%FF%FE"))]);
}

#[tokio::test]
async fn a_version_that_vanishes_between_two_calls_is_read_again() {
    let wire = Wire::new([
        get_role(None, &[]),
        attached(None, &[NODE_ECR], None),
        get_policy(NODE_ECR, "v4"),
        (asked_version(NODE_ECR, "v4"), absent()),
        inline_names(None, &[], None),
        get_role(None, &[]),
        attached(None, &[NODE_ECR], None),
        get_policy(NODE_ECR, "v5"),
        policy_version(NODE_ECR, "v5", "%7B%7D"),
        inline_names(None, &[], None),
    ]);
    let role = AwsIam::new(&wire.aws()).role(&workers()).await.unwrap().unwrap();
    assert_eq!(role.identity, [managed(NODE_ECR, Some("v5"), Some("{}"))]);
}

#[tokio::test]
async fn a_policy_detached_between_two_calls_is_gone_the_second_time() {
    let wire = Wire::new([
        get_role(None, &[]),
        attached(None, &[NODE_ECR], None),
        (asked("GetPolicy", &[("PolicyArn", NODE_ECR)]), absent()),
        inline_names(None, &["push"], None),
        (asked_inline("push"), absent()),
        get_role(None, &[]),
        attached(None, &[], None),
        inline_names(None, &[], None),
    ]);
    let role = AwsIam::new(&wire.aws()).role(&workers()).await.unwrap().unwrap();
    assert!(role.identity.is_empty());
}

#[tokio::test]
async fn a_document_that_stays_absent_is_told_as_absent() {
    let reading = || {
        [
            get_role(Some(BOUNDARY), &[]),
            attached(None, &[NODE_ECR], None),
            get_policy(NODE_ECR, "v4"),
            policy_version(NODE_ECR, "v4", "%7B%7D"),
            inline_names(None, &[], None),
            (asked("GetPolicy", &[("PolicyArn", BOUNDARY)]), absent()),
        ]
    };
    let wire = Wire::new([reading(), reading(), reading()].into_iter().flatten());
    let role = AwsIam::new(&wire.aws()).role(&workers()).await.unwrap().unwrap();
    assert_eq!(role.identity, [managed(NODE_ECR, Some("v4"), Some("{}"))]);
    assert_eq!(role.boundary, Some(managed(BOUNDARY, None, None)));
}

#[tokio::test]
async fn a_role_deleted_between_two_calls_is_absent_and_not_a_role_without_policies() {
    let (list_inline, _) = inline_names(None, &[], None);
    let wire = Wire::new([
        get_role(None, &[]),
        attached(None, &[], None),
        (list_inline, absent()),
        (asked("GetRole", &[("RoleName", "Workers")]), absent()),
    ]);
    assert_eq!(AwsIam::new(&wire.aws()).role(&workers()).await, Ok(None));
}

#[tokio::test]
async fn a_role_that_half_of_iam_does_not_know_is_asked_for_later() {
    let (list_attached, _) = attached(None, &[], None);
    let reading = || [get_role(None, &[]), (list_attached.clone(), absent())];
    let wire = Wire::new([reading(), reading(), reading()].into_iter().flatten());
    let error = AwsIam::new(&wire.aws()).role(&workers()).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

/// Each read of a role, denied: the error names the call, and no denial counts as absence.
#[tokio::test]
async fn a_denied_read_is_lasting_and_names_the_call() {
    let (list_attached, _) = attached(None, &[], None);
    let (list_inline, _) = inline_names(None, &[], None);
    let before = [
        get_role(None, &[]),
        attached(None, &[NODE_ECR], None),
        get_policy(NODE_ECR, "v4"),
        policy_version(NODE_ECR, "v4", "%7B%7D"),
        inline_names(None, &["pull"], None),
    ];
    let denials = [
        ("iam:GetRole", asked("GetRole", &[("RoleName", "Workers")])),
        ("iam:ListAttachedRolePolicies", list_attached),
        ("iam:GetPolicy", asked("GetPolicy", &[("PolicyArn", NODE_ECR)])),
        ("iam:GetPolicyVersion", asked_version(NODE_ECR, "v4")),
        ("iam:ListRolePolicies", list_inline),
        ("iam:GetRolePolicy", asked_inline("pull")),
    ];
    for (index, (call, request)) in denials.into_iter().enumerate() {
        let wire = Wire::new(before[..index].iter().cloned().chain([(request, denied())]));
        let error = AwsIam::new(&wire.aws()).role(&workers()).await.unwrap_err();
        assert_eq!(error, PortError::lasting(call, "AccessDenied: IAM says AccessDenied."));
    }
}

#[tokio::test]
async fn the_roles_of_a_policy_are_listed_to_the_last_page() {
    let parameters = [("PolicyArn", NODE_ECR), ("EntityFilter", "Role"), ("MaxItems", "1000")];
    let role = |name: &&str| format!("<RoleName>{name}</RoleName><RoleId>AROAEXAMPLE</RoleId>");
    let roles = |names: &[&str]| {
        let roles: Vec<String> = names.iter().map(role).collect();
        format!("<PolicyGroups/><PolicyUsers/><PolicyRoles>{}</PolicyRoles>", members(&roles))
    };
    let list = "ListEntitiesForPolicy";
    let wire = Wire::new([
        page(list, &parameters, None, &roles(&["Workers", "Builders"]), Some("more")),
        page(list, &parameters, Some("more"), &roles(&["Bounded"]), None),
    ]);
    let names = AwsIam::new(&wire.aws()).roles_with_policy(NODE_ECR).await.unwrap();
    assert_eq!(names, ["Workers", "Builders", "Bounded"].map(RoleName::new));

    let (first, _) = page(list, &parameters, None, "", None);
    let wire = Wire::new([(first.clone(), absent())]);
    assert_eq!(AwsIam::new(&wire.aws()).roles_with_policy(NODE_ECR).await, Ok(Vec::new()));

    let wire = Wire::new([(first, denied())]);
    let error = AwsIam::new(&wire.aws()).roles_with_policy(NODE_ECR).await.unwrap_err();
    assert_eq!(
        error,
        PortError::lasting("iam:ListEntitiesForPolicy", "AccessDenied: IAM says AccessDenied.")
    );
}

/// An instance profile as IAM describes it, with its role where it holds one.
fn profile(name: &str, role_arn: Option<&str>, tags: &[(&str, &str)]) -> String {
    let role = role_arn.map_or_else(String::new, |arn| {
        format!(
            "<member>
               <Path>/</Path>
               <RoleName>Workers</RoleName>
               <RoleId>AROADBQP57FF2AEXAMPLE</RoleId>
               <Arn>{arn}</Arn>
               <CreateDate>2026-05-04T09:30:00Z</CreateDate>
             </member>"
        )
    });
    let tags =
        if tags.is_empty() { String::new() } else { format!("<Tags>{}</Tags>", members_of(tags)) };
    format!(
        "<Path>/karpenter/</Path>
         <InstanceProfileName>{name}</InstanceProfileName>
         <InstanceProfileId>AIPACKCEVSQ6C2EXAMPLE</InstanceProfileId>
         <Arn>arn:aws:iam::111122223333:instance-profile/karpenter/{name}</Arn>
         <CreateDate>2026-05-04T09:30:00Z</CreateDate>
         <Roles>{role}</Roles>{tags}"
    )
}

const WORKERS: &str = "arn:aws:iam::111122223333:role/eks/prod/Workers";

#[tokio::test]
async fn an_instance_profile_is_read_with_its_role_and_tags() {
    let asked_profile = |name| asked("GetInstanceProfile", &[("InstanceProfileName", name)]);
    let result = |profile: &str| {
        answered("GetInstanceProfile", &format!("<InstanceProfile>{profile}</InstanceProfile>"))
    };
    let tags = [("kubernetes.io/cluster/prod", "owned")];
    let wire = Wire::new([
        (asked_profile("nodes"), result(&profile("nodes", Some(WORKERS), &tags))),
        (asked_profile("empty"), result(&profile("empty", None, &[]))),
        (asked_profile("gone"), absent()),
        (asked_profile("secret"), denied()),
    ]);
    let iam = AwsIam::new(&wire.aws());
    let nodes = iam.instance_profile("nodes").await.unwrap().unwrap();
    assert_eq!(nodes.name, "nodes");
    assert_eq!(nodes.arn, "arn:aws:iam::111122223333:instance-profile/karpenter/nodes");
    assert_eq!(nodes.role_arn.as_ref().map(RoleArn::as_str), Some(WORKERS));
    assert_eq!(nodes.uses().len(), 1);
    assert_eq!(iam.instance_profile("empty").await.unwrap().unwrap().role_arn, None);
    assert_eq!(iam.instance_profile("gone").await, Ok(None));
    let error = iam.instance_profile("secret").await.unwrap_err();
    assert_eq!(
        error,
        PortError::lasting("iam:GetInstanceProfile", "AccessDenied: IAM says AccessDenied.")
    );
}

fn profiles(marker: Option<&str>, profiles: &[String], next: Option<&str>) -> Exchange {
    let list = format!("<InstanceProfiles>{}</InstanceProfiles>", members(profiles));
    page("ListInstanceProfiles", &[("MaxItems", "1000")], marker, &list, next)
}

fn profile_tags(
    name: &str,
    marker: Option<&str>,
    tags: &[(&str, &str)],
    next: Option<&str>,
) -> Exchange {
    let list = format!("<Tags>{}</Tags>", members_of(tags));
    page("ListInstanceProfileTags", &[("InstanceProfileName", name)], marker, &list, next)
}

#[tokio::test]
async fn tags_are_asked_for_only_where_a_profile_holds_a_role() {
    let wire = Wire::new([
        profiles(None, &[profile("a", Some(WORKERS), &[]), profile("b", None, &[])], Some("2")),
        profiles(
            Some("2"),
            &[profile("c", Some(WORKERS), &[]), profile("d", Some(WORKERS), &[])],
            None,
        ),
        profile_tags("a", None, &[("team", "payments")], Some("tags-2")),
        profile_tags("a", Some("tags-2"), &[("eks:cluster-name", "prod")], None),
        profile_tags("c", None, &[("team", "web")], None),
        // It was deleted since it was listed.
        (asked("ListInstanceProfileTags", &[("InstanceProfileName", "d")]), absent()),
    ]);
    let profiles = AwsIam::new(&wire.aws()).instance_profiles().await.unwrap();
    let names: Vec<&str> = profiles.iter().map(|profile| &*profile.name).collect();
    assert_eq!(names, ["a", "c", "d"], "b holds no role");
    let [(role_arn, seen)] = &profiles[0].uses()[..] else { panic!("{profiles:?}") };
    assert_eq!(role_arn.as_str(), WORKERS);
    assert_eq!((&*seen.name, seen.cluster_name.as_deref()), ("a", Some("prod")));
    assert_eq!(seen.tags.len(), 2);
    assert!(profiles[1].uses().is_empty() && profiles[2].uses().is_empty());
}

#[tokio::test]
async fn a_profile_listing_that_breaks_off_is_an_error() {
    let tagged = profile("a", Some(WORKERS), &[]);
    let (second_page, _) = profiles(Some("2"), &[], None);
    let (tags, _) = profile_tags("a", None, &[], None);
    let broken = [
        (
            "iam:ListInstanceProfiles",
            profiles(None, std::slice::from_ref(&tagged), Some("2")),
            second_page,
        ),
        ("iam:ListInstanceProfileTags", profiles(None, &[tagged], None), tags),
    ];
    for (call, first, denied_request) in broken {
        let wire = Wire::new([first, (denied_request, denied())]);
        let error = AwsIam::new(&wire.aws()).instance_profiles().await.unwrap_err();
        let reason = format!("{call} cannot be answered: AccessDenied: IAM says AccessDenied.");
        assert_eq!(error.to_string(), reason);
    }
}

/// A page of `GetAccountAuthorizationDetails` for these kinds of entities.
fn account_page(kinds: &[&str], marker: Option<&str>, lists: &str, next: Option<&str>) -> Exchange {
    let names: Vec<String> =
        (1..=kinds.len()).map(|number| format!("Filter.member.{number}")).collect();
    let mut parameters: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(kinds.iter().copied()).collect();
    parameters.push(("MaxItems", "200"));
    page("GetAccountAuthorizationDetails", &parameters, marker, lists, next)
}

#[tokio::test]
async fn roles_come_page_by_page_with_what_is_their_own() {
    let role = |name: &str, rest: &str| {
        format!(
            "<member><Path>/eks/</Path><RoleName>{name}</RoleName><RoleId>AROA{name}</RoleId>
               <Arn>arn:aws:iam::111122223333:role/eks/{name}</Arn>
               <CreateDate>2026-05-04T09:30:00Z</CreateDate>{rest}</member>"
        )
    };
    let first = role(
        "Workers",
        &format!(
            "<RolePolicyList><member><PolicyName>Push</PolicyName>
               <PolicyDocument>%7B%22Sid%22%3A%22a+b%2520c%22%7D</PolicyDocument></member></RolePolicyList>
             <AttachedManagedPolicies><member><PolicyName>NodeEcr</PolicyName>
               <PolicyArn>{NODE_ECR}</PolicyArn></member></AttachedManagedPolicies>
             <PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>
               <PermissionsBoundaryArn>{BOUNDARY}</PermissionsBoundaryArn></PermissionsBoundary>
             <Tags><member><Key>owner</Key><Value>ada</Value></member></Tags>"
        ),
    );
    // Without its id, what IAM means cannot be told: the role is left to a call of its own.
    let damaged = "<member><RoleName>Odd</RoleName>
        <Arn>arn:aws:iam::111122223333:role/Odd</Arn></member>";
    let list = |roles: &str| format!("<RoleDetailList>{roles}</RoleDetailList>");
    let wire = Wire::new([
        account_page(&["Role"], None, &list(&format!("{first}{damaged}")), Some("page-2")),
        account_page(&["Role"], Some("page-2"), &list(&role("Spot", "")), None),
    ]);
    let iam = AwsIam::new(&wire.aws());
    let page = iam.roles_page(None).await.unwrap();
    assert_eq!(page.next.as_deref(), Some("page-2"));
    let [workers] = &page.items[..] else { panic!("{page:?}") };
    assert_eq!(workers.role_arn.as_str(), "arn:aws:iam::111122223333:role/eks/Workers");
    assert_eq!((&*workers.role_id, &*workers.tags["owner"]), ("AROAWorkers", "ada"));
    assert_eq!(workers.created, Some("2026-05-04T09:30:00Z".parse().unwrap()));
    let elsewhere =
        |arn| RolePolicy { policy: PolicyName::managed(arn), version: None, document: None };
    let document = Some(r#"{"Sid":"a+b%20c"}"#.to_owned());
    let inline = RolePolicy { policy: PolicyName::inline("Push"), version: None, document };
    assert_eq!(workers.identity, [elsewhere(NODE_ECR), inline]);
    assert_eq!(workers.boundary, Some(elsewhere(BOUNDARY)));

    let page = iam.roles_page(page.next.as_deref()).await.unwrap();
    assert_eq!(page.next, None);
    assert_eq!(page.items[0].role_arn.role_name(), RoleName::new("Spot"));
}

#[tokio::test]
async fn managed_policies_come_page_by_page_with_their_default_versions() {
    let policy = |arn: &str, versions: &str| {
        format!(
            "<member><PolicyName>any</PolicyName><Arn>{arn}</Arn>
               <DefaultVersionId>v2</DefaultVersionId>
               <PolicyVersionList>{versions}</PolicyVersionList></member>"
        )
    };
    let version = |id: &str, is_default: bool, document: &str| {
        format!(
            "<member><VersionId>{id}</VersionId><IsDefaultVersion>{is_default}</IsDefaultVersion>
               <Document>{document}</Document></member>"
        )
    };
    let both = version("v1", false, "%7B1%7D") + &version("v2", true, "%7B2%7D");
    let first = policy(NODE_ECR, &both) + &policy(BOUNDARY, &version("v1", false, "%7B%7D"));
    let kinds = ["LocalManagedPolicy", "AWSManagedPolicy"];
    let list = |policies: &str| format!("<Policies>{policies}</Policies>");
    let wire = Wire::new([
        account_page(&kinds, None, &list(&first), Some("page-2")),
        account_page(&kinds, Some("page-2"), &list(&policy(PULL_ONLY, &both)), None),
    ]);
    let iam = AwsIam::new(&wire.aws());
    let page = iam.managed_policies_page(None).await.unwrap();
    let node_ecr = RolePolicy {
        policy: PolicyName::managed(NODE_ECR),
        version: Some("v2".to_owned()),
        document: Some("{2}".to_owned()),
    };
    // The boundary's default version is on no list: whoever holds it is read by itself.
    assert_eq!(page.items, [node_ecr]);
    let page = iam.managed_policies_page(page.next.as_deref()).await.unwrap();
    assert_eq!(page.items[0].policy.as_str(), PULL_ONLY);
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn a_page_that_is_denied_is_a_lasting_error() {
    let (request, _) = account_page(&["Role"], None, "", None);
    let wire = Wire::new([(request, denied())]);
    let error = AwsIam::new(&wire.aws()).roles_page(None).await.unwrap_err();
    assert!(!error.is_transient());
    assert!(error.to_string().starts_with("iam:GetAccountAuthorizationDetails"), "{error}");
}
