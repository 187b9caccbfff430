//! Reply bodies, read up to a bound.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// A body that is being read. Reading may be dropped midway and taken up again; nothing is lost.
#[derive(Debug)]
pub(crate) struct ReadBody {
    incoming: Incoming,
    /// The only chunk so far; most bodies have one, and it is not copied.
    whole: Bytes,
    joined: BytesMut,
    /// Nothing more is read, and whether that was all.
    over: Option<bool>,
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
        Self { incoming, whole: Bytes::new(), joined: BytesMut::new(), over: None }
    }

    /// Reads to the end, or until more than `limit` bytes have come. Of what did not end well there is no more than was read.
    pub(crate) async fn read(&mut self, limit: usize) -> BodyEnd {
        match self.over {
            Some(true) => return BodyEnd::Complete,
            Some(false) => return BodyEnd::Cut,
            None => {}
        }
        let end = self.read_on(limit).await;
        self.over = Some(matches!(end, BodyEnd::Complete));
        end
    }

    async fn read_on(&mut self, limit: usize) -> BodyEnd {
        while let Some(frame) = self.incoming.frame().await {
            match frame.map(|frame| frame.into_data()) {
                Ok(Ok(chunk)) if self.len() + chunk.len() > limit => {
                    let room = limit - self.len();
                    self.push(chunk.slice(..room));
                    return BodyEnd::Cut;
                }
                Ok(Ok(chunk)) => self.push(chunk),
                Ok(Err(_trailers)) => {}
                Err(error) => return BodyEnd::Broken(error),
            }
        }
        BodyEnd::Complete
    }

    /// What was read.
    pub(crate) fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() { self.whole } else { self.joined.freeze() }
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
