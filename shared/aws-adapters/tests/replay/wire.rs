//! A stand-in for AWS's endpoints. It is told which requests will come and what each is answered.
//! A request that is not among them, one that comes once too often, one that never comes, or one
//! whose signature or length does not fit its body fails the test when the wire is dropped.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_adapters::aws::Aws;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use crate::requests::Request;
use crate::signature::{SECRET_ACCESS_KEY, is_signed};

/// What a request is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// An HTTP response.
    Response {
        /// The HTTP status.
        status: u16,
        /// The header `x-amzn-errortype`, by which the REST services name an error.
        error_type: Option<&'static str>,
        /// The body.
        body: String,
    },
    /// The connection breaks.
    Broken,
    /// No answer ever comes.
    Silence,
}

impl Answer {
    /// XML, of IAM, SNS and EC2.
    pub fn xml(body: impl Into<String>) -> Self {
        Self::Response { status: 200, error_type: None, body: body.into() }
    }

    /// JSON.
    #[expect(clippy::needless_pass_by_value, reason = "a test hands in what it has just made")]
    pub fn json(body: Value) -> Self {
        Self::Response { status: 200, error_type: None, body: body.to_string() }
    }

    /// An error of a query service.
    pub fn query_error(status: u16, code: &str) -> Self {
        let body = format!(
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">
               <Error><Type>Sender</Type><Code>{code}</Code><Message>IAM says {code}.</Message></Error>
               <RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId>
             </ErrorResponse>"
        );
        Self::Response { status, error_type: None, body }
    }

    /// An error of a REST service.
    pub fn rest_error(status: u16, error_type: &'static str) -> Self {
        Self::rest_error_that_says(status, error_type, &format!("The service says {error_type}."))
    }

    /// An error of a REST service, in words of its own.
    pub fn rest_error_that_says(status: u16, error_type: &'static str, message: &str) -> Self {
        let body = format!("{{\"message\":\"{message}\"}}");
        Self::Response { status, error_type: Some(error_type), body }
    }

    /// An error of a JSON RPC service.
    pub fn json_error(status: u16, namespace: &str, code: &str) -> Self {
        let body = format!(
            "{{\"__type\":\"{namespace}#{code}\",\"message\":\"The service says {code}.\"}}"
        );
        Self::Response { status, error_type: None, body }
    }
}

/// The requests that are still to come, and what was wrong with those that came.
#[derive(Debug, Default)]
struct Exchanges {
    expected: Vec<(Request, Answer)>,
    wrong: Vec<String>,
    heard: usize,
}

/// The stand-in.
pub struct Wire {
    exchanges: Arc<Mutex<Exchanges>>,
    retries: RetryConfig,
}

impl Wire {
    /// Expects these requests. Equal ones are answered in their order; others may come in any.
    pub fn new(expected: impl IntoIterator<Item = (Request, Answer)>) -> Self {
        let expected = expected.into_iter().collect();
        let exchanges = Exchanges { expected, ..Exchanges::default() };
        Self { exchanges: Arc::new(Mutex::new(exchanges)), retries: RetryConfig::disabled() }
    }

    /// Lets the SDK make a call up to three times.
    pub fn with_retries(mut self) -> Self {
        self.retries = RetryConfig::standard().with_max_attempts(3);
        self
    }

    /// A connection over this wire.
    pub fn aws(&self) -> Aws {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET_ACCESS_KEY, None, None, "tests");
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(20)).build();
        Aws::new(
            SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .retry_config(self.retries.clone())
                .timeout_config(timeouts)
                .http_client(Connector(Arc::clone(&self.exchanges)))
                .build(),
        )
    }

    /// How many requests have come.
    pub fn heard(&self) -> usize {
        lock(&self.exchanges).heard
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let exchanges = lock(&self.exchanges);
        let missing: Vec<&Request> =
            exchanges.expected.iter().map(|(request, _)| request).collect();
        assert!(
            exchanges.wrong.is_empty(),
            "{}\nnot asked: {missing:#?}",
            exchanges.wrong.join("\n")
        );
        assert!(missing.is_empty(), "never asked: {missing:#?}");
    }
}

#[derive(Clone, Debug)]
struct Connector(Arc<Mutex<Exchanges>>);

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match answer(&mut lock(&self.0), &request) {
            Answer::Response { status, error_type, body } => {
                let mut response =
                    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
                if let Some(error_type) = error_type {
                    response.headers_mut().insert("x-amzn-errortype", error_type);
                }
                HttpConnectorFuture::ready(Ok(response))
            }
            Answer::Broken => HttpConnectorFuture::ready(Err(ConnectorError::io(
                "the connection was closed by the other side".into(),
            ))),
            Answer::Silence => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

fn answer(exchanges: &mut Exchanges, request: &HttpRequest) -> Answer {
    exchanges.heard += 1;
    let body = request.body().bytes().unwrap_or_default();
    if let Some(length) = request.headers().get("content-length")
        && length != body.len().to_string()
    {
        exchanges.wrong.push(format!("{length} is not the length of {}", request.uri()));
    }
    if !is_signed(request) {
        exchanges.wrong.push(format!("the signature does not fit {}", request.uri()));
    }
    let request = Request::of(request);
    let position = exchanges.expected.iter().position(|(expected, _)| *expected == request);
    if let Some(index) = position {
        return exchanges.expected.remove(index).1;
    }
    exchanges.wrong.push(format!("nobody expected {request:#?}"));
    // A code that no adapter takes for an answer and no SDK tries again.
    Answer::rest_error(400, "UnexpectedRequest")
}

fn lock(exchanges: &Mutex<Exchanges>) -> std::sync::MutexGuard<'_, Exchanges> {
    exchanges.lock().unwrap_or_else(PoisonError::into_inner)
}
