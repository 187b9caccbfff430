//! The proxy at one moment, in numbers and words: what `/status` tells, and `/metrics` in another form.

use std::collections::HashMap;

use paceline::driver::Stopped;
use paceline_core::{Belief, GateCause, Instant, Quota, ScopeKind, WaitReason, WallTime};
use serde::Serialize;

use super::waits::{WaitsFor, cause_name, millis, until, why_closed};
use super::{Page, nothing_to_load};
use crate::learned::ToldLimits;
use crate::proxy::Proxy;
use crate::proxy::board::Counts;
use crate::proxy::scopes::Seen;
use crate::wall_clock::wall_now;

/// What the proxy does.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Status {
    /// The version of the program.
    paceline: &'static str,
    /// When this was so, in milliseconds since 1970.
    pub(super) now_ms: u64,
    pub(super) uptime_ms: u64,
    pub(super) draining: bool,
    /// Calls that wait for a permit.
    pub(super) waiting: usize,
    /// Attempts that have departed and are not done.
    pub(super) in_flight: usize,
    /// Connections of clients.
    pub(super) connections: u64,
    /// Bytes of bodies that are kept for another attempt.
    pub(super) held_bytes: u64,
    /// Why the next departure waits; null where nothing does.
    waits_for: Option<WaitsFor>,
    pub(super) totals: Counts,
    /// Closed ones first, then the busiest.
    pub(super) scopes: Vec<ScopeStatus>,
    /// Scopes that are remembered, shown or not.
    pub(super) scopes_known: usize,
    /// The busiest.
    clients: Vec<ClientStatus>,
    /// Clients that are remembered, shown or not.
    pub(super) clients_known: usize,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ScopeStatus {
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Null where its gate is open.
    pub(super) closed: Option<Closed>,
    /// What it is thought to admit; null where nothing is known.
    pub(super) belief: Option<ToldLimits>,
    pub(super) waiting: u64,
    pub(super) counts: Counts,
}

/// A closed gate.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Closed {
    /// In milliseconds since 1970; null: until somebody intervenes.
    until_ms: Option<u64>,
    /// The same from now.
    pub(super) for_ms: Option<u64>,
    cause: &'static str,
    words: String,
}

#[derive(Clone, Debug, Serialize)]
struct ClientStatus {
    name: String,
    waiting: u64,
    counts: Counts,
}

type Closings = HashMap<(ScopeKind, String), (WallTime, GateCause)>;

impl Status {
    /// Looks at the proxy.
    ///
    /// # Errors
    /// When its pacer has stopped.
    pub(super) async fn of(proxy: &Proxy) -> Result<Self, Stopped> {
        let pacer = proxy.client.pacer();
        let now = wall_now();
        let snapshot = pacer.snapshot().await?;
        let closed = |scope: paceline_core::ScopeSnapshot| Some(((scope.kind, scope.name), scope.closed?));
        let closings: Closings = snapshot.scopes.into_iter().filter_map(closed).collect();
        let seen = proxy.scopes.seen();
        let scopes_known = seen.len();
        let waits_for = waits_for(proxy, &seen);
        let mut scopes = Vec::new();
        for scope in foremost(seen, &closings) {
            let belief = pacer.belief(scope.id).await?;
            scopes.push(ScopeStatus::of(&scope, &closings, belief.as_ref(), now));
        }
        let (clients, clients_known) = busiest_clients(proxy);
        let pacer = *pacer.status().borrow();
        Ok(Self {
            paceline: env!("CARGO_PKG_VERSION"),
            now_ms: now.as_unix_millis(),
            uptime_ms: millis(proxy.started.elapsed()),
            draining: proxy.draining.is_cancelled(),
            waiting: pacer.waiting,
            in_flight: pacer.in_flight,
            connections: proxy.connections.held(),
            held_bytes: proxy.intake.held.held(),
            waits_for,
            totals: proxy.tally.counts(),
            scopes,
            scopes_known,
            clients,
            clients_known,
        })
    }

    pub(super) fn page(&self) -> Page {
        let text = serde_json::to_string(self).expect("texts and numbers are JSON");
        Page { content_type: "application/json", policy: nothing_to_load(), text }
    }
}

impl ScopeStatus {
    fn of(scope: &Seen, closings: &Closings, belief: Option<&Belief>, now: WallTime) -> Self {
        let closed = closings.get(&(scope.kind, scope.name.to_string()));
        let belief = belief.filter(|belief| !is_unknown(belief));
        Self {
            kind: scope.kind.name(),
            name: scope.name.to_string(),
            closed: closed.map(|&(until, cause)| Closed::of(until, cause, now)),
            belief: belief.and_then(ToldLimits::of),
            waiting: scope.tally.waiting(),
            counts: scope.tally.counts(),
        }
    }
}

impl Closed {
    fn of(at: WallTime, cause: GateCause, now: WallTime) -> Self {
        let is_for_ever = at == WallTime::FAR_FUTURE;
        let left = (!is_for_ever).then(|| at.saturating_since(now));
        Self {
            until_ms: (!is_for_ever).then(|| at.as_unix_millis()),
            for_ms: left.map(millis),
            cause: cause_name(cause),
            words: format!("closed {}: {}", until(left), why_closed(cause)),
        }
    }
}

/// Whether nothing at all is known: a belief that rests on no answer.
fn is_unknown(belief: &Belief) -> bool {
    matches!(belief.learned.quota, Some(Quota::Pace { .. })) && belief.accepted == 0 && belief.refusals == 0
}

/// The closed ones first, then the busiest.
fn foremost(mut seen: Vec<Seen>, closings: &Closings) -> Vec<Seen> {
    seen.sort_by_cached_key(|scope| {
        let is_open = !closings.contains_key(&(scope.kind, scope.name.to_string()));
        let offered = scope.tally.counts().offered;
        (is_open, std::cmp::Reverse(offered), scope.kind.name(), scope.name.clone())
    });
    seen.truncate(MOST_SHOWN);
    seen
}

/// The busiest clients, and how many there are.
fn busiest_clients(proxy: &Proxy) -> (Vec<ClientStatus>, usize) {
    let all = proxy.clients.all();
    let known = all.len();
    let shown = all.into_iter().map(|client| {
        let tally = client.tally();
        ClientStatus { name: client.name().to_owned(), waiting: tally.waiting(), counts: tally.counts() }
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort_by(|a, b| b.counts.offered.cmp(&a.counts.offered).then_with(|| a.name.cmp(&b.name)));
    shown.truncate(MOST_SHOWN);
    (shown, known)
}

fn waits_for(proxy: &Proxy, seen: &[Seen]) -> Option<WaitsFor> {
    let pacer = proxy.client.pacer();
    let status = *pacer.status().borrow();
    let (at, reason) = status.wait.unzip();
    let left = at
        .filter(|&at| at != Instant::FAR_FUTURE)
        .map(|at| pacer.tokio_instant(at).saturating_duration_since(tokio::time::Instant::now()));
    WaitsFor::of(&status, left, &reason.map_or_else(String::new, |reason| whose(reason, seen)))
}

/// What the scope of a reason is called.
fn whose(reason: WaitReason, seen: &[Seen]) -> String {
    let (WaitReason::Gate { scope, .. } | WaitReason::Pace { scope }) = reason else { return String::new() };
    let found = seen.iter().find(|seen| seen.id == scope);
    found.map_or_else(|| "a scope".to_owned(), |seen| format!("{} {}", seen.kind, seen.name))
}

/// More rows than anybody reads, few enough to be told every second.
const MOST_SHOWN: usize = 100;
