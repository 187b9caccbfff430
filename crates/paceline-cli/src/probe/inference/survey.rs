//! The first look at a log: what was accepted and refused when, and which models are worth a trial.

use std::time::Duration;

use super::load::{Load, Model, Ring};
use super::{Highest, Sample};

/// What the first hearing of a log leaves.
#[derive(Debug)]
pub(super) struct Survey {
    accepted: u64,
    refused: u64,
    first: Option<Duration>,
    last: Duration,
    first_refusal: Option<Mark>,
    last_refusal: Option<Mark>,
    /// Moments at which something was refused, and the beginning of the last.
    moments: u32,
    moment: Option<Duration>,
    /// Whether the latest call was refused.
    is_refusing: bool,
    in_flight: Load,
    most_in_flight: f64,
    windows: Vec<Window>,
    stretches: Vec<Stretch>,
    phases: Vec<Phase>,
}

/// A refusal, and how many were accepted before it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Duration,
    accepted: u64,
}

impl Mark {
    /// What was accepted a second since `earlier`; None where that is less than `least` ago.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn rate_since(self, earlier: Self, least: Duration) -> Option<f64> {
        let elapsed = self.at.saturating_sub(earlier.at);
        let accepted = self.accepted - earlier.accepted;
        (elapsed >= least && accepted > 0).then(|| accepted as f64 / elapsed.as_secs_f64())
    }
}

#[derive(Debug)]
struct Window {
    period: Duration,
    ring: Ring,
    highest: f64,
}

/// The highest rate between two refusals that are so far apart: both found the limiter empty.
#[derive(Debug)]
struct Stretch {
    least: Duration,
    from: Option<Mark>,
    highest: Option<f64>,
}

/// Where windows of a length begin, from the moments at which refusals gave way to acceptances.
#[derive(Debug)]
struct Phase {
    period: Duration,
    /// The earliest and the latest, in seconds from the first of them; None: no such moment yet.
    range: Option<(f64, f64)>,
    is_refuted: bool,
}

impl Default for Survey {
    fn default() -> Self {
        let seconds = |seconds: &[u64]| seconds.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
        let window = |period| Window { period, ring: Ring::new(period), highest: 0.0 };
        let stretch = |least| Stretch { least, from: None, highest: None };
        let phase = |period| Phase { period, range: None, is_refuted: false };
        Self {
            accepted: 0,
            refused: 0,
            first: None,
            last: Duration::ZERO,
            first_refusal: None,
            last_refusal: None,
            moments: 0,
            moment: None,
            is_refusing: false,
            in_flight: Load::of(Model::InFlight),
            most_in_flight: 0.0,
            windows: seconds(&TOLD).into_iter().map(window).collect(),
            stretches: seconds(&STRETCHES).into_iter().map(stretch).collect(),
            phases: seconds(&PERIODS).into_iter().map(phase).collect(),
        }
    }
}

impl Survey {
    pub(super) fn note(&mut self, sample: Sample) {
        self.first.get_or_insert(sample.sent);
        self.last = self.last.max(sample.sent);
        if sample.is_refused {
            self.note_refused(sample)
        } else {
            self.note_accepted(sample)
        }
        self.is_refusing = sample.is_refused;
    }

    fn note_refused(&mut self, sample: Sample) {
        self.refused += 1;
        let mark = Mark { at: sample.sent, accepted: self.accepted };
        self.first_refusal.get_or_insert(mark);
        self.last_refusal = Some(mark);
        if self.moment.is_none_or(|began| sample.sent.saturating_sub(began) >= MOMENT) {
            self.moments += 1;
            self.moment = Some(sample.sent);
        }
        for stretch in &mut self.stretches {
            let from = *stretch.from.get_or_insert(mark);
            if let Some(rate) = mark.rate_since(from, stretch.least) {
                stretch.highest = Some(stretch.highest.map_or(rate, |highest| highest.max(rate)));
                stretch.from = Some(mark);
            }
        }
    }

