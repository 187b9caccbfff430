//! A client that is written byte by byte.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::stage::PATIENCE;

/// One connection of a client.
pub(super) struct Caller {
    pub(super) stream: TcpStream,
    read: Vec<u8>,
}

/// What it is answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
    /// Whether the body came to its end.
    pub(super) is_whole: bool,
}

impl Answered {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_ours(&self) -> bool {
        self.header("proxy-status").is_some_and(|value| value.starts_with("paceline;"))
    }

    pub(super) fn retry_after(&self) -> Duration {
        let value = self.header("retry-after").unwrap_or_else(|| panic!("it names no wait: {self:?}"));
        Duration::from_secs(value.parse().unwrap())
    }

    /// Expects an answer of the proxy's own.
    pub(super) fn expect_own(self, status: u16) -> Self {
        assert_eq!((self.status, self.is_ours()), (status, true), "{self:?}");
        self
    }

    /// Expects an answer of the platform's.
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!((self.status, self.is_ours()), (status, false), "{self:?}");
        self
    }
}

impl Caller {
    pub(super) async fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    /// The same from an address of this machine.
    pub(super) async fn connect_from(from: IpAddr, to: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        Self { stream: socket.connect(to).await.unwrap(), read: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(super) async fn get(&mut self, headers: &str) {
        self.send(format!("GET /it HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
    }

    pub(super) async fn post(&mut self, headers: &str, body: &str) {
        let length = body.len();
        let head = format!("POST /it HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n");
        self.send(head + body).await;
    }

    /// The next answer; a connection that ends without one is an error.
    pub(super) async fn answer(&mut self) -> Answered {
        self.try_answer().await.expect("the connection ended without an answer")
    }

    /// The next answer, or None where the connection ends without one.
    pub(super) async fn try_answer(&mut self) -> Option<Answered> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.read_more().await {
                assert!(self.read.is_empty(), "half a head: {:?}", String::from_utf8_lossy(&self.read));
                return None;
            }
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines.filter_map(|line| line.split_once(':'));
        let headers = fields.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        let mut answered = Answered { status, headers, body: String::new(), is_whole: true };
        self.read_body(&mut answered).await;
        Some(answered)
    }

    async fn read_body(&mut self, answered: &mut Answered) {
        let length = answered.header("content-length").map(|value| value.parse::<usize>().unwrap());
        let is_chunked = answered.header("transfer-encoding").is_some();
        let has_body = answered.status >= 200 && !matches!(answered.status, 204 | 304);
        let is_done = |read: &[u8]| match length {
            Some(length) => read.len() >= length,
            None => is_chunked && read.ends_with(b"0\r\n\r\n"),
        };
        while has_body && !is_done(&self.read) {
            if !self.read_more().await {
                answered.is_whole = length.is_none() && !is_chunked;
                break;
            }
        }
        let taken = length.unwrap_or(self.read.len()).min(self.read.len());
        let taken = if has_body { taken } else { 0 };
        answered.body = String::from_utf8_lossy(&self.read.drain(..taken).collect::<Vec<_>>()).into_owned();
    }

    /// Whether more came; not at the end, however that came about.
    async fn read_more(&mut self) -> bool {
        let reading = self.stream.read_buf(&mut self.read);
        let read = tokio::time::timeout(PATIENCE, reading).await.expect("no answer comes");
        read.is_ok_and(|count| count > 0)
    }

    /// Waits for its end.
    pub(super) async fn closed(&mut self) {
        while self.read_more().await {}
    }
}
