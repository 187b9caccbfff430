//! A tiny platform on a port of its own: what it does with the n-th request is a list.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use paceline::{
    Backoff, CallError, Client, ClientBuilder, Config, Jitter, KnownRate, Limits, Method, Pacer, Rate,
    Request, ScopeId, ScopeKind, ScopeSet,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the platform does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Writes this, and keeps the connection.
    Reply(String),
    /// Writes this, and closes.
    ReplyAndClose(String),
    /// Reads the request and resets the connection.
    Reset,
    /// Reads the request and never answers.
    Silence,
}

/// What it saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    /// Connections that the client closed.
    pub(crate) closed: usize,
    /// Heads and bodies, in order of arrival.
    pub(crate) requests: Vec<String>,
}

/// A running platform.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) address: SocketAddr,
    seen: watch::Receiver<Seen>,
}

type Acts = Arc<Mutex<VecDeque<Act>>>;
type Board = Arc<watch::Sender<Seen>>;

impl Platform {
    /// Does `acts` in order, then answers 200.
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acts: Acts = Arc::new(Mutex::new(acts.into_iter().collect()));
        let (board, seen) = watch::channel(Seen::default());
        let board = Arc::new(board);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                board.send_modify(|seen| seen.connections += 1);
                tokio::spawn(serve(stream, Arc::clone(&acts), Arc::clone(&board)));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self, path: &str) -> paceline::Uri {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until what was seen is so.
    pub(crate) async fn until(&self, so: impl FnMut(&Seen) -> bool) {
        self.seen.clone().wait_for(so).await.unwrap();
    }
}

/// A 200 with this body.
pub(crate) fn ok(body: &str) -> Act {
    reply("200 OK", "", body)
}

/// A reply with this status line, these extra header lines, and this body.
pub(crate) fn reply(status: &str, headers: &str, body: &str) -> Act {
    Act::Reply(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

/// A client and one scope for its calls.
pub(crate) async fn client_of(builder: ClientBuilder) -> (Client, ScopeSet) {
    let client = builder.build();
    let scope = limit(client.pacer(), fast()).await;
    (client, ScopeSet::one(scope))
}

pub(crate) async fn client() -> (Client, ScopeSet) {
    client_of(Client::builder().machine(quick())).await
}

/// Sets the limits of the one scope of a test.
pub(crate) async fn limit(pacer: &Pacer, limits: Limits) -> ScopeId {
    pacer.set_limits(ScopeKind::Credential, "test", limits).await.unwrap()
}

/// So fast that no test waits for the pacer.
pub(crate) fn fast() -> Limits {
    let rate = Rate::per_second(100_000.0).unwrap();
    Limits { known: Some(KnownRate { rate, burst: NonZeroU32::MIN }), ..Limits::default() }
}

/// Fast, and one attempt at a time.
pub(crate) fn one_slot() -> Limits {
    Limits { in_flight: Some(NonZeroU32::MIN), ..fast() }
}

/// A machine that gives up soon.
pub(crate) fn quick() -> Config {
    let moment = Duration::from_millis(1);
    let failure_wait = Backoff { base: moment, cap: moment, jitter: Jitter::Equal };
    Config { max_attempts: 2, failure_wait, ..Config::default() }
}

/// How a call of `client` fails for good while others of its scope pass; were it the only one, the fault
/// could be the platform's, and it would wait.
pub(crate) async fn failure_among_others(client: &Client, scopes: ScopeSet, failing: Request) -> CallError {
    let platform = Platform::start([]).await;
    let failing = tokio::spawn({
        let client = client.clone();
        async move { client.call(failing).await }
    });
    while !failing.is_finished() {
        client.call(post(platform.url("/"), scopes)).await.unwrap();
    }
    failing.await.unwrap().unwrap_err()
}

/// A POST with a small body.
pub(crate) fn post(uri: paceline::Uri, scopes: ScopeSet) -> Request {
    Request { body: "hello".into(), ..Request::new(Method::POST, uri, scopes) }
}

/// A PUT, which may be repeated.
pub(crate) fn put(uri: paceline::Uri, scopes: ScopeSet) -> Request {
    Request { body: "hello".into(), ..Request::new(Method::PUT, uri, scopes) }
}

async fn serve(mut stream: TcpStream, acts: Acts, board: Board) {
    while let Some(request) = read_request(&mut stream).await {
        board.send_modify(|seen| seen.requests.push(request));
        let act = acts.lock().unwrap().pop_front().unwrap_or_else(|| ok("ok"));
        match act {
            // A client that left early is seen at the next read.
            Act::Reply(text) => drop(stream.write_all(text.as_bytes()).await),
            Act::ReplyAndClose(text) => return drop(stream.write_all(text.as_bytes()).await),
            Act::Reset => return reset(stream),
            Act::Silence => {}
        }
    }
    board.send_modify(|seen| seen.closed += 1);
}

/// Closes with unsent data thrown away: the peer sees a reset.
pub(crate) fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}

/// Head and body of one request; `None` when the client closed instead.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<String> {
    let mut read = Vec::new();
    loop {
        if let Some(head) = read.windows(4).position(|end| end == b"\r\n\r\n") {
            let length = content_length(&String::from_utf8_lossy(&read[..head]));
            if read.len() >= head + 4 + length {
                return Some(String::from_utf8_lossy(&read).into_owned());
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => read.extend_from_slice(&chunk[..n]),
        }
    }
}

fn content_length(head: &str) -> usize {
    let lower = head.to_ascii_lowercase();
    let line = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.map_or(0, |length| length.trim().parse().unwrap())
}
