//! The most that any client could have had admitted, knowing everything.

use std::time::Duration;

use paceline_core::Instant;

use crate::platform::{Course, LimiterKind, Rate};

mod ideal;

pub use ideal::{long_run_rate, soonest};

/// The most cost units that one key of a limiter admits from `first` to `last`, both included, starting
/// fresh; none if nothing bounds it. No call holds a slot for less than `shortest_service`. Exact, but for
/// the sliding counter, where it is at most one unit for each window above what can be had, and for a limiter that
/// changes: there a window's worth is counted with each change, so that the bound is never too low.
#[must_use]
pub fn most(course: &Course, first: Instant, last: Instant, shortest_service: Duration) -> Option<u64> {
    let mut most = 0_u64;
    for (place, (kind, from, until)) in course.between(first, last).enumerate() {
        let here = most_of(kind, from, until, shortest_service)?;
        // What a bucket held at the change is what it held before: it does not fill up for nothing.
        let held = if place == 0 { 0 } else { held_at_start(kind) };
        most = most.saturating_add(here.saturating_sub(held));
    }
    Some(most)
}

/// What a fresh limiter of this kind admits at once that one which goes on does not.
const fn held_at_start(kind: LimiterKind) -> u64 {
    match kind {
        LimiterKind::TokenBucket { burst, .. } => burst.get() as u64,
        LimiterKind::LeakyBucket { queue, .. } => queue as u64 + 1,
        LimiterKind::FixedWindow { .. }
        | LimiterKind::SlidingLog { .. }
        | LimiterKind::SlidingCounter { .. }
        | LimiterKind::Concurrency { .. } => 0,
    }
}

fn most_of(kind: LimiterKind, first: Instant, last: Instant, shortest_service: Duration) -> Option<u64> {
    let (first, last) = (u128::from(first.as_nanos()), u128::from(last.as_nanos()));
    let span = last.saturating_sub(first);
    let most = match kind {
        LimiterKind::TokenBucket { rate, burst } => u128::from(burst.get()) + accrued(rate, span),
        LimiterKind::FixedWindow { rate, phase } => {
            count(rate) * (window(rate, phase, last) - window(rate, phase, first) + 1)
        }
        LimiterKind::SlidingLog { rate } => count(rate) * (span / period(rate) + 1),
        LimiterKind::SlidingCounter { rate } => {
            // The first window can be emptied at once; after it, what leaves view makes room steadily.
            let first_ends = (first / period(rate) + 1) * period(rate);
            count(rate) + accrued(rate, last.saturating_sub(first_ends))
        }
        LimiterKind::LeakyBucket { rate, queue } => u128::from(queue) + 1 + accrued(rate, span),
        LimiterKind::Concurrency { slots } => {
            let rounds = span.checked_div(shortest_service.as_nanos())? + 1;
            u128::from(slots.get()) * rounds
        }
    };
    Some(u64::try_from(most).unwrap_or(u64::MAX))
}

fn count(rate: Rate) -> u128 {
    u128::from(rate.count().get())
}

fn period(rate: Rate) -> u128 {
    rate.per().as_nanos()
}

fn accrued(rate: Rate, span: u128) -> u128 {
    span * count(rate) / period(rate)
}

/// The number of the window that `at` is in.
fn window(rate: Rate, phase: Duration, at: u128) -> u128 {
    let length = period(rate);
    (at + length - phase.as_nanos() % length) / length
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::platform::{LimitConfig, Payload, Platform, PlatformConfig, Request};

    const HOLD: Duration = Duration::from_millis(50);

    /// What a client gets who tries every millisecond until it is refused, and what the oracle says of it.
    fn greedy(kind: LimiterKind, first_millis: u64, millis: u64) -> (u64, u64) {
        let limits = vec![LimitConfig::per_credential(kind)];
        let latency = crate::platform::LatencyRange::between(HOLD, HOLD);
        let mut platform = Platform::new(PlatformConfig { limits, latency, ..Default::default() }, 1);
        let mut serving = std::collections::VecDeque::new();
        let mut admitted = 0;
        let mut last = Instant::EPOCH;
        for now in (first_millis..=first_millis + millis).map(|ms| Instant::from_nanos(ms * 1_000_000)) {
            while serving.front().is_some_and(|&(at, _)| at <= now) {
                let (_, ticket) = serving.pop_front().unwrap();
                platform.finish(now, ticket);
            }
            loop {
                let service = platform.arrive(now, &Request::bare(Payload::Nothing));
                if !service.ending.reply().unwrap().is_accepted() {
                    break;
                }
                serving.push_back((service.at, service.ticket));
                admitted += 1;
                last = now;
            }
        }
        let course = Course::constant(kind);
        (admitted, most(&course, Instant::from_nanos(first_millis * 1_000_000), last, HOLD).unwrap())
    }

    #[test]
    fn the_greediest_client_gets_what_the_oracle_says() {
        let some = |n| NonZeroU32::new(n).unwrap();
        let rate = Rate::new(some(20), Duration::from_secs(1)).unwrap();
        let kinds = [
            LimiterKind::TokenBucket { rate, burst: some(7) },
            LimiterKind::FixedWindow { rate, phase: Duration::from_millis(300) },
            LimiterKind::SlidingLog { rate },
            LimiterKind::SlidingCounter { rate },
            LimiterKind::LeakyBucket { rate, queue: 5 },
            LimiterKind::Concurrency { slots: some(3) },
        ];
        for kind in kinds {
            for (first, millis) in [(0, 0), (0, 4_321), (777, 2_900), (1_000, 1_000)] {
                let (admitted, most) = greedy(kind, first, millis);
                let slack =
                    if matches!(kind, LimiterKind::SlidingCounter { .. }) { millis / 1_000 } else { 0 };
                let found = format!("{admitted} of {most} from {kind:?}, {first} ms and {millis} ms on");
                assert!(admitted <= most && most <= admitted + slack, "{found}");
            }
        }
    }

    #[test]
    fn slots_held_for_no_time_bound_nothing() {
        let kind = LimiterKind::Concurrency { slots: NonZeroU32::MIN };
        assert_eq!(most(&Course::constant(kind), Instant::EPOCH, Instant::EPOCH, Duration::ZERO), None);
    }
}
