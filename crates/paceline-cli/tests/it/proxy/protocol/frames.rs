//! HTTP/2, frame by frame, as much of it as tests need (RFC 9113 4.1, 6).

use super::stage::Stage;
use super::tls::{self, Identity};
use super::wire::Wire;

/// A connection of HTTP/2 whose other end is the proxy.
pub(super) struct Frames {
    wire: Wire,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frames {
    /// The next connection that the proxy makes to a platform of `identity`, which allows so many streams.
    pub(super) async fn accept(stage: &Stage, identity: &Identity, streams: u32) -> Self {
        let mut wire = tls::accept(identity, stage.platform_tcp().await).await.unwrap();
        assert_eq!(wire.raw(PREFACE.len()).await.unwrap(), PREFACE);
        let mut frames = Self { wire };
        let setting = [&MAX_CONCURRENT_STREAMS.to_be_bytes()[..], &streams.to_be_bytes()].concat();
        frames.send(SETTINGS, 0, 0, &setting).await;
        frames
    }

    /// A connection to the proxy.
    pub(super) async fn connect(stage: &Stage) -> Self {
        Self::connect_with(stage, &[]).await
    }

    /// A connection to the proxy, of these settings.
    pub(super) async fn connect_with(stage: &Stage, settings: &[(u16, u32)]) -> Self {
        let mut frames = Self { wire: stage.client().await };
        frames.wire.say(PREFACE).await;
        let settings =
            settings.iter().map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat());
        frames.send(SETTINGS, 0, 0, &settings.collect::<Vec<_>>().concat()).await;
        frames
    }

    /// Lets `more` bytes come on a stream.
    pub(super) async fn open_window(&mut self, stream: u32, more: u32) {
        self.send(WINDOW_UPDATE, 0, stream, &more.to_be_bytes()).await;
    }

    pub(super) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.wire.say([&head, payload].concat()).await;
    }

    /// The next frame that is not about the connection: what asks for an answer there gets one. `None` at its end.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        loop {
            let head = self.wire.raw(9).await?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let (kind, flags) = (head[3], head[4]);
            let payload = self.wire.raw(length as usize).await?;
            match kind {
                SETTINGS | PING if flags & ACK == 0 => {
                    self.send(kind, ACK, 0, &payload_of(kind, &payload)).await
                }
                SETTINGS | PING | WINDOW_UPDATE => {}
                _ => return Some(Frame { kind, flags, stream, payload }),
            }
        }
    }

    /// The stream on which the next request comes, once it has come to its end.
    pub(super) async fn request(&mut self) -> u32 {
        loop {
            let frame = self.next().await.expect("a request comes");
            assert!([HEADERS, DATA].contains(&frame.kind), "{frame:?}");
            if frame.flags & END_STREAM != 0 {
                return frame.stream;
            }
        }
    }

    /// Answers 200, without a body.
    pub(super) async fn answer(&mut self, stream: u32) {
        // RFC 7541 appendix A: 8 is `:status: 200`.
        self.send(HEADERS, END_STREAM | END_HEADERS, stream, &[0x88]).await;
    }

    pub(super) async fn reset(&mut self, stream: u32, code: u32) {
        self.send(RST_STREAM, 0, stream, &code.to_be_bytes()).await;
    }

    pub(super) async fn go_away(&mut self, last: u32, code: u32) {
        self.send(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat()).await;
    }
}

impl Frame {
    pub(super) fn code(&self) -> u32 {
        u32::from_be_bytes(self.payload[..4].try_into().unwrap())
    }
}

/// Fields as a block of HPACK, all of them literal (RFC 7541 6.2.2).
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

fn payload_of(kind: u8, payload: &[u8]) -> Vec<u8> {
    if kind == PING { payload.to_vec() } else { Vec::new() }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const PRIORITY: u8 = 2;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
const MAX_CONCURRENT_STREAMS: u16 = 3;
pub(super) const INITIAL_WINDOW_SIZE: u16 = 4;
/// RFC 9113 7.
pub(super) const NO_ERROR: u32 = 0;
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const INTERNAL_ERROR: u32 = 2;
pub(super) const FLOW_CONTROL_ERROR: u32 = 3;
pub(super) const STREAM_CLOSED: u32 = 5;
pub(super) const FRAME_SIZE_ERROR: u32 = 6;
pub(super) const REFUSED_STREAM: u32 = 7;
pub(super) const CANCEL: u32 = 8;
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;
