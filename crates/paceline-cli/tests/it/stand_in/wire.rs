//! A stand-in on a free port, and a client that speaks just enough HTTP to see every byte.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use paceline_cli::platform::{StandIn, serve};
use paceline_sim::platform::{LimitConfig, LimiterKind, PlatformConfig, Rate};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Starts a stand-in.
pub(crate) async fn start(config: PlatformConfig) -> StandIn {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    serve(listener, config.into(), 1).expect("a bound socket has an address")
}

/// At most so many calls an hour per credential: in the time of a test, never another.
pub(crate) fn only(calls: u32) -> PlatformConfig {
    let some = NonZeroU32::new(calls).expect("tests admit something");
    let rate = Rate::new(NonZeroU32::MIN, Duration::from_secs(3_600)).expect("an hour is a time");
    let bucket = LimiterKind::TokenBucket { rate, burst: some };
    PlatformConfig { limits: vec![LimitConfig::per_credential(bucket)], ..PlatformConfig::default() }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Wire(BufReader<TcpStream>);

/// One reply.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the stand-in answers with JSON")
    }
}

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.expect("the stand-in listens")))
    }

    /// Sends a request whose extra header lines each end with CRLF.
    pub(crate) async fn send(&mut self, start: &str, headers: &str, body: &str) -> io::Result<()> {
        let length = body.len();
        let text = format!("{start} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        self.0.write_all(text.as_bytes()).await
    }

    /// Sends the head of a request whose body never comes.
    pub(crate) async fn announce(&mut self, start: &str, length: usize) {
        let head = format!("{start} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        self.0.write_all(head.as_bytes()).await.expect("the connection is open");
    }

    /// Receives a whole reply.
    pub(crate) async fn receive(&mut self) -> io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head[9..12].parse().expect("a status has three digits");
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        answer.body = String::from_utf8(body).expect("JSON is UTF-8");
        Ok(answer)
    }

    pub(crate) async fn try_call(&mut self, start: &str, headers: &str, body: &str) -> io::Result<Answer> {
        self.send(start, headers, body).await?;
        self.receive().await
    }

    pub(crate) async fn call(&mut self, start: &str, headers: &str, body: &str) -> Answer {
        self.try_call(start, headers, body).await.expect("the stand-in answers")
    }

    /// `POST /records` with a body.
    pub(crate) async fn post(&mut self, body: &str) -> Answer {
        self.call("POST /records", "", body).await
    }

    pub(crate) async fn stats(&mut self) -> serde_json::Value {
        self.call("GET /stats", "", "").await.json()
    }

    /// What comes after this, until the connection ends.
    pub(crate) async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await?;
        Ok(rest)
    }
}
