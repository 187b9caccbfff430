//! Headers that speak of one connection, and those by which a proxy says that it was there.
//!
//! RFC 9110 7.6: what a connection's two ends agree on is theirs, and is not sent on.

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, Entry, HOST, MAX_FORWARDS, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

/// What somebody asked to make of a connection: the value of `Upgrade`, when `Connection` names it. Another HTTP, or TLS below it, is
/// between us and whoever asks (RFC 9113 3.1, RFC 2817): granted by a platform, it would be a way past every limit.
#[must_use]
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let named = connection_options(headers).any(|option| option.eq_ignore_ascii_case("upgrade"));
    let asked = headers.get(UPGRADE).filter(|_| named)?;
    let mut protocols = asked.to_str().ok()?.split(',');
    let is_ours = |protocol: &str| {
        let name = protocol.split('/').next().unwrap_or_default().trim();
        OF_ONE_CONNECTION.iter().any(|ours| name.eq_ignore_ascii_case(ours))
    };
    (!protocols.any(is_ours)).then(|| asked.clone())
}

/// RFC 9110 7.8: whether what is granted is among what was asked for.
pub(super) fn is_granted(asked: &HeaderValue, granted: &HeaderValue) -> bool {
    let asked = asked.to_str().unwrap_or_default().split(',').map(str::trim);
    let granted = granted.to_str().unwrap_or_default().trim();
    asked.into_iter().any(|asked| asked.eq_ignore_ascii_case(granted))
}

/// Whether its sender takes trailers.
pub(super) fn wants_trailers(headers: &HeaderMap) -> bool {
    headers.get_all(TE).iter().any(|value| {
        let mut codings = value.to_str().unwrap_or_default().split(',');
        codings.any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
    })
}

/// Takes away what was meant for us alone.
pub(super) fn strip(headers: &mut HeaderMap) {
    // Most messages have none of them, and then nothing is looked up.
    let found: Vec<HeaderName> = headers.keys().filter(|name| HOP_BY_HOP.contains(name)).cloned().collect();
    if found.is_empty() {
        return;
    }
    let options: Vec<HeaderName> = connection_options(headers)
        .filter_map(|option| option.parse().ok())
        .filter(|name: &HeaderName| !is_kept(name))
        .collect();
    for name in options.into_iter().chain(found) {
        headers.remove(name);
    }
}

/// Takes away what behind a body would be too late, or a way to say something else than the head did (RFC 9110 6.5.1).
pub(super) fn strip_trailers(trailers: &mut HeaderMap) {
    strip(trailers);
    for name in [CONTENT_LENGTH, HOST, TRAILER] {
        trailers.remove(name);
    }
}

/// Asks for `protocol`, or grants it.
pub(super) fn set_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// Says that trailers are taken: we pass them on (RFC 9110 10.1.4, which wants `Connection` to name it).
pub(super) fn set_wants_trailers(headers: &mut HeaderMap) {
    headers.insert(TE, HeaderValue::from_static("trailers"));
    append(headers, CONNECTION, &HeaderValue::from_static("te"));
}

/// RFC 9113 8.2.3: HTTP/2 may cut `Cookie` into crumbs, which HTTP/1.1 does not know.
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let crumbs = headers.get_all(COOKIE);
    if crumbs.iter().nth(1).is_some() {
        let crumbs: Vec<&[u8]> = crumbs.iter().map(HeaderValue::as_bytes).collect();
        let joined = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])).expect("values joined are a value");
        headers.insert(COOKIE, joined);
    }
}

