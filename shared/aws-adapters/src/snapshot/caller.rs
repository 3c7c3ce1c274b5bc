//! Whose credentials these are.

use aws_sdk_sts::Client;
use ecr_audit::error::PortError;

use crate::answer::{answer, sent};
use crate::aws::Aws;

/// Asked where the environment names no region. STS answers there in AWS's main partition.
const DEFAULT_REGION: &str = "us-east-1";

/// The account that a connection reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its twelve digits.
    pub account: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
}

/// The connection of the environment, in a region even where the environment names none.
pub async fn connect() -> Aws {
    let aws = Aws::from_environment().await;
    if aws.region().is_some() { aws } else { aws.in_region(DEFAULT_REGION) }
}

impl Caller {
    /// The account of a connection. Nobody can be denied this call, so its failure means that
    /// there are no credentials, or none that AWS takes.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    pub async fn of(aws: &Aws) -> Result<Self, PortError> {
        let call = "sts:GetCallerIdentity";
        let client = Client::new(aws.config());
        let identity = answer(call, client.get_caller_identity().send().await)?;
        let arn = sent(call, "Arn", identity.arn)?;
        let partition = sent(call, "partition", arn.split(':').nth(1))?.to_owned();
        Ok(Self { account: sent(call, "Account", identity.account)?, partition })
    }
}
