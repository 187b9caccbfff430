//! Where a request goes: what of its URL makes the connection, and what the request line.

use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

/// An absolute `http` or `https` URL, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) origin: Origin,
    /// The value of `Host`.
    pub(crate) host: HeaderValue,
    /// The request line's target: path and query.
    pub(crate) path: Uri,
}

/// What connections are kept by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    /// Whether the scheme is `https`.
    pub(crate) secure: bool,
    /// Host and port as the URL has them.
    pub(crate) authority: http::uri::Authority,
}

/// A URL that no request can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No scheme, or no host.
    #[error("the URL {0} is not absolute: write it in full, such as https://api.example.com/records")]
    NotAbsolute(Box<str>),
    /// Neither `http` nor `https`.
    #[error("the scheme {0} is not supported: use http or https")]
    Scheme(Box<str>),
    /// A user name or password in the URL, where logs would show it.
    #[error("the URL holds a user name or password: send them in an Authorization header instead")]
    Credentials,
    /// TLS needs certificates to trust.
    #[error("no certificates to trust were found on this machine: install its CA certificates ({0})")]
    NoRoots(Box<str>),
}

impl Target {
    pub(crate) fn new(uri: &Uri) -> Result<Self, TargetError> {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(TargetError::NotAbsolute(shown(uri).into()));
        };
        if authority.as_str().contains('@') {
            return Err(TargetError::Credentials);
        }
        let secure = *scheme == Scheme::HTTPS;
        if !secure && *scheme != Scheme::HTTP {
            return Err(TargetError::Scheme(scheme.as_str().into()));
        }
        let host = HeaderValue::from_str(host_of(authority, secure))
            .map_err(|_| TargetError::NotAbsolute(shown(uri).into()))?;
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let origin = Origin { secure, authority: authority.clone() };
        Ok(Self { origin, host, path: Uri::from(path) })
    }
}

impl Target {
    /// The URL as messages may show it: without the query, which may hold a secret.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}{}", self.origin.scheme(), self.origin.authority, self.path.path())
    }

    /// The whole URL, as HTTP/2 names it; `host` is what the caller calls the authority.
    pub(crate) fn absolute(&self, host: Option<&HeaderValue>) -> Uri {
        let named = host.and_then(|host| http::uri::Authority::try_from(host.as_bytes()).ok());
        let path = self.path.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        Uri::builder()
            .scheme(self.origin.scheme())
            .authority(named.unwrap_or_else(|| self.origin.authority.clone()))
            .path_and_query(path)
            .build()
            .expect("scheme, authority and path make a URL")
    }
}

impl Origin {
    fn scheme(&self) -> Scheme {
        if self.secure { Scheme::HTTPS } else { Scheme::HTTP }
    }

    /// The URL that a connector dials.
    pub(crate) fn uri(&self) -> Uri {
        Uri::builder()
            .scheme(self.scheme())
            .authority(self.authority.clone())
            .path_and_query("/")
            .build()
            .expect("scheme, authority and path make a URL")
    }
}

/// `uri` as messages may show it: without user name, password and query, which may hold secrets.
pub(crate) fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}{host}{}", uri.path())
}

/// RFC 9110 7.2 with RFC 9112 3.2: the port is left out when it is the scheme's own.
fn host_of(authority: &http::uri::Authority, secure: bool) -> &str {
    let default_port = if secure { 443 } else { 80 };
    match authority.port_u16() {
        Some(port) if port == default_port => authority.host(),
        _ => authority.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Result<Target, TargetError> {
        Target::new(&uri.parse().unwrap())
    }

    #[test]
    fn the_request_line_has_path_and_query_and_the_host_header_the_rest() {
        let target = target("http://example.com:8080/a/b?c=d").unwrap();
        assert_eq!(target.path, "/a/b?c=d");
        assert_eq!(target.host, "example.com:8080");
        assert_eq!(target.origin.uri(), "http://example.com:8080/");
    }

    #[test]
    fn a_bare_host_means_the_root_and_the_scheme_s_own_port_is_left_out() {
        let target = target("https://[::1]:443").unwrap();
        assert_eq!(target.path, "/");
        assert_eq!(target.host, "[::1]");
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused_with_advice() {
        assert!(matches!(target("/records"), Err(TargetError::NotAbsolute(_))));
        assert!(matches!(target("example.com:80"), Err(TargetError::NotAbsolute(_))));
        assert_eq!(target("ftp://example.com/").unwrap_err(), TargetError::Scheme("ftp".into()));
        assert_eq!(target("http://me:secret@example.com/").unwrap_err(), TargetError::Credentials);
    }

    #[test]
    fn a_shown_url_holds_no_secret() {
        let uri = "https://me:secret@example.com:1/a?token=secret".parse().unwrap();
        assert_eq!(shown(&uri), "https://example.com:1/a");
    }
}
