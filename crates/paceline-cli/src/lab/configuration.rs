//! The best settings as a `paceline.toml`.

use std::fmt::Write as _;

use paceline_core::ScopeKind;
use paceline_sim::platform::{LimitConfig, LimiterKind};
use paceline_sim::scenario::Scenario;

use super::outcome::{Played, Searched, Settings};
use crate::units::Rate;

/// The configuration that `sync` takes: what the search found best, and where it was found.
#[must_use]
pub fn written(played: &Played, scenario: &Scenario, best: &Searched) -> String {
    let Settings { batch, workers, margin_percent } = best.settings;
    let mut text = format!(
        "# Found by `paceline lab` on the scenario {:?}, seeds {} to {}:\n\
         # {} records through after {:.1} s (in 95 of 100 cases between {:.1} and {:.1} s), {:.1} refused per 1,000.\n",
        played.name,
        played.seed,
        played.seed + u64::from(played.seeds.saturating_sub(1)),
        played.records,
        best.measures.finish_s.mean,
        best.measures.finish_s.low,
        best.measures.finish_s.high,
        best.measures.waste_per_1000.mean,
    );
    let _ = write!(text, "\n[run]\nworkers = {workers}\n");
    if batch > 1 {
        let _ = write!(text, "\n[batch]\ncount = {batch}\n");
        if let Some(bulk) = scenario.bulk {
            let _ = writeln!(text, "bytes = \"{}B\"", bulk.bytes);
        }
    }
    match margin_percent {
        None => text.push_str("\n# No limits: learning them was as good as knowing them.\n"),
        Some(margin) => {
            for table in tables(scenario, margin) {
                text.push_str(&table);
            }
        }
    }
    text
}

/// A table for each kind of scope that is limited, the tightest limit where there are several.
fn tables(scenario: &Scenario, margin_percent: u32) -> Vec<String> {
    let of_kind = |kind| scenario.platform.limits.iter().filter(move |limit| limit.scope == kind);
    let table = |kind: ScopeKind| {
        let lines: String = of_kind(kind)
            .filter_map(rate_lines)
            .min_by(by_rate)
            .map(|(_, lines)| lines)
            .into_iter()
            .collect();
        let slots = of_kind(kind).filter_map(|limit| slots(limit, margin_percent)).min();
        let in_flight = slots.map_or_else(String::new, |slots| format!("in_flight = {slots}\n"));
        let reserve = if margin_percent > 0 && !lines.is_empty() {
            format!("reserve = \"{margin_percent}%\"\n")
        } else {
            String::new()
        };
        let body = format!("{lines}{reserve}{in_flight}");
        (!body.is_empty()).then(|| format!("\n{}\n{body}", heading(kind)))
    };
    ScopeKind::ALL.into_iter().filter_map(table).collect()
}

const fn heading(kind: ScopeKind) -> &'static str {
    match kind {
        ScopeKind::Tenant => "[limits.tenant]",
        ScopeKind::Credential => "[limits.credential]",
        // Whoever uses this knows what theirs are called.
        ScopeKind::Integration => "[limits.integration.default]",
        ScopeKind::Endpoint => "[limits.endpoint.\"POST /records\"]",
    }
}

fn by_rate(one: &(f64, String), other: &(f64, String)) -> std::cmp::Ordering {
    one.0.total_cmp(&other.0)
}

fn rate_lines(limit: &LimitConfig) -> Option<(f64, String)> {
    let (rate, burst) = match limit.kind {
        LimiterKind::TokenBucket { rate, burst } => (rate, burst.get()),
        LimiterKind::LeakyBucket { rate, queue } => (rate, queue.max(1)),
        LimiterKind::FixedWindow { rate, .. }
        | LimiterKind::SlidingLog { rate }
        | LimiterKind::SlidingCounter { rate } => (rate, 1),
        LimiterKind::Concurrency { .. } => return None,
    };
    let rate = Rate { count: rate.count().into(), per: rate.per() };
    Some((rate.per_second(), format!("rate = \"{rate}\"\nburst = {burst}\n")))
}

fn slots(limit: &LimitConfig, margin_percent: u32) -> Option<u32> {
    let LimiterKind::Concurrency { slots } = limit.kind else { return None };
    Some((slots.get() - slots.get() * margin_percent.min(100) / 100).max(1))
}
