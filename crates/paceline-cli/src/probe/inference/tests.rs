use std::collections::BinaryHeap;

use paceline_core::Instant;
use paceline_sim::platform::{
    Ending, Fingerprint, LatencyRange, LimitConfig, LimiterKind, Payload, Platform, PlatformConfig,
    Rate as SimRate, Record, Request, Ticket,
};

use super::*;

const MILLI: Duration = Duration::from_millis(1);

/// What happens next in a test: a user calls, or a call is served.
enum Next {
    Calls,
    Served(Ticket),
}

/// A load test of so many users who call again at once, or so long after a refusal, for so long.
struct Test {
    kind: Option<LimiterKind>,
    users: u32,
    latency: [u64; 2],
    after_refusal: Duration,
    lasts: Duration,
}

impl Test {
    fn of(kind: LimiterKind) -> Self {
        let kind = Some(kind);
        Self {
            kind,
            users: 64,
            latency: [40, 60],
            after_refusal: MILLI * 200,
            lasts: Duration::from_secs(60),
        }
    }

    /// The log that a client writes of it.
    fn log(&self) -> Vec<Sample> {
        let [least, most] = self.latency.map(Duration::from_millis);
        let config = PlatformConfig {
            limits: self.kind.map(LimitConfig::per_credential).into_iter().collect(),
            latency: LatencyRange::between(least, most),
            ..PlatformConfig::default()
        };
        let mut platform = Platform::new(config, 3);
        let mut queue = BinaryHeap::new();
        let mut events = Vec::new();
        for user in 0..self.users {
            events.push(Some(Next::Calls));
            queue.push((std::cmp::Reverse(MILLI * user), events.len() - 1));
        }
        let (mut log, mut number) = (Vec::new(), 0);
        while let Some((std::cmp::Reverse(now), event)) = queue.pop() {
            match events[event].take().expect("each event happens once") {
                Next::Served(ticket) => platform.finish(instant(now), ticket),
                Next::Calls if now < self.lasts => {
                    number += 1;
                    let record = Payload::One(Record::sound(Fingerprint::number(number)));
                    let mut service = platform.arrive(instant(now), &Request::bare(record));
                    let Ending::Reply(reply) = &service.ending else { panic!("nothing goes wrong here") };
                    let is_refused = reply.status == 429;
                    let done = Duration::from_nanos(service.at.as_nanos());
                    log.push(Sample { sent: now, done, is_refused });
                    events.push(Some(Next::Served(std::mem::take(&mut service.ticket))));
                    queue.push((std::cmp::Reverse(done), events.len() - 1));
                    let rest = if is_refused { self.after_refusal } else { Duration::ZERO };
                    events.push(Some(Next::Calls));
                    queue.push((std::cmp::Reverse(done + rest), events.len() - 1));
                }
                Next::Calls => {}
            }
        }
        log
    }

    fn inferred(&self) -> Inference {
        inferred(&self.log())
    }
}

fn instant(at: Duration) -> Instant {
    Instant::EPOCH + at
}

fn inferred(log: &[Sample]) -> Inference {
    let told = candidates(|tell| {
        log.iter().for_each(|sample| tell(*sample));
        Ok::<(), std::convert::Infallible>(())
    });
    match told {
        Ok(inference) => inference,
        Err(never) => match never {},
    }
}

fn some(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("a count")
}

fn per(count: u32, seconds: u64) -> SimRate {
    SimRate::new(some(count), Duration::from_secs(seconds)).expect("a rate")
}

fn best(inference: &Inference) -> Learned {
    inference.candidates.first().unwrap_or_else(|| panic!("no candidate: {inference:?}")).learned
}

fn is_near(found: f64, truth: f64, tolerance: f64) -> bool {
    (found / truth - 1.0).abs() <= tolerance
}

#[test]
fn a_token_bucket_is_found_with_its_rate_and_burst() {
    for (count, burst) in [(120, 120), (50, 10), (300, 600)] {
        let kind = LimiterKind::TokenBucket { rate: per(count, 1), burst: some(burst) };
        let inference = Test::of(kind).inferred();
        let Some(Quota::TokenBucket { rate, burst: found }) = best(&inference).quota else {
            panic!("{count}/{burst}: {inference:?}")
        };
        assert!(is_near(rate.as_per_second(), count.into(), 0.02), "{count}: {rate}");
        // What is owed is told apart as far as departures tell of arrivals.
        assert!(is_near(found.get().into(), burst.into(), 0.05), "{count}: burst {found}, not {burst}");
    }
}

#[test]
fn a_fixed_window_is_found_wherever_it_begins() {
    for (count, seconds, phase) in [(300, 5, 0), (1_200, 10, 3_300), (100, 1, 400)] {
        let phase = MILLI * phase;
        let inference = Test::of(LimiterKind::FixedWindow { rate: per(count, seconds), phase }).inferred();
        let Some(Quota::FixedWindow { count: found, period }) = best(&inference).quota else {
            panic!("{count} in {seconds}: {inference:?}")
        };
        assert_eq!(period, Duration::from_secs(seconds), "{inference:?}");
        assert!(is_near(found.get().into(), count.into(), 0.01), "{found}, not {count}");
    }
}

