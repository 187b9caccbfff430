//! A platform that is written byte by byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;

use super::stage::PATIENCE;

/// A listening platform whose calls wait for the test; it is gone when it is dropped.
pub(super) struct Platform {
    pub(super) url: String,
    calls: UnboundedReceiver<Call>,
    line: Line,
    listening: JoinHandle<()>,
}

/// Where connections lay down what they are asked.
#[derive(Clone)]
struct Line {
    calls: UnboundedSender<Call>,
    /// Requests whose body did not come to its end.
    broken: Arc<AtomicUsize>,
}

/// A whole request. Dropped, its connection is closed.
pub(super) struct Call {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    stream: TcpStream,
    line: Line,
}

impl Platform {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (lay, calls) = mpsc::unbounded_channel();
        let line = Line { calls: lay, broken: Arc::default() };
        let listening = tokio::spawn(accept(listener, line.clone()));
        Self { url, calls, line, listening }
    }

    /// One that answers every call so.
    pub(super) async fn answering(head: &'static str) -> (String, Arc<AtomicUsize>) {
        let mut platform = Self::start().await;
        let (url, asked) = (platform.url.clone(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Some(call) = platform.calls.recv().await {
                count.fetch_add(1, Ordering::SeqCst);
                call.answer(head).await;
            }
        });
        (url, asked)
    }

    pub(super) async fn call(&mut self) -> Call {
        let call = tokio::time::timeout(PATIENCE, self.calls.recv()).await;
        call.expect("no call comes").expect("the listener holds a sender")
    }

    /// A call that has come already.
    pub(super) fn try_call(&mut self) -> Option<Call> {
        self.calls.try_recv().ok()
    }

    pub(super) fn broken(&self) -> usize {
        self.line.broken.load(Ordering::SeqCst)
    }

    /// Takes no more connections.
    pub(super) fn vanish(&self) {
        self.listening.abort();
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Call {
    /// Whatever bytes; it may be that nobody takes them any more.
    pub(super) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// A whole answer of this head (`200 OK`, and perhaps headers) with a small body; the connection goes on.
    pub(super) async fn answer(mut self, head: &str) {
        self.say(format!("HTTP/1.1 {head}\r\ncontent-length: 2\r\n\r\n{{}}")).await;
        tokio::spawn(hold(self.stream, self.line));
    }

    /// A refusal that names a wait.
    pub(super) async fn refuse(self, seconds: u64) {
        self.answer(&format!("429 Too Many Requests\r\nretry-after: {seconds}")).await;
    }

    /// Waits until the other side has closed its connection.
    pub(super) async fn is_left(&mut self) {
        let left = tokio::time::timeout(PATIENCE, self.stream.read(&mut [0; 64])).await;
        assert!(left.expect("it is not left").is_ok_and(|count| count == 0), "it is asked something else");
    }
}

async fn accept(listener: TcpListener, line: Line) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(hold(stream, line.clone()));
    }
}

/// Reads one request, and lays it down with its connection.
async fn hold(mut stream: TcpStream, line: Line) {
    let mut read = Vec::new();
    let head = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break String::from_utf8(read.drain(..end + 4).collect()).unwrap().to_lowercase();
        }
        if !stream.read_buf(&mut read).await.is_ok_and(|count| count > 0) {
            return;
        }
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let is_chunked = head.contains("transfer-encoding: chunked");
    loop {
        let is_whole =
            if is_chunked { read.ends_with(b"0\r\n\r\n") } else { read.len() >= length.unwrap_or(0) };
        if is_whole {
            break;
        }
        if !stream.read_buf(&mut read).await.is_ok_and(|count| count > 0) {
            line.broken.fetch_add(1, Ordering::SeqCst);
            return;
        }
    }
    let calls = line.calls.clone();
    // The test may be over.
    drop(calls.send(Call { head, body: read, stream, line }));
}