    fn note_accepted(&mut self, sample: Sample) {
        self.accepted += 1;
        let in_flight = self.in_flight.before(sample.sent) + 1.0;
        self.most_in_flight = self.most_in_flight.max(in_flight);
        self.in_flight.admit(sample);
        let refusal = self.last_refusal.map(|mark| mark.at);
        // A window that began before is not known to have been without refusals.
        let free_since = refusal.or(self.first).unwrap_or(sample.sent);
        for window in &mut self.windows {
            let count = window.ring.count(sample.sent) + 1.0;
            window.ring.add();
            if sample.sent.saturating_sub(free_since) >= window.period {
                window.highest = window.highest.max(count);
            }
        }
        if let Some(refusal) = refusal.filter(|_| self.is_refusing) {
            self.phases.iter_mut().for_each(|phase| phase.note(refusal, sample.sent));
        }
    }

    pub(super) const fn accepted(&self) -> u64 {
        self.accepted
    }

    pub(super) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(super) fn span(&self) -> Duration {
        self.first.map_or(Duration::ZERO, |first| self.last.saturating_sub(first))
    }

    pub(super) fn most_in_flight(&self) -> u64 {
        counted(self.most_in_flight)
    }

    /// The highest windows that the log is long enough for.
    pub(super) fn highest(&self) -> Vec<Highest> {
        let told = self.windows.iter().filter(|window| self.span() >= window.period && window.highest > 0.0);
        told.map(|window| Highest { period_s: window.period.as_secs(), accepted: counted(window.highest) })
            .collect()
    }

    /// The models that may explain the refusals, the plainest first. None where something was refused at few moments only: then
    /// any count would fit.
    pub(super) fn models(&self) -> Vec<Model> {
        let (Some(first), Some(last)) = (self.first_refusal, self.last_refusal) else { return Vec::new() };
        if self.moments < LEAST_MOMENTS {
            return Vec::new();
        }
        let mut rates: Vec<f64> = self.stretches.iter().filter_map(|stretch| stretch.highest).collect();
        rates.extend(last.rate_since(first, LEAST_STRETCH));
        let refused_for = last.at.saturating_sub(first.at);
        let is_long_enough = |period: Duration| refused_for >= period && self.span() >= period + period / 2;
        let mut models: Vec<Model> = rates.into_iter().map(Model::Bucket).collect();
        for phase in self.phases.iter().filter(|phase| is_long_enough(phase.period)) {
            let phases = [Some(Duration::ZERO), phase.found()].into_iter().flatten();
            models.extend(phases.map(|at| Model::Fixed { period: phase.period, phase: at }));
            models.push(Model::Log(phase.period));
        }
        models.push(Model::InFlight);
        models
    }
}

impl Phase {
    /// Something was refused at `refused` and something accepted at `accepted`: a window began between the two.
    fn note(&mut self, refused: Duration, accepted: Duration) {
        let period = self.period.as_secs_f64();
        let (from, to) = (refused.as_secs_f64() - BLUR, accepted.as_secs_f64() + BLUR);
        if self.is_refuted || to - from >= period {
            return;
        }
        self.range = match self.range {
            None => Some((from, to)),
            Some((earliest, latest)) => {
                let shift = (f64::midpoint(from, to) - f64::midpoint(earliest, latest)) / period;
                let shift = shift.round() * period;
                let range = (earliest.max(from - shift), latest.min(to - shift));
                self.is_refuted = range.0 > range.1;
                Some(range)
            }
        };
    }

    /// Where windows begin, if the log pins it down.
    fn found(&self) -> Option<Duration> {
        let (earliest, latest) = self.range.filter(|_| !self.is_refuted)?;
        let period = self.period.as_secs_f64();
        let is_pinned = latest - earliest <= period / 4.0;
        // The latest refusal: what is accepted from there on is of the new window.
        is_pinned.then(|| Duration::from_secs_f64((earliest + BLUR).rem_euclid(period)))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that was made of ones")]
fn counted(count: f64) -> u64 {
    count as u64
}

/// The windows that are told, in seconds.
const TOLD: [u64; 3] = [1, 10, 60];
/// The windows that platforms have, in seconds, the shortest first.
const PERIODS: [u64; 6] = [1, 5, 10, 30, 60, 3_600];
/// The shortest gives a rate of short logs, the longest one that no blur touches.
const STRETCHES: [u64; 3] = [1, 10, 60];
/// Refusals within so long are one event: the calls were under way together.
const MOMENT: Duration = Duration::from_millis(500);
/// A rate and a burst can be fitted to two moments; a third can speak against them.
const LEAST_MOMENTS: u32 = 3;
const LEAST_STRETCH: Duration = Duration::from_secs(1);
/// Seconds by which departures tell of arrivals.
const BLUR: f64 = 0.02;
