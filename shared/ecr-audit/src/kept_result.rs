//! An answer as a record keeps it: whole, unless policies make it longer than the record's item of
//! the ledger could hold several times over. It hangs on the answer alone, so that the same answer
//! is the same each time.

use serde_json::Value;

use crate::assessment::CheckResult;
use crate::permissions::PolicyStatement;
use crate::words::shortened;

/// How many bytes of JSON an answer has at most. A finding, its import and an alert for each topic
/// hold it; an item of DynamoDB has 400 KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LARGEST: usize = 48 * 1024;

/// How much of its lists and texts an answer keeps.
#[derive(Clone, Copy)]
struct Room {
    /// Of each action's statements, and of a witness's context.
    items: usize,
    /// Of reasons and notes.
    sentences: usize,
    /// Of each text, in bytes.
    text: usize,
}

/// From what nearly every answer has to what always fits.
const ROOMS: [Room; 4] = [
    Room { items: 20, sentences: 20, text: 2048 },
    Room { items: 5, sentences: 10, text: 1024 },
    Room { items: 2, sentences: 5, text: 256 },
    Room { items: 1, sentences: 5, text: 128 },
];

/// What an answer says that does not name everything.
const SHORTENED: &str = "More statements or conditions stand behind this than are kept here.";

/// An answer as a record keeps it.
pub fn kept_result(result: &CheckResult) -> CheckResult {
    if is_small(result) {
        return result.clone();
    }
    let mut rooms = ROOMS.into_iter().map(|room| within(result, room));
    let fitting = rooms.find(is_small);
    fitting.unwrap_or_else(|| within(result, ROOMS[ROOMS.len() - 1]))
}

fn is_small(result: &CheckResult) -> bool {
    serde_json::to_string(result).is_ok_and(|json| json.len() <= LARGEST)
}

fn within(result: &CheckResult, room: Room) -> CheckResult {
    let mut kept = result.clone();
    for excess in &mut kept.excess {
        within_statements(&mut excess.statements, room);
        let Some(witness) = &mut excess.witness else { continue };
        let context = std::mem::take(&mut witness.context).into_iter().take(room.items);
        witness.context = context
            .map(|(key, value)| (shortened(&key, room.text), within_value(value, room)))
            .collect();
    }
    for cause in kept.missing.iter_mut().flat_map(|missing| &mut missing.causes) {
        if let Some(statements) = cause.statements_mut() {
            within_statements(statements, room);
        }
    }
    for sentences in [&mut kept.reasons, &mut kept.notes] {
        sentences.truncate(room.sentences);
        for sentence in sentences {
            *sentence = shortened(sentence, room.text);
        }
    }
    if kept != *result {
        kept.notes.push(SHORTENED.to_owned());
    }
    kept
}

fn within_statements(statements: &mut Vec<PolicyStatement>, room: Room) {
    statements.truncate(room.items);
    for statement in statements {
        statement.sid = statement.sid.as_deref().map(|sid| shortened(sid, room.text));
    }
}

fn within_value(value: Value, room: Room) -> Value {
    match value {
        Value::String(text) => shortened(&text, room.text).into(),
        Value::Array(values) => {
            values.into_iter().take(room.items).map(|value| within_value(value, room)).collect()
        }
        other => other,
    }
}
