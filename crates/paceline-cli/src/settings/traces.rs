//! `[traces]`: where spans of calls go.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use super::auth::Auth;
use crate::template::{TargetUrl, TargetUrlError};
use crate::units::Percent;

/// `[traces]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TracesSettings {
    /// The collector's URL; without one, the variables of OpenTelemetry decide whether there are traces.
    pub endpoint: Option<CollectorUrl>,
    /// A header that the collector asks for.
    pub header: Option<Auth>,
    /// The share of the calls that is traced, where no caller has decided.
    pub sample: Option<Percent>,
    /// What the service is called.
    pub service: Option<String>,
}

/// The URL that takes spans, whole. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorUrl {
    uri: Uri,
}

/// Why a text is no URL of a collector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum NotACollector {
    #[error(transparent)]
    Url(TargetUrlError),
    #[error("a URL must not hold a user name or password; name a header under [traces], with header_env")]
    Credentials,
    #[error("a collector's URL is whole and has no query; write for example http://127.0.0.1:4318/v1/traces")]
    MoreThanAPath,
}

impl CollectorUrl {
    /// The URL.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl FromStr for CollectorUrl {
    type Err = NotACollector;

    fn from_str(text: &str) -> Result<Self, NotACollector> {
        let url: TargetUrl = text.parse().map_err(|error| match error {
            TargetUrlError::Credentials => NotACollector::Credentials,
            other => NotACollector::Url(other),
        })?;
        if url.as_str().contains(['?', '#', '{', '}']) {
            return Err(NotACollector::MoreThanAPath);
        }
        let uri = url.as_str().parse().map_err(|_| NotACollector::MoreThanAPath)?;
        Ok(Self { uri })
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_secret_is_not_taken() {
        let url: CollectorUrl = "https://otlp.example.com/v1/traces".parse().unwrap();
        assert_eq!(url.to_string(), "https://otlp.example.com/v1/traces");
        for text in
            ["https://ann:sesame@example.com", "https://example.com/?key=sesame", "http:/x", "127.0.0.1:4318"]
        {
            let error = text.parse::<CollectorUrl>().unwrap_err().to_string();
            assert!(!error.contains("sesame"), "{error}");
        }
    }
}
