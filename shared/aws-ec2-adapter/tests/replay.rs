//! The adapter against EC2's own wire shapes: the real SDK client, and in place of the network a
//! list of answers. EC2 speaks ec2Query: XML, and a `nextToken` that is absent on the last page.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_ec2_adapter::AwsEc2;
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use ecr_audit::error::PortError;
use ecr_audit::ports::{ClusterInstances, Ec2};
use percent_encoding::percent_decode_str;

const CALL: &str = "ec2:DescribeInstances";
const NODES: &str = "arn:aws:iam::111122223333:instance-profile/karpenter/nodes";

type Form = BTreeMap<String, String>;

/// Answers in their order, status and body, and writes down what was asked. Without an answer,
/// the connection breaks.
#[derive(Clone, Debug, Default)]
struct Wire {
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    asked: Arc<Mutex<Vec<(String, Form)>>>,
}

impl Wire {
    fn new(answers: impl IntoIterator<Item = (u16, String)>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { answers, ..Self::default() }
    }

    fn ec2(&self) -> AwsEc2 {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests");
        let wire = self.clone();
        AwsEc2::new(
            &SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .retry_config(RetryConfig::disabled())
                .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(wire.clone())))
                .build(),
        )
    }

    /// What was asked, once everything that was to be answered was.
    fn asked(&self) -> Vec<(String, Form)> {
        assert!(self.answers.lock().unwrap().is_empty(), "something was not asked");
        self.asked.lock().unwrap().clone()
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let place = format!("{} {}", request.method(), request.uri());
        self.asked.lock().unwrap().push((place, form(std::str::from_utf8(body).unwrap())));
        HttpConnectorFuture::ready(match self.answers.lock().unwrap().pop_front() {
            Some((status, body)) => Ok(HttpResponse::new(status.try_into().unwrap(), body.into())),
            None => Err(ConnectorError::io("the connection was closed".into())),
        })
    }
}

fn form(text: &str) -> Form {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().unwrap().into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (decoded(key), decoded(value))).collect()
}

/// The one question, for its first or a later page.
fn question(next_token: Option<&str>) -> (String, Form) {
    let mut form: Form = [
        ("Action", "DescribeInstances"),
        ("Version", "2016-11-15"),
        ("MaxResults", "1000"),
        ("Filter.1.Name", "instance-state-name"),
        ("Filter.1.Value.1", "pending"),
        ("Filter.1.Value.2", "running"),
        ("Filter.1.Value.3", "shutting-down"),
        ("Filter.1.Value.4", "stopping"),
        ("Filter.1.Value.5", "stopped"),
        ("Filter.2.Name", "tag-key"),
        ("Filter.2.Value.1", "kubernetes.io/cluster/*"),
        ("Filter.2.Value.2", "eks:cluster-name"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect();
    form.extend(next_token.map(|token| ("NextToken".to_owned(), token.to_owned())));
    ("POST https://ec2.eu-central-1.amazonaws.com/".to_owned(), form)
}

/// A page with the instances of each reservation.
fn page(reservations: &[&[String]], next_token: Option<&str>) -> (u16, String) {
    let reservation = |instances: &&[String]| {
        format!(
            "<item>
               <reservationId>r-0a1b2c3d4e5f67890</reservationId>
               <ownerId>111122223333</ownerId>
               <groupSet/>
               <instancesSet>{}</instancesSet>
             </item>",
            instances.concat()
        )
    };
    let reservations: Vec<String> = reservations.iter().map(reservation).collect();
    let reservations = reservations.concat();
    let next =
        next_token.map_or_else(String::new, |token| format!("<nextToken>{token}</nextToken>"));
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
         <DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">
           <requestId>8f7724cf-496f-496e-8fe3-EXAMPLE</requestId>
           <reservationSet>{reservations}</reservationSet>{next}
         </DescribeInstancesResponse>"
    );
    (200, body)
}

fn instance(profile_arn: Option<&str>, tags: &[(&str, &str)]) -> String {
    let profile = profile_arn.map_or_else(String::new, |arn| {
        format!("<iamInstanceProfile><arn>{arn}</arn><id>AIPAEXAMPLE</id></iamInstanceProfile>")
    });
    let tag = |(key, value): &(&str, &str)| {
        format!("<item><key>{key}</key><value>{value}</value></item>")
    };
    let tags = tags.iter().map(tag).collect::<Vec<_>>().concat();
    format!(
        "<item>
           <instanceId>i-0a1b2c3d4e5f67890</instanceId>
           <instanceState><code>16</code><name>running</name></instanceState>
           <instanceType>m7g.large</instanceType>
           {profile}
           <tagSet>{tags}</tagSet>
         </item>"
    )
}

fn refused(status: u16, code: &str) -> (u16, String) {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
         <Response>
           <Errors><Error><Code>{code}</Code><Message>EC2 says {code}.</Message></Error></Errors>
           <RequestID>ea966190-f9aa-478e-9ede-EXAMPLE</RequestID>
         </Response>"
    );
    (status, body)
}

