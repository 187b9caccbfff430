//! How long a call is held: as long as its client waits, and no longer.

use std::collections::VecDeque;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

/// `Prefer: wait=N` (RFC 7240 4.3): how long its client says that it waits, in whole seconds; the first counts.
#[must_use]
pub(super) fn preferred(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split([',', ';'])).map(str::trim);
    preferences.find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse::<u32>().ok()?;
        name.trim().eq_ignore_ascii_case("wait").then(|| Duration::from_secs(u64::from(seconds)))
    })
}

/// What a client's hang-ups tell of its patience.
#[derive(Clone, Debug, Default)]
pub(super) struct HangUps {
    /// The latest last.
    seen: VecDeque<HangUp>,
}

#[derive(Clone, Copy, Debug)]
struct HangUp {
    at: Instant,
    /// For how long its call was held.
    after: Duration,
}

impl HangUps {
    /// It hung up at `now` on a call that was held for so long. A client that is stopped hangs up on all its calls at one moment,
    /// which says nothing of its patience more than once.
    pub(super) fn hung_up(&mut self, now: Instant, after: Duration) {
        if self.seen.back().is_some_and(|last| now - last.at < ONE_MOMENT) {
            return;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(HangUp { at: now, after });
    }

    /// It has waited so long and taken its answer.
    pub(super) fn waited(&mut self, now: Instant, held: Duration) {
        if self.learned(now).is_some_and(|learned| held > learned) {
            self.seen.clear();
        }
    }

    /// How long it waits, if its hang-ups agree: a client with a time-out hangs up after the same time, a person does not. A
    /// tenth less, because an answer has to reach it before. Once it is known nobody hangs up any more, so it is forgotten
    /// after a while: the client may have changed.
    #[must_use]
    pub(super) fn learned(&self, now: Instant) -> Option<Duration> {
        if self.seen.len() < REMEMBERED || now - self.seen.front()?.at > BELIEVED_FOR {
            return None;
        }
        let after = || self.seen.iter().map(|hang_up| hang_up.after);
        let (least, most) = (after().min()?, after().max()?);
        let agree = most <= least.mul_f64(AGREEMENT) && least >= SHORTEST;
        agree.then(|| least.mul_f64(0.9))
    }
}

/// So many hang-ups have to agree.
const REMEMBERED: usize = 3;
/// What a program that ends takes to close its connections, and less than the shortest time-out that is believed.
const ONE_MOMENT: Duration = Duration::from_millis(250);
/// Three hang-ups are a small price for asking again.
const BELIEVED_FOR: Duration = Duration::from_secs(600);
/// Time-outs of one client differ by what a round trip takes.
const AGREEMENT: f64 = 1.15;
/// What is shorter is a client that was stopped, not one that had no patience.
const SHORTEST: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static("prefer"), value.parse().unwrap())])
    }

    #[test]
    fn a_client_says_how_long_it_waits() {
        assert_eq!(preferred(&headers("wait=10")), Some(Duration::from_secs(10)));
        assert_eq!(preferred(&headers("respond-async, Wait=\"7\"")), Some(Duration::from_secs(7)));
        for nothing in ["wait", "wait=soon", "wait=-1", "handling=lenient", "waiting=3"] {
            assert_eq!(preferred(&headers(nothing)), None, "{nothing}");
        }
    }

    fn after_each(millis: &[u64]) -> (HangUps, Instant) {
        let (mut hang_ups, mut now) = (HangUps::default(), Instant::now());
        for millis in millis {
            assert_eq!(hang_ups.learned(now), None);
            let after = Duration::from_millis(*millis);
            now += after;
            hang_ups.hung_up(now, after);
        }
        (hang_ups, now)
    }

    #[test]
    fn hang_ups_that_agree_tell_a_time_out() {
        let (mut hang_ups, now) = after_each(&[5_000, 5_040, 5_012]);
        assert_eq!(hang_ups.learned(now), Some(Duration::from_millis(4_500)));
        hang_ups.waited(now, Duration::from_secs(6));
        assert_eq!(hang_ups.learned(now), None);
    }

    #[test]
    fn a_client_that_is_stopped_at_any_time_has_no_time_out() {
        let (hang_ups, now) = after_each(&[5_000, 9_000, 700, 5_000]);
        assert_eq!(hang_ups.learned(now), None);
    }

    #[test]
    fn a_client_that_is_stopped_with_many_calls_has_hung_up_once() {
        let (mut hang_ups, now) = (HangUps::default(), Instant::now());
        for millis in 0..20 {
            hang_ups.hung_up(now + Duration::from_millis(millis), Duration::from_millis(900 + millis));
        }
        assert_eq!(hang_ups.learned(now), None);
    }

    #[test]
    fn what_was_learned_is_asked_again_after_a_while() {
        let (hang_ups, now) = after_each(&[5_000, 5_040, 5_012]);
        assert_eq!(hang_ups.learned(now + BELIEVED_FOR), None);
    }
}
