//! One end of a connection, raw: what is sent is what a test says, and what comes is read strictly.

use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream,
};

/// A connection.
pub(super) struct Wire {
    stream: BufStream<Box<dyn Stream>>,
}

/// A message as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// The request or status line.
    pub(super) start: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) trailers: Vec<(String, String)>,
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How a body ends.
enum Framing {
    None,
    Length(usize),
    Chunked,
    Close,
}

impl Message {
    /// The values of a header, in order.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(own, _)| own == name);
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// The only value of a header.
    pub(super) fn of(&self, name: &str) -> &str {
        match self.all(name).as_slice() {
            [only] => only,
            others => panic!("{name} comes {} times in {self:?}", others.len()),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    pub(super) fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line")
    }

    /// RFC 9112 6: there is one framing, or the message is no good.
    fn framing(&self) -> Framing {
        let is_reply = self.start.starts_with("HTTP/");
        match (self.all("content-length").as_slice(), self.all("transfer-encoding").as_slice()) {
            ([], []) if is_reply && matches!(self.status(), 100..=199 | 204 | 304) => Framing::None,
            ([], []) if is_reply => Framing::Close,
            ([], []) => Framing::None,
            ([length], []) => Framing::Length(length.parse().expect("a length in digits")),
            ([], ["chunked"]) => Framing::Chunked,
            _ => panic!("more than one framing: {self:?}"),
        }
    }
}

impl Wire {
    pub(super) fn new(stream: impl Stream + 'static) -> Self {
        Self { stream: BufStream::new(Box::new(stream)) }
    }

    pub(super) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        // Who has hung up does not hear it; what a test expects, it looks for elsewhere.
        let _ = self.stream.write_all(bytes.as_ref()).await;
        let _ = self.stream.flush().await;
    }

    /// Ends our half of the connection.
    pub(super) async fn end(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The next message with its body; `None` when the other side has closed in between.
    pub(super) async fn next(&mut self) -> Option<Message> {
        let mut message = self.next_head().await?;
        self.read_body(&mut message).await;
        Some(message)
    }

    /// The next message, which comes.
    pub(super) async fn message(&mut self) -> Message {
        self.next().await.expect("a message comes")
    }

    /// The next message without its body.
    pub(super) async fn head(&mut self) -> Message {
        self.next_head().await.expect("a message comes")
    }

    /// As many bytes of text.
    pub(super) async fn bytes(&mut self, count: usize) -> String {
        let bytes = self.raw(count).await.expect("as many bytes come");
        String::from_utf8(bytes).expect("bytes of a test are text")
    }

    /// As many bytes; `None` where the connection ends before.
    pub(super) async fn raw(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        in_time(self.stream.read_exact(&mut bytes)).await.ok()?;
        Some(bytes)
    }

    /// All that comes until the other side closes, be it in order or not.
    pub(super) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        // A reset ends what came as well as a close does.
        let _ = in_time(self.stream.read_to_end(&mut rest)).await;
        String::from_utf8(rest).expect("bytes of a test are text")
    }

    /// One chunk of a chunked body; an empty one is the last.
    pub(super) async fn chunk(&mut self) -> String {
        let line = self.line().await.expect("a chunk comes");
        let size = usize::from_str_radix(&line, 16).expect("a chunk's size, without extensions");
        if size == 0 {
            return String::new();
        }
        let chunk = self.bytes(size).await;
        assert_eq!(self.bytes(2).await, "\r\n");
        chunk
    }

    /// What follows the last chunk.
    pub(super) async fn trailers(&mut self) -> Vec<(String, String)> {
        self.fields().await
    }

    async fn next_head(&mut self) -> Option<Message> {
        let start = self.line().await?;
        let headers = self.fields().await;
        Some(Message { start, headers, ..Message::default() })
    }

    async fn read_body(&mut self, message: &mut Message) {
        match message.framing() {
            Framing::None => {}
            Framing::Length(length) => message.body = self.bytes(length).await,
            Framing::Close => message.body = self.rest().await,
            Framing::Chunked => {
                loop {
                    let chunk = self.chunk().await;
                    if chunk.is_empty() {
                        break;
                    }
                    message.body += &chunk;
                }
                message.trailers = self.trailers().await;
            }
        }
    }

    async fn fields(&mut self) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        loop {
            let line = self.line().await.expect("a head has an end");
            if line.is_empty() {
                return fields;
            }
            let (name, value) = line.split_once(':').expect("a field has a colon");
            assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "no name of a field: {name:?}");
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// A line without its end, which is CRLF and nothing else; `None` at the end of the connection.
    async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let read = in_time(self.stream.read_until(b'\n', &mut line)).await;
        if read.unwrap_or(0) == 0 {
            return None;
        }
        let line = String::from_utf8(line).expect("bytes of a test are text");
        let line = line.strip_suffix("\r\n").unwrap_or_else(|| panic!("no whole line: {line:?}"));
        assert!(!line.contains(['\r', '\0']), "a stray CR or NUL: {line:?}");
        Some(line.to_owned())
    }
}

/// What a test waits for comes at once; a test that waits in vain must end.
pub(super) async fn in_time<T>(coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), coming).await.expect("it comes in time")
}
