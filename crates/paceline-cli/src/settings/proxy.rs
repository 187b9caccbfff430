//! `[proxy]`: how calls reach the proxy, and what it does with them.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::proxy::rules::{Rule, Rules, ScopeSource};
use crate::units::Size;

/// `[proxy]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxySettings {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where the proxy is asked about itself; nowhere by default.
    pub admin: Option<SocketAddr>,
    /// Where gates and what was learned are kept, so that a restart is never early; nowhere by default.
    pub state: Option<PathBuf>,
    /// The most calls that wait for a permit; more are refused at once.
    pub max_waiting: NonZeroUsize,
    /// The largest body that is kept so that its call can be sent again.
    pub max_body: Size,
    /// The most bytes of bodies that are kept at once, of all calls.
    pub max_held: Size,
    /// The most connections of clients.
    pub max_connections: NonZeroUsize,
    /// How long calls that are under way have when the proxy is told to stop.
    pub drain: Duration,
    /// Where calls go, whose they are, which limits they fall under and how long they wait.
    pub rules: Rules,
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            admin: None,
            state: None,
            max_waiting: MAX_WAITING,
            max_body: MAX_BODY,
            max_held: MAX_HELD,
            max_connections: MAX_CONNECTIONS,
            drain: DRAIN,
            rules: Rules::default(),
        }
    }
}

/// Two things that were written and cannot both be meant.
#[derive(Debug)]
pub(super) struct Contradiction {
    /// The key or the table of the one, as origins are kept by.
    pub(super) at: String,
    pub(super) message: String,
    pub(super) advice: String,
}

impl ProxySettings {
    /// What is right each by itself and wrong together.
    pub(super) fn contradictions(&self) -> Vec<Contradiction> {
        let mut found: Vec<Contradiction> =
            self.small_store().into_iter().chain(self.named_secrets()).collect();
        found.extend(self.written_secrets());
        found.extend(self.twin_routes());
        found.extend(self.endpoints_without_path());
        found
    }

    fn small_store(&self) -> Option<Contradiction> {
        (self.max_held < self.max_body).then(|| Contradiction {
            at: if self.max_held == MAX_HELD { "proxy.max_body" } else { "proxy.max_held" }.to_owned(),
            message: format!("`max_held` is less than `max_body`, which is {}", self.max_body),
            advice: "make room for one body at least".to_owned(),
        })
    }

    fn twin_routes(&self) -> impl Iterator<Item = Contradiction> {
        let routes = &self.rules.routes;
        (1..routes.len()).filter_map(|at| {
            let (twin, prefix) = (&routes[at].prefix, &routes[at].prefix);
            let first = routes[..at].iter().find(|route| route.prefix == *twin)?;
            Some(Contradiction {
                at: format!("proxy.route.{prefix}."),
                message: format!(
                    "[proxy.route.\"{prefix}\"] begins the same paths as [proxy.route.\"{}\"]",
                    first.prefix
                ),
                advice: "leave one of them out".to_owned(),
            })
        })
    }

    fn endpoints_without_path(&self) -> impl Iterator<Item = Contradiction> {
        let named = self.rules.rules.iter();
        let bare = named.filter(|rule| rule.endpoint == Some(ScopeSource::Endpoint) && rule.path.is_none());
        bare.map(|rule| Contradiction {
            at: format!("proxy.rule.{}.endpoint", rule.name),
            message: "`endpoint` is named after the rule's path, but it has none".to_owned(),
            advice: "add path = \"/api/*/exports\", or name the endpoint: \"POST /exports\"".to_owned(),
        })
    }

    /// Names are printed, and the user has said that these headers hold secrets.
    fn named_secrets(&self) -> impl Iterator<Item = Contradiction> {
        let rules = &self.rules;
        let client = rules.client.header().map(|header| ("proxy.client".to_owned(), header));
        let scopes = rules.rules.iter().flat_map(|rule| {
            rule.scopes().filter_map(|(key, source)| {
                Some((format!("proxy.rule.{}.{key}", rule.name), source.header()?))
            })
        });
        let secret = client.into_iter().chain(scopes).filter(|(_, header)| rules.credential.contains(header));
        secret.map(|(at, header)| Contradiction {
            at,
            message: format!("`{header}` is a `credential` of [proxy], and a name is printed"),
            advice: "take a header that holds none, or client = \"credential\"".to_owned(),
        })
    }

    /// Nor does such a secret stand in a configuration.
    fn written_secrets(&self) -> impl Iterator<Item = Contradiction> {
        let valued = |rule: &Rule| rule.header.as_ref()?.valued().cloned();
        let of_rules = self.rules.rules.iter().filter_map(move |rule| Some((rule, valued(rule)?)));
        let secret = of_rules.filter(|(_, header)| self.rules.credential.contains(header));
        secret.map(|(rule, header)| Contradiction {
            at: format!("proxy.rule.{}.header", rule.name),
            message: format!("a value of `{header}`, a `credential` of [proxy], does not belong here"),
            advice: format!("write header = \"{header}\" for any value"),
        })
    }
}

/// Only this machine; 8088 is seldom taken.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8_088);

/// At 120 calls a second more than a minute's worth: who comes behind them has given up before its turn.
const MAX_WAITING: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// A connection for each call that waits.
const MAX_CONNECTIONS: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// Calls of APIs are a few kilobytes; what is larger is an upload, which streams.
const MAX_BODY: Size = Size(1 << 20);

/// What a small machine has to spare: 26 KB for each of the calls that may wait.
const MAX_HELD: Size = Size(256 << 20);

/// As long as a call waits for its permit.
const DRAIN: Duration = Duration::from_secs(30);