fn of(cluster_name: &str, instance_profile_arn: &str) -> ClusterInstances {
    ClusterInstances {
        cluster_name: cluster_name.to_owned(),
        instance_profile_arn: instance_profile_arn.to_owned(),
    }
}

#[tokio::test]
async fn every_instance_of_every_reservation_on_every_page_counts() {
    let owned = [("kubernetes.io/cluster/prod", "owned"), ("Name", "node")];
    let other = "arn:aws:iam::111122223333:instance-profile/other";
    let wire = Wire::new([
        page(
            &[
                &[instance(Some(NODES), &owned), instance(Some(NODES), &owned)],
                &[instance(Some(NODES), &[("eks:cluster-name", "test")])],
            ],
            Some("page+2/=="),
        ),
        page(&[], Some("page-3")),
        page(&[&[instance(Some(other), &owned)]], None),
    ]);
    let found = wire.ec2().cluster_instances("eu-central-1").await.unwrap();
    assert_eq!(found, [of("prod", NODES), of("prod", other), of("test", NODES)]);
    let pages = [question(None), question(Some("page+2/==")), question(Some("page-3"))];
    assert_eq!(wire.asked(), pages);
}

#[tokio::test]
async fn an_instance_counts_for_each_cluster_it_is_tagged_for_and_none_without_a_profile() {
    let two = [
        ("kubernetes.io/cluster/blue", "owned"),
        ("kubernetes.io/cluster/green", "shared"),
        ("eks:cluster-name", "blue"),
    ];
    let wire = Wire::new([page(
        &[&[
            instance(None, &[("kubernetes.io/cluster/bare", "owned")]),
            instance(Some(NODES), &two),
            // The filter is AWS's; what it lets through without a cluster's name is none.
            instance(Some(NODES), &[("kubernetes.io/cluster/", "owned")]),
        ]],
        None,
    )]);
    let found = wire.ec2().cluster_instances("eu-central-1").await.unwrap();
    assert_eq!(found, [of("blue", NODES), of("green", NODES)]);
    assert_eq!(wire.asked(), [question(None)]);
}

#[tokio::test]
async fn the_regions_are_those_that_are_switched_on() {
    let region = |name: &str| format!("<item><regionName>{name}</regionName></item>");
    let body = format!(
        "<DescribeRegionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">
           <requestId>8f7724cf-496f-496e-8fe3-EXAMPLE</requestId>
           <regionInfo>{}{}</regionInfo>
         </DescribeRegionsResponse>",
        region("us-east-1"),
        region("eu-west-1")
    );
    let wire = Wire::new([(200, body)]);
    let regions = wire.ec2().enabled_regions("eu-central-1").await.unwrap();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
    // Without AllRegions, those that are not switched on are left out.
    let form = [("Action", "DescribeRegions"), ("Version", "2016-11-15")];
    let form = form.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(wire.asked(), [("POST https://ec2.eu-central-1.amazonaws.com/".to_owned(), form)]);

    let denied = Wire::new([refused(403, "UnauthorizedOperation")]);
    let error = denied.ec2().enabled_regions("eu-central-1").await.unwrap_err();
    assert!(error.to_string().starts_with("ec2:DescribeRegions"), "{error}");
}

/// A page that fails fails the list: less than there is would end what it leaves out.
#[tokio::test]
async fn a_second_page_that_is_denied_is_an_error() {
    let tags = [("kubernetes.io/cluster/prod", "owned")];
    let first = page(&[&[instance(Some(NODES), &tags)]], Some("2"));
    let wire = Wire::new([first, refused(403, "UnauthorizedOperation")]);
    let error = wire.ec2().cluster_instances("eu-central-1").await.unwrap_err();
    let reason = "UnauthorizedOperation: EC2 says UnauthorizedOperation.";
    assert_eq!(error, PortError::lasting(CALL, reason));
    assert_eq!(wire.asked(), [question(None), question(Some("2"))]);
}

#[tokio::test]
async fn what_may_pass_is_transient() {
    for (answer, is_transient) in [
        (refused(503, "RequestLimitExceeded"), true),
        (refused(400, "RequestLimitExceeded"), true),
        (refused(500, "InternalError"), true),
        (refused(401, "AuthFailure"), false),
        (refused(403, "OptInRequired"), false),
        ((502, "<html>Bad Gateway</html>".to_owned()), true),
        ((200, "<html>Please sign in</html>".to_owned()), false),
    ] {
        let what = answer.clone();
        let error = Wire::new([answer]).ec2().cluster_instances("eu-central-1").await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient, "{what:?}: {error}");
        assert!(error.to_string().starts_with(CALL), "{error}");
    }
    let error = Wire::new([]).ec2().cluster_instances("eu-central-1").await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("was closed"), "{error}");
}
