//! Who may look: whoever has the token, or, where there is none, whoever is on this machine and calls it by an address.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HOST};
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// What is asked of callers.
#[derive(Debug)]
pub(super) struct Access {
    /// A hash of the token: two hashes are compared in constant time, however long what was sent is.
    token: Option<blake3::Hash>,
}

/// Why a caller is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// It calls by a name that anybody's name server may have given to this machine.
    Host,
    /// It did not send the token.
    Token,
}

impl Access {
    /// With a token, for whoever has it; without one, for whoever calls by an address.
    pub(super) fn new(token: Option<&str>) -> Self {
        Self { token: token.map(|token| blake3::hash(token.as_bytes())) }
    }

    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Denied> {
        match self.token {
            Some(token) => {
                let sent = sent_token(headers).map(|sent| blake3::hash(&sent));
                if sent == Some(token) { Ok(()) } else { Err(Denied::Token) }
            }
            None if is_called_by_address(uri, headers) => Ok(()),
            None => Err(Denied::Host),
        }
    }
}

/// RFC 6750 2.1, and for browsers RFC 7617: of a name and a password, the password.
fn sent_token(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, sent) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let sent = sent.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(sent.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(sent).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

/// RFC 9112 3.2: a target with an authority says the same as Host, and goes first.
fn is_called_by_address(uri: &Uri, headers: &HeaderMap) -> bool {
    let hosts: Vec<_> = headers.get_all(HOST).iter().collect();
    let [host] = hosts.as_slice() else { return false };
    let named = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    named.as_ref().is_some_and(is_address) && uri.authority().is_none_or(is_address)
}

fn is_address(authority: &Authority) -> bool {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let is_bare = !authority.as_str().contains('@');
    is_bare && (host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn checked(token: Option<&str>, headers: &[(&'static str, &str)]) -> Result<(), Denied> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        Access::new(token).check(&Uri::from_static("/status"), &map)
    }

    #[test]
    fn a_token_opens_as_a_bearer_and_as_a_password() {
        let basic = |pair: &str| format!("basic {}", STANDARD.encode(pair));
        for sent in ["Bearer sesame", "bearer  sesame", &basic("anybody:sesame"), &basic(":sesame")] {
            assert_eq!(checked(Some("sesame"), &[("authorization", sent)]), Ok(()), "{sent}");
        }
        let wrong = ["Bearer", "Bearer sesam", "Bearer sesame2", "sesame", "Basic sesame", "Digest sesame"];
        for sent in
            wrong.into_iter().chain([basic("sesame").as_str(), &basic("sesame:"), &basic("a:b:sesame")])
        {
            assert_eq!(checked(Some("sesame"), &[("authorization", sent)]), Err(Denied::Token), "{sent}");
        }
        assert_eq!(checked(Some("sesame"), &[("host", "localhost")]), Err(Denied::Token));
    }

    #[test]
    fn a_password_may_hold_colons() {
        let sent = format!("Basic {}", STANDARD.encode("a:b:c"));
        assert_eq!(checked(Some("b:c"), &[("authorization", &sent)]), Ok(()));
    }

    #[test]
    fn without_a_token_only_addresses_and_localhost_are_hosts() {
        for host in ["127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8089", "localhost", "LOCALHOST:1"] {
            assert_eq!(checked(None, &[("host", host)]), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "a b", "x@127.0.0.1"]
        {
            assert_eq!(checked(None, &[("host", host)]), Err(Denied::Host), "{host}");
        }
        assert_eq!(checked(None, &[]), Err(Denied::Host));
        assert_eq!(checked(None, &[("host", "localhost"), ("host", "evil.example")]), Err(Denied::Host));
    }

    #[test]
    fn a_target_with_another_name_is_refused() {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost"))]);
        let uri = Uri::from_static("http://evil.example/status");
        assert_eq!(Access::new(None).check(&uri, &headers), Err(Denied::Host));
    }
}
