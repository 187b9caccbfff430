//! Which limits explain what a platform accepted and refused: candidates, each with its evidence.
//!
//! A limiter refuses when what it has admitted has reached its limit. So each candidate is a way to count what was admitted
//! (tokens owed, calls in a window, calls in flight) under which every refusal came at the greatest count ever accepted.
//! Which way is right is only known when the others fail; what cannot be told apart is not.

mod load;
mod survey;
mod trial;

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::{Learned, Quota, Rate};
use serde::Serialize;

use survey::Survey;
use trial::Trial;

/// One call, as its client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it left, since 1970: windows are often aligned with the clock.
    pub sent: Duration,
    /// When its answer was there.
    pub done: Duration,
    /// Whether it was refused for a limit.
    pub is_refused: bool,
}

/// What a log tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// Calls that were accepted.
    pub accepted: u64,
    /// Calls that were refused.
    pub refused: u64,
    /// From the first departure to the last.
    pub span: Duration,
    /// The most calls that were accepted in a time in which none was refused.
    pub highest: Vec<Highest>,
    /// The most calls in flight when one was accepted, itself included.
    pub most_in_flight: u64,
    /// Limits that explain the refusals, the best first; those that explain as much as the first cannot be told apart.
    pub candidates: Vec<Candidate>,
}

/// The most that was accepted in any time of that length without a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Highest {
    /// How long, in seconds.
    pub period_s: u64,
    /// How many.
    pub accepted: u64,
}

/// A limit that may be the platform's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Which.
    pub learned: Learned,
    /// Refusals that came where this limit would have refused.
    pub explained: u64,
    /// All refusals.
    pub refusals: u64,
    /// The limit is between these: the most that was ever accepted by its count, and the least that was there when it refused.
    pub bounds: (f64, f64),
}

impl Candidate {
    /// Whether `other` explains as much, as far as a log is exact.
    #[must_use]
    pub fn is_as_good_as(&self, other: &Self) -> bool {
        share(self.explained, self.refusals) + MARGIN >= share(other.explained, other.refusals)
    }
}

/// What explains a log. `play` tells it from its beginning, in the order of departure, each time that it is called.
///
/// # Errors
/// What `play` fails with.
pub fn candidates<E>(mut play: impl FnMut(&mut dyn FnMut(Sample)) -> Result<(), E>) -> Result<Inference, E> {
    let mut survey = Survey::default();
    play(&mut |sample| survey.note(sample))?;
    let mut trials: Vec<Trial> = survey.models().into_iter().map(Trial::new).collect();
    play(&mut |sample| trials.iter_mut().for_each(|trial| trial.calibrate(sample)))?;
    trials.iter_mut().for_each(Trial::begin);
    play(&mut |sample| trials.iter_mut().for_each(|trial| trial.judge(sample)))?;
    let candidates = ranked(trials.iter().filter_map(Trial::candidate).collect());
    Ok(Inference {
        accepted: survey.accepted(),
        refused: survey.refused(),
        span: survey.span(),
        highest: survey.highest(),
        most_in_flight: survey.most_in_flight(),
        candidates,
    })
}

/// The best first, one token bucket, and what explains much less than the best not at all.
fn ranked(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    // Stable: of equals, the order in which they were proposed.
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.explained));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let is_repeated = kept.iter().any(|known| is_same_kind(known.learned, candidate.learned));
        if !is_repeated && kept.first().is_none_or(|best| candidate.is_as_good_as(best)) {
            kept.push(candidate);
        }
    }
    kept
}

/// Two token buckets, or two windows of one kind and length, are two guesses at one limit.
fn is_same_kind(one: Learned, other: Learned) -> bool {
    match (one.quota, other.quota) {
        (Some(Quota::TokenBucket { .. }), Some(Quota::TokenBucket { .. })) | (None, None) => true,
        (Some(Quota::FixedWindow { period, .. }), Some(Quota::FixedWindow { period: other, .. }))
        | (Some(Quota::SlidingLog { period, .. }), Some(Quota::SlidingLog { period: other, .. })) => {
            period == other
        }
        _ => false,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of a log")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// `count` as a limit.
fn whole(count: f64) -> NonZeroU32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
    let count = count.round() as u32;
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}

/// A rate that a log shows; None: less than any limit seen.
fn rate(per_second: f64) -> Option<Rate> {
    Rate::per_second(per_second)
}

/// Clocks, networks and rounding to milliseconds blur a log: one refusal in fifty may stand on the wrong side.
const MARGIN: f64 = 0.02;

#[cfg(test)]
mod tests;
