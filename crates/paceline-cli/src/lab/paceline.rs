//! Paceline as a contestant: the core with settings.

use std::num::NonZeroU32;

use paceline_core::{Config, KnownRate, Limits, Rate, Reserve, ScopeKind};
use paceline_sim::driver::Paced;
use paceline_sim::platform::{self, LimiterKind};
use paceline_sim::scenario::Scenario;

use super::outcome::Settings;
use super::sweep::Contestant;

/// Paceline with these settings, for this scenario.
#[must_use]
pub fn contestant(scenario: &Scenario, settings: Settings) -> Contestant {
    let scopes = scopes(scenario, settings.margin_percent);
    let max_waiting = usize::try_from(scenario.records).unwrap_or(usize::MAX);
    Contestant {
        build: Box::new(move |seed| {
            let config = Config { seed, max_waiting, ..Config::default() };
            Box::new(Paced::with_scopes(config, scopes.clone()))
        }),
        batch: NonZeroU32::new(settings.batch).unwrap_or(NonZeroU32::MIN),
        workers: NonZeroU32::new(settings.workers),
    }
}

/// What Paceline is told of each kind of scope: that it is there, and with a margin, its limit.
#[must_use]
pub fn scopes(scenario: &Scenario, margin_percent: Option<u32>) -> Vec<(ScopeKind, Limits)> {
    let mut scopes: Vec<(ScopeKind, Limits)> = vec![(ScopeKind::Credential, Limits::default())];
    for limit in &scenario.platform.limits {
        let told = margin_percent.map_or_else(Limits::default, |margin| known(limit.kind, margin));
        match scopes.iter_mut().find(|(kind, _)| *kind == limit.scope) {
            Some((_, limits)) => *limits = tighter(*limits, told),
            None => scopes.push((limit.scope, told)),
        }
    }
    scopes
}

/// What a configuration says of such a limit, with so many percent left unused.
fn known(kind: LimiterKind, margin_percent: u32) -> Limits {
    let reserve = Reserve::share(f64::from(margin_percent) / 100.0).unwrap_or_default();
    let paced = |rate: platform::Rate, burst: NonZeroU32| {
        let rate = Rate::per(rate.count().get().into(), rate.per()).expect("a limiter's rate is one");
        Limits { known: Some(KnownRate { rate, burst }), reserve, ..Limits::default() }
    };
    match kind {
        LimiterKind::TokenBucket { rate, burst } => paced(rate, burst),
        // What is spread evenly never meets the edge of a window; a burst would.
        LimiterKind::FixedWindow { rate, .. }
        | LimiterKind::SlidingLog { rate }
        | LimiterKind::SlidingCounter { rate } => paced(rate, NonZeroU32::MIN),
        LimiterKind::LeakyBucket { rate, queue } => {
            paced(rate, NonZeroU32::new(queue).unwrap_or(NonZeroU32::MIN))
        }
        LimiterKind::Concurrency { slots } => {
            let rest = slots.get() - slots.get() * margin_percent.min(100) / 100;
            let in_flight = NonZeroU32::new(rest).or(Some(NonZeroU32::MIN));
            Limits { in_flight, ..Limits::default() }
        }
    }
}

/// Both at once, where two limits of one kind of scope are told.
fn tighter(one: Limits, other: Limits) -> Limits {
    let slower = |one: KnownRate, other: KnownRate| if other.rate < one.rate { other } else { one };
    let known = match (one.known, other.known) {
        (Some(one), Some(other)) => Some(slower(one, other)),
        (one, other) => one.or(other),
    };
    let reserve = if other.known.is_some() { other.reserve } else { one.reserve };
    let in_flight = one.in_flight.into_iter().chain(other.in_flight).min();
    Limits { known, reserve, in_flight, ..one }
}
