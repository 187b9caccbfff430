//! Limits as the command line writes them: a scope, and a rate or a number.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use paceline_core::ScopeKind;
use paceline_sim::platform::{LimitConfig, LimiterKind};

use crate::platform::words::{LimiterArg, TooMany, model_rate, second_of};
use crate::units::{self, UnitError};

/// `--limit [SCOPE:]RATE`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LimitArg {
    scope: ScopeKind,
    rate: units::Rate,
}

/// `--concurrency [SCOPE:]N`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConcurrencyArg {
    scope: ScopeKind,
    slots: NonZeroU32,
}

/// Why a limit is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// The scope is none of the four.
    #[error("`{0}` is not a scope: use tenant, credential, integration or endpoint")]
    Scope(String),
    /// The rate is none.
    #[error(transparent)]
    Rate(#[from] UnitError),
    /// The number is none.
    #[error("`{0}` is not a number of calls: use 1 or more")]
    Slots(String),
    /// More than the model counts.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// A bucket that never lets anything through.
    #[error("a burst of 0 admits nothing: use 1 or more")]
    NoBurst,
}

impl FromStr for LimitArg {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (scope, rate) = scoped(text)?;
        Ok(Self { scope, rate: rate.parse()? })
    }
}

impl FromStr for ConcurrencyArg {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (scope, slots) = scoped(text)?;
        let slots = slots.parse().map_err(|_| LimitError::Slots(slots.to_owned()))?;
        Ok(Self { scope, slots })
    }
}

impl LimitArg {
    /// `burst` is the bucket's size or the queue's length.
    pub(super) fn config(self, limiter: LimiterArg, burst: Option<u32>) -> Result<LimitConfig, LimitError> {
        let rate = model_rate(self.rate)?;
        let burst = burst.unwrap_or_else(|| second_of(rate).get());
        let kind = match limiter {
            LimiterArg::TokenBucket => {
                let burst = NonZeroU32::new(burst).ok_or(LimitError::NoBurst)?;
                LimiterKind::TokenBucket { rate, burst }
            }
            LimiterArg::FixedWindow => LimiterKind::FixedWindow { rate, phase: Duration::ZERO },
            LimiterArg::SlidingLog => LimiterKind::SlidingLog { rate },
            LimiterArg::SlidingCounter => LimiterKind::SlidingCounter { rate },
            LimiterArg::LeakyBucket => LimiterKind::LeakyBucket { rate, queue: burst },
        };
        Ok(LimitConfig { scope: self.scope, ..LimitConfig::per_credential(kind) })
    }
}

impl ConcurrencyArg {
    pub(super) const fn config(&self) -> LimitConfig {
        let kind = LimiterKind::Concurrency { slots: self.slots };
        LimitConfig { scope: self.scope, only: None, kind, counts_refused: false }
    }
}

/// The scope before the colon, or a client's own; and the rest.
fn scoped(text: &str) -> Result<(ScopeKind, &str), LimitError> {
    let Some((scope, rest)) = text.split_once(':') else { return Ok((ScopeKind::Credential, text)) };
    let scope = ScopeKind::from_name(scope).ok_or_else(|| LimitError::Scope(scope.to_owned()))?;
    Ok((scope, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(limit: &str, burst: Option<u32>) -> LimiterKind {
        limit.parse::<LimitArg>().unwrap().config(LimiterArg::TokenBucket, burst).unwrap().kind
    }

    #[test]
    fn the_burst_is_one_second_of_the_rate_unless_it_is_named() {
        let burst = |limit, burst| match kind(limit, burst) {
            LimiterKind::TokenBucket { burst, .. } => burst.get(),
            other => panic!("{other:?}"),
        };
        assert_eq!(burst("120/s", None), 120);
        assert_eq!(burst("2500/min", None), 42);
        assert_eq!(burst("3/h", None), 1);
        assert_eq!(burst("120/s", Some(6)), 6);
    }

    #[test]
    fn a_limit_is_a_credentials_unless_a_scope_is_named() {
        let scope = |text: &str| text.parse::<LimitArg>().unwrap().scope;
        assert_eq!(scope("120/s"), ScopeKind::Credential);
        assert_eq!(scope("tenant:120/s"), ScopeKind::Tenant);
        assert_eq!("endpoint:5".parse::<ConcurrencyArg>().unwrap().config().scope, ScopeKind::Endpoint);
    }

    #[test]
    fn what_is_no_limit_says_what_to_write() {
        let limit = |text: &str| text.parse::<LimitArg>().unwrap_err().to_string();
        assert!(limit("planet:120/s").contains("tenant, credential"));
        assert!(limit("120").contains("120/s"));
        assert!("0".parse::<ConcurrencyArg>().unwrap_err().to_string().contains("1 or more"));
        let huge: LimitArg = "9999999999/s".parse().unwrap();
        assert_eq!(
            huge.config(LimiterArg::SlidingLog, None),
            Err(LimitError::TooMany(TooMany(9_999_999_999)))
        );
        let none: LimitArg = "1/s".parse().unwrap();
        assert_eq!(none.config(LimiterArg::TokenBucket, Some(0)), Err(LimitError::NoBurst));
    }
}
