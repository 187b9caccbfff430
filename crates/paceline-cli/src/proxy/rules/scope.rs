//! Names of scopes and clients: fixed, or taken from a call and made safe.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use http::{HeaderMap, HeaderName, Method};

use super::header::has_credential;
use super::path::SentPath;
use super::pattern::PathPattern;
use crate::written::closest;

/// Where the name of a scope comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeSource {
    /// The rule: the same for all its calls.
    Fixed(String),
    /// The value of this header, the first if there are several.
    Header(HeaderName),
    /// This segment of the path, from 1.
    Segment(NonZeroUsize),
    /// The call's method and the rule's path: `POST /api/*/exports`.
    Endpoint,
}

/// Whose turn a call takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientBy {
    /// That of its credential.
    #[default]
    Credential,
    /// That of the address it comes from.
    Address,
    /// That of the value of this header.
    Header(HeaderName),
}

/// Why a text is no [`ScopeSource`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum NotAScope {
    #[error("not a name; write 1 to {LONGEST_NAME} letters, digits and signs, or header:NAME or path:NUMBER")]
    BadName,
    #[error("`{0}` is not the name of a header; write header:x-tenant or the like")]
    BadHeader(String),
    #[error("`{0}` is not the place of a segment; write path:1 for the first")]
    BadSegment(String),
    #[error("`{0}:` is no origin of a name; write header:NAME or path:NUMBER")]
    OtherOrigin(String),
    #[error("`{0}` holds a credential, and a name is printed; take a header that holds none")]
    Secret(HeaderName),
}

/// Why a text is no [`ClientBy`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum NotAClient {
    #[error("`{0}` does not tell clients apart; write \"credential\", \"address\" or \"header:NAME\"")]
    Other(String),
    #[error("`{0}` is not the name of a header; write header:x-user or the like")]
    BadHeader(String),
    #[error("`{0}` holds a credential, and a name is printed; write \"credential\", which hides it")]
    Secret(HeaderName),
}

impl ScopeSource {
    /// The name that it gives a call, if it gives it one; `pattern` is the rule's path.
    #[must_use]
    pub fn name<'a>(
        &'a self,
        pattern: Option<&PathPattern>,
        method: &Method,
        path: &SentPath<'a>,
        headers: &'a HeaderMap,
    ) -> Option<Cow<'a, str>> {
        match self {
            Self::Fixed(name) => Some(Cow::Borrowed(name)),
            Self::Header(header) => safe_name(headers.get(header)?.as_bytes()),
            Self::Segment(place) => safe_name(path.segments().nth(place.get() - 1)?),
            Self::Endpoint => safe_name(format!("{method} {}", pattern?).into_bytes()),
        }
    }

    /// The header that it looks at.
    #[must_use]
    pub const fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Header(name) => Some(name),
            _ => None,
        }
    }
}

impl FromStr for ScopeSource {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        match text.split_once(':') {
            _ if text == "endpoint" => Ok(Self::Endpoint),
            Some(("header", name)) => {
                let header = name.trim().parse().map_err(|_| NotAScope::BadHeader(name.to_owned()))?;
                if has_credential(&header) {
                    Err(NotAScope::Secret(header))
                } else {
                    Ok(Self::Header(header))
                }
            }
            Some(("path", place)) => {
                let place = place.trim();
                place.parse().map(Self::Segment).map_err(|_| NotAScope::BadSegment(place.to_owned()))
            }
            Some((other, _)) if closest(other, ORIGINS).is_some() => {
                Err(NotAScope::OtherOrigin(other.to_owned()))
            }
            _ if is_plain_name(text) => Ok(Self::Fixed(text.to_owned())),
            _ => Err(NotAScope::BadName),
        }
    }
}

impl fmt::Display for ScopeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(name) => f.write_str(name),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Segment(place) => write!(f, "path:{place}"),
            Self::Endpoint => f.write_str("endpoint"),
        }
    }
}

impl ClientBy {
    /// The header that it looks at.
    #[must_use]
    pub const fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Header(name) => Some(name),
            _ => None,
        }
    }
}

impl FromStr for ClientBy {
    type Err = NotAClient;

    fn from_str(text: &str) -> Result<Self, NotAClient> {
        match text.split_once(':') {
            None if text == "credential" => Ok(Self::Credential),
            None if text == "address" => Ok(Self::Address),
            Some(("header", name)) => {
                let header = name.trim().parse().map_err(|_| NotAClient::BadHeader(name.to_owned()))?;
                if has_credential(&header) {
                    Err(NotAClient::Secret(header))
                } else {
                    Ok(Self::Header(header))
                }
            }
            _ => Err(NotAClient::Other(text.to_owned())),
        }
    }
}

impl fmt::Display for ClientBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential => f.write_str("credential"),
            Self::Address => f.write_str("address"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

/// A name out of what a client sent: as it is, without blanks around it, if it is short and plain; otherwise its beginning with
/// `_` for what is not plain, and a fingerprint of the whole, so that two never share a name. None where nothing was sent.
#[must_use]
pub fn safe_name<'a>(sent: impl Into<Cow<'a, [u8]>>) -> Option<Cow<'a, str>> {
    let trimmed = match sent.into() {
        Cow::Borrowed(sent) => Cow::Borrowed(sent.trim_ascii()),
        Cow::Owned(sent) => Cow::Owned(sent.trim_ascii().to_vec()),
    };
    if trimmed.is_empty() {
        return None;
    }
    let stays = |name: &str| is_plain_name(name) && !is_fingerprinted(name);
    if !std::str::from_utf8(&trimmed).is_ok_and(stays) {
        return Some(Cow::Owned(fingerprinted(&trimmed)));
    }
    Some(match trimmed {
        Cow::Borrowed(sent) => String::from_utf8_lossy(sent),
        Cow::Owned(sent) => Cow::Owned(String::from_utf8_lossy(&sent).into_owned()),
    })
}

