//! One JSON object as the fields of a record.

use serde_json::{Map, Number, Value};

use super::error::Misread;
use super::fault::{Fault, found};

/// Parses `text`, which starts on `line` with something that is not blank.
pub(super) fn parse(text: &[u8], line: u64) -> Result<Map<String, Value>, Misread> {
    match text.first() {
        Some(b'{') => {}
        first => {
            return Err(Fault::NotObject { found: first.map_or("nothing", |byte| found(*byte)) }.at(line));
        }
    }
    let text = std::str::from_utf8(text).map_err(|_| Fault::NotUtf8.at(line))?;
    let fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| unreadable(&error, line))?;
    match fields.values().find_map(inexact) {
        Some(number) if has_long_number(text) => Err(Fault::InexactNumber(number.to_string()).at(line)),
        _ => Ok(fields),
    }
}

fn unreadable(error: &serde_json::Error, line: u64) -> Misread {
    let text = error.to_string();
    let detail = text.rsplit_once(" at line ").map_or(text.as_str(), |(detail, _)| detail).to_owned();
    let below = error.line().saturating_sub(1) as u64;
    Fault::Json { detail, column: error.column() }.at(line + below)
}

/// An integer beyond 64 bits, which was read as the nearest floating-point number.
fn inexact(value: &Value) -> Option<&Number> {
    match value {
        Value::Number(number) => {
            number.as_f64().is_some_and(|float| number.is_f64() && float.abs() >= LARGEST).then_some(number)
        }
        Value::Array(items) => items.iter().find_map(inexact),
        Value::Object(fields) => fields.values().find_map(inexact),
        _ => None,
    }
}

/// Whether a run of digits in `text` is longer than any 64-bit integer; `1e30` is not.
fn has_long_number(text: &str) -> bool {
    text.as_bytes().split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() >= LONG_DIGITS)
}

/// 2^63: integers below it are kept exactly.
const LARGEST: f64 = 9_223_372_036_854_775_808.0;

/// The digits of 2^63.
const LONG_DIGITS: usize = 19;
