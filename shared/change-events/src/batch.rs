//! The messages of a queue, each read by itself, so that one broken message fails alone.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use std::collections::BTreeMap;

use ecr_audit::journey::Arrival;
use serde_json::{Value, json};

use crate::envelope::{Reading, read};
use crate::record::{elements, text};

/// A batch, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The messages that could be read.
    pub arrivals: Vec<Arrival>,
    /// The messages that could not, with the reason.
    pub broken: BTreeMap<String, String>,
    /// The events that were let go: name and reason.
    pub ignored: Vec<(String, String)>,
    /// By the messages' ids, by what the queue knows that each was given out.
    pub receipt_handles: BTreeMap<String, String>,
}

/// Reads what Lambda hands over from a queue. What is no batch at all is broken under the empty
/// id, by which Lambda takes the whole batch as failed.
pub fn read_batch(event: &Value, account: &str) -> Batch {
    let mut batch = Batch::default();
    if !event["Records"].is_array() {
        let reason = "the batch has no list `Records`; expected what Lambda reads from SQS";
        batch.broken.insert(String::new(), reason.to_owned());
    }
    for record in elements(&event["Records"]) {
        let message_id = text(&record["messageId"]).unwrap_or_default().to_owned();
        let receipts = text(&record["attributes"]["ApproximateReceiveCount"]);
        let is_first_receipt = receipts.is_none_or(|count| count == "1");
        if let Some(handle) = text(&record["receiptHandle"]) {
            batch.receipt_handles.insert(message_id.clone(), handle.to_owned());
        }
        match read(record["body"].as_str().unwrap_or_default(), account) {
            Ok(Reading::Changes(changes)) => {
                batch.arrivals.push(Arrival { message_id, is_first_receipt, changes });
            }
            Ok(Reading::Ignored { event, why }) => batch.ignored.push((event, why)),
            Err(error) => {
                batch.broken.insert(message_id, error.to_string());
            }
        }
    }
    batch
}

impl Batch {
    /// Says in the log what was let go, and what cannot be read.
    pub fn log(&self) {
        for (event, why) in &self.ignored {
            tracing::info!(event, why, "let go");
        }
        for (message_id, why) in &self.broken {
            tracing::error!(message_id, why, "the message cannot be read");
        }
    }

    /// The receipt handles of some messages, by their ids.
    pub fn handles<'batch>(
        &'batch self,
        ids: impl IntoIterator<Item = &'batch String>,
    ) -> impl Iterator<Item = &'batch String> {
        ids.into_iter().filter_map(|id| self.receipt_handles.get(id))
    }

    /// Lambda's partial batch response: the messages that have to come again.
    pub fn response<'failed>(failed: impl IntoIterator<Item = &'failed String>) -> Value {
        let failures: Vec<Value> =
            failed.into_iter().map(|message_id| json!({ "itemIdentifier": message_id })).collect();
        json!({ "batchItemFailures": failures })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACHED: &str = include_str!("../../../events/iam/AttachRolePolicy.json");
    const FAILED: &str = include_str!("../../../events/ignored/iam-AttachRolePolicy-failed.json");

    fn message(id: &str, receipts: &str, body: &str) -> Value {
        let attributes = json!({ "ApproximateReceiveCount": receipts });
        let handle = format!("receipt-{id}");
        json!({
            "messageId": id, "receiptHandle": handle, "body": body, "attributes": attributes,
        })
    }

    #[test]
    fn each_message_is_read_by_itself() {
        let records = [
            message("a", "1", ATTACHED),
            message("b", "2", ATTACHED),
            message("c", "1", FAILED),
            message("d", "1", "{"),
        ];
        let batch = read_batch(&json!({ "Records": records }), "111122223333");
        let arrivals: Vec<(&str, bool)> = batch
            .arrivals
            .iter()
            .map(|arrival| (arrival.message_id.as_str(), arrival.is_first_receipt))
            .collect();
        assert_eq!(arrivals, [("a", true), ("b", false)]);
        assert_eq!(batch.ignored.len(), 1);
        assert_eq!(batch.handles(batch.broken.keys()).collect::<Vec<_>>(), ["receipt-d"]);
        assert_eq!(
            Batch::response(batch.broken.keys()),
            json!({ "batchItemFailures": [{ "itemIdentifier": "d" }] })
        );
    }

    #[test]
    fn what_is_no_batch_fails_as_a_whole() {
        for event in [json!(null), json!({}), json!({ "Records": "none" })] {
            assert!(read_batch(&event, "111122223333").broken.contains_key(""));
        }
    }
}
