//! Paths as people write them in a configuration: patterns and prefixes.

use std::fmt;
use std::str::FromStr;

use super::path::{SentPath, segments};

/// A pattern of paths: `/api/v2/*/exports/**`. `*` is any one segment, `**` at the end is any rest or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    steps: Vec<Step>,
    has_any_rest: bool,
}

/// The beginning of paths, up to a border between segments: `/oauth/`, which is also that of `/oauth`.
#[derive(Clone, Debug)]
pub struct PathPrefix {
    text: String,
    segments: Vec<Box<[u8]>>,
}

/// Why a text is no pattern, or no prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum NotAPattern {
    #[error("`{0}` is not a path; begin with `/`")]
    NoSlash(String),
    #[error("`{0}` cannot stand in a path here; a path has no query, and parameters are passed over")]
    Mark(char),
    #[error("`{0}` has a part that no path sent on can have: `.`, `..` or a zero byte, plain or encoded")]
    Unsound(String),
    #[error("`{0}`: `*` stands for a whole segment, as in /api/*/exports; write %2A for the sign itself")]
    PartOfSegment(String),
    #[error("`{0}`: `**` is any rest, and stands at the end alone; write `*` for one segment")]
    RestInside(String),
    #[error("`{0}` has a `*`, but a prefix is no pattern; leave it out")]
    NotAPrefix(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Literal(Box<[u8]>),
    Any,
}

