//! How long a call is held: as long as its client waits, and no longer.

use std::collections::VecDeque;
use std::time::Duration;

use http::HeaderMap;

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
    /// After how long it hung up, the latest last.
    seen: VecDeque<Duration>,
}

impl HangUps {
    /// It hung up on a call that was held for so long.
    pub(super) fn hung_up(&mut self, after: Duration) {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(after);
    }

    /// It has waited so long and taken its answer.
    pub(super) fn waited(&mut self, held: Duration) {
        if self.learned().is_some_and(|learned| held > learned) {
            self.seen.clear();
        }
    }

    /// How long it waits, if its hang-ups agree: a client with a time-out hangs up after the same time, a person does not. A
    /// tenth less, because an answer has to reach it before.
    #[must_use]
    pub(super) fn learned(&self) -> Option<Duration> {
        if self.seen.len() < REMEMBERED {
            return None;
        }
        let (least, most) = (self.seen.iter().min()?, self.seen.iter().max()?);
        let agree = *most <= least.mul_f64(AGREEMENT) && *least >= SHORTEST;
        agree.then(|| least.mul_f64(0.9))
    }
}

/// So many hang-ups have to agree.
const REMEMBERED: usize = 3;
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

    #[test]
    fn hang_ups_that_agree_tell_a_time_out() {
        let mut hang_ups = HangUps::default();
        for millis in [5_000, 5_040, 5_012] {
            assert_eq!(hang_ups.learned(), None);
            hang_ups.hung_up(Duration::from_millis(millis));
        }
        assert_eq!(hang_ups.learned(), Some(Duration::from_millis(4_500)));
        hang_ups.waited(Duration::from_secs(6));
        assert_eq!(hang_ups.learned(), None);
    }

    #[test]
    fn a_client_that_is_stopped_at_any_time_has_no_time_out() {
        let mut hang_ups = HangUps::default();
        for millis in [5_000, 9_000, 700, 5_000] {
            hang_ups.hung_up(Duration::from_millis(millis));
            assert_eq!(hang_ups.learned(), None);
        }
    }
}
