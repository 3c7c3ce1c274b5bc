//! The messages of a queue, each read by itself, so that one broken message fails alone.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use std::collections::BTreeMap;

use ecr_audit::journey::Arrival;
use serde_json::{Value, json};

use crate::envelope::{Reading, read};
use crate::record::text;

/// A batch, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The messages that could be read.
    pub arrivals: Vec<Arrival>,
    /// The messages that could not, with the reason.
    pub broken: BTreeMap<String, String>,
    /// The events that were let go: name and reason.
    pub ignored: Vec<(String, String)>,
}

/// Reads what Lambda hands over from a queue.
pub fn read_batch(event: &Value, account: &str) -> Batch {
    let mut batch = Batch::default();
    for record in event["Records"].as_array().map_or(&[][..], Vec::as_slice) {
        let message_id = text(&record["messageId"]).unwrap_or_default().to_owned();
        let receipts = text(&record["attributes"]["ApproximateReceiveCount"]);
        let is_first_receipt = receipts.is_none_or(|count| count == "1");
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
    /// Lambda's partial batch response: the messages that have to come again.
    pub fn response<'failed>(failed: impl IntoIterator<Item = &'failed String>) -> Value {
        let failures: Vec<Value> =
            failed.into_iter().map(|message_id| json!({ "itemIdentifier": message_id })).collect();
        json!({ "batchItemFailures": failures })
    }
}
