//! Reply bodies, read up to a bound.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// A body that is being read. Reading may be dropped midway and taken up again; nothing is lost.
#[derive(Debug)]
pub(crate) struct ReadBody {
    incoming: Incoming,
    /// The only chunk so far; most bodies have one, and it is not copied.
    whole: Bytes,
    joined: BytesMut,
    /// What came beyond the bound with the last chunk.
    beyond: Bytes,
    trailers: Option<HeaderMap>,
    over: Option<Over>,
}

/// Why nothing more is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Complete,
    Cut,
    Broken,
}

/// A body of which a part was read, to be passed on.
#[derive(Debug)]
pub(crate) struct HalfRead {
    /// What was read, in order.
    pub(crate) read: [Bytes; 2],
    pub(crate) trailers: Option<HeaderMap>,
    /// Whether it broke off after that.
    pub(crate) is_broken: bool,
    /// The rest.
    pub(crate) incoming: Incoming,
}

/// How far reading came.
#[derive(Debug)]
pub(crate) enum BodyEnd {
    /// All of it was read: its connection can be used again.
    Complete,
    /// There is more than the bound.
    Cut,
    /// The connection broke inside it.
    Broken(hyper::Error),
}

impl ReadBody {
    pub(crate) fn new(incoming: Incoming) -> Self {
        let (whole, beyond) = (Bytes::new(), Bytes::new());
        Self { incoming, whole, joined: BytesMut::new(), beyond, trailers: None, over: None }
    }

    /// Reads to the end, or until more than `limit` bytes have come. Of what did not end well there is no more than was read.
    pub(crate) async fn read(&mut self, limit: usize) -> BodyEnd {
        match self.over {
            Some(Over::Complete) => return BodyEnd::Complete,
            Some(Over::Cut | Over::Broken) => return BodyEnd::Cut,
            None => {}
        }
        let end = self.read_on(limit).await;
        self.over = Some(match end {
            BodyEnd::Complete => Over::Complete,
            BodyEnd::Cut => Over::Cut,
            BodyEnd::Broken(_) => Over::Broken,
        });
        end
    }

    async fn read_on(&mut self, limit: usize) -> BodyEnd {
        while let Some(frame) = self.incoming.frame().await {
            match frame.map(|frame| frame.into_data()) {
                Ok(Ok(chunk)) if self.len() + chunk.len() > limit => {
                    let room = limit - self.len();
                    self.push(chunk.slice(..room));
                    self.beyond = chunk.slice(room..);
                    return BodyEnd::Cut;
                }
                Ok(Ok(chunk)) => self.push(chunk),
                Ok(Err(frame)) => self.trailers = frame.into_trailers().ok(),
                Err(error) => return BodyEnd::Broken(error),
            }
        }
        BodyEnd::Complete
    }

    /// What was read.
    pub(crate) fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() { self.whole } else { self.joined.freeze() }
    }

    /// What was read and what is still to come.
    pub(crate) fn into_half_read(self) -> HalfRead {
        let read = if self.joined.is_empty() { self.whole } else { self.joined.freeze() };
        HalfRead {
            read: [read, self.beyond],
            trailers: self.trailers,
            is_broken: self.over == Some(Over::Broken),
            incoming: self.incoming,
        }
    }

    /// What was read so far.
    pub(crate) fn so_far(&self) -> &[u8] {
        if self.joined.is_empty() { &self.whole } else { &self.joined }
    }

    fn len(&self) -> usize {
        self.whole.len() + self.joined.len()
    }

    fn push(&mut self, chunk: Bytes) {
        if self.len() == 0 {
            self.whole = chunk;
            return;
        }
        if self.joined.is_empty() {
            self.joined.extend_from_slice(&std::mem::take(&mut self.whole));
        }
        self.joined.extend_from_slice(&chunk);
    }
}
