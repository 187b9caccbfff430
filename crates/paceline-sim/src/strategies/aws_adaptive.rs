//! What the AWS SDKs call adaptive retry: a client-side rate limiter driven by CUBIC, three attempts with full jitter, and a
//! quota for retries. The caller hands operations that failed in again, so that nothing is lost.
//!
//! Source: aws-smithy-runtime 1.16.2, src/client/retries/strategy/standard.rs with `RetryConfig::adaptive()` and no newer retry
//! specification chosen, src/client/orchestrator.rs (`try_op`), and the two files named in the modules below. `Retry-After`
//! is not read there, only `x-amz-retry-after`, so it is not read here.
//!
//! Waiters for the first attempt's token all compute the same wake instant, since a refused acquisition changes nothing, and
//! all but one compute it anew. One group of waiters per instant does the same without looking at each of them: the first
//! of a group that is sent to sleep again takes the others with it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use fastrand::Rng;
use paceline_core::{AttemptId, CallId, Instant};
use rustc_hash::FxHashMap;

use super::calls::{Calls, Reading};
use super::sleepers::{Sleepers, after, earlier};
use crate::strategy::{Answer, Fate, Move, Strategy, Submission};

mod rate_limiter;
mod retry_quota;

use rate_limiter::{RateLimiter, Reason};
use retry_quota::RetryQuota;

/// One SDK client, and a caller that does not give up.
#[derive(Debug)]
pub(super) struct AwsAdaptive {
    limiter: RateLimiter,
    quota: RetryQuota,
    calls: Calls,
    /// The operations that are being retried: how many attempts they have made.
    attempts: FxHashMap<CallId, u32>,
    /// First attempts that wait for a token, by when they wake.
    waiting: BTreeMap<Instant, VecDeque<AttemptId>>,
    /// Retries, which were granted their tokens before they went to sleep, or will never need any.
    retries: Sleepers,
    rng: Rng,
}

impl AwsAdaptive {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            limiter: RateLimiter::new(),
            quota: RetryQuota::default(),
            calls: Calls::default(),
            attempts: FxHashMap::default(),
            waiting: BTreeMap::new(),
            retries: Sleepers::default(),
            rng: Rng::with_seed(seed),
        }
    }

    /// A first attempt that is granted its token now.
    fn first_attempt(&mut self, now: Instant) -> Option<AttemptId> {
        while let Some(mut group) = self.waiting.first_entry().filter(|group| *group.key() <= now) {
            match self.limiter.acquire(now, Reason::FirstAttempt) {
                Ok(()) => {
                    let attempt = group.get_mut().pop_front().expect("a group without waiters is removed");
                    if group.get().is_empty() {
                        group.remove();
                    }
                    return Some(attempt);
                }
                Err(wait) => {
                    let group = group.remove();
                    let asleep = self.waiting.entry(next_tick(now + wait)).or_default();
                    *asleep = joined(std::mem::take(asleep), group);
                }
            }
        }
        None
    }

    /// The sleep before the operation's next attempt; None: it is failed.
    fn retry(&mut self, now: Instant, attempts: u32, is_throttled: bool) -> Option<Duration> {
        if attempts >= MAX_ATTEMPTS {
            return None;
        }
        // Tokens are taken, if there are enough of them, even when the quota then refuses the retry.
        let reason = if is_throttled { Reason::RetryAfterThrottling } else { Reason::Retry };
        let sleep = match self.limiter.acquire(now, reason) {
            Ok(()) => backoff(attempts, self.rng.f64()),
            Err(wait) => wait.min(MAX_BACKOFF),
        };
        self.quota.try_acquire(is_throttled).then_some(sleep)
    }

    fn failed(&mut self, now: Instant, attempt: AttemptId, is_throttled: bool) -> Fate {
        let attempts = self.attempts.get(&attempt.call).copied().unwrap_or(1);
        if let Some(sleep) = self.retry(now, attempts, is_throttled) {
            self.attempts.insert(attempt.call, attempts + 1);
            self.retries.sleep(next_tick(now + sleep), after(attempt));
        } else {
            // The caller begins a new operation.
            self.attempts.remove(&attempt.call);
            self.waiting.entry(now).or_default().push_back(after(attempt));
        }
        Fate::Again
    }
}

impl Strategy for AwsAdaptive {
    fn submit(&mut self, now: Instant, submission: &Submission) {
        self.calls.begin(submission);
        let first = AttemptId { call: submission.call, number: 1 };
        self.waiting.entry(now).or_default().push_back(first);
    }

