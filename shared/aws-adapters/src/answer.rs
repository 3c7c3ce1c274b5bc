//! What the SDK answered -> what the journey has to know: the value, that there is none, or why
//! there is no answer.

use std::error::Error;
use std::iter::successors;

use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use ecr_audit::error::PortError;

/// A call's error, with its name.
pub fn failure<E>(call: &str, error: &SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(refusal) => {
            let error = refusal.err();
            let status = refusal.raw().status().as_u16();
            if let Some(code) = error.code() {
                PortError::answered(call, status, code, error.message().unwrap_or_default())
            } else {
                // Not the service's words: a proxy's page, or an answer that the SDK cannot read.
                PortError::answered(
                    call,
                    status,
                    &format!("HTTP status {status}"),
                    &in_words(error),
                )
            }
        }
        // The SDK refuses to ask this, such as for a cluster without a name.
        SdkError::ConstructionFailure(_) => PortError::lasting(call, in_words(error)),
        // Nothing was heard, or half of it: the network, a timeout, missing credentials.
        _ => PortError::transient(call, in_words(error)),
    }
}

/// A call's value or its error.
pub fn answer<T, E>(
    call: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<T, PortError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    answer.map_err(|error| failure(call, &error))
}

/// A call's value, or `None` where the service says with one of these codes that there is none.
pub fn found<T, E>(
    call: &str,
    absent: &[&str],
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, PortError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(SdkError::ServiceError(refusal))
            if refusal.err().code().is_some_and(|code| absent.contains(&code)) =>
        {
            Ok(None)
        }
        Err(error) => Err(failure(call, &error)),
    }
}

/// A field that the service always sends. Without it, nothing can be said.
pub fn sent<T>(call: &str, field: &str, value: Option<T>) -> Result<T, PortError> {
    value.ok_or_else(|| PortError::lasting(call, format!("the answer has no {field}")))
}

/// An error with what led to it. The SDK's own form would show the insides of its types.
fn in_words(error: &(dyn Error + 'static)) -> String {
    let chain = successors(Some(error), |error| (*error).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
