//! What is believed of a scope, as programs read it.

use std::num::NonZeroU32;

use paceline_core::{Belief, Learned, Quota, Source};
use serde::Serialize;

use super::words::{in_words, with_evidence};
use super::written::{written, written_rate};

/// Limits and their evidence, for JSON. What is not known is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToldLimits {
    /// In words, with the evidence.
    pub words: String,
    /// As the journal keeps them, such as `token-bucket 118.25/s burst 120; in-flight 10`.
    pub limits: String,
    /// What is admitted in the long run, such as `118.25/s`.
    pub rate: Option<String>,
    /// `token_bucket`, `fixed_window`, `sliding_log`, `sliding_counter`, or `pace`: how it is counted cannot be told.
    pub kind: Option<&'static str>,
    /// The same in calls per second.
    pub rate_per_s: Option<f64>,
    /// Calls at once after a rest, of a token bucket.
    pub burst: Option<NonZeroU32>,
    /// Calls in one window.
    pub count: Option<NonZeroU32>,
    /// How long a window is, in seconds.
    pub period_s: Option<f64>,
    /// Calls in flight at once.
    pub in_flight: Option<NonZeroU32>,
    /// The slowest and the fastest rate that what was seen allows, per second.
    pub bounds_per_s: Option<[f64; 2]>,
    /// `configured`, `published`, `remembered` or `seen`; null: nobody noted it.
    pub source: Option<&'static str>,
    /// Refusals that it rests on.
    pub refusals: Option<u32>,
}

impl ToldLimits {
    /// What is believed; None: nothing.
    #[must_use]
    pub fn of(belief: &Belief) -> Option<Self> {
        let told = Self::without_evidence(&belief.learned)?;
        Some(Self {
            words: with_evidence(belief)?,
            bounds_per_s: belief.bounds.map(|(low, high)| [low.as_per_second(), high.as_per_second()]),
            source: Some(source_name(belief.source)),
            refusals: Some(belief.refusals),
            ..told
        })
    }

    /// What is remembered of an earlier run, whose evidence is not.
    #[must_use]
    pub fn without_evidence(learned: &Learned) -> Option<Self> {
        let quota = learned.quota;
        let (count, period) = quota.and_then(window).unzip();
        Some(Self {
            words: in_words(learned)?,
            limits: written(learned)?,
            rate: quota.map(|quota| written_rate(quota.rate())),
            kind: quota.map(kind_name),
            rate_per_s: quota.map(|quota| quota.rate().as_per_second()),
            burst: quota.and_then(burst),
            count,
            period_s: period,
            in_flight: learned.in_flight,
            bounds_per_s: None,
            source: None,
            refusals: None,
        })
    }
}

const fn kind_name(quota: Quota) -> &'static str {
    match quota {
        Quota::TokenBucket { .. } => "token_bucket",
        Quota::FixedWindow { .. } => "fixed_window",
        Quota::SlidingLog { .. } => "sliding_log",
        Quota::SlidingCounter { .. } => "sliding_counter",
        Quota::Pace { .. } => "pace",
    }
}

const fn source_name(source: Source) -> &'static str {
    match source {
        Source::Configured => "configured",
        Source::Published => "published",
        Source::Remembered => "remembered",
        Source::Seen => "seen",
    }
}

const fn burst(quota: Quota) -> Option<NonZeroU32> {
    match quota {
        Quota::TokenBucket { burst, .. } => Some(burst),
        _ => None,
    }
}

fn window(quota: Quota) -> Option<(NonZeroU32, f64)> {
    match quota {
        Quota::FixedWindow { count, period }
        | Quota::SlidingLog { count, period }
        | Quota::SlidingCounter { count, period } => Some((count, period.as_secs_f64())),
        Quota::TokenBucket { .. } | Quota::Pace { .. } => None,
    }
}
