//! What spans say of HTTP, in the words of OpenTelemetry's conventions. No header and no query is among it.

use http::uri::Authority;
use http::{Method, Uri};
use opentelemetry::KeyValue;

/// The method of a request; one that is in no standard is not repeated, for a client may write anything there.
pub(crate) fn method(method: &Method) -> KeyValue {
    KeyValue::new("http.request.method", known(method).unwrap_or("_OTHER"))
}

/// What a span of a request is called. Paths have too many values to be names.
pub(crate) fn span_name(method: &Method) -> &'static str {
    known(method).unwrap_or("HTTP")
}

/// Host and port, without user name and password.
pub(crate) fn authority(authority: &Authority, default_port: u16) -> [KeyValue; 2] {
    let port = authority.port_u16().unwrap_or(default_port);
    [
        KeyValue::new("server.address", authority.host().to_owned()),
        KeyValue::new("server.port", i64::from(port)),
    ]
}

/// Where a request goes: what every attempt of a call has in common.
pub(crate) fn target(uri: &Uri) -> Vec<KeyValue> {
    let is_https = uri.scheme_str() == Some("https");
    let (scheme, default_port) = if is_https { ("https", 443) } else { ("http", 80) };
    let Some(named) = uri.authority() else { return Vec::new() };
    let [address, port] = authority(named, default_port);
    let shown_port = named.port_u16().map_or_else(String::new, |port| format!(":{port}"));
    let full = format!("{scheme}://{}{shown_port}{}", named.host(), cut(uri.path()));
    vec![address, port, KeyValue::new("url.full", full)]
}

/// What is told of a path: spans wait in memory for a collector that may be down.
pub(crate) fn cut(path: &str) -> String {
    path.chars().take(MOST_OF_A_PATH).collect()
}

const MOST_OF_A_PATH: usize = 512;

/// RFC 9110 9.3 and RFC 5789 2.
fn known(method: &Method) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| *known == method.as_str())
}

const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_without_its_secrets() {
        let told = target(&"https://ann:sesame@example.com/a/b?token=sesame".parse().unwrap());
        let told: Vec<String> = told.iter().map(|told| format!("{}={}", told.key, told.value)).collect();
        assert_eq!(
            told,
            ["server.address=example.com", "server.port=443", "url.full=https://example.com/a/b"]
        );
    }

    #[test]
    fn of_a_long_path_the_beginning_is_told() {
        assert_eq!(cut("/short"), "/short");
        assert_eq!(cut(&"/ä".repeat(1_000)), "/ä".repeat(256));
    }

    #[test]
    fn a_method_that_nobody_knows_is_not_repeated() {
        let strange = Method::from_bytes(b"SESAME").unwrap();
        assert_eq!((span_name(&strange), method(&strange).value.as_str().as_ref()), ("HTTP", "_OTHER"));
        assert_eq!(span_name(&Method::PATCH), "PATCH");
    }
}