#[test]
fn a_sliding_log_is_among_those_that_explain_it_all() {
    for (count, seconds) in [(300, 5), (1_200, 10), (100, 1)] {
        let inference = Test::of(LimiterKind::SlidingLog { rate: per(count, seconds) }).inferred();
        let truth = inference.candidates.iter().find_map(|candidate| match candidate.learned.quota {
            Some(Quota::SlidingLog { count, period }) if period.as_secs() == seconds => Some(count),
            _ => None,
        });
        let found = truth.unwrap_or_else(|| panic!("{count} in {seconds}: {inference:?}"));
        assert!(is_near(found.get().into(), count.into(), 0.01), "{found}, not {count}");
    }
}

#[test]
fn a_limit_on_concurrency_is_not_taken_for_one_on_rate() {
    for slots in [5, 20] {
        let test = Test { latency: [80, 400], ..Test::of(LimiterKind::Concurrency { slots: some(slots) }) };
        let inference = test.inferred();
        assert_eq!(best(&inference), Learned { quota: None, in_flight: Some(some(slots)) }, "{inference:?}");
    }
}

#[test]
fn without_a_refusal_there_is_no_candidate_but_what_was_reached() {
    let test =
        Test { kind: None, latency: [50, 50], ..Test::of(LimiterKind::Concurrency { slots: some(1) }) };
    let inference = test.inferred();
    assert_eq!((inference.refused, &inference.candidates[..]), (0, &[][..]));
    assert_eq!(inference.most_in_flight, 64);
    // 64 users, each every 50 ms.
    let a_second = inference.highest.iter().find(|highest| highest.period_s == 1).expect("a second");
    assert!(
        is_near(1_280.0, f64::from(u32::try_from(a_second.accepted).expect("few")), 0.06),
        "{a_second:?}"
    );
}

#[test]
fn a_single_moment_of_refusals_says_nothing() {
    let at =
        |millis: u32, is_refused| Sample { sent: MILLI * millis, done: MILLI * (millis + 40), is_refused };
    let log: Vec<Sample> =
        (0..100).map(|n| at(n * 10, false)).chain([at(1_001, true), at(1_003, true)]).collect();
    let inference = inferred(&log);
    assert_eq!((inference.refused, &inference.candidates[..]), (2, &[][..]));
    assert_eq!(inferred(&[]).candidates, []);
}

#[test]
fn what_a_steady_load_cannot_tell_apart_is_told_as_such() {
    // One user, every 8 ms: a window that slides is full as often as one that stands.
    let log = Test {
        users: 1,
        latency: [8, 8],
        after_refusal: Duration::ZERO,
        ..Test::of(LimiterKind::SlidingLog { rate: per(100, 1) })
    };
    let inference = log.inferred();
    let kinds: Vec<_> = inference.candidates.iter().filter_map(|candidate| candidate.learned.quota).collect();
    let second = Duration::from_secs(1);
    for quota in [
        Quota::SlidingLog { count: some(100), period: second },
        Quota::FixedWindow { count: some(100), period: second },
    ] {
        assert!(kinds.contains(&quota), "{quota}: {inference:?}");
    }
}

#[test]
fn refusals_that_come_while_next_to_nothing_is_asked_are_no_limit() {
    let at = |n: u32| Sample { sent: MILLI * n * 13, done: MILLI * (n * 13 + 30), is_refused: n % 7 == 3 };
    let is_busy = |n: u32| (n / 500).is_multiple_of(5);
    let log: Vec<Sample> = (0..10_000).filter(|n| is_busy(*n) || n % 9 == 3).map(at).collect();
    let inference = inferred(&log);
    assert!(
        inference.refused > 300 && inference.accepted > 2_000 && inference.candidates.is_empty(),
        "{inference:?}"
    );
}

#[test]
fn a_bucket_without_a_burst_is_found() {
    let kind = LimiterKind::TokenBucket { rate: per(40, 1), burst: some(1) };
    let inference = Test { users: 20, after_refusal: Duration::ZERO, ..Test::of(kind) }.inferred();
    let Some(Quota::TokenBucket { rate, burst }) = best(&inference).quota else { panic!("{inference:?}") };
    // What accrues between a token and the next call is lost to the bucket, and so to the log.
    let rate = rate.as_per_second();
    assert!(rate <= 40.1 && is_near(rate, 40.0, 0.06) && burst.get() <= 3, "{rate} {burst}");
}

proptest::proptest! {
    #[test]
    fn no_log_makes_the_inference_panic(
        rows in proptest::collection::vec((0_u64..100_000_000_000_000, 0_u64..100_000_000_000_000, proptest::bool::ANY), 0..60),
        close in proptest::collection::vec((0_u64..5_000, 0_u64..200, proptest::bool::ANY), 0..200),
    ) {
        for rows in [rows, close] {
            let log: Vec<Sample> = rows
                .into_iter()
                .map(|(sent, took, is_refused)| {
                    let sent = Duration::from_millis(sent);
                    Sample { sent, done: sent + Duration::from_millis(took), is_refused }
                })
                .collect();
            let inference = inferred(&log);
            proptest::prop_assert_eq!(inference.accepted + inference.refused, log.len() as u64);
        }
    }
}
