//! What was accepted and refused, by when it is thought to have reached the platform.

use std::collections::VecDeque;

/// The answers of one era: as long as the platform's limits are thought not to have changed.
///
/// Times are seconds of the machine's clock. Accepted units are kept in bins of [`BIN`], of refusals only the first of
/// each closing: the others are its echoes.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    bins: VecDeque<Bin>,
    refusals: Vec<Refused>,
    /// All that was refused, echoes too: platforms that count refused calls count these.
    bounced: VecDeque<Bin>,
    since: f64,
    /// At which rate a bucket is believed to drain, and to what it was filled when the era began.
    drain: Option<f64>,
    filled: f64,
    /// Units accepted in all eras.
    accepted: f64,
}

#[derive(Clone, Copy, Debug)]
struct Bin {
    index: u64,
    units: f64,
    /// The mean of when they arrived.
    at: f64,
}

/// The first refusal of a closing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refused {
    /// When it is thought to have reached the platform.
    pub(crate) at: f64,
    /// The wait that it named, counted from receipt.
    pub(crate) wait: Option<f64>,
    /// The pace when it departed, units per second.
    pub(crate) pace: f64,
    /// Whether nothing had been accepted since the last closing: it came back too early, and tells nothing else.
    pub(crate) is_relapse: bool,
}

impl Trace {
    pub(crate) const fn new() -> Self {
        Self {
            bins: VecDeque::new(),
            refusals: Vec::new(),
            bounced: VecDeque::new(),
            since: 0.0,
            drain: None,
            filled: 0.0,
            accepted: 0.0,
        }
    }

    /// Units accepted in all.
    pub(crate) const fn accepted(&self) -> f64 {
        self.accepted
    }

    pub(crate) fn refusals(&self) -> &[Refused] {
        &self.refusals
    }

    /// A new era begins: what was seen before says nothing about it.
    pub(crate) fn begin_era(&mut self, now: f64) {
        self.bins.clear();
        self.refusals.clear();
        self.bounced.clear();
        self.since = now;
        self.drain = None;
        self.filled = 0.0;
    }

    pub(crate) fn accept(&mut self, arrived: f64, units: f64) {
        self.accepted += units;
        if arrived < self.since {
            return;
        }
        put(&mut self.bins, arrived, units);
        if self.bins.len() > MOST_BINS {
            self.forget_oldest();
        }
    }

    /// An attempt was refused, echo or not.
    pub(crate) fn bounce(&mut self, arrived: f64, units: f64) {
        if arrived < self.since {
            return;
        }
        put(&mut self.bounced, arrived, units);
        if self.bounced.len() > MOST_BOUNCED {
            self.bounced.pop_front();
        }
    }

    pub(crate) fn refuse(&mut self, refused: Refused) {
        if self.refusals.len() == MOST_REFUSALS {
            self.refusals.remove(0);
        }
        self.refusals.push(refused);
    }

    /// A bucket is believed to drain at that rate.
    pub(crate) fn set_drain(&mut self, rate: Option<f64>) {
        self.drain = rate;
    }

    /// A quarter at a time, so that the era's start seldom moves.
    fn forget_oldest(&mut self) {
        let rate = self.drain.unwrap_or(f64::INFINITY);
        let mut at = self.since;
        for bin in self.bins.drain(..MOST_BINS / 4) {
            let then = bin.at;
            self.filled = (self.filled - (then - at) * rate).max(0.0) + bin.units;
            at = then;
        }
        self.since = self.bins.front().map_or(self.since, |bin| start_of(bin.index));
        let since = self.since;
        self.filled = if rate.is_finite() { (self.filled - (since - at) * rate).max(0.0) } else { 0.0 };
        self.refusals.retain(|refused| refused.at >= since);
    }

    /// The era so far as a platform sees it that counts refused calls too; None when nothing was refused.
    pub(crate) fn timeline_with_bounced(&self) -> Option<Timeline> {
        let mut bins = self.bins.clone();
        for bin in &self.bounced {
            put(&mut bins, bin.at, bin.units);
        }
        (!self.bounced.is_empty())
            .then(|| Timeline { points: points(bins.iter().copied()), ..self.timeline() })
    }

    /// The era so far, for analysis.
    pub(crate) fn timeline(&self) -> Timeline {
        let points = points(self.bins.iter().copied());
        let refusals = self.refusals.iter().filter(|refused| !refused.is_relapse).copied().collect();
        Timeline { since: self.since, filled: self.filled, points, refusals }
    }
}

