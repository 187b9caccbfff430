//! A proxy with an admin port in front of a stand-in, and clients that say just enough HTTP to be answered.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use paceline::client::Timeouts;
use paceline_cli::platform::{StandIn, serve};
use paceline_cli::proxy::rules::{Rules, Upstream};
use paceline_cli::proxy::{ProxyBounds, ProxyPlan, Running, start};
use paceline_core::{Limits, Profile};
use paceline_sim::platform::{LimitConfig, LimiterKind, PlatformConfig, Rate};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A stand-in, the proxy before it, and where the proxy is asked about itself.
pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) admin: SocketAddr,
    pub(crate) _stand_in: StandIn,
}

/// One answer of the proxy or of its admin port.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Site {
    pub(crate) async fn open(platform: PlatformConfig, token: Option<&str>) -> Self {
        let stand_in = serve(listener().await, platform.into(), 1).unwrap();
        let upstream: Upstream = stand_in.url().parse().unwrap();
        let running = start(plan(upstream), listener().await).await.unwrap();
        let port = listener().await;
        let admin = port.local_addr().unwrap();
        let url = running.serve_admin(port, token.map(str::to_owned));
        assert_eq!(url, format!("http://{admin}"));
        Self { running, admin, _stand_in: stand_in }
    }

    /// A call of a client through the proxy.
    pub(crate) async fn call(&self, credential: &str) -> Answer {
        call(self.running.address(), credential).await
    }

    /// Asks the admin port for a path.
    pub(crate) async fn ask(&self, path: &str) -> Answer {
        ask(self.admin, &format!("GET {path}"), "").await
    }

    pub(crate) async fn status(&self) -> Value {
        status(self.admin).await
    }

    /// Asks until what is told is so.
    pub(crate) async fn status_when(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let status = self.status().await;
            if is_so(&status) {
                return status;
            }
        }
    }
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        Self { status: head[9..12].parse().unwrap(), head: head.to_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn headers<'a>(&'a self, name: &str) -> Vec<&'a str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| *found == name).map(|(_, value)| value).collect()
    }
}

/// `GET /status`, without a token.
pub(crate) async fn status(admin: SocketAddr) -> Value {
    let answer = ask(admin, "GET /status", "").await;
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// One call through the proxy at `proxy`, on a connection of its own.
pub(crate) async fn call(proxy: SocketAddr, credential: &str) -> Answer {
    ask(proxy, "GET /records", &format!("authorization: {credential}\r\n")).await
}

/// One request on a connection of its own; its extra header lines each end with CRLF.
pub(crate) async fn ask(address: SocketAddr, start: &str, headers: &str) -> Answer {
    let host = if headers.contains("host:") { String::new() } else { format!("host: {address}\r\n") };
    said(address, &format!("{start} HTTP/1.1\r\n{host}connection: close\r\n{headers}\r\n")).await
}

/// What is answered to a text.
pub(crate) async fn said(address: SocketAddr, text: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    Answer::read(&String::from_utf8(answer).unwrap())
}

/// At most so many calls an hour for each credential: in the time of a test, never another.
pub(crate) fn only(calls: u32) -> PlatformConfig {
    limited(calls, Rate::new(NonZeroU32::MIN, Duration::from_secs(3_600)).unwrap())
}

/// So many calls at once for each credential, and `rate` after that.
pub(crate) fn limited(burst: u32, rate: Rate) -> PlatformConfig {
    let bucket = LimiterKind::TokenBucket { rate, burst: NonZeroU32::new(burst).unwrap() };
    PlatformConfig { limits: vec![LimitConfig::per_credential(bucket)], ..PlatformConfig::default() }
}

fn plan(upstream: Upstream) -> ProxyPlan {
    let profile = Profile { ban_after_refusal: false, ..Profile::default() };
    ProxyPlan {
        rules: Rules { to: Some(upstream), patience: Duration::from_secs(7_200), ..Rules::default() },
        profile: Arc::new(profile),
        timeouts: Timeouts::default(),
        limits: Box::new(|_, _| Limits::default()),
        has_ceiling: false,
        max_attempts: NonZeroU32::new(5).unwrap(),
        bounds: ProxyBounds {
            max_waiting: 100,
            max_body: 1_000,
            max_held: 10_000,
            max_connections: NonZeroU64::MAX.get(),
            head_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
        },
        state: None,
        tls: None,
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
