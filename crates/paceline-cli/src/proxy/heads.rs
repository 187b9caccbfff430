//! Where heads end in what a client of HTTP/1 sends, and whether the last one named a length.
//!
//! RFC 9112 6.1: a message with a length and a transfer coding is how one request is smuggled inside another. hyper takes the
//! length away before anybody sees the head, so the head is looked at on its way to hyper. hyper alone decides what a head is:
//! it is given no byte behind a blank line before it has asked for more, so a request that it makes ends at the last blank line.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Version;
use http::header::TRANSFER_ENCODING;
use hyper::body::Body;

/// What a connection's socket and its service know together.
#[derive(Debug, Default)]
pub(super) struct Heads {
    seen: Mutex<Seen>,
}

/// Marks a request whose head had both a length and a transfer coding.
#[derive(Clone, Copy, Debug)]
pub(super) struct TwoFramings;

#[derive(Debug, Default)]
struct Seen {
    /// So much of a body of known length is still to come, and is not looked at.
    body_left: u64,
    /// The beginning of the line that is being read, and how long that is.
    begun: [u8; LENGTH.len()],
    begun_len: usize,
    has_length: bool,
    /// Whether the last line was blank: the next is of another head.
    is_over: bool,
    has_asked: bool,
}

impl Heads {
    /// How many of these bytes, which follow those before, hyper may have at once.
    pub(super) fn pass(&self, bytes: &[u8]) -> usize {
        self.lock().pass(bytes)
    }

    /// hyper has made `request` of what it has; it is marked if it had two framings.
    pub(super) fn begin<B: Body>(&self, request: &mut http::Request<B>) {
        let mut seen = self.lock();
        seen.has_asked = true;
        seen.body_left = request.body().size_hint().exact().unwrap_or(0);
        let is_coded =
            request.version() == Version::HTTP_11 && request.headers().contains_key(TRANSFER_ENCODING);
        if is_coded && seen.has_length {
            request.extensions_mut().insert(TwoFramings);
        }
    }

    /// No head comes any more: the connection has become something else.
    pub(super) fn end(&self) {
        self.lock().body_left = u64::MAX;
    }

    /// Whether no request has come so far: what is written then is hyper's own.
    pub(super) fn has_asked(&self) -> bool {
        self.lock().has_asked
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn pass(&mut self, bytes: &[u8]) -> usize {
        let body = usize::try_from(self.body_left).unwrap_or(usize::MAX).min(bytes.len());
        self.body_left -= body as u64;
        let mut at = body;
        while let Some(length) = memchr::memchr(b'\n', &bytes[at..]) {
            self.read(&bytes[at..at + length]);
            at += length + 1;
            if self.end_line() {
                return at;
            }
        }
        self.read(&bytes[at..]);
        bytes.len()
    }

    fn read(&mut self, part: &[u8]) {
        let kept = part.len().min(self.begun.len() - self.begun_len);
        self.begun[self.begun_len..self.begun_len + kept].copy_from_slice(&part[..kept]);
        self.begun_len += kept;
    }

    /// Returns whether the line is blank.
    fn end_line(&mut self) -> bool {
        let line = &self.begun[..std::mem::take(&mut self.begun_len)];
        if std::mem::take(&mut self.is_over) {
            self.has_length = false;
        }
        self.has_length |= line.eq_ignore_ascii_case(LENGTH);
        self.is_over = line.is_empty() || line == b"\r";
        self.is_over
    }
}

/// RFC 9112 5.1: nothing stands between the name and the colon, and hyper refuses what does.
const LENGTH: &[u8; 15] = b"content-length:";

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body_util::Full;
    use proptest::prelude::*;

    use super::*;

    fn coded(headers: &[&'static str]) -> Request<Full<&'static [u8]>> {
        let mut request = Request::new(Full::default());
        for name in headers {
            request.headers_mut().insert(*name, http::HeaderValue::from_static("chunked"));
        }
        request
    }

    /// Gives `text` in pieces of `size`, and returns it as it was passed on.
    fn passed(heads: &Heads, text: &str, size: usize) -> Vec<String> {
        let mut passed = Vec::new();
        for mut piece in text.as_bytes().chunks(size) {
            while !piece.is_empty() {
                let (now, later) = piece.split_at(heads.pass(piece));
                passed.push(String::from_utf8(now.to_vec()).unwrap());
                piece = later;
            }
        }
        passed
    }

    fn is_marked(heads: &Heads, mut request: Request<Full<&'static [u8]>>) -> bool {
        heads.begin(&mut request);
        request.extensions().get::<TwoFramings>().is_some()
    }

    #[test]
    fn nothing_passes_together_with_what_follows_a_blank_line() {
        let heads = Heads::default();
        let text = "GET / HTTP/1.1\r\nhost: h\r\n\r\nGET /b HTTP/1.1\n\n\r\nrest";
        let ends = ["\r\n\r\n", "\n\n", "\r\n", "rest"];
        let pieces = passed(&heads, text, 1_000);
        assert_eq!(pieces.concat(), text);
        assert_eq!(pieces.len(), ends.len());
        assert!(pieces.iter().zip(ends).all(|(piece, end)| piece.ends_with(end)), "{pieces:?}");
    }

    proptest! {
        #[test]
        fn a_length_beside_a_coding_is_seen_however_it_comes(
            size in 1_usize..40, upper in any::<bool>(), first in any::<bool>(), has in any::<bool>()
        ) {
            let heads = Heads::default();
            let length = if has { "content-length: 5\r\n" } else { "x-content-length: 5\r\n" };
            let length = if upper { length.to_uppercase() } else { length.to_owned() };
            let coding = "transfer-encoding: chunked\r\n";
            let (one, other) = if first { (&*length, coding) } else { (coding, &*length) };
            passed(&heads, &format!("POST / HTTP/1.1\r\n{one}{other}\r\n"), size);
            prop_assert_eq!(is_marked(&heads, coded(&["transfer-encoding"])), has);
            passed(&heads, "0\r\n\r\nPOST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", size);
            prop_assert!(!is_marked(&heads, coded(&["transfer-encoding"])), "that was another head");
        }
    }

    #[test]
    fn a_length_in_a_body_is_none() {
        let heads = Heads::default();
        passed(&heads, "POST / HTTP/1.1\r\ncontent-length: 20\r\n\r\n", 7);
        let mut request = Request::new(Full::new(&b"\ncontent-length: 20\r\n"[..]));
        heads.begin(&mut request);
        passed(&heads, "\ncontent-length: 20\r\nPOST / HTTP/1.1\r\n\r\n", 7);
        assert!(!is_marked(&heads, coded(&["transfer-encoding"])));
        assert!(!is_marked(&heads, coded(&[])));
    }

    #[test]
    fn a_connection_that_has_become_something_else_is_not_looked_at() {
        let heads = Heads::default();
        heads.end();
        assert_eq!(heads.pass(b"a\n\nb\n\n"), 6);
    }
}
