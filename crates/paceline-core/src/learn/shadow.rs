//! Our own copy of the platform's limiter, which is asked before the platform is.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::Cost;
use crate::learn::model::{Model, WindowKind};
use crate::quota::{Rate, TokenBucket};
use crate::time::Instant;

/// What a limiter that is believed in would have left.
#[derive(Clone, Debug)]
pub(crate) enum Shadow {
    /// Nothing is believed, or nothing that could be used up.
    None,
    Bucket(TokenBucket),
    Window(Ledger),
    Phased(Phased),
}

impl Shadow {
    pub(crate) fn ready_at(&self, now: Instant, cost: Cost) -> Instant {
        match self {
            Self::None => Instant::EPOCH,
            Self::Bucket(bucket) => bucket.ready_at(cost),
            Self::Window(ledger) => ledger.ready_at(now, cost),
            Self::Phased(window) => window.ready_at(now, cost),
        }
    }

    /// Units that are used of a window.
    pub(crate) fn used(&self) -> f64 {
        match self {
            Self::None | Self::Bucket(_) => 0.0,
            Self::Window(ledger) => ledger.inside,
            Self::Phased(window) => window.used,
        }
    }

    /// Lets `beyond` pass, too.
    pub(crate) fn set_beyond(&mut self, beyond: Beyond) {
        match self {
            Self::None | Self::Bucket(_) => {}
            Self::Window(ledger) => ledger.beyond = beyond,
            Self::Phased(window) => window.beyond = beyond,
        }
    }

    /// Units beyond what is believed that were asked for and, but for the last, answered well.
    pub(crate) fn asked_beyond(&self) -> f64 {
        match self {
            Self::None | Self::Bucket(_) => 0.0,
            Self::Window(ledger) => ledger.beyond.asked,
            Self::Phased(window) => window.beyond.asked,
        }
    }

    pub(crate) fn take(&mut self, now: Instant, cost: Cost) {
        match self {
            Self::None => {}
            Self::Bucket(bucket) => bucket.take(now, cost),
            Self::Window(ledger) => ledger.take(now, cost),
            Self::Phased(window) => window.take_units(now, f64::from(cost.0.get())),
        }
    }

    pub(crate) fn refund(&mut self, departed_at: Instant, cost: Cost) {
        match self {
            Self::None => {}
            Self::Bucket(bucket) => bucket.refund(cost),
            Self::Window(ledger) => ledger.refund(departed_at, cost),
            Self::Phased(window) => window.refund(departed_at, cost),
        }
    }
}

/// What departed in the last period: a departure is granted when the calls of one period, the oldest of which leave as
/// time goes on, have room for it. Right for logs, and safe for fixed windows of whatever phase.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// Entries of about a thousandth of the period each, so that a large quota needs no more memory than a small one.
    entries: VecDeque<Entry>,
    inside: f64,
    count: f64,
    period: Duration,
    beyond: Beyond,
}

/// What is asked for beyond what a window is believed to hold: so many units, one by one, so that a refusal has no echo.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Beyond {
    units: f64,
    gap: Duration,
    last: Instant,
    /// How many were asked for already: they count as held from then on.
    asked: f64,
}

impl Beyond {
    pub(crate) const fn new(units: f64, gap: Duration) -> Self {
        Self { units, gap, last: Instant::EPOCH, asked: 0.0 }
    }

    /// When units over the count may depart that are few enough from `room_at` on.
    fn ready_at(&self, room_at: Instant) -> Instant {
        room_at.max(self.last + self.gap)
    }

