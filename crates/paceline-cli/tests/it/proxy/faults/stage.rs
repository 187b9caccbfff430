//! A proxy in process, and what is asked of it after every fault.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use paceline_cli::proxy::rules::Rules;
use paceline_cli::proxy::{Counts, Load, ProxyBounds, ProxyPlan, Running, start};
use paceline_core::{Limits, Profile};
use tokio::net::TcpListener;

use super::caller::Caller;

/// A running proxy in front of one platform.
pub(super) struct Stage {
    pub(super) running: Running,
}

/// A plan whose calls go to `to`, of generous bounds.
pub(super) fn plan(to: &str) -> ProxyPlan {
    let minute = Duration::from_secs(60);
    ProxyPlan {
        traces: None,
        upstream_tls: None,
        rules: Rules { to: Some(to.parse().unwrap()), ..Rules::default() },
        profile: Arc::new(Profile::default()),
        timeouts: paceline::client::Timeouts::default(),
        limits: Box::new(|_, _| Limits::default()),
        has_ceiling: false,
        max_attempts: NonZeroU32::new(8).unwrap(),
        bounds: ProxyBounds {
            max_waiting: 1_000,
            max_body: 1 << 20,
            max_held: 64 << 20,
            max_connections: 1_000,
            head_timeout: minute,
            body_timeout: minute,
        },
        state: None,
        tls: None,
    }
}

/// As [`plan`], and each credential has one call in flight at most.
pub(super) fn one_at_a_time(to: &str) -> ProxyPlan {
    let one = Limits { in_flight: NonZeroU32::new(1), ..Limits::default() };
    ProxyPlan { limits: Box::new(move |_, _| one), ..plan(to) }
}

impl Stage {
    pub(super) async fn start(plan: ProxyPlan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { running: start(plan, listener).await.unwrap() }
    }

    pub(super) async fn caller(&self) -> Caller {
        Caller::connect(self.running.address()).await
    }

    /// Waits until what it holds is as `is_so` says.
    pub(super) async fn until(&self, is_so: impl Fn(Load) -> bool) {
        until(|| is_so(self.running.load()), || format!("{:?}", self.running.load())).await;
    }

    pub(super) async fn until_waiting(&self, calls: usize) {
        self.until(|load| load.waiting == calls).await;
    }

    pub(super) async fn until_in_flight(&self, calls: usize) {
        self.until(|load| load.in_flight == calls).await;
    }

    /// Waits until nothing of any call is left, and returns what was counted.
    pub(super) async fn settled(&self) -> Counts {
        self.until(|load| (load.waiting, load.in_flight, load.bytes_held) == (0, 0, 0)).await;
        self.running.counts()
    }
}

/// Waits until `is_so`.
pub(super) async fn until(is_so: impl Fn() -> bool, state: impl Fn() -> String) {
    let waiting = async {
        let mut look = tokio::time::interval(Duration::from_millis(2));
        while !is_so() {
            look.tick().await;
        }
    };
    let done = tokio::time::timeout(PATIENCE, waiting).await;
    done.unwrap_or_else(|_| panic!("what is waited for does not happen: {}", state()));
}

/// Far beyond what anything here takes on a busy machine; reached only when something hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