/// Whether `name` can be a name as it stands.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let is_in_bounds =
        !name.is_empty() && name.len() <= 4 * LONGEST_NAME && name.chars().count() <= LONGEST_NAME;
    is_in_bounds && name.trim() == name && name.chars().all(is_plain)
}

fn fingerprinted(sent: &[u8]) -> String {
    let beginning = String::from_utf8_lossy(&sent[..sent.len().min(4 * EXCERPT)]);
    let shown = beginning.chars().take(EXCERPT).map(|letter| if is_plain(letter) { letter } else { '_' });
    let fingerprint = blake3::hash(sent).to_hex();
    format!("{}~{}", shown.collect::<String>(), &fingerprint[..FINGERPRINT_DIGITS])
}

/// Whether `name` looks as if it were made of another one.
fn is_fingerprinted(name: &str) -> bool {
    let is_digits =
        |end: &str| end.len() == FINGERPRINT_DIGITS && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.rsplit_once('~').is_some_and(|(_, end)| is_digits(end))
}

/// Whether a letter neither moves a cursor nor hides or turns others.
fn is_plain(letter: char) -> bool {
    matches!(letter, ' '..='~') || letter.is_alphanumeric()
}

/// The origins of names that a call is asked for.
const ORIGINS: [&str; 2] = ["header", "path"];

/// Longer than names of tenants and accounts are (a UUID has 36), and short enough for a line of a report.
const LONGEST_NAME: usize = 80;

/// Enough to know the name by.
const EXCERPT: usize = 40;

/// 64 bits: nobody finds another's by trying.
const FINGERPRINT_DIGITS: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sources_are_read_as_they_are_shown() {
        for text in ["crm", "POST /v1/x:run", "header:x-tenant", "path:2", "endpoint", "acme:eu"] {
            assert_eq!(text.parse::<ScopeSource>().unwrap().to_string(), text);
        }
        for text in ["credential", "address", "header:x-user"] {
            assert_eq!(text.parse::<ClientBy>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_source_says_what_to_write() {
        let long = "x".repeat(LONGEST_NAME + 1);
        let scopes = [
            "",
            " a",
            "a\nb",
            &long,
            "header:",
            "header:a b",
            "path:0",
            "path:second",
            "haeder:x",
            "header:cookie",
        ]
        .map(|text| text.parse::<ScopeSource>().unwrap_err().to_string());
        insta::assert_snapshot!(scopes.join("\n"), @"
        not a name; write 1 to 80 letters, digits and signs, or header:NAME or path:NUMBER
        not a name; write 1 to 80 letters, digits and signs, or header:NAME or path:NUMBER
        not a name; write 1 to 80 letters, digits and signs, or header:NAME or path:NUMBER
        not a name; write 1 to 80 letters, digits and signs, or header:NAME or path:NUMBER
        `` is not the name of a header; write header:x-tenant or the like
        `a b` is not the name of a header; write header:x-tenant or the like
        `0` is not the place of a segment; write path:1 for the first
        `second` is not the place of a segment; write path:1 for the first
        `haeder:` is no origin of a name; write header:NAME or path:NUMBER
        `cookie` holds a credential, and a name is printed; take a header that holds none
        ");
        let clients = ["", "ip", "header:", "header:Authorization"]
            .map(|text| text.parse::<ClientBy>().unwrap_err().to_string());
        insta::assert_snapshot!(clients.join("\n"), @r#"
        `` does not tell clients apart; write "credential", "address" or "header:NAME"
        `ip` does not tell clients apart; write "credential", "address" or "header:NAME"
        `` is not the name of a header; write header:x-user or the like
        `authorization` holds a credential, and a name is printed; write "credential", which hides it
        "#);
    }

    #[test]
    fn plain_names_stay_and_others_are_cut_and_told_apart() {
        let name = |sent: &str| safe_name(sent.as_bytes()).map(Cow::into_owned);
        assert_eq!(name(" Café-7 / b "), Some("Café-7 / b".to_owned()));
        assert_eq!(name(" \t"), None);
        let names = ["a\u{1b}[2Jb", "a\u{202e}b", "a\rb", "a\nb"].map(|sent| name(sent).unwrap());
        assert!(names.iter().all(|name| name.starts_with("a_")), "{names:?}");
        assert_ne!(names[2], names[3]);
        let [first, second] = ["1", "2"].map(|end| name(&("x".repeat(60_000) + end)).unwrap());
        assert_ne!(first, second);
        assert_eq!(first.len(), EXCERPT + 1 + FINGERPRINT_DIGITS);
        assert_ne!(name(&first), Some(first), "nobody takes the name of another on purpose");
    }

    proptest! {
        #[test]
        fn every_name_is_short_plain_and_a_name_of_its_own(one: Vec<u8>, other: Vec<u8>) {
            let [name, second] = [&one, &other].map(|sent| safe_name(sent.as_slice()));
            if let Some(name) = &name {
                prop_assert!(is_plain_name(name), "{name:?}");
            }
            prop_assert_eq!(name == second, one.trim_ascii() == other.trim_ascii());
        }
    }
}