    /// What departed was `excess` units over the count.
    fn take(&mut self, now: Instant, excess: f64) {
        if self.units > 0.0 && excess > self.asked + ROUNDING {
            self.asked = excess;
            self.last = now;
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    first: Instant,
    latest: Instant,
    units: f64,
}

impl Ledger {
    pub(crate) fn new(count: f64, period: Duration) -> Self {
        Self {
            entries: VecDeque::new(),
            inside: 0.0,
            count: count.max(1.0),
            period,
            beyond: Beyond::default(),
        }
    }

    /// The same departures against other numbers.
    pub(crate) fn reshape(&mut self, count: f64, period: Duration) {
        self.count = count.max(1.0);
        self.period = period;
        self.beyond = Beyond::default();
    }

    fn ready_at(&self, now: Instant, cost: Cost) -> Instant {
        let units = f64::from(cost.0.get());
        // A call that costs more than the whole quota departs when nothing else is inside.
        let granted = self.room_at(units.min(self.count), self.beyond.asked);
        if granted <= now || units > self.count + self.beyond.units {
            return granted;
        }
        granted.min(self.beyond.ready_at(self.room_at(units, self.beyond.units)))
    }

    /// When so many have left that `units` more are at most `over` beyond the count.
    fn room_at(&self, units: f64, over: f64) -> Instant {
        let mut excess = self.inside + units - self.count - over;
        if excess <= ROUNDING {
            return Instant::EPOCH;
        }
        for entry in &self.entries {
            excess -= entry.units;
            if excess <= ROUNDING {
                return entry.latest + self.period;
            }
        }
        // Roundings have added up: by then nothing is inside.
        self.entries.back().map_or(Instant::EPOCH, |entry| entry.latest + self.period)
    }

    fn take(&mut self, now: Instant, cost: Cost) {
        self.take_units(now, f64::from(cost.0.get()));
    }

    /// What departed at `at`.
    pub(crate) fn take_units(&mut self, now: Instant, units: f64) {
        while let Some(oldest) = self.entries.front().filter(|entry| entry.latest + self.period <= now) {
            self.inside -= oldest.units;
            self.entries.pop_front();
        }
        self.inside += units;
        self.beyond.take(now, self.inside - self.count);
        let grain = self.period / GRAINS;
        let start = self.entries.len().checked_sub(2).map(|place| self.entries[place].latest);
        match self.entries.back_mut() {
            // An entry spans at most two grains: from the latest of the one before to its own.
            Some(last) if start.is_some_and(|start| now.saturating_since(start) <= grain * 2) => {
                last.latest = now;
                last.units += units;
            }
            _ => self.entries.push_back(Entry { first: now, latest: now, units }),
        }
        if self.entries.is_empty() {
            self.inside = 0.0;
        }
    }

    /// What departed then was not admitted.
    fn refund(&mut self, departed_at: Instant, cost: Cost) {
        let place = self.entries.partition_point(|entry| entry.latest < departed_at);
        // What has left its period already is in no entry.
        if let Some(entry) = self.entries.get_mut(place).filter(|entry| entry.first <= departed_at) {
            let units = f64::from(cost.0.get()).min(entry.units);
            entry.units -= units;
            self.inside -= units;
        }
    }
}

/// A fixed window whose phase is known to lie between two instants: nothing departs between those, and the count may be
/// used up in the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phased {
    count: f64,
    period: f64,
    /// When a window that has certainly begun begins, in seconds; and for how long before nobody knows.
    begins: f64,
    unsure: f64,
    /// Which window the last departure was in, and what was used of it.
    window: f64,
    used: f64,
    last: Instant,
    beyond: Beyond,
}

impl Phased {
    fn ready_at(&self, now: Instant, cost: Cost) -> Instant {
        let next = self.begins + (self.window + 1.0) * self.period;
        let fits =
            self.used + f64::from(cost.0.get()).min(self.count) <= self.count + self.beyond.asked + ROUNDING;
        let granted = Instant::from_secs_f64(if fits { next - self.period } else { next + CLEARLY });
        let excess = self.used + f64::from(cost.0.get()) - self.count;
        let may_exceed = granted > now && excess <= self.beyond.units;
        let earliest = if may_exceed { granted.min(self.beyond.ready_at(now)) } else { granted };
        self.clear_at(earliest.max(now))
    }