    fn poll(&mut self, now: Instant) -> Move {
        let next = self.retries.wake(now).or_else(|| self.first_attempt(now));
        let wake = || earlier(self.retries.next(), self.waiting.keys().next().copied());
        next.map_or_else(|| Move::Wait(wake()), Move::Send)
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        let reading = self.calls.read(attempt.call, answer);
        let is_throttled = reading == Reading::Refused;
        self.limiter.update(now, is_throttled);
        match reading {
            Reading::Ended(fate) => {
                if fate == Fate::Delivered {
                    self.quota.succeeded();
                }
                self.attempts.remove(&attempt.call);
                fate
            }
            Reading::Refused | Reading::Failed => self.failed(now, attempt, is_throttled),
        }
    }
}

/// U(0, min(cap, base * 2^(attempts - 1)))
fn backoff(attempts: u32, chance: f64) -> Duration {
    let power = 2_u32.checked_pow(attempts - 1);
    power.map_or(MAX_BACKOFF, |power| (INITIAL_BACKOFF * power).min(MAX_BACKOFF)).mul_f64(chance)
}

/// The one group behind the other, in time of the smaller one: a crowd is moved with every token.
fn joined(mut first: VecDeque<AttemptId>, mut second: VecDeque<AttemptId>) -> VecDeque<AttemptId> {
    if first.len() < second.len() {
        first.into_iter().rev().for_each(|attempt| second.push_front(attempt));
        return second;
    }
    first.append(&mut second);
    first
}

/// Timers of tokio fire at the next whole millisecond.
fn next_tick(at: Instant) -> Instant {
    Instant::from_nanos(at.as_nanos().div_ceil(TICK).saturating_mul(TICK))
}

/// `RetryConfig::adaptive()`
const MAX_ATTEMPTS: u32 = 3;
/// `RetryConfig::adaptive()`
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);
/// `RetryConfig::adaptive()`
const MAX_BACKOFF: Duration = Duration::from_secs(20);
/// In nanoseconds.
const TICK: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use paceline_core::{Cost, Reply};

    use super::*;
    use crate::strategy::Lane;

    fn sdk_with(calls: u64) -> AwsAdaptive {
        let mut sdk = AwsAdaptive::new(1);
        let (cost, lane) = (Cost::ONE, Lane::default());
        for call in 0..calls {
            sdk.submit(Instant::EPOCH, &Submission { call: CallId(call), lane, cost, is_repeatable: true });
        }
        sdk
    }

    fn sent(sdk: &mut AwsAdaptive, now: Instant) -> usize {
        std::iter::from_fn(|| matches!(sdk.poll(now), Move::Send(_)).then_some(())).count()
    }

    #[test]
    fn nothing_is_held_back_before_the_first_throttling_and_everything_after_it() {
        let mut sdk = sdk_with(200);
        assert_eq!(sent(&mut sdk, Instant::EPOCH), 200);
        let now = Instant::from_nanos(50 * TICK);
        let refused = Reply::refused(429, Duration::from_secs(1)).into();
        for call in 0..200 {
            let attempt = AttemptId { call: CallId(call), number: 1 };
            assert_eq!(sdk.answered(now, attempt, &refused), Fate::Again);
        }
        // 500 of quota are a hundred retries; 10 tokens at 0.5/s are 20 s, which is the cap.
        assert_eq!(sent(&mut sdk, now), 0);
        let before_retries = Instant::from_nanos(20_049 * TICK);
        assert!(sent(&mut sdk, before_retries) <= 10, "half a token a second");
        assert!(sent(&mut sdk, Instant::from_nanos(20_050 * TICK)) >= 100, "the herd returns");
    }

    #[test]
    fn a_group_joins_behind_another_whichever_is_larger() {
        let group = |calls: std::ops::Range<u64>| -> VecDeque<AttemptId> {
            calls.map(|call| AttemptId { call: CallId(call), number: 1 }).collect()
        };
        for middle in 0..=7 {
            assert_eq!(joined(group(0..middle), group(middle..7)), group(0..7));
        }
    }

    #[test]
    fn the_backoff_is_full_jitter_up_to_the_cap() {
        let at_most = [1, 2, 5, 6, 40].map(|attempts| backoff(attempts, 1.0).as_secs());
        assert_eq!(at_most, [1, 2, 16, 20, 20]);
        assert_eq!(backoff(3, 0.25), Duration::from_secs(1));
    }
}
