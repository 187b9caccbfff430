//! A proxy with an admin port in front of a stand-in, and clients that say just enough HTTP to be answered.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use paceline::client::Timeouts;
use paceline_cli::platform::{StandIn, serve};
use paceline_cli::proxy::rules::{ClientBy, Rules, Upstream};
use paceline_cli::proxy::{ProxyBounds, ProxyPlan, Running, start};
use paceline_core::{Limits, Profile};
use paceline_sim::platform::{LimitConfig, LimiterKind, PlatformConfig, Rate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A stand-in, the proxy before it, and where the proxy is asked about itself.
pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) admin: SocketAddr,
    pub(crate) _stand_in: StandIn,
}

impl Site {
    pub(crate) async fn open(platform: PlatformConfig, token: Option<&str>) -> Self {
        Self::of(platform, token, ClientBy::default()).await
    }

    /// One whose clients are told apart by a header.
    pub(crate) async fn open_named(platform: PlatformConfig, header: &str) -> Self {
        Self::of(platform, None, ClientBy::Header(header.parse().unwrap())).await
    }

    async fn of(platform: PlatformConfig, token: Option<&str>, client: ClientBy) -> Self {
        let stand_in = serve(listener().await, platform.into(), 1).unwrap();
        let upstream: Upstream = stand_in.url().parse().unwrap();
        let running = start(plan(upstream, client), listener().await).await.unwrap();
        let port = listener().await;
        let admin = port.local_addr().unwrap();
        let url = running.serve_admin(port, token.map(str::to_owned));
        assert_eq!(url, format!("http://{admin}"));
        Self { running, admin, _stand_in: stand_in }
    }

    /// A call of a client through the proxy; its status.
    pub(crate) async fn call(&self, credential: &str) -> u16 {
        call(self.running.address(), credential).await
    }

    /// A call with header lines, each ending with CRLF.
    pub(crate) async fn call_with(&self, headers: &str) -> u16 {
        called(self.running.address(), headers).await
    }
}

/// One call through the proxy at `proxy`, on a connection of its own; its status.
pub(crate) async fn call(proxy: SocketAddr, credential: &str) -> u16 {
    called(proxy, &format!("authorization: {credential}\r\n")).await
}

async fn called(proxy: SocketAddr, headers: &str) -> u16 {
    let text = format!("GET /records HTTP/1.1\r\nhost: {proxy}\r\nconnection: close\r\n{headers}\r\n");
    exchange(proxy, &text).await[9..12].parse().unwrap()
}

/// What is answered to a text, on a connection of its own.
pub(crate) async fn exchange(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
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

fn plan(upstream: Upstream, client: ClientBy) -> ProxyPlan {
    let profile = Profile { ban_after_refusal: false, ..Profile::default() };
    ProxyPlan {
        rules: Rules { to: Some(upstream), client, patience: Duration::from_secs(7_200), ..Rules::default() },
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
        traces: None,
        upstream_tls: None,
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