    fn window_at(&self, at: Instant) -> f64 {
        ((at.as_secs_f64() - self.begins) / self.period).floor()
    }

    /// What departed at `at` or later counts too, if it was in this window.
    pub(crate) fn carry(&mut self, at: Instant, units: f64) {
        if self.window_at(at) >= self.window {
            self.used += units;
        }
    }

    /// The earliest at or after `now` that is not between two windows.
    fn clear_at(&self, now: Instant) -> Instant {
        let at = now.as_secs_f64();
        let window = ((at - self.begins) / self.period).floor();
        let end = self.begins + (window + 1.0) * self.period;
        if at >= end - self.unsure { Instant::from_secs_f64(end + CLEARLY) } else { now }
    }

    fn take_units(&mut self, now: Instant, units: f64) {
        let window = self.window_at(now);
        if window > self.window {
            self.window = window;
            self.used = 0.0;
        }
        self.used += units;
        self.last = now;
        self.beyond.take(now, self.used - self.count);
    }

    fn refund(&mut self, departed_at: Instant, cost: Cost) {
        let window = self.window_at(departed_at);
        if window >= self.window {
            self.used = (self.used - f64::from(cost.0.get())).max(0.0);
        }
    }
}

/// A shadow for `model`, `margin` below it; what has departed so far is carried over from `ledger` where it can be.
pub(crate) fn of(
    model: Model,
    margin: f64,
    jitter: f64,
    least_burst: f64,
    before: Shadow,
    now: Instant,
) -> Shadow {
    match model {
        Model::Bucket { rate, burst } => {
            let rate = Rate::per_second(rate * (1.0 - margin)).unwrap_or(Rate::SLOWEST);
            // The rest absorbs the spread of one-way delays (Le Boudec: jitter J eats rate * J).
            let burst = (0.6 * burst - 4.0).max(least_burst);
            match before {
                Shadow::Bucket(mut bucket) => {
                    bucket.reshape(now, rate, burst);
                    Shadow::Bucket(bucket)
                }
                Shadow::None | Shadow::Window(_) | Shadow::Phased(_) => {
                    Shadow::Bucket(TokenBucket::full(rate, burst))
                }
            }
        }
        Model::Window { kind: WindowKind::Fixed { phase: Some((low, high)) }, count, period } => {
            let guard = (GUARD * jitter).min(MOST_GUARD);
            let mut window = Phased {
                count: (count * (1.0 - margin)).floor(),
                period,
                begins: high + guard,
                unsure: high - low + 2.0 * guard,
                window: f64::NEG_INFINITY,
                used: 0.0,
                last: now,
                beyond: Beyond::default(),
            };
            window.window = window.window_at(now);
            if let Shadow::Phased(before) = before {
                window.last = before.last;
                window.window = window.window_at(before.last);
                window.used = before.used;
            }
            Shadow::Phased(window)
        }
        Model::Window { count, period, .. } => {
            let guard = (GUARD * jitter).min(MOST_GUARD);
            let period = Duration::from_secs_f64(period + guard);
            let count = (count * (1.0 - margin)).floor();
            match before {
                Shadow::Window(mut ledger) => {
                    ledger.reshape(count, period);
                    Shadow::Window(ledger)
                }
                Shadow::None | Shadow::Bucket(_) | Shadow::Phased(_) => {
                    Shadow::Window(Ledger::new(count, period))
                }
            }
        }
        Model::Pace { .. } => Shadow::None,
    }
}

/// Entries of a ledger in one period, about.
const GRAINS: u32 = 1_024;
/// Of the spread of round trips: how much longer than its period a window is kept.
const GUARD: f64 = 0.25;
/// Seconds. More would cost short windows too much; the margin grows where it is too little.
const MOST_GUARD: f64 = 0.025;
const ROUNDING: f64 = 1e-6;
/// Seconds: a departure at the start of a window is not rounded into the one before.
const CLEARLY: f64 = 1e-6;

#[cfg(test)]
mod tests;
