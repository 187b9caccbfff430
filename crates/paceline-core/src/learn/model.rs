//! A limiter as a hypothesis: what it is and how large.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::learn::belief::Quota;
use crate::quota::Rate;

/// What the platform may be counting with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Model {
    Bucket {
        rate: f64,
        burst: f64,
    },
    Window {
        kind: WindowKind,
        count: f64,
        period: f64,
    },
    /// How it counts is not known, but this much passes.
    Pace {
        rate: f64,
    },
}

/// How a window moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WindowKind {
    /// One after the other; where they begin is known to lie within these, in seconds of the machine's clock.
    Fixed {
        phase: Option<(f64, f64)>,
    },
    Log,
    Counter,
}

impl Model {
    /// Units per second in the long run.
    pub(crate) fn rate(self) -> f64 {
        match self {
            Self::Bucket { rate, .. } | Self::Pace { rate } => rate,
            Self::Window { count, period, .. } => count / period,
        }
    }

    /// Whether both count in the same way, whatever the numbers.
    pub(crate) fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Bucket { .. }, Self::Bucket { .. }) | (Self::Pace { .. }, Self::Pace { .. }) => true,
            (
                Self::Window { kind, period, .. },
                Self::Window { kind: other_kind, period: other_period, .. },
            ) => {
                std::mem::discriminant(&kind) == std::mem::discriminant(&other_kind)
                    && (period - other_period).abs() < 1e-9
            }
            _ => false,
        }
    }

    /// Units that are lost when the scope is closed for `closed` seconds.
    pub(crate) fn lost_in(self, closed: f64) -> f64 {
        match self {
            Self::Bucket { rate, burst } => (rate * closed - burst).max(0.0),
            // What a long window holds may still be used up in it.
            Self::Window { period, .. } if period >= LONG_WINDOW => 0.0,
            Self::Window { .. } | Self::Pace { .. } => self.rate() * closed,
        }
    }
}

/// Seconds: from there on a refusal costs no capacity.
pub(crate) const LONG_WINDOW: f64 = 5.0;

impl From<Quota> for Model {
    fn from(quota: Quota) -> Self {
        let window = |kind, count: NonZeroU32, period: Duration| Self::Window {
            kind,
            count: f64::from(count.get()),
            period: period.as_secs_f64(),
        };
        match quota {
            Quota::TokenBucket { rate, burst } => {
                Self::Bucket { rate: rate.as_per_second(), burst: f64::from(burst.get()) }
            }
            Quota::FixedWindow { count, period } => window(WindowKind::Fixed { phase: None }, count, period),
            Quota::SlidingLog { count, period } => window(WindowKind::Log, count, period),
            Quota::SlidingCounter { count, period } => window(WindowKind::Counter, count, period),
            Quota::Pace { rate } => Self::Pace { rate: rate.as_per_second() },
        }
    }
}

impl From<Model> for Quota {
    fn from(model: Model) -> Self {
        let rate = |rate| Rate::per_second(rate).unwrap_or(Rate::SLOWEST);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let whole = |count: f64| NonZeroU32::new(count.round() as u32).unwrap_or(NonZeroU32::MIN);
        match model {
            Model::Bucket { rate: per_second, burst } => {
                Self::TokenBucket { rate: rate(per_second), burst: whole(burst) }
            }
            Model::Pace { rate: per_second } => Self::Pace { rate: rate(per_second) },
            Model::Window { kind, count, period } => {
                let (count, period) = (whole(count), Duration::from_secs_f64(period));
                match kind {
                    WindowKind::Fixed { .. } => Self::FixedWindow { count, period },
                    WindowKind::Log => Self::SlidingLog { count, period },
                    WindowKind::Counter => Self::SlidingCounter { count, period },
                }
            }
        }
    }
}
