//! The pass that puts values into a JSON text: within quotes as text, elsewhere as whole values.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::error::TemplateFault;
use super::marks::{Piece, pieces};

/// Takes the marks out of `rendered`, checking for each value that it stays in its place.
pub(super) fn settle(rendered: &str) -> Result<Vec<u8>, TemplateFault> {
    let mut text = String::with_capacity(rendered.len());
    let mut quotes = Quotes::default();
    for piece in pieces(rendered) {
        let piece = piece?;
        if quotes.escaped && !matches!(piece, Piece::Literal(_)) {
            return Err(TemplateFault::Backslash(tail(&text)));
        }
        match (piece, quotes.inside) {
            (Piece::Literal(literal), _) => {
                quotes.pass(literal);
                text.push_str(literal);
            }
            (Piece::Text(value), true) => push_checked(value, is_json(&format!("\"{value}\"")), &mut text)?,
            (Piece::Text(value), false) => push_scalar(value, &mut text)?,
            (Piece::Json(value) | Piece::Fragment(value), true) => push_escaped(value, &mut text),
            (Piece::Json(value), false) => push_checked(value, is_json(value), &mut text)?,
            (Piece::Fragment(value), false) => text.push_str(value),
        }
    }
    check(&text)?;
    Ok(text.into_bytes())
}

/// Whether `text` is one JSON value.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether the text so far ends within a JSON string, and right after a backslash there.
#[derive(Default)]
struct Quotes {
    inside: bool,
    escaped: bool,
}

impl Quotes {
    fn pass(&mut self, literal: &str) {
        for byte in literal.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = self.inside,
                b'"' => self.inside = !self.inside,
                _ => {}
            }
        }
    }
}

/// A value as it was escaped, unless a filter over a captured block has undone that.
fn push_checked(value: &str, is_whole: bool, text: &mut String) -> Result<(), TemplateFault> {
    if !is_whole {
        return Err(TemplateFault::Captured);
    }
    text.push_str(value);
    Ok(())
}

/// A list, a map or JSON within quotes: its text.
fn push_escaped(value: &str, text: &mut String) {
    let quoted = serde_json::to_string(value).expect("a text is always JSON");
    text.push_str(&quoted[1..quoted.len() - 1]);
}

/// A text where no quotes stand around it, such as a number of a CSV file.
fn push_scalar(value: &str, text: &mut String) -> Result<(), TemplateFault> {
    let trimmed = value.trim();
    match serde_json::from_str(trimmed) {
        Ok(Value::Number(_) | Value::Bool(_) | Value::Null) => text.push_str(trimmed),
        _ if trimmed.is_empty() => return Err(TemplateFault::UnquotedNothing { before: tail(text) }),
        _ => return Err(TemplateFault::Unquoted { value: head(value), before: tail(text) }),
    }
    Ok(())
}

fn check(text: &str) -> Result<(), TemplateFault> {
    let Err(error) = serde_json::from_str::<IgnoredAny>(text) else { return Ok(()) };
    let message = error.to_string();
    let detail = message.rsplit_once(" at line ").map_or(message.as_str(), |(detail, _)| detail).to_owned();
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let mut offset = (line_start + error.column()).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    Err(TemplateFault::NotJson { detail, spot: tail(&text[..offset]) })
}

/// The beginning of `text`, short enough for a message.
pub(super) fn head(text: &str) -> String {
    let mut head: String = text.chars().take(EXCERPT_CHARS).collect();
    if head.len() < text.len() {
        head.push_str("...");
    }
    head
}

/// The end of `text`, short enough for a message.
fn tail(text: &str) -> String {
    let start = text.char_indices().rev().nth(EXCERPT_CHARS - 1).map_or(0, |(index, _)| index);
    text[start..].trim_start().to_owned()
}

/// Enough to find a place again, little enough to read.
const EXCERPT_CHARS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(rendered: &str) -> String {
        settle(rendered)
            .map_or_else(|fault| format!("error: {fault}"), |json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn a_value_is_text_within_quotes_and_a_value_elsewhere() {
        assert_eq!(settled("{\"a\": \"\u{1}x\\\"y\u{4}\"}"), r#"{"a": "x\"y"}"#);
        assert_eq!(settled("{\"a\": \u{1} 31.5 \u{4}}"), r#"{"a": 31.5}"#);
        assert_eq!(settled("[\u{2}{\"b\":[1]}\u{4}]"), r#"[{"b":[1]}]"#);
        assert_eq!(settled("[\"\u{2}{\",\":1}\u{4}\"]"), r#"["{\",\":1}"]"#);
    }

    #[test]
    fn a_value_that_would_break_out_is_refused() {
        insta::assert_snapshot!(settled("[\u{1}1,2\u{4}]"), @"error: `1,2` after `[` is not a number, true, false or null; write quotes around the expression");
        insta::assert_snapshot!(settled("{\"a\": \u{1}\u{4}}"), @r#"error: nothing after `{"a": `; write quotes around the expression, or `| default("null", true)`"#);
        insta::assert_snapshot!(settled("{\"a\": \"\\\u{1}x\u{4}\"}"), @r#"error: a backslash before an expression, after `{"a": "\`; write it twice"#);
        insta::assert_snapshot!(settled("{\"a\":\n \u{2}1\u{4},}"), @r#"
        error: not valid JSON at `{"a":
         1,}`: key must be a string
        "#);
    }
}
