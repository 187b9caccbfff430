//! The platform's reply, as its client gets it.

use bytes::{BufMut as _, BytesMut};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version};
use http_body_util::Full;
use paceline::client::Streamed;
use paceline::http::Upgrade;

use super::downstream::Answer;
use super::own_answer::OwnAnswer;
use super::{framing, hop};

/// The answer that `streamed` is, and what the connection becomes. `asked` is what its client asked to make of it.
///
/// # Errors
/// When the platform switches to what nobody asked for, or has coded its reply in a way that nobody asked for.
pub(super) fn pass_back(
    mut streamed: Streamed,
    asked: Option<&HeaderValue>,
) -> Result<(Response<Answer>, Option<Upgrade>), OwnAnswer> {
    let granted =
        hop::upgrade(&streamed.headers).filter(|_| streamed.status == StatusCode::SWITCHING_PROTOCOLS);
    if streamed.status == StatusCode::SWITCHING_PROTOCOLS {
        let is_asked =
            asked.zip(granted.as_ref()).is_some_and(|(asked, granted)| hop::is_granted(asked, granted));
        if !is_asked || streamed.upgrade.is_none() {
            let why = "it switches to a protocol that nobody asked for";
            return Err(OwnAnswer::Unreadable { error: "http_upgrade_failed", why });
        }
    }
    // RFC 9112 7: only `chunked` was taken off, and the client is not told of any other.
    if !framing::is_chunked_at_most(&streamed.headers) {
        let why = "of transfer codings paceline knows `chunked`, once";
        return Err(OwnAnswer::Unreadable { error: "http_response_transfer_coding", why });
    }
    let (timing, upgrade) = (server_timing(&streamed), streamed.upgrade.take());
    let Streamed { status, version, mut headers, body, .. } = streamed;
    settle_length(&mut headers, status);
    hop::strip(&mut headers);
    hop::add_via(&mut headers, version);
    if let Some(protocol) = granted {
        hop::set_upgrade(&mut headers, protocol);
    }
    headers.append(SERVER_TIMING, timing);
    let mut response = Response::new(Answer::Reply(Box::new(body)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok((response, upgrade))
}

/// A reply as far as it was kept while its call waited to be sent again.
pub(super) fn last(last: paceline::client::Response) -> Response<Answer> {
    let mut headers = last.headers;
    hop::strip(&mut headers);
    headers.remove(CONTENT_LENGTH);
    hop::add_via(&mut headers, Version::HTTP_11);
    let mut response = Response::new(Answer::Own(Full::new(last.body)));
    *response.status_mut() = last.status;
    *response.headers_mut() = headers;
    response
}

/// A length that is passed back is the body's. RFC 9112 6.3: chunks count for more than a length, and one that is written twice is
/// written once; RFC 9110 8.6: some replies have none.
fn settle_length(headers: &mut HeaderMap, status: StatusCode) {
    let has_none = status.is_informational() || status == StatusCode::NO_CONTENT;
    if has_none || headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
        return;
    }
    let Some(length) = headers.get(CONTENT_LENGTH) else { return };
    let first = length.as_bytes().split(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
    match HeaderValue::from_bytes(first) {
        // hyper has seen that all of them are the same.
        Ok(first) => drop(headers.insert(CONTENT_LENGTH, first)),
        Err(_) => drop(headers.remove(CONTENT_LENGTH)),
    }
}

/// How long the call was held, and how long the platform took (W3C Server Timing), in milliseconds.
fn server_timing(streamed: &Streamed) -> HeaderValue {
    let [held, upstream] =
        [streamed.held, streamed.answered_in].map(|span| u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
    let mut text = BytesMut::with_capacity(64);
    text.extend_from_slice(b"paceline-held;dur=");
    write_millis(&mut text, held);
    text.extend_from_slice(b", upstream;dur=");
    write_millis(&mut text, upstream);
    HeaderValue::from_maybe_shared(text.freeze()).expect("numbers and names are plain ASCII")
}

/// Writes microseconds as milliseconds with three decimals. By hand: formatting takes longer than all else that is done to the
/// headers.
fn write_millis(text: &mut BytesMut, micros: u64) {
    let mut unit = 1_000;
    while micros / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        if unit == 100 {
            text.put_u8(b'.');
        }
        text.put_u8(b'0' + u8::try_from(micros / unit % 10).expect("it is one digit"));
        unit /= 10;
    }
}

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

#[cfg(test)]
mod tests {
    use super::hop::tests::headers;
    use super::*;

    #[test]
    fn a_length_that_is_passed_back_is_the_body_s() {
        let cases = [
            (&[("content-length", "5")][..], 200, Some("5")),
            (&[("content-length", "5"), ("content-length", "5")], 200, Some("5")),
            (&[("content-length", "5 , 5")], 200, Some("5")),
            (&[("content-length", "5"), ("transfer-encoding", "chunked")], 200, None),
            (&[("content-length", "5")], 204, None),
            (&[("content-length", "5")], 304, Some("5")),
        ];
        for (came, status, passed) in cases {
            let mut headers = headers(came);
            settle_length(&mut headers, StatusCode::from_u16(status).unwrap());
            let lengths: Vec<&HeaderValue> = headers.get_all(CONTENT_LENGTH).iter().collect();
            assert_eq!(lengths, passed.into_iter().collect::<Vec<_>>(), "{came:?}");
        }
    }

    #[test]
    fn a_coding_that_nobody_asked_for_is_not_readable() {
        let is_readable = |lines| framing::is_chunked_at_most(&headers(lines));
        assert!(is_readable(&[("transfer-encoding", " Chunked")]));
        assert!(!is_readable(&[("transfer-encoding", "gzip, chunked")]));
        assert!(!is_readable(&[("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")]));
    }

    #[test]
    fn milliseconds_have_three_decimals() {
        let cases = [
            (0, "0.000"),
            (7, "0.007"),
            (999, "0.999"),
            (1_000, "1.000"),
            (83_047, "83.047"),
            (1_234_567, "1234.567"),
            (u64::MAX, "18446744073709551.615"),
        ];
        for (micros, written) in cases {
            let mut text = BytesMut::new();
            write_millis(&mut text, micros);
            assert_eq!(text, written);
        }
    }
}
