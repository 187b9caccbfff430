//! Text from elsewhere, where a terminal or a page shows it: it must not move the cursor or turn the line around.

use std::fmt::{self, Write};

/// Shows a text with its control and direction characters spelled out, cut after so many characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printable<'a> {
    text: &'a str,
    most: usize,
}

impl<'a> Printable<'a> {
    /// All of `text`.
    pub(crate) fn whole(text: &'a str) -> Self {
        Self { text, most: usize::MAX }
    }

    /// As much of `text` as people read.
    pub(crate) fn excerpt(text: &'a str) -> Self {
        Self { text, most: EXCERPT_CHARS }
    }

    /// As much of `text` as fits on a line beside other things.
    pub(crate) fn glance(text: &'a str) -> Self {
        Self { text, most: GLANCE_CHARS }
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(self.most) {
            if character.is_control() || is_direction(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        match characters.count() {
            0 => Ok(()),
            more => write!(f, "… ({more} characters more)"),
        }
    }
}

/// Whether `character` is invisible and changes the order, or the line, in which others are shown.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A screenful at most: the whole is in the export.
const EXCERPT_CHARS: usize = 2_000;

/// A line or two.
const GLANCE_CHARS: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_spelled_out() {
        let text = "a\u{1b}[2Jb\r\nc\u{202e}d\u{9b}é";
        assert_eq!(Printable::whole(text).to_string(), "a\\u{1b}[2Jb\\r\\nc\\u{202e}d\\u{9b}é");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let text = "é".repeat(GLANCE_CHARS + 7);
        let shown = Printable::glance(&text).to_string();
        assert!(shown.ends_with("é… (7 characters more)"), "{shown}");
        assert_eq!(Printable::glance("short").to_string(), "short");
    }
}
