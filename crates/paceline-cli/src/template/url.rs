//! The pass that makes a URL of a rendered text.

use http::Uri;
use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::error::TemplateFault;
use super::json::head;
use super::marks::{Piece, has_marks, pieces};
use super::target_url::authority_length;

/// Takes the marks out of `rendered`, checking that no value changes which path is called.
pub(super) fn settle(rendered: &str) -> Result<Uri, TemplateFault> {
    let text = strip(rendered)?;
    let (_, rest) = rendered.split_once("://").unwrap_or_default();
    let path = &rest[authority_length(rest)..];
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    path.split('/').filter(|segment| has_marks(segment)).try_for_each(check_segment)?;
    parse(&text)
}

/// `rendered` without marks.
pub(super) fn strip(rendered: &str) -> Result<String, TemplateFault> {
    let mut text = String::with_capacity(rendered.len());
    for piece in pieces(rendered) {
        match piece? {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Text(value) if value.bytes().all(is_encoded) => text.push_str(value),
            _ => return Err(TemplateFault::Captured),
        }
    }
    Ok(text)
}

/// `text`, without marks, as a URL that can be called.
pub(super) fn parse(text: &str) -> Result<Uri, TemplateFault> {
    if text.contains('#') {
        let reason = "what follows `#` would not be sent; write %23".to_owned();
        return Err(TemplateFault::NotUrl(head(text), reason));
    }
    let ascii = utf8_percent_encode(text, &NON_ASCII).to_string();
    ascii.parse().map_err(|error: http::uri::InvalidUri| TemplateFault::NotUrl(head(text), error.to_string()))
}

/// Servers and proxies resolve `.` and `..`, and an empty segment is another resource.
fn check_segment(segment: &str) -> Result<(), TemplateFault> {
    match strip(segment)?.as_str() {
        "" => Err(TemplateFault::EmptyInPath(Vec::new())),
        dots @ ("." | "..") => Err(TemplateFault::DotInPath(dots.to_owned())),
        _ => Ok(()),
    }
}

/// RFC 3986 2.3's unreserved characters, and the `%` of encoded ones.
fn is_encoded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)
}

/// Percent-encodes nothing that is ASCII: a template's own characters stand as they are.
const NON_ASCII: AsciiSet = AsciiSet::EMPTY;
