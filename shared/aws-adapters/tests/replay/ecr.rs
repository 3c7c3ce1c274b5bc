//! ECR speaks awsJson1.1: the operation in `x-amz-target`, the error in `__type`.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html>

use aws_adapters::ecr::AwsEcr;
use ecr_audit::error::PortError;
use ecr_audit::ports::Ecr;
use ecr_audit::role_policies::RegistryDocument;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::requests::Request;
use crate::wire::{Answer, Wire};

type Exchange = (Request, Answer);

const REGION: &str = "eu-west-1";
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*"}]}"#;

fn asked(operation: &str, body: Value) -> Request {
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    Request::rpc("api.ecr.eu-west-1.amazonaws.com", &target, body)
}

fn refused(code: &str) -> Answer {
    Answer::json_error(400, "com.amazonaws.ecr", code)
}

fn repositories(token: Option<&str>, names: &[&str], next: Option<&str>) -> Exchange {
    let mut asked_with = json!({"maxResults": 1000});
    if let Some(token) = token {
        asked_with["nextToken"] = token.into();
    }
    let repository = |name: &&str| {
        json!({
            "registryId": "111122223333",
            "repositoryName": name,
            "repositoryArn": format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}"),
            "createdAt": 1_763_900_000.0,
            "imageTagMutability": "MUTABLE",
        })
    };
    let repositories: Vec<Value> = names.iter().map(repository).collect();
    let answer = json!({"repositories": repositories, "nextToken": next});
    (asked("DescribeRepositories", asked_with), Answer::json(answer))
}

fn asked_policy(name: &str) -> Request {
    asked("GetRepositoryPolicy", json!({"repositoryName": name}))
}

fn policy(name: &str, text: &str) -> Exchange {
    let answer = json!({"registryId": "111122223333", "repositoryName": name, "policyText": text});
    (asked_policy(name), Answer::json(answer))
}

fn registry_policy(answer: Answer) -> Exchange {
    (asked("GetRegistryPolicy", json!({})), answer)
}

fn scope(value: Option<&str>) -> Exchange {
    let asked = asked("GetAccountSetting", json!({"name": "REGISTRY_POLICY_SCOPE"}));
    (asked, Answer::json(json!({"name": "REGISTRY_POLICY_SCOPE", "value": value})))
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn document(
    repository_name: Option<&str>,
    text: &str,
    covers_all_actions: Option<bool>,
) -> RegistryDocument {
    RegistryDocument {
        region: REGION.to_owned(),
        repository_name: repository_name.map(str::to_owned),
        document: text.to_owned(),
        covers_all_actions,
        unfollowed: Vec::new(),
        read_at: now(),
    }
}

#[tokio::test]
async fn every_page_of_repositories_is_asked_for_its_policies() {
    let wire = Wire::new([
        repositories(None, &["team/web", "plain"], Some("page+2/=")),
        repositories(Some("page+2/="), &["vanished", "team/api"], None),
        policy("team/web", POLICY),
        (asked_policy("plain"), refused("RepositoryPolicyNotFoundException")),
        (asked_policy("vanished"), refused("RepositoryNotFoundException")),
        policy("team/api", "{}"),
        registry_policy(Answer::json(json!({"registryId": "111122223333", "policyText": "[]"}))),
        scope(Some("V2")),
    ]);
    let documents = AwsEcr::new(&wire.aws()).policies(REGION, now()).await.unwrap();
    assert_eq!(
        documents,
        [
            document(Some("team/web"), POLICY, Some(true)),
            document(Some("team/api"), "{}", Some(true)),
            document(None, "[]", Some(true)),
        ]
    );
}

#[tokio::test]
async fn the_registrys_policy_covers_what_its_scope_says() {
    for (value, covers_all_actions) in
        [(Some("V1"), Some(false)), (Some("V2"), Some(true)), (None, None)]
    {
        let text = json!({"registryId": "111122223333", "policyText": POLICY});
        let wire = Wire::new([registry_policy(Answer::json(text)), scope(value)]);
        let read = AwsEcr::new(&wire.aws()).registry_policy(REGION, now()).await.unwrap();
        assert_eq!(read, Some(document(None, POLICY, covers_all_actions)), "{value:?}");
    }
}

#[tokio::test]
async fn a_registry_without_a_policy_has_no_scope_to_ask_for() {
    let wire = Wire::new([registry_policy(refused("RegistryPolicyNotFoundException"))]);
    assert_eq!(AwsEcr::new(&wire.aws()).registry_policy(REGION, now()).await, Ok(None));
}

#[tokio::test]
async fn one_repositorys_policy_is_read_and_its_absence_told() {
    let wire = Wire::new([
        policy("team/web", POLICY),
        (asked_policy("plain"), refused("RepositoryPolicyNotFoundException")),
        (asked_policy("gone"), refused("RepositoryNotFoundException")),
    ]);
    let ecr = AwsEcr::new(&wire.aws());
    let read = ecr.repository_policy(REGION, "team/web", now()).await.unwrap();
    assert_eq!(read, Some(document(Some("team/web"), POLICY, Some(true))));
    assert_eq!(ecr.repository_policy(REGION, "plain", now()).await, Ok(None));
    assert_eq!(ecr.repository_policy(REGION, "gone", now()).await, Ok(None));
}

/// Whatever is denied, there is no list: less than there is would end what it leaves out.
#[tokio::test]
async fn a_denied_read_is_an_error_and_no_shorter_list() {
    let denied = || refused("AccessDeniedException");
    let (second_page, _) = repositories(Some("2"), &[], None);
    let (asked_scope, _) = scope(None);
    let text = json!({"registryId": "111122223333", "policyText": POLICY});
    let cases = [
        (
            "ecr:DescribeRepositories",
            vec![repositories(None, &[], Some("2")), (second_page, denied())],
        ),
        (
            "ecr:GetRepositoryPolicy",
            vec![repositories(None, &["plain"], None), (asked_policy("plain"), denied())],
        ),
        ("ecr:GetRegistryPolicy", vec![repositories(None, &[], None), registry_policy(denied())]),
        (
            "ecr:GetAccountSetting",
            vec![
                repositories(None, &[], None),
                registry_policy(Answer::json(text)),
                (asked_scope, denied()),
            ],
        ),
    ];
    for (call, exchanges) in cases {
        let wire = Wire::new(exchanges);
        let error = AwsEcr::new(&wire.aws()).policies(REGION, now()).await.unwrap_err();
        let reason = "AccessDeniedException: The service says AccessDeniedException.";
        assert_eq!(error, PortError::lasting(call, reason));
    }
}

#[tokio::test]
async fn a_throttled_read_may_pass() {
    let wire = Wire::new([(
        asked("DescribeRepositories", json!({"maxResults": 1000})),
        refused("ThrottlingException"),
    )]);
    let error = AwsEcr::new(&wire.aws()).policies(REGION, now()).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}