/// Says by whom a request came (RFC 9110 7.6.3), and for whom: what others have said before stays in front.
/// `authority` is the target's own, which counts for more than `Host` (RFC 9112 3.2.2, RFC 9113 8.3.1).
pub(super) fn add_forwarded(
    headers: &mut HeaderMap,
    version: Version,
    authority: Option<&Authority>,
    from: &HeaderValue,
    is_tls: bool,
) {
    let host = headers.remove(HOST);
    let named = authority.and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = named.or(host) {
        headers.entry(X_FORWARDED_HOST).or_insert(host);
    }
    let scheme = if is_tls { "https" } else { "http" };
    headers.entry(X_FORWARDED_PROTO).or_insert(HeaderValue::from_static(scheme));
    append(headers, X_FORWARDED_FOR, from);
    add_via(headers, version);
}

/// Says that a message came through here.
pub(super) fn add_via(headers: &mut HeaderMap, version: Version) {
    let spoken = HeaderValue::from_static(match version {
        Version::HTTP_10 => "1.0 paceline",
        Version::HTTP_2 => "2 paceline",
        _ => "1.1 paceline",
    });
    append(headers, VIA, &spoken);
}

/// RFC 9110 7.6.2: whether a request has gone as far as it may; else it has one way less to go.
pub(super) fn is_at_its_end(method: &Method, headers: &mut HeaderMap) -> bool {
    if *method != Method::OPTIONS && *method != Method::TRACE {
        return false;
    }
    let left = headers.get(MAX_FORWARDS).and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    match left {
        Some(0) => true,
        Some(left) => {
            headers.insert(MAX_FORWARDS, HeaderValue::from(left - 1));
            false
        }
        None => false,
    }
}

fn append(headers: &mut HeaderMap, name: HeaderName, said: &HeaderValue) {
    match headers.entry(name) {
        Entry::Vacant(place) => drop(place.insert(said.clone())),
        Entry::Occupied(mut place) => {
            let values: Vec<&[u8]> = place.iter().chain([said]).map(HeaderValue::as_bytes).collect();
            let joined = HeaderValue::from_bytes(&values.join(&b", "[..]));
            place.insert(joined.expect("what came as headers is one, joined by a comma and a blank"));
        }
    }
}

fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|option| !option.is_empty())
}

/// RFC 9110 7.6.1: a sender must not name what is meant for all recipients; who does so anyway means to take it from them.
fn is_kept(name: &HeaderName) -> bool {
    [HOST, CONTENT_LENGTH, http::header::CACHE_CONTROL, http::header::AUTHORIZATION].contains(name)
}

const HOP_BY_HOP: [HeaderName; 10] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    // Answered here, when the body is asked for (RFC 9110 10.1.1).
    EXPECT,
];

