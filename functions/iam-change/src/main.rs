//! Woken by a change in IAM: assesses the node roles that it touches.

use aws_adapters::stack::Stack;
use change_events::{Batch, read_batch};
use ecr_audit::journey::handle;
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let stack = &Stack::from_environment().await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let batch = read_batch(&event.payload, &stack.settings.account);
        batch.log();
        let handled = handle(&stack.ports(), &stack.settings, &batch.arrivals).await;
        stack.own_queue.come_again_at_once(batch.handles(batch.broken.keys())).await;
        stack.own_queue.come_again_soon(batch.handles(handled.failed.keys())).await;
        Ok::<Value, Error>(Batch::response(batch.broken.keys().chain(handled.failed.keys())))
    }))
    .await
}
