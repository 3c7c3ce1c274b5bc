//! What wakes the sweep: messages of its queue, each a step, or somebody who invokes the function.

use std::collections::BTreeMap;

use ecr_audit::journey::SweepMessage;
use ecr_audit::sweep_step::SweepStep;
use serde_json::Value;

use crate::record::{elements, text};

/// The messages of the sweep's queue, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepMessages {
    /// Those that could be read, oldest first.
    pub messages: Vec<SweepMessage>,
    /// By the messages' ids, by what the queue knows that each was given out.
    pub receipt_handles: BTreeMap<String, String>,
    /// Those that could not, with the reason.
    pub broken: BTreeMap<String, String>,
}

/// Reads what Lambda hands over from the sweep's queue. `None`: it comes from no queue; somebody
/// invokes the function, which asks for a sweep.
pub fn read_sweep_messages(event: &Value) -> Option<SweepMessages> {
    event["Records"].is_array().then(|| {
        let mut read = SweepMessages::default();
        for record in elements(&event["Records"]) {
            let id = text(&record["messageId"]).unwrap_or_default().to_owned();
            let receipts = text(&record["attributes"]["ApproximateReceiveCount"]);
            let receipts = receipts.and_then(|count| count.parse().ok()).unwrap_or(1);
            if let Some(handle) = text(&record["receiptHandle"]) {
                read.receipt_handles.insert(id.clone(), handle.to_owned());
            }
            let body = record["body"].as_str().unwrap_or_default();
            match serde_json::from_str::<SweepStep>(body) {
                Ok(step) => read.messages.push(SweepMessage { id, step, receipts }),
                Err(error) => {
                    let reason = format!("no step of a sweep: {error}");
                    tracing::error!(message_id = id, reason, "the message cannot be read");
                    read.broken.insert(id, reason);
                }
            }
        }
        read
    })
}

#[cfg(test)]
mod tests {
    use ecr_audit::sweep_step::Place;
    use serde_json::json;

    use super::*;

    fn message(id: &str, body: &str) -> Value {
        json!({ "messageId": id, "body": body })
    }

    #[test]
    fn each_message_is_a_step() {
        let mut records = [
            message("a", r#"{"step":"begin","reason":"the schedule"}"#),
            message("b", r#"{"step":"list","sweep":"a","place":{"region":"eu-west-1"}}"#),
            message("c", r#"{"step":"assess","sweep":"a"}"#),
            message("d", r#"{"step":"dance"}"#),
            message("e", "{"),
        ];
        records[1]["receiptHandle"] = json!("AQEB");
        records[1]["attributes"] = json!({ "ApproximateReceiveCount": "5" });
        let read = read_sweep_messages(&json!({ "Records": records })).unwrap();
        let receipts: Vec<u32> = read.messages.iter().map(|message| message.receipts).collect();
        assert_eq!(receipts, [1, 5, 1]);
        assert_eq!(read.receipt_handles, [("b".to_owned(), "AQEB".to_owned())].into());
        let place = Place::Region("eu-west-1".to_owned());
        let steps: Vec<SweepStep> = read.messages.into_iter().map(|message| message.step).collect();
        assert_eq!(
            steps,
            [
                SweepStep::begin("the schedule"),
                SweepStep::List { sweep: "a".to_owned(), place, after: None },
                SweepStep::Assess { sweep: "a".to_owned(), marker: None },
            ]
        );
        assert!(read.broken.keys().eq(["d", "e"]));
        assert!(read.broken["d"].contains("dance"), "{:?}", read.broken);
    }

    #[test]
    fn what_comes_from_no_queue_is_an_invocation() {
        for event in [json!(null), json!({}), json!({ "source": "aws.events" })] {
            assert_eq!(read_sweep_messages(&event), None);
        }
    }
}
