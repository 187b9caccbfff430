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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quota() -> impl Strategy<Value = Quota> {
        let rate = || (0.001_f64..100_000.0).prop_filter_map("no rate", Rate::per_second);
        let count = || any::<NonZeroU32>();
        let period = || (1_u64..86_400_000).prop_map(Duration::from_millis);
        prop_oneof![
            (rate(), count()).prop_map(|(rate, burst)| Quota::TokenBucket { rate, burst }),
            (count(), period()).prop_map(|(count, period)| Quota::FixedWindow { count, period }),
            (count(), period()).prop_map(|(count, period)| Quota::SlidingLog { count, period }),
            (count(), period()).prop_map(|(count, period)| Quota::SlidingCounter { count, period }),
            rate().prop_map(|rate| Quota::Pace { rate }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_remembered_comes_back_as_it_was(quota in quota()) {
            prop_assert_eq!(Quota::from(Model::from(quota)), quota);
        }

        #[test]
        fn a_model_and_its_quota_have_one_rate(quota in quota()) {
            let (model, told) = (Model::from(quota).rate(), quota.rate().as_per_second());
            prop_assert!((model - told).abs() <= 1e-9 * told || model < Rate::SLOWEST.as_per_second());
        }

        #[test]
        fn likeness_is_of_the_kind_and_not_of_the_numbers(one in quota(), other in quota()) {
            let (model, other) = (Model::from(one), Model::from(other));
            prop_assert!(model.is_like(model));
            prop_assert_eq!(model.is_like(other), other.is_like(model));
            let more = match model {
                Model::Bucket { rate, burst } => Model::Bucket { rate: 2.0 * rate, burst: burst + 1.0 },
                Model::Pace { rate } => Model::Pace { rate: 2.0 * rate },
                Model::Window { kind, count, period } => Model::Window { kind, count: 2.0 * count, period },
            };
            prop_assert!(model.is_like(more));
        }

        #[test]
        fn a_closing_loses_at_most_what_would_have_passed(quota in quota(), closed in 0.0_f64..100.0) {
            let model = Model::from(quota);
            let lost = model.lost_in(closed);
            prop_assert!(lost >= 0.0 && lost <= model.rate() * closed);
        }
    }

    #[test]
    fn a_known_phase_is_the_same_kind_as_an_unknown_one() {
        let window = |phase| Model::Window { kind: WindowKind::Fixed { phase }, count: 9.0, period: 10.0 };
        assert!(window(None).is_like(window(Some((1.0, 2.0)))));
        let log = Model::Window { kind: WindowKind::Log, count: 9.0, period: 10.0 };
        assert!(!window(None).is_like(log));
    }

    #[test]
    fn numbers_out_of_bounds_become_quotas_all_the_same() {
        for number in [0.0, -1.0, 1e300, f64::NAN] {
            let quota = Quota::from(Model::Bucket { rate: number, burst: number });
            assert!(quota.rate() >= Rate::SLOWEST, "{quota}");
        }
    }
}
