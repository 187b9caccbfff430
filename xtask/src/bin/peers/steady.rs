//! Calls at a fixed rate, whatever becomes of them: so many connections take turns, each with a thread of its own. wrk knows no
//! rate, and h2load sends the calls of all its connections at the same instant, so that they queue behind one another.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Anything;

/// How long calls took, the quickest first.
#[derive(Debug)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// How many calls there were.
    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    /// How long at most this share of the calls took; `share` is from 0 to 1.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of a list")]
        #[expect(clippy::cast_precision_loss, reason = "no run has 2^52 calls")]
        let index = (share * self.0.len() as f64) as usize;
        self.0.get(index.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// Sends [`RATE`] calls of 2 KB a second for so long.
///
/// # Errors
/// When one is not answered with 200, or not within a minute.
pub(crate) fn run(to: SocketAddr, seconds: u32) -> Anything<Latencies> {
    let begin = Instant::now() + Duration::from_millis(100);
    let calls = seconds * RATE / CONNECTIONS;
    let start = |turn: u32| thread::spawn(move || connection(to, begin + turn * SLOT, calls));
    let threads: Vec<_> = (0..CONNECTIONS).map(start).collect();
    let mut all = Vec::new();
    for thread in threads {
        all.extend(thread.join().expect("a connection's thread does not panic")?);
    }
    all.sort_unstable();
    Ok(Latencies(all))
}

/// Each `CONNECTIONS` slots a call, from `first` on. A call that had to wait for the reply before it counts from when it should have
/// left; one that did not counts from when it left, so that a late waking of this thread is not held against the server.
fn connection(to: SocketAddr, first: Instant, calls: u32) -> io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LONGEST))?;
    let body = "x".repeat(2_048);
    let request =
        format!("POST /records HTTP/1.1\r\nHost: {to}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut latencies = Vec::new();
    for turn in 0..calls {
        let intended = first + turn * CONNECTIONS * SLOT;
        let wait = intended.saturating_duration_since(Instant::now());
        let start = if wait.is_zero() {
            intended
        } else {
            thread::sleep(wait);
            Instant::now()
        };
        stream.write_all(request.as_bytes())?;
        read_reply(&mut stream)?;
        latencies.push(start.elapsed());
    }
    Ok(latencies)
}

/// Reads a reply with a body of known length to its end.
fn read_reply(stream: &mut impl Read) -> io::Result<()> {
    let mut buffer = [0; 4_096];
    let mut filled = 0;
    loop {
        let count = stream.read(&mut buffer[filled..])?;
        if count == 0 {
            return Err(io::Error::other("a reply ended early, or is longer than 4 KiB"));
        }
        filled += count;
        let text = String::from_utf8_lossy(&buffer[..filled]);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if head.split(' ').nth(1) != Some("200") {
            return Err(io::Error::other(format!("not a reply with 200: {head}")));
        }
        let length = head.lines().filter_map(|line| line.split_once(": ")).find_map(|(name, value)| {
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
        });
        let length = length.ok_or_else(|| io::Error::other(format!("no Content-Length: {head}")))?;
        if body.len() >= length {
            return Ok(());
        }
    }
}

/// Calls a second: far below what any of the peers can do.
pub(crate) const RATE: u32 = 2_000;
/// Enough that one slow reply in 10 ms holds nobody up.
const CONNECTIONS: u32 = 40;
/// From one call to the next.
const SLOT: Duration = Duration::from_micros(1_000_000 / RATE as u64);
/// For one reply.
const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_latencies() {
        let latencies = Latencies((1..=100).map(Duration::from_micros).collect());
        assert_eq!(latencies.quantile(0.5).as_micros(), 51);
        assert_eq!(latencies.quantile(0.99).as_micros(), 100);
        assert_eq!(latencies.quantile(1.0).as_micros(), 100);
        assert_eq!(Latencies(Vec::new()).quantile(0.5), Duration::ZERO);
    }

    #[test]
    fn a_reply_is_read_to_its_end_and_must_be_a_200() {
        assert!(read_reply(&mut &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"[..]).is_ok());
        assert!(read_reply(&mut &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"[..]).is_err());
        assert!(read_reply(&mut &b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"[..]).is_err());
    }
}
