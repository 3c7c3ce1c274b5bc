//! EC2's part of a snapshot: two crates of the SDK, which do not know each other, meet here.

use async_trait::async_trait;
use aws_adapters::snapshot::Instances;
use aws_ec2_adapter::AwsEc2;
use ecr_audit::error::PortError;
use serde_json::Value;

/// EC2 by the SDK.
pub struct Ec2(pub AwsEc2);

#[async_trait]
impl Instances for Ec2 {
    async fn describe_instances(&self, region: &str) -> Result<Value, PortError> {
        self.0.printed_instances(region).await
    }
}
