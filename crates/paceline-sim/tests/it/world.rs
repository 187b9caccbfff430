//! The virtual world, with the core as a client and with one that breaks every rule.

use std::collections::VecDeque;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use paceline_core::{AttemptId, Config, Instant, Limits};
use paceline_sim::driver::Paced;
use paceline_sim::platform::{
    Ban, Fault, FaultKind, LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate, RetryAfterForm,
    ServerError, Trigger,
};
use paceline_sim::scenario::{Arrivals, Callers, Scenario};
use paceline_sim::strategy::{Answer, Fate, Move, Strategy, Submission};
use paceline_sim::world::{self, Run, Terms};

/// 120 calls a second with a burst of 120, and a ban for those who come early.
fn founding(users: u32, records: u64) -> Scenario {
    let ms = Duration::from_millis;
    let some = |count| NonZeroU32::new(count).unwrap();
    let bucket = LimiterKind::TokenBucket { rate: Rate::per_second(some(120)), burst: some(120) };
    let minute = Duration::from_secs(60);
    Scenario {
        arrivals: Arrivals::Closed { users: some(users), think: LatencyRange::default() },
        records,
        record_bytes: 2_000,
        callers: Callers::default(),
        platform: PlatformConfig {
            limits: vec![LimitConfig::per_credential(bucket)],
            latency: LatencyRange::between(ms(10), ms(20)),
            ban: Some(Ban { early_returns: some(20), within: minute, lasts: minute }),
            ..PlatformConfig::default()
        },
        uplink: LatencyRange::between(ms(10), ms(30)),
        downlink: LatencyRange::between(ms(10), ms(30)),
        bulk: None,
        foreign: None,
        is_repeatable: true,
    }
}

fn paced(scenario: &Scenario, seed: u64) -> Run {
    let mut client = Paced::new(Config { seed, ..Config::default() }, Limits::default());
    world::play(scenario, &mut client, &Terms::unbatched(seed, HOUR))
}

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn the_core_brings_everything_through_near_the_limit_and_never_early() {
    for seed in 0..4 {
        let run = paced(&founding(500, 12_000), seed);
        assert!(run.findings.is_clean(), "seed {seed}: {:?}", run.findings);
        assert_eq!((run.delivered, run.stats.distinct), (12_000, 12_000), "seed {seed}");
        assert_eq!((run.stats.early_returns, run.stats.banned), (0, 0), "seed {seed}");
        let ratio = run.stats.goodput_ratio.unwrap();
        assert!(ratio >= 0.95, "seed {seed}: {ratio}");
        assert!(run.stats.throttled <= 120, "seed {seed}: {} refused", run.stats.throttled);
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let told = |seed| {
        let run = paced(&founding(100, 3_000), seed);
        (run.stats, run.finished, run.events)
    };
    assert_eq!(told(7), told(7));
    assert_ne!(told(7), told(8));
}

#[test]
fn no_form_of_retry_after_makes_the_core_come_early_or_stay_away_forever() {
    use RetryAfterForm::{Absent, Date, Decimal, Scaled, Seconds, Zero};
    for form in [Seconds, Decimal, Date, Scaled, Zero, Absent] {
        let mut scenario = founding(100, 3_000);
        scenario.platform.retry_after = form;
        let run = paced(&scenario, 3);
        assert!(run.findings.is_clean(), "{form:?}: {:?}", run.findings);
        assert_eq!((run.delivered, run.stats.early_returns), (3_000, 0), "{form:?}");
    }
}

#[test]
fn a_tenants_limit_and_a_credentials_hold_at_once() {
    let mut scenario = founding(100, 2_000);
    let some = |count| NonZeroU32::new(count).unwrap();
    let tenant = LimiterKind::SlidingLog { rate: Rate::new(some(600), Duration::from_secs(10)).unwrap() };
    let tenant =
        LimitConfig { scope: paceline_core::ScopeKind::Tenant, ..LimitConfig::per_credential(tenant) };
    scenario.platform.limits.push(tenant);
    let run = paced(&scenario, 4);
    assert!(run.findings.is_clean(), "{:?}", run.findings);
    assert_eq!(run.delivered, 2_000);
    let seconds = run.finished.saturating_since(Instant::EPOCH).as_secs_f64();
    assert!(seconds >= 20.0, "600 in any 10 s: 2,000 take more than {seconds} s");
}

#[test]
fn faults_lose_nothing_and_double_nothing() {
    let kinds = [
        FaultKind::ResetBefore,
        FaultKind::ResetAfter,
        FaultKind::LostReply,
        FaultKind::Truncated,
        FaultKind::Slow(Duration::from_secs(3)),
        FaultKind::ErrorBefore(ServerError::BadGateway),
        FaultKind::ErrorAfter(ServerError::Internal),
    ];
    for kind in kinds {
        for is_repeatable in [true, false] {
            let mut scenario = Scenario { is_repeatable, ..founding(100, 2_000) };
            let trigger = Trigger::Every(NonZeroU64::new(50).unwrap());
            scenario.platform.faults = vec![Fault { kind, trigger }];
            let run = paced(&scenario, 5);
            assert!(run.findings.is_clean(), "{kind:?}, repeatable: {is_repeatable}: {:?}", run.findings);
            let reported = run.given_up.len() as u64;
            assert_eq!(run.delivered + reported, 2_000, "{kind:?}, repeatable: {is_repeatable}");
            assert!(!is_repeatable || reported == 0, "{kind:?}: {reported} given up");
            assert!(run.stats.faults >= 30, "{kind:?}: the fault never struck");
        }
    }
}

/// What the checkers are for: comes back at once, and sends again what may have been applied.
#[derive(Default)]
struct Reckless {
    ready: VecDeque<AttemptId>,
}

impl Strategy for Reckless {
    fn submit(&mut self, _: Instant, submission: &Submission) {
        self.ready.push_back(AttemptId { call: submission.call, number: 1 });
    }

    fn poll(&mut self, _: Instant) -> Move {
        self.ready.pop_front().map_or(Move::Wait(None), Move::Send)
    }

    fn answered(&mut self, _: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        match answer.status() {
            Some(200..=299) => Fate::Delivered,
            _ => {
                self.ready.push_back(AttemptId { number: attempt.number + 1, ..attempt });
                Fate::Again
            }
        }
    }
}

#[test]
fn a_client_that_breaks_the_rules_is_found_out_by_both_judges() {
    let mut scenario = Scenario { is_repeatable: false, ..founding(200, 1_000) };
    let trigger = Trigger::Every(NonZeroU64::new(50).unwrap());
    scenario.platform.faults = vec![Fault { kind: FaultKind::ResetAfter, trigger }];
    scenario.platform.ban = None;
    let run = world::play(&scenario, &mut Reckless::default(), &Terms::unbatched(6, HOUR));
    assert!(!run.findings.early_returns.is_empty() && !run.findings.doubled.is_empty());
    assert!(run.stats.early_returns > 0 && run.stats.duplicates > 0);
    // A record that was applied three times is one that was doubled, and two applications too many.
    assert!(run.findings.doubled.len() as u64 <= run.stats.duplicates, "the two judges agree");
}

#[test]
fn a_client_that_is_shut_out_does_not_finish() {
    let terms = Terms::unbatched(6, Duration::from_secs(20));
    let run = world::play(&founding(200, 1_000), &mut Reckless::default(), &terms);
    assert!(run.stats.banned > 0 && run.findings.bans_earned > 0);
    assert!(run.unfinished > 0);
    assert_eq!(run.unfinished, 1_000 - run.delivered);
}
