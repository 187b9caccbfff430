//! Text from elsewhere inside a page.

use std::fmt::{self, Display, Write};

use crate::printable::Printable;

/// Shows a text so that no part of it is markup, in an element or in a quoted attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(Printable<'a>);

impl<'a> Escaped<'a> {
    /// All of `text`.
    pub(crate) fn whole(text: &'a str) -> Self {
        Self(Printable::whole(text))
    }

    /// As much of `text` as people read.
    pub(crate) fn excerpt(text: &'a str) -> Self {
        Self(Printable::excerpt(text))
    }
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Passes on what it is given, escaped.
struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            self.0.write_str(&rest[..at])?;
            self.0.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        let shown = Escaped::whole("<img src=x onerror='a()'> & \"\u{0}\"").to_string();
        assert_eq!(shown, "&lt;img src=x onerror=&#39;a()&#39;&gt; &amp; &quot;\\u{0}&quot;");
    }
}
