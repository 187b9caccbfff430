//! A small platform on a port of its own: it takes five calls in any second, and refuses the rest for a second.

use std::io::Result;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A running platform.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    tally: Arc<Mutex<Tally>>,
}

/// What it has seen.
#[derive(Clone, Copy)]
struct Tally {
    window: Instant,
    in_window: u32,
    accepted: u32,
    refused: u32,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let tally = Tally { window: Instant::now(), in_window: 0, accepted: 0, refused: 0 };
        let tally = Arc::new(Mutex::new(tally));
        let shared = Arc::clone(&tally);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that leaves is no matter.
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, tally })
    }

    pub(crate) fn report(&self) -> String {
        let Tally { accepted, refused, .. } = *self.tally.lock().expect("nobody panics with it");
        format!("the platform accepted {accepted} calls and refused {refused} attempts")
    }
}

async fn serve(mut stream: TcpStream, tally: Arc<Mutex<Tally>>) -> Result<()> {
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await? > 0 {
        // All bodies of the examples end so.
        if !read.ends_with(b"}") {
            continue;
        }
        read.clear();
        let reply = match tally.lock().expect("nobody panics with it").count() {
            true => "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}",
            false => "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 9\r\n\r\nslow down",
        };
        stream.write_all(reply.as_bytes()).await?;
    }
    Ok(())
}

impl Tally {
    /// Counts a call; whether it is accepted.
    fn count(&mut self) -> bool {
        if self.window.elapsed() >= Duration::from_secs(1) {
            (self.window, self.in_window) = (Instant::now(), 0);
        }
        self.in_window += 1;
        let is_accepted = self.in_window <= PER_SECOND;
        *if is_accepted { &mut self.accepted } else { &mut self.refused } += 1;
        is_accepted
    }
}

const PER_SECOND: u32 = 5;
