//! Calls as HTTP: where a lane's go, whose they are, and what they carry.

use std::fmt::Write;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, HeaderName};
use paceline_core::CallId;
use paceline_sim::strategy::Lane;

use super::intake::Load;

/// What every attempt of a call sends.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Such as `/records/0`.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// How calls are written in a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    pub(super) record_bytes: usize,
    pub(super) is_bulk: bool,
    /// Whether calls have an idempotency key.
    pub(super) is_repeatable: bool,
}

impl Writing {
    pub(super) fn message(self, call: CallId, load: &Load) -> Message {
        let mut headers = self.headers(load.lane);
        if self.is_repeatable {
            headers.insert("idempotency-key", text(&format!("call-{}", call.0)));
        }
        Message { path: path(load.lane, self.is_bulk), headers, body: self.body(&load.records).into() }
    }

    fn headers(self, lane: Lane) -> HeaderMap {
        [
            (AUTHORIZATION, text(&format!("Bearer {}", credential(lane.credential)))),
            (HeaderName::from_static("x-integration"), text(&integration(lane.integration))),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]
        .into_iter()
        .collect()
    }

    fn body(self, records: &[u64]) -> String {
        let room = (self.record_bytes + BETWEEN_RECORDS) * records.len() + AROUND_A_BATCH;
        let mut body = String::with_capacity(room);
        if !self.is_bulk {
            write_record(records[0], self.record_bytes, &mut body);
            return body;
        }
        body.push_str(r#"{"entities":["#);
        for (place, &record) in records.iter().enumerate() {
            body.push_str(if place == 0 { "" } else { "," });
            write_record(record, self.record_bytes, &mut body);
        }
        body.push_str("]}");
        body
    }
}

/// A message for somebody else's call: it carries nothing.
pub(super) fn foreign(lane: Lane) -> Message {
    let writing = Writing { record_bytes: 0, is_bulk: false, is_repeatable: false };
    let mut headers = writing.headers(lane);
    headers.insert(crate::platform::FOREIGN, HeaderValue::from_static("1"));
    Message { path: path(lane, false), headers, body: Bytes::new() }
}

/// The token of a credential.
pub(super) fn credential(index: u32) -> String {
    format!("credential-{index}")
}

/// The name of a kind of integration.
pub(super) fn integration(index: u32) -> String {
    format!("integration-{index}")
}

/// The path of a lane's endpoint.
pub(super) fn path(lane: Lane, is_bulk: bool) -> String {
    let endpoint = lane.endpoint;
    if is_bulk { format!("/records/bulk/{endpoint}") } else { format!("/records/{endpoint}") }
}

/// A record of `bytes`, or as few more as its number needs.
fn write_record(record: u64, bytes: usize, body: &mut String) {
    let start = body.len();
    let _ = write!(body, r#"{{"id":{record},"pad":""#);
    let written = body.len() - start + END.len();
    body.extend(std::iter::repeat_n('x', bytes.saturating_sub(written)));
    body.push_str(END);
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("names and numbers are text")
}

const END: &str = r#""}"#;
/// `{"entities":[]}`
pub(super) const AROUND_A_BATCH: usize = 15;
/// A comma.
pub(super) const BETWEEN_RECORDS: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;

    const WRITING: Writing = Writing { record_bytes: 100, is_bulk: false, is_repeatable: true };

    fn load(records: &[u64]) -> Load {
        Load { lane: Lane { credential: 1, integration: 2, endpoint: 3 }, records: records.into() }
    }

    #[test]
    fn a_record_is_as_long_as_it_should_be_and_names_itself() {
        let message = WRITING.message(CallId(7), &load(&[12]));
        assert_eq!(message.path, "/records/3");
        assert_eq!(message.body.len(), 100);
        let record: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(record["id"], 12);
        assert_eq!(message.headers["authorization"], "Bearer credential-1");
        assert_eq!(message.headers["x-integration"], "integration-2");
        assert_eq!(message.headers["idempotency-key"], "call-7");
    }

    #[test]
    fn a_batch_is_no_longer_than_its_parts_were_counted() {
        let message = Writing { is_bulk: true, ..WRITING }.message(CallId(0), &load(&[1, 2, 3]));
        assert_eq!(message.path, "/records/bulk/3");
        assert!(message.body.len() <= 3 * (100 + BETWEEN_RECORDS) + AROUND_A_BATCH);
        let batch: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(batch["entities"].as_array().unwrap().len(), 3);
    }
}
