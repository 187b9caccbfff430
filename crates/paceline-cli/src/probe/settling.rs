//! Whether what is believed will still change.

use paceline_core::{Belief, Quota};

/// What was believed after the latest refusals.
#[derive(Debug, Default)]
pub(super) struct Settling {
    refusals: u32,
    before: Option<Quota>,
    is_settled: bool,
}

impl Settling {
    /// So many refusals have been seen, and this is believed. Returns whether more of them would tell nothing new.
    pub(super) fn note(&mut self, refusals: u32, belief: &Belief) -> bool {
        if refusals > self.refusals {
            let agrees =
                self.before.zip(belief.learned.quota).is_some_and(|(before, now)| is_same(before, now));
            self.is_settled = agrees || is_narrow(belief);
            self.before = belief.learned.quota;
            self.refusals = refusals;
        } else if refusals >= ENOUGH {
            self.is_settled |= is_narrow(belief);
        }
        self.is_settled && refusals >= ENOUGH
    }
}

/// Whether the slowest and the fastest rate that was seen to be possible are close together.
fn is_narrow(belief: &Belief) -> bool {
    belief
        .bounds
        .is_some_and(|(slowest, fastest)| fastest.as_per_second() <= slowest.as_per_second() * (1.0 + CLOSE))
}

/// A mere pace is a guess, and guesses that agree prove nothing.
fn is_same(one: Quota, other: Quota) -> bool {
    if matches!(other, Quota::Pace { .. }) {
        return false;
    }
    let is_one_kind = std::mem::discriminant(&one) == std::mem::discriminant(&other);
    let ratio = one.rate().as_per_second() / other.rate().as_per_second();
    is_one_kind && (ratio - 1.0).abs() <= CLOSE
}

/// Two per cent: no pace needs to know better.
const CLOSE: f64 = 0.02;
/// One refusal says where a limiter was empty, the second how fast it fills; but two fit windows of nearly any length.
const ENOUGH: u32 = 3;

#[cfg(test)]
mod tests {
    use paceline_core::{Learned, Rate, Source};

    use super::*;

    fn belief(per_second: f64, bounds: Option<(f64, f64)>) -> Belief {
        let rate = |per_second| Rate::per_second(per_second).expect("a rate");
        let burst = std::num::NonZeroU32::MIN;
        let quota = Some(Quota::TokenBucket { rate: rate(per_second), burst });
        let learned = Learned { quota, in_flight: None };
        let bounds = bounds.map(|(low, high)| (rate(low), rate(high)));
        Belief { learned, bounds, source: Source::Seen, refusals: 1, accepted: 9 }
    }

    #[test]
    fn two_refusals_that_say_the_same_settle_it() {
        let mut settling = Settling::default();
        assert!(!settling.note(1, &belief(60.0, None)));
        assert!(!settling.note(2, &belief(118.0, None)), "they disagree");
        assert!(!settling.note(2, &belief(118.0, None)), "nothing new was seen");
        assert!(settling.note(3, &belief(119.0, None)));
    }

    #[test]
    fn narrow_bounds_settle_it_but_not_before_the_third_refusal() {
        let mut settling = Settling::default();
        assert!(!settling.note(1, &belief(120.0, Some((119.0, 121.0)))));
        assert!(!settling.note(2, &belief(120.0, Some((119.0, 121.0)))));
        assert!(settling.note(3, &belief(120.0, Some((119.0, 121.0)))));
        assert!(!Settling::default().note(3, &belief(120.0, Some((100.0, 121.0)))));
    }
}