/// Protocols of a connection that are between its two ends.
const OF_ONE_CONNECTION: [&str; 4] = ["h2c", "h2", "http", "tls"];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::proxy) fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    /// RFC 9110 7.6.1 and RFC 9112 9, case by case: what came, and the names of what goes on.
    #[test]
    fn what_speaks_of_the_connection_is_not_sent_on() {
        type Lines = &'static [(&'static str, &'static str)];
        let cases: [(Lines, &[&str]); 12] = [
            (&[("connection", "close"), ("a", "1")], &["a"]),
            (
                &[
                    ("connection", "keep-alive, x-hop"),
                    ("keep-alive", "timeout=5"),
                    ("x-hop", "1"),
                    ("a", "1"),
                ],
                &["a"],
            ),
            (&[("connection", "x-one"), ("connection", "X-Two"), ("x-one", "1"), ("x-two", "1")], &[]),
            (&[("connection", ",, ,x-hop,"), ("x-hop", "1")], &[]),
            (&[("connection", "not a name, x-hop"), ("x-hop", "1"), ("a", "1")], &["a"]),
            (
                &[("connection", "authorization, content-length, host"), ("authorization", "s")],
                &["authorization"],
            ),
            (&[("te", "trailers, deflate;q=0.5"), ("connection", "te")], &[]),
            (&[("te", "gzip")], &[]),
            (&[("transfer-encoding", "chunked"), ("trailer", "x-sum")], &["trailer"]),
            (&[("upgrade", "websocket"), ("connection", "upgrade")], &[]),
            (
                &[("proxy-authorization", "s"), ("proxy-authenticate", "s"), ("proxy-connection", "close")],
                &[],
            ),
            (&[("expect", "100-continue"), ("http2-settings", "x")], &[]),
        ];
        for (came, sent) in cases {
            let mut headers = headers(came);
            strip(&mut headers);
            let names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(names, sent, "{came:?}");
        }
    }

    #[test]
    fn of_te_only_trailers_is_said_again() {
        let mut asking = headers(&[("te", "deflate;q=0.5, Trailers")]);
        assert!(wants_trailers(&asking) && !wants_trailers(&headers(&[("te", "gzip")])));
        strip(&mut asking);
        set_upgrade(&mut asking, HeaderValue::from_static("websocket"));
        set_wants_trailers(&mut asking);
        assert_eq!(
            (&asking[TE], &asking[CONNECTION]),
            (&"trailers".parse().unwrap(), &"upgrade, te".parse().unwrap())
        );
    }

    #[test]
    fn what_is_granted_was_asked_for() {
        let value = HeaderValue::from_static;
        assert!(is_granted(&value("websocket, x/1"), &value("X/1")));
        assert!(!is_granted(&value("websocket"), &value("h2c")));
    }

    #[test]
    fn crumbs_become_one_cookie() {
        let mut crumbs = headers(&[("cookie", "a=1"), ("cookie", "b=2"), ("x", "1")]);
        join_cookies(&mut crumbs);
        assert_eq!((crumbs.len(), &crumbs[COOKIE]), (2, &HeaderValue::from_static("a=1; b=2")));
    }

    #[test]
    fn trailers_say_nothing_of_the_message() {
        let mut trailers =
            headers(&[("x-sum", "1"), ("connection", "a"), ("host", "evil"), ("content-length", "9")]);
        strip_trailers(&mut trailers);
        assert_eq!(trailers, headers(&[("x-sum", "1")]));
    }

    #[test]
    fn an_upgrade_is_one_that_the_connection_names() {
        assert!(upgrade(&headers(&[("upgrade", "websocket")])).is_none());
        let asked = headers(&[("upgrade", "websocket"), ("connection", "keep-alive, Upgrade")]);
        assert_eq!(upgrade(&asked).unwrap(), "websocket");
        for ours in ["h2c", "HTTP/2.0", "TLS/1.0", "websocket, H2C"] {
            assert!(upgrade(&headers(&[("upgrade", ours), ("connection", "upgrade")])).is_none(), "{ours}");
        }
    }

    #[test]
    fn every_proxy_on_the_way_adds_itself() {
        let mut headers = headers(&[("via", "1.0 first"), ("x-forwarded-for", "10.0.0.1"), ("host", "here")]);
        let from = HeaderValue::from_static("127.0.0.1");
        add_forwarded(&mut headers, Version::HTTP_11, None, &from, true);
        assert_eq!(headers[VIA], "1.0 first, 1.1 paceline");
        assert_eq!(headers[X_FORWARDED_FOR], "10.0.0.1, 127.0.0.1");
        assert_eq!(headers[X_FORWARDED_HOST], "here");
        assert_eq!(headers[X_FORWARDED_PROTO], "https");
        assert!(!headers.contains_key(HOST));
    }

    #[test]
    fn max_forwards_counts_down_for_the_methods_that_have_it() {
        let mut far = headers(&[("max-forwards", "3")]);
        assert!(!is_at_its_end(&Method::OPTIONS, &mut far));
        assert_eq!(far[MAX_FORWARDS], "2");
        assert!(is_at_its_end(&Method::TRACE, &mut headers(&[("max-forwards", "0")])));
        assert!(!is_at_its_end(&Method::GET, &mut headers(&[("max-forwards", "0")])));
        assert!(!is_at_its_end(&Method::OPTIONS, &mut headers(&[("max-forwards", "many")])));
    }
}
