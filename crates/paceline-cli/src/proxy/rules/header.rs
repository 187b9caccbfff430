//! Headers by which a rule knows its calls.

use std::fmt;
use std::str::FromStr;

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName};

use super::X_API_KEY;

/// A header that a call must have: `x-integration`, or `x-integration: crm` for one value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatch {
    name: HeaderName,
    value: Option<String>,
}

/// Why a text is no [`HeaderMatch`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum NotAHeaderMatch {
    #[error("not the name of a header, or a name and a value, such as \"x-integration: crm\"")]
    BadName,
    #[error("no value after the `:`; write the name alone for any value")]
    NoValue,
    #[error("a value of `{0}` is a secret, which does not belong here; write the name alone for any value")]
    Secret(HeaderName),
}

impl HeaderMatch {
    /// Whether one of these is it: names in whatever case, values as they are but for blanks around them.
    #[must_use]
    pub fn matches(&self, headers: &HeaderMap) -> bool {
        let Some(value) = &self.value else { return headers.contains_key(&self.name) };
        let mut sent = headers.get_all(&self.name).iter();
        sent.any(|other| other.as_bytes().trim_ascii() == value.as_bytes())
    }

    /// The header of which it wants one value, if it does.
    #[must_use]
    pub fn valued(&self) -> Option<&HeaderName> {
        self.value.as_ref().map(|_| &self.name)
    }
}

impl FromStr for HeaderMatch {
    type Err = NotAHeaderMatch;

    fn from_str(text: &str) -> Result<Self, NotAHeaderMatch> {
        let (name, value) =
            text.split_once(':').map_or((text, None), |(name, value)| (name, Some(value.trim())));
        let name: HeaderName = name.trim().parse().map_err(|_| NotAHeaderMatch::BadName)?;
        match value {
            Some("") => Err(NotAHeaderMatch::NoValue),
            Some(_) if has_credential(&name) => Err(NotAHeaderMatch::Secret(name)),
            value => Ok(Self { name, value: value.map(str::to_owned) }),
        }
    }
}

impl fmt::Display for HeaderMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}: {value}", self.name),
            None => f.write_str(self.name.as_str()),
        }
    }
}

/// Whether the header is one that everybody keeps secrets in.
#[must_use]
pub fn has_credential(name: &HeaderName) -> bool {
    [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, X_API_KEY].contains(name)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_header_is_known_by_its_name_or_by_one_of_its_values() {
        let mut headers = HeaderMap::new();
        headers.append("x-integration", HeaderValue::from_static("erp"));
        headers.append("x-integration", HeaderValue::from_static(" crm "));
        let matches = |text: &str| text.parse::<HeaderMatch>().unwrap().matches(&headers);
        assert!(matches("X-Integration") && matches("x-integration: crm") && matches("x-integration:erp"));
        assert!(!matches("x-integration: CRM") && !matches("x-integration: cr") && !matches("x-other"));
        assert_eq!("X-A :  b: c ".parse::<HeaderMatch>().unwrap().to_string(), "x-a: b: c");
    }

    #[test]
    fn no_secret_is_written_into_a_rule() {
        let error = "Authorization: Bearer sesame".parse::<HeaderMatch>().unwrap_err();
        assert_eq!(error, NotAHeaderMatch::Secret(AUTHORIZATION));
        assert!(!error.to_string().contains("sesame"));
        assert!("authorization".parse::<HeaderMatch>().is_ok());
        assert_eq!("a b: c".parse::<HeaderMatch>(), Err(NotAHeaderMatch::BadName));
        assert_eq!("a: ".parse::<HeaderMatch>(), Err(NotAHeaderMatch::NoValue));
    }
}