impl PathPattern {
    /// Whether `path` is one of those meant. Upper and lower case differ.
    #[must_use]
    pub fn matches(&self, path: &SentPath<'_>) -> bool {
        let mut sent = path.segments();
        let begins = self.steps.iter().all(|step| sent.next().is_some_and(|segment| step.matches(&segment)));
        begins && (self.has_any_rest || sent.next().is_none())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for PathPattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let mut literals = sound(text)?;
        let has_any_rest = text.trim_end_matches('/').ends_with("/**");
        if has_any_rest {
            literals.pop();
        }
        let steps = literals.into_iter().map(|segment| step(text, segment)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), steps, has_any_rest })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PathPrefix {
    /// Whether `path` begins with it.
    #[must_use]
    pub fn is_of(&self, path: &SentPath<'_>) -> bool {
        let mut sent = path.segments();
        self.segments.iter().all(|segment| sent.next().is_some_and(|other| *other == **segment))
    }

    /// Of how many segments it is.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "the prefix `/` has none and is no special case")]
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// However they are written: `/oauth` and `/o%61uth/` begin the same paths.
impl PartialEq for PathPrefix {
    fn eq(&self, other: &Self) -> bool {
        self.segments == other.segments
    }
}

impl Eq for PathPrefix {}

impl FromStr for PathPrefix {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let raw = sound(text)?;
        if text.contains('*') {
            return Err(NotAPattern::NotAPrefix(text.to_owned()));
        }
        let segments = raw.into_iter().map(decoded).collect();
        Ok(Self { text: text.to_owned(), segments })
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Step {
    fn matches(&self, segment: &[u8]) -> bool {
        match self {
            Self::Literal(literal) => **literal == *segment,
            Self::Any => true,
        }
    }
}

/// The segments of `text` as they are written, if it could be the path of a call.
fn sound(text: &str) -> Result<Vec<&str>, NotAPattern> {
    if !text.starts_with('/') {
        return Err(NotAPattern::NoSlash(text.to_owned()));
    }
    let is_mark = |letter: char| matches!(letter, '?' | '#' | ';' | '\\') || letter.is_control();
    if let Some(mark) = text.chars().find(|letter| is_mark(*letter)) {
        return Err(NotAPattern::Mark(mark));
    }
    SentPath::read(text).map_err(|_| NotAPattern::Unsound(text.to_owned()))?;
    Ok(text.split('/').filter(|segment| !segment.is_empty()).collect())
}

fn step(pattern: &str, segment: &str) -> Result<Step, NotAPattern> {
    match segment {
        "*" => Ok(Step::Any),
        "**" => Err(NotAPattern::RestInside(pattern.to_owned())),
        _ if segment.contains('*') => Err(NotAPattern::PartOfSegment(pattern.to_owned())),
        _ => Ok(Step::Literal(decoded(segment))),
    }
}

fn decoded(segment: &str) -> Box<[u8]> {
    segments(segment).next().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> PathPattern {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn sent(path: &str) -> SentPath<'_> {
        SentPath::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[test]
    fn patterns_match_whole_segments() {
        let cases: [(&str, &[&str], &[&str]); 7] = [
            (
                "/api/v2/*/exports/**",
                &["/api/v2/7/exports", "/api/v2/7/exports/a/b", "/api//v2/%37/exports/"],
                &[
                    "/api/v2/exports",
                    "/api/v2/7/8/exports",
                    "/api/v2/7/exportsx",
                    "/API/v2/7/exports",
                    "/x/api/v2/7/exports",
                ],
            ),
            ("/", &["/", "//", "/;x"], &["/a"]),
            ("/**", &["/", "/a", "/a/b"], &[]),
            ("/*", &["/a", "/a/", "/a%2Fb"], &["/", "/a/b"]),
            ("/a/b", &["/a/b", "/a/b/", "/a/b;v=1", "/%61/b"], &["/a", "/a/b/c", "/a%2Fb"]),
            ("/a%2Fb", &["/a%2Fb", "/a%2fb"], &["/a/b"]),
            ("/%2A", &["/*", "/%2a"], &["/a"]),
        ];
        for (text, matching, others) in cases {
            assert!(matching.iter().all(|path| pattern(text).matches(&sent(path))), "{text}");
            assert!(!others.iter().any(|path| pattern(text).matches(&sent(path))), "{text}");
        }
    }

    #[test]
    fn a_prefix_ends_on_a_border() {
        let prefix: PathPrefix = "/oauth/v1/".parse().unwrap();
        for path in ["/oauth/v1", "/oauth/v1/", "/oauth/v1/token", "//oauth;x/v1/a", "/%6fauth/v1"] {
            assert!(prefix.is_of(&sent(path)), "{path}");
        }
        for path in ["/", "/oauth", "/oauth/v10", "/x/oauth/v1", "/oauth%2Fv1", "/OAuth/v1"] {
            assert!(!prefix.is_of(&sent(path)), "{path}");
        }
        assert_eq!(prefix, "/o%61uth/v1".parse().unwrap());
    }

    #[test]
    fn what_is_no_pattern_says_what_to_write() {
        let errors = ["", "api", "/a?b", "/a;b", "/a\\b", "/a/../b", "/%2e%2e/b", "/v*/b", "/a/**/b", "/***"]
            .map(|text| text.parse::<PathPattern>().unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"), @r#"
        `` is not a path; begin with `/`
        `api` is not a path; begin with `/`
        `?` cannot stand in a path here; a path has no query, and parameters are passed over
        `;` cannot stand in a path here; a path has no query, and parameters are passed over
        `\` cannot stand in a path here; a path has no query, and parameters are passed over
        `/a/../b` has a part that no path sent on can have: `.`, `..` or a zero byte, plain or encoded
        `/%2e%2e/b` has a part that no path sent on can have: `.`, `..` or a zero byte, plain or encoded
        `/v*/b`: `*` stands for a whole segment, as in /api/*/exports; write %2A for the sign itself
        `/a/**/b`: `**` is any rest, and stands at the end alone; write `*` for one segment
        `/***`: `*` stands for a whole segment, as in /api/*/exports; write %2A for the sign itself
        "#);
        let error = "/a/*/".parse::<PathPrefix>().unwrap_err().to_string();
        insta::assert_snapshot!(error, @"`/a/*/` has a `*`, but a prefix is no pattern; leave it out");
    }

    proptest! {
        #[test]
        fn a_path_matches_its_own_pattern_and_prefix(path in "(/[a-z0-9%._~é-]{0,6}){1,6}/?") {
            if let Ok(sent) = SentPath::read(&path) {
                prop_assert!(pattern(&path).matches(&sent));
                prop_assert!(path.parse::<PathPrefix>().unwrap().is_of(&sent));
            }
        }

        #[test]
        fn any_rest_is_any_rest(path in "(/[a-z]{1,3}){0,3}", rest in "(/[a-z%2F;é]{0,4}){0,4}") {
            let whole = format!("{path}{rest}/");
            if let Ok(sent) = SentPath::read(&whole) {
                let any_rest = pattern(&format!("{path}/**"));
                prop_assert!(any_rest.matches(&sent));
            }
        }

        #[test]
        fn a_star_for_any_segment_matches_too(path in prop::collection::vec("[a-z]{1,3}", 1..5), at: prop::sample::Index) {
            let mut starred = path.clone();
            starred[at.index(path.len())] = "*".to_owned();
            let path = format!("/{}", path.join("/"));
            let starred = pattern(&format!("/{}", starred.join("/")));
            prop_assert!(starred.matches(&sent(&path)));
        }

        #[test]
        fn no_text_makes_them_panic(text in "/?(/|\\*|%2|e|\\.|;|.){0,20}", path in "/(/|%2|e|\\.|;|.){0,20}") {
            let sent = SentPath::read(&path);
            if let (Ok(pattern), Ok(sent)) = (text.parse::<PathPattern>(), &sent) {
                let _ = pattern.matches(sent);
            }
            if let (Ok(prefix), Ok(sent)) = (text.parse::<PathPrefix>(), &sent) {
                let _ = prefix.is_of(sent);
            }
        }
    }
}
