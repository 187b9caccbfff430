//! Platforms by name: their published limits, as of mid-2026.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::ValueEnum;
use paceline_core::ScopeKind;
use paceline_sim::platform::{LimitConfig, LimiterKind, PlatformConfig, Rate, RetryAfterForm};

/// A platform by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// 300/min per token, 50 at once per tenant, whole seconds, 512,000 bytes
    Genesys,
    /// 10 s rolling window of 100 calls, no Retry-After
    Hubspot,
    /// A bucket of 40 that drains at 2/s, decimal seconds
    Shopify,
}

impl Profile {
    /// The platform as it is published.
    #[must_use]
    pub fn config(self) -> PlatformConfig {
        let (limits, retry_after) = match self {
            Self::Genesys => (genesys(), RetryAfterForm::Seconds),
            Self::Hubspot => (vec![LimitConfig::per_credential(rolling(100, 10))], RetryAfterForm::Absent),
            Self::Shopify => (vec![LimitConfig::per_credential(bucket(2, 40))], RetryAfterForm::Decimal),
        };
        PlatformConfig { limits, retry_after, ..PlatformConfig::default() }
    }
}

/// The window's kind is not published; its counts were seen to reset about once a minute.
fn genesys() -> Vec<LimitConfig> {
    let per_token = LimiterKind::FixedWindow { rate: rate(300, 60), phase: Duration::ZERO };
    let at_once = LimiterKind::Concurrency { slots: some(50) };
    let tenant = LimitConfig { scope: ScopeKind::Tenant, ..LimitConfig::per_credential(at_once) };
    vec![LimitConfig::per_credential(per_token), tenant]
}

fn rolling(count: u32, seconds: u64) -> LimiterKind {
    LimiterKind::SlidingLog { rate: rate(count, seconds) }
}

fn bucket(per_second: u32, burst: u32) -> LimiterKind {
    LimiterKind::TokenBucket { rate: rate(per_second, 1), burst: some(burst) }
}

fn rate(count: u32, seconds: u64) -> Rate {
    Rate::new(some(count), Duration::from_secs(seconds)).expect("published windows are minutes at most")
}

fn some(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("published limits are not zero")
}
