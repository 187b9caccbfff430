//! Where calls go.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use http::Uri;
use http::uri::InvalidUri;

use super::path::SentPath;
use super::pattern::PathPrefix;
use crate::template::{TargetUrl, TargetUrlError};

/// What becomes of the calls whose path begins with a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What their paths begin with.
    pub prefix: PathPrefix,
    /// Where they go; to where all others go, if it is not said.
    pub to: Option<Upstream>,
    /// Whether they wait for a permit. Others are forwarded at once.
    pub is_paced: bool,
}

/// Where one call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routed<'a> {
    /// Its upstream.
    pub to: &'a Upstream,
    /// Whether it waits for a permit. If not, it is forwarded at once, and no limit holds it back.
    pub is_paced: bool,
}

/// A platform's URL, with the path below which all calls to it stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    url: TargetUrl,
}

/// Why a text is no upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum NotAnUpstream {
    #[error(transparent)]
    Url(#[from] TargetUrlError),
    #[error(
        "an upstream has no query and no template; write scheme, host and perhaps a path, such as https://api.example.com/v1"
    )]
    MoreThanAPath,
    #[error("the path of an upstream has no `.` or `..` in it; write where it leads")]
    Dots,
}

impl Route {
    /// The calls whose path begins with `prefix`, paced, and sent where all others go.
    #[must_use]
    pub const fn new(prefix: PathPrefix) -> Self {
        Self { prefix, to: None, is_paced: true }
    }
}

impl Upstream {
    /// Where a call to `path`, with `query` behind its `?`, goes: what the path is has no say in the host, and with the
    /// upstream's path before it stays below that.
    ///
    /// # Errors
    /// When both together are too long for a URL, or have letters in them that no URL has.
    pub fn uri(&self, path: &SentPath<'_>, query: Option<&str>) -> Result<Uri, InvalidUri> {
        let (root, path) = (self.without_slash(), path.as_str());
        let mut text = String::with_capacity(root.len() + path.len() + 1 + query.map_or(0, str::len));
        text.extend([root, path]);
        if let Some(query) = query {
            text.extend(["?", query]);
        }
        Uri::from_maybe_shared(Bytes::from(text))
    }

    /// The URL, as it was written.
    #[must_use]
    pub fn url(&self) -> &TargetUrl {
        &self.url
    }

    fn without_slash(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }
}

impl FromStr for Upstream {
    type Err = NotAnUpstream;

    fn from_str(text: &str) -> Result<Self, NotAnUpstream> {
        let url: TargetUrl = text.parse()?;
        if url.as_str().contains(['?', '#', '{', '}']) || url.as_str().parse::<Uri>().is_err() {
            return Err(NotAnUpstream::MoreThanAPath);
        }
        SentPath::read(url.path_and_query()).map_err(|_| NotAnUpstream::Dots)?;
        Ok(Self { url })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn upstream(text: &str) -> Upstream {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_upstream_s_path_comes_before_the_call_s() {
        let path = SentPath::read("/records/%31;v=1//").unwrap();
        let uri = |to: &str, query| upstream(to).uri(&path, query).unwrap().to_string();
        for to in ["https://h", "https://h/"] {
            assert_eq!(uri(to, None), "https://h/records/%31;v=1//");
        }
        assert_eq!(
            uri("http://h:8080/base/v1/", Some("a=b/../c")),
            "http://h:8080/base/v1/records/%31;v=1//?a=b/../c"
        );
        assert_eq!(uri("https://h", Some("")), "https://h/records/%31;v=1//?");
    }

    #[test]
    fn what_is_no_upstream_says_what_to_write() {
        let errors = [
            "api.example.com",
            "ftp://h",
            "https://ann:sesame@h",
            "https://{{ h }}/",
            "https://h/?a=b",
            "https://h/#a",
            "https://h/{{ a }}",
            "https://h/a b",
            "https://h/a/../b",
            "https://h/%2e%2e/",
        ]
        .map(|text| text.parse::<Upstream>().unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"), @"
        no scheme; write `https://api.example.com`
        the scheme `ftp` cannot be called; use https:// or http://
        a URL must not hold a user name or password; name them under [auth], for example with basic_env
        the host cannot be a template: a record must not decide where calls go; write the host as it is
        an upstream has no query and no template; write scheme, host and perhaps a path, such as https://api.example.com/v1
        an upstream has no query and no template; write scheme, host and perhaps a path, such as https://api.example.com/v1
        an upstream has no query and no template; write scheme, host and perhaps a path, such as https://api.example.com/v1
        an upstream has no query and no template; write scheme, host and perhaps a path, such as https://api.example.com/v1
        the path of an upstream has no `.` or `..` in it; write where it leads
        the path of an upstream has no `.` or `..` in it; write where it leads
        ");
    }

    proptest! {
        #[test]
        fn no_path_names_another_host(path in "(/|@|:|%40|%2f|\\\\|evil|\\.example|;|#|\\?|.){0,20}", query in "(@|/|#|\\?|.){0,9}") {
            let path = format!("/{path}");
            let to = upstream("https://api.example.com:8443/base");
            let uri = SentPath::read(&path).ok().and_then(|sent| to.uri(&sent, Some(&query)).ok());
            if let Some(uri) = uri {
                prop_assert_eq!(uri.authority().map(|authority| authority.as_str()), Some("api.example.com:8443"));
                prop_assert_eq!(uri.scheme_str(), Some("https"));
                prop_assert_eq!(uri.path(), format!("/base{path}"));
            }
        }
    }
}