/// Answers come nearly in the order of their calls.
fn put(bins: &mut VecDeque<Bin>, arrived: f64, units: f64) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; far below 2^64")]
    let index = (arrived / BIN) as u64;
    let place = bins.iter().rposition(|bin| bin.index <= index);
    match place.map(|place| (place, bins[place].index)) {
        Some((place, there)) if there == index => {
            let bin = &mut bins[place];
            bin.units += units;
            bin.at += (arrived - bin.at) * units / bin.units;
        }
        place => bins.insert(place.map_or(0, |(place, _)| place + 1), Bin { index, units, at: arrived }),
    }
}

fn points(bins: impl Iterator<Item = Bin>) -> Vec<Point> {
    let mut sum = 0.0;
    let points = bins.map(|bin| {
        sum += bin.units;
        Point { at: bin.at, units: bin.units, sum }
    });
    points.collect()
}

#[expect(clippy::cast_precision_loss, reason = "an index is far below 2^53")]
fn start_of(index: u64) -> f64 {
    index as f64 * BIN
}

/// An era's answers in order, with running sums.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    pub(crate) since: f64,
    /// What a bucket of the believed rate was filled to when the era began.
    pub(crate) filled: f64,
    pub(crate) points: Vec<Point>,
    /// Those that tell something about a limit.
    pub(crate) refusals: Vec<Refused>,
}

/// What was accepted at about one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) at: f64,
    pub(crate) units: f64,
    /// Of all points up to this one.
    pub(crate) sum: f64,
}

impl Timeline {
    /// Units accepted before `at`.
    pub(crate) fn before(&self, at: f64) -> f64 {
        let place = self.points.partition_point(|point| point.at < at);
        place.checked_sub(1).map_or(0.0, |place| self.points[place].sum)
    }

    /// Units accepted from `from` on, and before `to`.
    pub(crate) fn between(&self, from: f64, to: f64) -> f64 {
        self.before(to) - self.before(from)
    }

    /// The first instant at or after `from` at which something was accepted.
    pub(crate) fn first_from(&self, from: f64) -> Option<f64> {
        let place = self.points.partition_point(|point| point.at < from);
        self.points.get(place).map(|point| point.at)
    }

    /// From the era's start to its last refusal, in seconds.
    pub(crate) fn span(&self) -> f64 {
        self.refusals.last().map_or(0.0, |last| last.at - self.since)
    }

    /// Units per second accepted in the last `span` seconds before `now`.
    pub(crate) fn proven(&self, now: f64, span: f64) -> f64 {
        self.between(now - span, f64::INFINITY) / span.min(now - self.since).max(1.0)
    }
}

