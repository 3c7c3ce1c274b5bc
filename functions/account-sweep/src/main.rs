//! Woken by its schedule, and by changes that could not be followed: walks over the whole account.

use aws_adapters::stack::Stack;
use aws_ec2_adapter::AwsEc2;
use ecr_audit::journey::sweep;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn, tracing};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let stack = &Stack::from_environment().await?;
    let ec2 = &AwsEc2::new(stack.aws.config());
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| async move {
        // One sweep serves every request that waits. If it fails, all of them come again.
        let swept = sweep(&stack.ports(), ec2, &stack.settings).await;
        let summary = swept.map_err(|error| Diagnostic {
            error_type: "SweepError".to_owned(),
            error_message: error.to_string(),
        })?;
        Ok::<Value, Diagnostic>(
            json!({ "assessed": summary.assessed.len(), "repaired": summary.repaired }),
        )
    }))
    .await
}
