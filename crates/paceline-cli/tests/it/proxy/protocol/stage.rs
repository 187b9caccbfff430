//! A proxy in this process, between raw clients and a platform of raw connections.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use paceline::client::Timeouts;
use paceline_cli::proxy::rules::Rules;
use paceline_cli::proxy::{Counts, ProxyBounds, ProxyPlan, Running};
use paceline_core::Limits;
use rustls::ClientConfig;
use tokio::net::{TcpListener, TcpStream};

use super::wire::{Message, Wire, in_time};

/// The proxy, and the platform's listener.
pub(super) struct Stage {
    running: Running,
    platform: TcpListener,
}

/// What went through a proxy that has ended.
pub(super) struct Ended {
    pub(super) counts: Counts,
    platform: TcpListener,
}

/// The most bytes of a body that are kept, here.
pub(super) const MAX_BODY: usize = 1024;

/// A proxy before `to`, which keeps little and waits for nobody.
pub(super) fn plan(to: &str) -> ProxyPlan {
    ProxyPlan {
        rules: Rules { to: Some(to.parse().unwrap()), ..Rules::default() },
        profile: Arc::default(),
        timeouts: Timeouts::default(),
        limits: Box::new(|_, _| Limits::default()),
        has_ceiling: false,
        max_attempts: 3.try_into().unwrap(),
        bounds: ProxyBounds {
            max_waiting: 1000,
            max_body: MAX_BODY as u64,
            max_held: 1 << 20,
            max_connections: 100,
            head_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(60),
        },
        state: None,
        tls: None,
        traces: None,
        upstream_tls: None,
    }
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut ProxyPlan)) -> Self {
        let platform = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut plan = plan(&format!("http://{}", platform.local_addr().unwrap()));
        change(&mut plan);
        let running = start(plan).await;
        Self { running, platform }
    }

    /// One whose platform speaks TLS, trusted as `tls` has it.
    pub(super) async fn secure(tls: Arc<ClientConfig>) -> Self {
        Self::with(|plan| {
            let to = plan.rules.to.as_ref().unwrap().to_string();
            plan.rules.to = Some(to.replace("http:", "https:").parse().unwrap());
            plan.upstream_tls = Some(tls);
        })
        .await
    }

    /// The next connection that the proxy makes to the platform.
    pub(super) async fn platform(&self) -> Wire {
        Wire::new(self.platform_tcp().await)
    }

    pub(super) async fn platform_tcp(&self) -> TcpStream {
        in_time(self.platform.accept()).await.unwrap().0
    }

    /// Where the platform listens.
    pub(super) fn platform_address(&self) -> String {
        self.platform.local_addr().unwrap().to_string()
    }

    /// A new connection to the proxy.
    pub(super) async fn client(&self) -> Wire {
        Wire::new(self.tcp().await)
    }

    pub(super) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.running.address()).await.unwrap()
    }

    /// A client and the platform that has got its request, as it got it.
    pub(super) async fn asked(&self, request: impl AsRef<[u8]>) -> (Wire, Wire, Message) {
        let mut client = self.client().await;
        client.say(request).await;
        let mut platform = self.platform().await;
        let asked = platform.message().await;
        (client, platform, asked)
    }

    /// What the platform gets of `request`, answering it in order.
    pub(super) async fn sent_on(&self, request: impl AsRef<[u8]>) -> Message {
        let (mut client, mut platform, asked) = self.asked(request).await;
        platform.say(OK).await;
        assert_eq!(client.message().await.status(), 200);
        asked
    }

    /// What the client gets of `reply` to a GET.
    pub(super) async fn passed_back(&self, reply: impl AsRef<[u8]>) -> Message {
        let (mut client, mut platform, _) = self.asked(GET).await;
        platform.say(reply).await;
        drop(platform);
        client.message().await
    }

    /// Lets all calls end, and closes all connections.
    pub(super) async fn end(self) -> Ended {
        let counts = self.running.drain(Duration::from_secs(20)).await.unwrap();
        Ended { counts, platform: self.platform }
    }
}

impl Ended {
    /// Whether the platform has a connection that no test has taken.
    pub(super) fn has_called(&self) -> bool {
        self.platform.accept().now_or_never().is_some()
    }
}

pub(super) async fn start(plan: ProxyPlan) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    paceline_cli::proxy::start(plan, listener).await.unwrap()
}

pub(super) const GET: &str = "GET /a?b=c HTTP/1.1\r\nhost: here\r\n\r\n";
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
