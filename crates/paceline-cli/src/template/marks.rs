//! The marks around values in a rendered text.
//!
//! Where a value lands is known only when the text around it is there, so each value is written between
//! marks, which a later pass (`json`, `url`) takes out. The marks are control characters: escaped text
//! never holds one, so that no value can forge them.

use super::error::TemplateFault;

/// Begins a text, already escaped.
pub(super) const TEXT: char = '\u{1}';
/// Begins a whole JSON value.
pub(super) const JSON: char = '\u{2}';
/// Begins text that the template itself calls safe and that is no JSON value.
pub(super) const FRAGMENT: char = '\u{3}';
/// Ends a value.
pub(super) const END: char = '\u{4}';

/// What begins a value.
const BEGINNINGS: [char; 3] = [TEXT, JSON, FRAGMENT];

/// Whether `text` holds a mark.
pub(super) fn has_marks(text: &str) -> bool {
    text.contains(BEGINNINGS) || text.contains(END)
}

/// Whether `text` holds marked values, as a captured block of a template does.
pub(super) fn looks_captured(text: &str) -> bool {
    text.contains(BEGINNINGS) && text.contains(END)
}

/// A stretch of a rendered text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The template's own text.
    Literal(&'a str),
    /// A value that is text, already escaped.
    Text(&'a str),
    /// A value that is whole JSON.
    Json(&'a str),
    /// What the template calls safe.
    Fragment(&'a str),
}

/// Cuts `rendered` at its marks. A filter over a captured block may have torn a pair of marks; this is
/// the error then.
pub(super) fn pieces(rendered: &str) -> impl Iterator<Item = Result<Piece<'_>, TemplateFault>> {
    let mut rest = rendered;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let (piece, left) = match BEGINNINGS.contains(&first) {
            true => cut_value(rest, first),
            false => cut_literal(rest),
        };
        rest = left;
        Some(piece)
    })
}

fn cut_literal(rest: &str) -> (Result<Piece<'_>, TemplateFault>, &str) {
    let (literal, left) = rest.split_at(rest.find(BEGINNINGS).unwrap_or(rest.len()));
    match literal.contains(END) {
        true => (Err(TemplateFault::Captured), ""),
        false => (Ok(Piece::Literal(literal)), left),
    }
}

fn cut_value(rest: &str, mark: char) -> (Result<Piece<'_>, TemplateFault>, &str) {
    let Some((value, left)) = rest[1..].split_once(END).filter(|(value, _)| !value.contains(BEGINNINGS))
    else {
        return (Err(TemplateFault::Captured), "");
    };
    let piece = match mark {
        TEXT => Piece::Text(value),
        JSON => Piece::Json(value),
        _ => Piece::Fragment(value),
    };
    (Ok(piece), left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_marks() {
        let pieces: Vec<_> = pieces("a\u{1}b\u{4}\u{2}1\u{4}\u{3}\u{4}c").map(Result::unwrap).collect();
        use Piece::{Fragment, Json, Literal, Text};
        assert_eq!(pieces, [Literal("a"), Text("b"), Json("1"), Fragment(""), Literal("c")]);
    }

    #[test]
    fn torn_marks_are_refused() {
        for text in ["\u{1}a", "a\u{4}", "\u{1}a\u{2}b\u{4}", "\u{4}a\u{1}"] {
            assert!(pieces(text).any(|piece| piece.is_err()), "{text:?}");
        }
    }
}
