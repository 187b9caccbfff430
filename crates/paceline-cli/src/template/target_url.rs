//! The URL of a target: its host is fixed, its path and query may be a template.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::uri::Authority;

/// A URL whose scheme and host stand as they are, so that no record decides where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUrl {
    text: String,
    authority: Authority,
    is_https: bool,
}

impl TargetUrl {
    /// The whole URL, template expressions included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, without port; an IPv6 address in its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// What follows the host; `/` where nothing does.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        let after_scheme = self.text.find("://").map_or(0, |at| at + 3);
        let rest = &self.text[after_scheme..];
        rest.find(['/', '?']).map_or("/", |at| &rest[at..])
    }

    /// Whether calls go over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether the host is this machine, so that nobody else can listen in.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        let is_local_name = host.eq_ignore_ascii_case("localhost");
        is_local_name || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for TargetUrl {
    type Err = TargetUrlError;

    fn from_str(text: &str) -> Result<Self, TargetUrlError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?', '{']) => (scheme, rest),
            _ if text[..authority_length(text)].contains('@') => return Err(TargetUrlError::Credentials),
            _ => return Err(TargetUrlError::NoScheme(with_scheme(text))),
        };
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return Err(TargetUrlError::OtherScheme(scheme.to_owned()));
        }
        let host = &rest[..authority_length(rest)];
        if host.contains(['{', '}']) {
            return Err(TargetUrlError::HostIsTemplate);
        }
        if host.contains('@') {
            return Err(TargetUrlError::Credentials);
        }
        let authority: Authority = host.parse().map_err(|_| TargetUrlError::BadHost(host.to_owned()))?;
        let port = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        let is_port_bad = port.is_some() && authority.port_u16().is_none();
        if authority.host().is_empty() || is_port_bad {
            return Err(TargetUrlError::BadHost(host.to_owned()));
        }
        Ok(Self { text: text.to_owned(), authority, is_https })
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is not the URL of a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum TargetUrlError {
    #[error("no scheme; write `{0}`")]
    NoScheme(String),
    #[error("the scheme `{0}` cannot be called; use https:// or http://")]
    OtherScheme(String),
    #[error("`{0}` is not a host; write `https://host/path` or `https://host:port/path`")]
    BadHost(String),
    #[error(
        "the host cannot be a template: a record must not decide where calls go; write the host as it is"
    )]
    HostIsTemplate,
    #[error(
        "a URL must not hold a user name or password; name them under [auth], for example with basic_env"
    )]
    Credentials,
}

/// `text` as it was most likely meant: https, but for this machine.
fn with_scheme(text: &str) -> String {
    let rest = text.trim_start_matches('/');
    let is_local = ["localhost", "127.", "[::1]"].iter().any(|host| rest.starts_with(host));
    format!("{}://{rest}", if is_local { "http" } else { "https" })
}

/// How long the authority at the start of `rest`, what follows `://`, is.
pub(super) fn authority_length(rest: &str) -> usize {
    rest.find(['/', '?', '#']).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_scheme_is_told_what_to_write() {
        let error = "api.example.com/items?at=http://x".parse::<TargetUrl>().unwrap_err();
        assert_eq!(error.to_string(), "no scheme; write `https://api.example.com/items?at=http://x`");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        let cases = [
            ("", "no scheme"),
            ("localhost:8080/x", "no scheme"),
            ("ftp://host/x", "the scheme `ftp`"),
            ("https://", "is not a host"),
            ("https:///path", "is not a host"),
            ("https://ho st/", "is not a host"),
            ("https://host:port/", "is not a host"),
            ("https://host:99999/", "is not a host"),
            ("https://host:/", "is not a host"),
            ("https://{{ tenant }}.example.com/", "cannot be a template"),
            ("https://example.com{{ path }}", "cannot be a template"),
            ("https://user:secret@host/", "must not hold a user name"),
            ("user:secret@host/", "must not hold a user name"),
        ];
        for (url, expected) in cases {
            let error = url.parse::<TargetUrl>().unwrap_err().to_string();
            assert!(error.contains(expected), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for url in ["http://localhost:1", "http://127.0.0.1/x", "http://[::1]:8080?q", "HTTP://LOCALHOST"] {
            assert!(url.parse::<TargetUrl>().unwrap().is_loopback(), "{url}");
        }
        for url in ["http://localhost.example.com", "http://10.0.0.1", "http://127.0.0.1.nip.io/"] {
            assert!(!url.parse::<TargetUrl>().unwrap().is_loopback(), "{url}");
        }
    }
}
