//! What people do today: true to the real clients, and with all that must hold for whoever plays.

use std::num::NonZeroU64;
use std::time::Duration;

use paceline_core::{Limits, ScopeKind};
use paceline_sim::platform::{
    BulkCost, Fault, FaultKind, LatencyRange, LimitConfig, PlatformConfig, Rate, RetryAfterForm, ServerError,
    Trigger,
};
use paceline_sim::scenario::{Arrivals, Bulk, Callers, Scenario};
use paceline_sim::strategies::{self, Known};
use paceline_sim::strategy::Strategy;
use paceline_sim::world::{self, Run, Terms};

use crate::fixture::{bucket, millis, some};

mod anchors;
mod watched;

fn client(name: &str, seed: u64) -> Box<dyn Strategy> {
    let known = Known {
        rate: Rate::per_second(some(120)),
        burst: some(120),
        scopes: vec![(ScopeKind::Credential, Limits::default())],
        max_waiting: 1_000,
    };
    strategies::named(name).unwrap().build(&known, seed)
}

fn names() -> impl Iterator<Item = &'static str> {
    strategies::all().iter().map(|named| named.name)
}

/// 60 users on three credentials, each good for 20 calls a second.
fn small() -> Scenario {
    let way = LatencyRange::between(millis(5), millis(15));
    Scenario {
        arrivals: Arrivals::Closed { users: some(60), think: LatencyRange::default() },
        records: 600,
        record_bytes: 2_000,
        callers: Callers { credentials: some(3), ..Callers::default() },
        platform: PlatformConfig {
            limits: vec![LimitConfig::per_credential(bucket(20, 10))],
            latency: LatencyRange::between(millis(10), millis(20)),
            ..PlatformConfig::default()
        },
        uplink: way,
        downlink: way,
        bulk: None,
        foreign: None,
        is_repeatable: true,
    }
}

fn run(name: &str, scenario: &Scenario, terms: &Terms) -> Run {
    world::play(scenario, &mut *client(name, terms.seed), terms)
}

fn terms(seed: u64) -> Terms {
    Terms::unbatched(seed, Duration::from_secs(3_600))
}

#[track_caller]
fn assert_whole(run: &Run, records: u64, what: &str) {
    assert!(run.findings.lost.is_empty() && run.findings.doubled.is_empty(), "{what}: {:?}", run.findings);
    assert_eq!((run.delivered + run.given_up_records, run.unfinished), (records, 0), "{what}");
}

#[test]
fn every_name_is_found_and_is_one_of_a_kind() {
    let mut all: Vec<&str> = names().collect();
    assert!(all.iter().all(|name| strategies::named(name).unwrap().name == *name));
    assert!(
        all.iter().all(|name| name.chars().all(|it| it.is_ascii_lowercase() || "-0123456789".contains(it)))
    );
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 17);
    assert!(strategies::named("no-such-strategy").is_none());
}

#[test]
fn everything_comes_through_in_every_form_of_retry_after() {
    use RetryAfterForm::{Absent, Date, Decimal, Scaled, Seconds, Zero};
    for name in names() {
        for form in [Seconds, Decimal, Date, Scaled, Zero, Absent] {
            let mut scenario = small();
            scenario.platform.retry_after = form;
            let run = run(name, &scenario, &terms(1));
            assert_whole(&run, 600, &format!("{name}, {form:?}"));
            assert_eq!(run.delivered, 600, "{name}, {form:?}");
        }
    }
}

#[test]
fn faults_lose_nothing_and_double_nothing_whoever_calls() {
    let kinds = [
        FaultKind::ResetBefore,
        FaultKind::ResetAfter,
        FaultKind::LostReply,
        FaultKind::Truncated,
        FaultKind::ErrorBefore(ServerError::Unavailable),
        FaultKind::ErrorAfter(ServerError::Internal),
    ];
    for name in names() {
        for (kind, is_repeatable) in kinds.into_iter().flat_map(|kind| [(kind, true), (kind, false)]) {
            let mut scenario = Scenario { is_repeatable, ..small() };
            let trigger = Trigger::Every(NonZeroU64::new(20).unwrap());
            scenario.platform.faults = vec![Fault { kind, trigger }];
            let run = run(name, &scenario, &terms(2));
            let what = format!("{name}, {kind:?}, repeatable: {is_repeatable}");
            assert_whole(&run, 600, &what);
            assert!(!is_repeatable || run.given_up.is_empty(), "{what}: {:?}", run.given_up);
            assert!(is_repeatable || run.given_up.len() >= 20, "{what}: {:?}", run.given_up);
        }
    }
}

#[test]
fn what_the_platform_rejects_is_given_up_and_not_sent_again() {
    for name in names() {
        let mut scenario = small();
        scenario.platform.body_limit = 1_000;
        let run = run(name, &scenario, &terms(3));
        assert_whole(&run, 600, name);
        assert_eq!((run.given_up.len(), run.stats.rejected), (600, 600), "{name}");
    }
}

#[test]
fn batches_come_through_where_each_record_costs() {
    for name in names() {
        let mut scenario = Scenario { bulk: Some(Bulk { items: some(8), bytes: 100_000 }), ..small() };
        scenario.platform.bulk_cost = BulkCost::Item;
        let terms = Terms { batch: some(8), linger: millis(20), ..terms(4) };
        let run = run(name, &scenario, &terms);
        assert_whole(&run, 600, name);
        assert_eq!(run.delivered, 600, "{name}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run_of_each_and_another_seed_another() {
    for name in names() {
        let told = |seed| {
            let run = run(name, &small(), &terms(seed));
            (run.stats, run.finished, run.times_to_success)
        };
        assert_eq!(told(7), told(7), "{name}");
        assert_ne!(told(7), told(8), "{name}");
    }
}

#[test]
fn a_forum_client_loses_the_connection_of_every_refusal_and_no_other_client_does() {
    for name in names() {
        let stats = run(name, &small(), &terms(9)).stats;
        if name.starts_with("forum") {
            assert!(stats.connections_opened >= stats.throttled, "{name}: {stats:?}");
        } else {
            assert!(stats.connections_opened <= 60, "{name}: {stats:?}");
        }
    }
}