/// Seconds. Far below the spread of one-way delays.
pub(crate) const BIN: f64 = 0.02;
/// Five minutes at more than 50 calls a second; hours at a few in a minute.
const MOST_BINS: usize = 16_384;
/// Older ones are forgotten first.
const MOST_BOUNCED: usize = 1_024;
const MOST_REFUSALS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arrivals() -> impl Strategy<Value = Vec<(f64, f64)>> {
        let units = (1_u8..5).prop_map(f64::from);
        prop::collection::vec((0.0_f64..40.0, units), 0..300)
    }

    fn refused(at: f64) -> Refused {
        Refused { at, wait: None, pace: 10.0, is_relapse: false }
    }

    fn start_of_bin(at: f64) -> f64 {
        (at / BIN).floor() * BIN
    }

    proptest! {
        #[test]
        fn sums_do_not_depend_on_the_order_of_arrival(
            arrivals in arrivals(), from in 0_u32..2_000, span in 0_u32..2_000,
        ) {
            let mut trace = Trace::new();
            arrivals.iter().for_each(|&(at, units)| trace.accept(at, units));
            let timeline = trace.timeline();
            let (from, to) = (f64::from(from) * BIN, f64::from(from + span) * BIN);
            let counted: f64 = arrivals
                .iter()
                .filter(|(at, _)| (from - 1e-9..to - 1e-9).contains(&start_of_bin(*at)))
                .map(|(_, units)| units)
                .sum();
            prop_assert!((timeline.between(from, to) - counted).abs() < 1e-9);
            prop_assert!(timeline.points.is_sorted_by(|one, other| one.at < other.at && one.sum < other.sum));
            let all: f64 = arrivals.iter().map(|(_, units)| units).sum();
            prop_assert!((timeline.before(f64::INFINITY) - all).abs() < 1e-9);
            prop_assert!((trace.accepted() - all).abs() < 1e-9);
        }

        #[test]
        fn the_first_accept_from_an_instant_on_is_found(arrivals in arrivals(), from in 0_u32..2_000) {
            let mut trace = Trace::new();
            arrivals.iter().for_each(|&(at, units)| trace.accept(at, units));
            let from = f64::from(from) * BIN;
            let first = arrivals.iter().map(|(at, _)| start_of_bin(*at)).filter(|&at| at >= from - 1e-9);
            let first = first.reduce(f64::min);
            let found = trace.timeline().first_from(from);
            prop_assert_eq!(found.is_some(), first.is_some());
            if let (Some(found), Some(first)) = (found, first) {
                prop_assert!((first - 1e-6..first + BIN + 1e-6).contains(&found), "{found} for {first}");
            }
        }

        #[test]
        fn refused_calls_are_added_to_the_accepted_of_their_time(
            accepted in arrivals(), bounced in arrivals(),
        ) {
            let mut trace = Trace::new();
            accepted.iter().for_each(|&(at, units)| trace.accept(at, units));
            bounced.iter().for_each(|&(at, units)| trace.bounce(at, units));
            let both: f64 = accepted.iter().chain(&bounced).map(|(_, units)| units).sum();
            match trace.timeline_with_bounced() {
                Some(timeline) => {
                    prop_assert!((timeline.before(f64::INFINITY) - both).abs() < 1e-9);
                    prop_assert!(timeline.points.is_sorted_by(|one, other| one.at < other.at));
                }
                None => prop_assert!(bounced.is_empty()),
            }
        }

        #[test]
        fn a_new_era_forgets_what_came_before_it(
            before in arrivals(), after in arrivals(), stragglers in arrivals(),
        ) {
            let mut trace = Trace::new();
            before.iter().for_each(|&(at, units)| {
                trace.accept(at, units);
                trace.bounce(at, units);
                trace.refuse(refused(at));
            });
            trace.set_drain(Some(3.0));
            trace.begin_era(50.0);
            stragglers.iter().for_each(|&(at, units)| {
                trace.accept(at, units);
                trace.bounce(at, units);
            });
            after.iter().for_each(|&(at, units)| trace.accept(50.0 + at, units));
            let (timeline, late) = (trace.timeline(), after.iter().map(|(_, units)| units).sum::<f64>());
            prop_assert!((timeline.before(f64::INFINITY) - late).abs() < 1e-9);
            prop_assert!(timeline.refusals.is_empty() && trace.timeline_with_bounced().is_none());
            prop_assert_eq!((timeline.since, timeline.filled), (50.0, 0.0));
            let all = before.iter().chain(&after).chain(&stragglers).map(|(_, units)| units).sum::<f64>();
            prop_assert!((trace.accepted() - all).abs() < 1e-6, "what is accepted in all is no part of an era");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_is_forgotten_still_fills_a_bucket(
            rate in 5.0_f64..60.0, paces in prop::collection::vec(0.5_f64..3.0, 4..12), seed in any::<u64>(),
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut trace = Trace::new();
            trace.set_drain(Some(rate));
            let (mut at, mut queue, mut last) = (0.0, 0.0_f64, 0.0);
            for index in 0..2 * MOST_BINS {
                // Never two in one bin, and every one in its middle.
                let bin = (at / BIN).floor() + 1.0 + f64::from(random.u8(..5));
                at = bin * BIN + BIN / 2.0;
                let units = (rate * 3.0 * BIN * paces[index * paces.len() / (2 * MOST_BINS)]).ceil();
                trace.accept(at, units);
                queue = (queue - (at - last) * rate).max(0.0) + units;
                last = at;
            }
            let timeline = trace.timeline();
            let (mut kept, mut then) = (timeline.filled, timeline.since);
            for point in &timeline.points {
                kept = (kept - (point.at - then) * rate).max(0.0) + point.units;
                then = point.at;
            }
            prop_assert!(timeline.since > 0.0 && timeline.points.len() <= MOST_BINS);
            prop_assert!((kept - queue).abs() < 1e-3 * (1.0 + queue), "{kept} kept, {queue} in truth");
        }
    }

    #[test]
    fn memory_is_bounded_however_long_an_era_is() {
        let mut trace = Trace::new();
        for index in 0..60_000_u32 {
            let at = f64::from(index) * 0.05;
            trace.accept(at, 1.0);
            trace.bounce(at, 1.0);
            if index % 20 == 0 {
                trace.refuse(refused(at));
            }
            assert!(trace.bins.len() <= MOST_BINS && trace.bounced.len() <= MOST_BOUNCED);
            assert!(trace.refusals().len() <= MOST_REFUSALS);
        }
        let timeline = trace.timeline();
        assert!(timeline.refusals.iter().all(|refused| refused.at >= timeline.since));
        let late = timeline.proven(3_000.0, 12.0);
        assert!((19.9..20.1).contains(&late), "{late}");
    }

    #[test]
    fn relapses_tell_nothing_of_a_limit() {
        let mut trace = Trace::new();
        trace.refuse(refused(1.0));
        trace.refuse(Refused { is_relapse: true, ..refused(2.0) });
        assert_eq!(trace.timeline().refusals, [refused(1.0)]);
    }
}
