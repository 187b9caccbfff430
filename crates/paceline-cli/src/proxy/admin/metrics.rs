//! What `/metrics` tells. Labels are bounded: of scopes, only the foremost are named, and of clients, none.

use std::time::Duration;

use super::exposition::{Exposition, Kind};
use super::status::{ScopeStatus, Status};
use super::{Page, nothing_to_load};
use crate::proxy::Proxy;
use crate::proxy::board::Counts;
use crate::traces::{SpanCounts, Traces};

/// The page of one scrape.
pub(super) fn page(status: &Status, proxy: &Proxy) -> Page {
    let mut text = Exposition::default();
    totals(&mut text, status);
    present(&mut text, status);
    let timings = &proxy.timings;
    text.histogram(
        "held_seconds",
        "How long calls that the platform answered had waited for permits.",
        &timings.held.spans(),
    );
    text.histogram(
        "upstream_seconds",
        "From the departure of a call's last attempt to the head of its reply.",
        &timings.upstream.spans(),
    );
    if let Some(counts) = proxy.traces.as_ref().map(Traces::counts) {
        spans(&mut text, counts);
    }
    let named = &status.scopes[..status.scopes.len().min(MOST_NAMED)];
    scopes(&mut text, named);
    beliefs(&mut text, named);
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Page { content_type, policy: nothing_to_load(), text: text.into_text() }
}

fn totals(text: &mut Exposition, status: &Status) {
    let totals = &status.totals;
    text.single("calls_total", Kind::Counter, "Calls that clients made.", totals.offered);
    text.family("attempts_total", Kind::Counter, "Attempts that ended, by what the platform made of them.");
    for (outcome, count) in outcomes(totals) {
        text.count(&[("outcome", outcome)], count);
    }
    let declined = "Calls that the proxy answered by itself.";
    text.single("declined_total", Kind::Counter, declined, totals.declined);
    let hung_up = "Calls whose client went before it was answered.";
    text.single("hung_up_total", Kind::Counter, hung_up, totals.hung_up);
}

fn present(text: &mut Exposition, status: &Status) {
    let now = [
        ("waiting", "Calls that wait for a permit.", status.waiting as u64),
        ("in_flight", "Attempts that have departed and are not done.", status.in_flight as u64),
        ("connections", "Connections of clients.", status.connections),
        ("held_bytes", "Bytes of bodies that are kept for another attempt.", status.held_bytes),
        ("known_scopes", "Scopes that are remembered.", status.scopes_known as u64),
        ("known_clients", "Clients that are remembered.", status.clients_known as u64),
        ("draining", "1 once it takes no new calls, 0 before.", u64::from(status.draining)),
    ];
    for (name, help, value) in now {
        text.single(name, Kind::Gauge, help, value);
    }
    text.family("start_time_seconds", Kind::Gauge, "When it started, in seconds since 1970.");
    text.sample(&[], seconds(status.now_ms.saturating_sub(status.uptime_ms)));
}

fn spans(text: &mut Exposition, counts: SpanCounts) {
    text.family("spans_total", Kind::Counter, "Spans of traced calls, by what became of them.");
    for (outcome, count) in
        [("delivered", counts.delivered), ("dropped", counts.dropped), ("lost", counts.lost)]
    {
        text.count(&[("outcome", outcome)], count);
    }
}

fn scopes(text: &mut Exposition, named: &[ScopeStatus]) {
    text.family("scope_calls_total", Kind::Counter, "Calls that fell under a scope.");
    for scope in named {
        text.count(&scope.labels(), scope.counts.offered);
    }
    text.family("scope_attempts_total", Kind::Counter, "Attempts under a scope that ended, by outcome.");
    for scope in named {
        let [kind, name] = scope.labels();
        for (outcome, count) in outcomes(&scope.counts) {
            text.count(&[kind, name, ("outcome", outcome)], count);
        }
    }
    text.family("scope_waiting", Kind::Gauge, "Calls under a scope that wait for a permit.");
    for scope in named {
        text.count(&scope.labels(), scope.waiting);
    }
}

fn beliefs(text: &mut Exposition, named: &[ScopeStatus]) {
    text.family("scope_closed", Kind::Gauge, "1 while the gate of a scope is closed, 0 while it is open.");
    for scope in named {
        text.count(&scope.labels(), u64::from(scope.closed.is_some()));
    }
    let help = "For how long the gate of a scope stays closed; +Inf until somebody intervenes.";
    text.family("scope_closed_seconds", Kind::Gauge, help);
    for scope in named {
        let left = scope.closed.as_ref().map(|closed| closed.for_ms.map_or(f64::INFINITY, seconds));
        text.sample(&scope.labels(), left.unwrap_or_default());
    }
    let help = "Calls a second that a scope is believed to admit in the long run, where anything is known.";
    text.family("scope_believed_rate", Kind::Gauge, help);
    for scope in named {
        if let Some(rate) = scope.believed_rate() {
            text.sample(&scope.labels(), rate);
        }
    }
}

impl ScopeStatus {
    fn labels(&self) -> [(&'static str, &str); 2] {
        [("kind", self.kind), ("name", &self.name)]
    }

    fn believed_rate(&self) -> Option<f64> {
        self.belief.as_ref()?.rate_per_s
    }
}

const fn outcomes(counts: &Counts) -> [(&'static str, u64); 4] {
    [
        ("accepted", counts.accepted),
        ("rejected", counts.rejected),
        ("refused", counts.refused),
        ("failed", counts.failed),
    ]
}

fn seconds(millis: u64) -> f64 {
    Duration::from_millis(millis).as_secs_f64()
}

/// Every name is a time series for whoever keeps them: as many as a chart can show.
const MOST_NAMED: usize = 20;
