//! One record, and how it is identified.

use std::borrow::Cow;
use std::io::Write;

use serde_json::{Map, Value};

/// One row of the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place among the records of the source; the first is 0.
    pub position: u64,
    /// The line of the source on which it starts; the first is 1.
    pub line: u64,
    /// Its fields in the order of the source. The values of CSV and TSV are strings.
    pub fields: Map<String, Value>,
}

impl Record {
    /// The record as one JSON object, on one line, fields in the order of the source.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(&self.fields).expect("a map of JSON values is always JSON")
    }

    /// What the record says, in 16 bytes: equal for equal fields in any order, whatever their line.
    ///
    /// Journals keep it, so its form never changes.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        let mut form = Vec::with_capacity(USUAL_RECORD_BYTES);
        write_object(&self.fields, &mut form);
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(&form).as_bytes()[..16]);
        digest
    }

    /// The value of the field `name` as the text that a key or an order compares: a string as it is, any
    /// other value as JSON. `None` when the field is missing or null.
    #[must_use]
    pub fn field_text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.fields.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }
}

/// A record before its position is counted.
pub(super) struct Unplaced {
    pub(super) line: u64,
    pub(super) fields: Map<String, Value>,
}

/// Writes the one form that equal values share. Lengths stand before contents, so that no two values
/// share a form by the accident of what they contain.
fn write_value(value: &Value, form: &mut Vec<u8>) {
    match value {
        Value::Null => form.push(b'n'),
        Value::Bool(true) => form.push(b't'),
        Value::Bool(false) => form.push(b'f'),
        Value::Number(number) => write!(form, "#{number};").expect("a Vec takes any write"),
        Value::String(text) => {
            form.push(b'"');
            write_text(text, form);
        }
        Value::Array(items) => {
            form.push(b'[');
            write_length(items.len(), form);
            items.iter().for_each(|item| write_value(item, form));
        }
        Value::Object(fields) => write_object(fields, form),
    }
}

fn write_object(fields: &Map<String, Value>, form: &mut Vec<u8>) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    form.push(b'{');
    write_length(sorted.len(), form);
    for (name, value) in sorted {
        write_text(name, form);
        write_value(value, form);
    }
}

fn write_text(text: &str, form: &mut Vec<u8>) {
    write_length(text.len(), form);
    form.extend_from_slice(text.as_bytes());
}

fn write_length(length: usize, form: &mut Vec<u8>) {
    form.extend_from_slice(&(length as u64).to_le_bytes());
}

/// Most records are smaller; larger ones cost a second allocation, nothing else.
const USUAL_RECORD_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> Record {
        Record { position: 0, line: 1, fields: serde_json::from_str(json).unwrap() }
    }

    #[test]
    fn the_digest_knows_fields_and_not_their_order_or_place() {
        let first = record(r#"{"a":"1","b":{"x":1,"y":[true,null]}}"#);
        let mut second = record(r#"{"b":{"y":[true,null],"x":1},"a":"1"}"#);
        second.position = 9;
        second.line = 12;
        assert_eq!(first.digest(), second.digest());
    }

    #[test]
    fn different_contents_have_different_digests() {
        let forms =
            [r#"{"a":"1"}"#, r#"{"a":1}"#, r#"{"a":"1","b":""}"#, r#"{"a1":""}"#, r#"{"a":["1"]}"#, "{}"];
        for (index, left) in forms.iter().enumerate() {
            for right in &forms[index + 1..] {
                assert_ne!(record(left).digest(), record(right).digest(), "{left} {right}");
            }
        }
    }

    #[test]
    fn the_digest_stays_what_journals_have_kept() {
        let digest = record(r#"{"iata":"00M","lat":31.5,"open":true}"#).digest();
        assert_eq!(u128::from_be_bytes(digest), 0x6732_c146_2f2b_445e_13b2_d195_3bbf_fc22);
    }

    #[test]
    fn a_key_is_text_whatever_its_type_and_null_is_none() {
        let record = record(r#"{"s":"a\"b","n":7,"b":false,"z":null,"l":[1]}"#);
        assert_eq!(record.field_text("s").as_deref(), Some("a\"b"));
        assert_eq!(record.field_text("n").as_deref(), Some("7"));
        assert_eq!(record.field_text("b").as_deref(), Some("false"));
        assert_eq!(record.field_text("l").as_deref(), Some("[1]"));
        assert_eq!(record.field_text("z"), None);
        assert_eq!(record.field_text("missing"), None);
    }
}
