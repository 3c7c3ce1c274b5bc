//! Woken by the messages of its queue, each one step of a sweep over the whole account. Whoever
//! invokes it asks for a sweep.

use std::time::{Duration, SystemTime};

use aws_adapters::stack::Stack;
use aws_ec2_adapter::AwsEc2;
use change_events::{Batch, read_sweep_messages};
use ecr_audit::journey::{SweepMessage, handle_step};
use ecr_audit::sweep_step::SweepStep;
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, service_fn, tracing};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let stack = &Stack::from_environment().await?;
    let ec2 = &AwsEc2::new(stack.aws.config());
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let (ports, settings) = (stack.ports(), &stack.settings);
        let until = ports.clock.now().checked_add(time_to_begin_pages(&event.context)).ok();
        let Some(read) = read_sweep_messages(&event.payload) else {
            let step = SweepStep::begin("somebody invoked account-sweep");
            let message = SweepMessage { id: event.context.request_id, step, receipts: 1 };
            let begun = handle_step(&ports, ec2, settings, &message, until).await;
            return begun.map(|_| json!({ "sweep": message.id })).map_err(|error| Diagnostic {
                error_type: "SweepError".to_owned(),
                error_message: error.to_string(),
            });
        };
        let mut failed: Vec<String> = read.broken.keys().cloned().collect();
        let broken = failed.iter().filter_map(|id| read.receipt_handles.get(id));
        stack.own_queue.come_again_at_once(broken).await;
        for message in read.messages {
            match handle_step(&ports, ec2, settings, &message, until).await {
                Ok(summary) => tracing::info!(
                    step = ?message.step,
                    assessed = summary.assessed.len(),
                    repaired = summary.repaired,
                    failures = ?summary.failures,
                    "a step is done"
                ),
                Err(error) => {
                    tracing::error!(step = ?message.step, %error, "the step has to come again");
                    let handle = read.receipt_handles.get(&message.id);
                    stack.own_queue.come_again_soon(handle).await;
                    failed.push(message.id);
                }
            }
        }
        Ok::<Value, Diagnostic>(Batch::response(&failed))
    }))
    .await
}

/// For half of its time an invocation begins another page of roles; the rest is for the roles of
/// the last one.
fn time_to_begin_pages(context: &Context) -> Duration {
    context.deadline().duration_since(SystemTime::now()).unwrap_or_default() / 2
}
