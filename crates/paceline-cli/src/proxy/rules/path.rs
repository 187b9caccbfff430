//! A path as a client sent it.

use std::borrow::Cow;

use percent_encoding::{percent_decode, percent_decode_str};

/// The path of a call, without its query, of which no server makes a path outside of where it seems to be.
///
/// It is sent on as it came. Its segments, by which routes and rules look at it, are what servers make of them: percent-decoded
/// once, without `;parameters`, and empty ones are passed over. An encoded slash is no border between segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentPath<'a>(&'a str);

/// Why a path is not sent on; safe to tell its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum PathRefused {
    #[error("the path does not begin with `/`, or has a `?` or `#` in it")]
    NotAPath,
    #[error("the path has a `.` or `..` in it, plain or encoded; resolve it before sending")]
    Dots,
    #[error("the path has an encoded zero byte in it")]
    Zero,
    #[error("the path is percent-encoded more than {DECODINGS} times over")]
    EncodedTooOften,
}

impl<'a> SentPath<'a> {
    /// Reads `path` as it was sent, without a query.
    ///
    /// # Errors
    /// When it is not a path, or could lead out of its route: nothing honest has dots in it, since clients resolve them
    /// (RFC 3986 5.2.4), but a server may resolve those that are encoded, or have `;parameters`, long after us.
    pub fn read(path: &'a str) -> Result<Self, PathRefused> {
        if !path.starts_with('/') || path.contains(['?', '#']) {
            return Err(PathRefused::NotAPath);
        }
        let mut text = Cow::Borrowed(path.as_bytes());
        for _ in 0..=DECODINGS {
            if has_dots(&text) {
                return Err(PathRefused::Dots);
            }
            if text.contains(&0) {
                return Err(PathRefused::Zero);
            }
            match Cow::from(percent_decode(&text)) {
                Cow::Borrowed(_) => return Ok(Self(path)),
                Cow::Owned(decoded) => text = Cow::Owned(decoded),
            }
        }
        Err(PathRefused::EncodedTooOften)
    }

    /// The path as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.0
    }

    /// Its segments, as routes and rules see them.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'a, [u8]>> + use<'a> {
        segments(self.0)
    }
}

/// The segments of `path`: decoded, without parameters, none of them empty.
pub(super) fn segments(path: &str) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let plain = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default());
    plain.filter(|segment| !segment.is_empty()).map(|segment| percent_decode_str(segment).into())
}

/// Whether a server could see a `.` or `..` segment here. Some take `\` for `/`, some cut `;parameters` first.
fn has_dots(path: &[u8]) -> bool {
    let segments = path.split(|byte| b"/\\".contains(byte));
    let mut plain = segments.map(|segment| segment.split(|byte| *byte == b';').next().unwrap_or_default());
    plain.any(|segment| segment == b"." || segment == b"..")
}

/// A URL in a URL in a URL: more is only ever meant to get past somebody.
const DECODINGS: usize = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(path: &str) -> Vec<String> {
        let sent = SentPath::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        sent.segments().map(|segment| String::from_utf8_lossy(&segment).into_owned()).collect()
    }

    #[test]
    fn segments_are_what_a_server_makes_of_them() {
        let cases: [(&str, &[&str]); 9] = [
            ("/", &[]),
            ("/a/b", &["a", "b"]),
            ("/a/b/", &["a", "b"]),
            ("//a///b", &["a", "b"]),
            ("/%61/b%20c", &["a", "b c"]),
            ("/group%2Fproject/x", &["group/project", "x"]),
            ("/a;v=1/;x/b;;", &["a", "b"]),
            ("/100%/%zz", &["100%", "%zz"]),
            ("/.well-known/.../a..b", &[".well-known", "...", "a..b"]),
        ];
        for (path, segments) in cases {
            assert_eq!(seen(path), segments, "{path}");
        }
    }

    #[test]
    fn a_path_that_could_lead_elsewhere_is_refused() {
        let dots = [
            "/..",
            "/.",
            "/a/../b",
            "/a/./b",
            "/%2e%2e/b",
            "/.%2E/b",
            "/a/..;/b",
            "/a/..;x=1/b",
            "/a/%2e%2e%3b/b",
            "/a/..%2fb",
            "/a%2f..%2fb",
            "/a%5c..%5cb",
            "/a\\..\\b",
            "/%252e%252e/b",
            "/%25252e%25252e/b",
            "/%%32e./b",
            "/a;/..",
            "/a;%2f..%2f",
        ];
        for path in dots {
            assert_eq!(SentPath::read(path), Err(PathRefused::Dots), "{path}");
        }
        assert_eq!(SentPath::read("/a%00"), Err(PathRefused::Zero));
        assert_eq!(SentPath::read("/%2525252e./b"), Err(PathRefused::EncodedTooOften));
        for path in ["", "*", "a", "a/b", "http://h/", "@h", "/a?b", "/a#b"] {
            assert_eq!(SentPath::read(path), Err(PathRefused::NotAPath), "{path}");
        }
    }

    #[test]
    fn a_path_in_a_path_is_none_of_ours() {
        for path in
            ["/fetch/https%3A%2F%2Fh%2Fx", "/fetch/https%253A%252F%252Fh%252Fx", "/fetch/https%25253A"]
        {
            assert_eq!(SentPath::read(path).map(|sent| sent.as_str()), Ok(path));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(path in "(/|%|2|5|e|E|f|\\.|;|\\\\|.){0,40}") {
            if let Ok(sent) = SentPath::read(&format!("/{path}")) {
                prop_assert!(sent.segments().all(|segment| !segment.is_empty()));
                prop_assert!(sent.segments().all(|segment| &*segment != b"." && &*segment != b".."));
            }
        }

        #[test]
        fn a_server_that_decodes_and_resolves_stays_below_the_first_segment(
            parts in prop::collection::vec("(\\.|%2e|%2E|%252e|/|%2f|%5C|;|%3b|a|%00){1,3}", 0..8)
        ) {
            let path = format!("/first/{}", parts.join("/"));
            if let Ok(sent) = SentPath::read(&path) {
                for resolved in servers_views(sent.as_str()) {
                    prop_assert_eq!(resolved.first().map(String::as_str), Some("first"), "{}", path);
                }
            }
        }
    }

    /// What servers of several habits make of a path: decoded up to three times, parameters cut, dots resolved.
    fn servers_views(path: &str) -> Vec<Vec<String>> {
        let mut text = path.to_owned();
        let mut views = Vec::new();
        for _ in 0..=3 {
            let mut stack: Vec<String> = Vec::new();
            for part in text.split(['/', '\\']) {
                match part.split(';').next().expect("a split has a first part") {
                    "" | "." => {}
                    ".." => drop(stack.pop()),
                    plain => stack.push(plain.to_owned()),
                }
            }
            views.push(stack);
            text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        }
        views
    }
}
