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
            let then = start_of(bin.index) + BIN / 2.0;
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
            put(&mut bins, start_of(bin.index) + BIN / 2.0, bin.units);
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
        Some((place, there)) if there == index => bins[place].units += units,
        place => bins.insert(place.map_or(0, |(place, _)| place + 1), Bin { index, units }),
    }
}

fn points(bins: impl Iterator<Item = Bin>) -> Vec<Point> {
    let mut sum = 0.0;
    let points = bins.map(|bin| {
        sum += bin.units;
        Point { at: start_of(bin.index) + BIN / 2.0, units: bin.units, sum }
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
