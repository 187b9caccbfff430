//! What the answers of a platform mean for each record.

mod batches;
mod disguised;
mod single;

use serde_json::{Value, json};

use super::scripted::{Answer, Asked};

/// The results of a batch, one for each id.
fn results(asked: &Asked, result: impl Fn(&str) -> Value) -> Answer {
    let results: Vec<Value> = asked.ids().iter().map(|id| result(id)).collect();
    Answer::new(200, json!({ "results": results }).to_string())
}
