//! The words that flags and scenarios choose from.

use clap::ValueEnum;
use paceline_sim::platform::{BulkCost, PublishedForm, RetryAfterForm};

/// `--limiter`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimiterArg {
    /// Tokens accrue at the rate up to the burst
    TokenBucket,
    /// So many in each window
    FixedWindow,
    /// So many in any window
    SlidingLog,
    /// The last window, weighted, and this one
    SlidingCounter,
    /// Calls drain at the rate, some wait, the rest are refused
    LeakyBucket,
}

/// `--retry-after`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetryAfterArg {
    /// Whole seconds, rounded up
    Seconds,
    /// Seconds with decimals
    Decimal,
    /// An HTTP date
    Date,
    /// Whole seconds, longer the harder the platform is pressed
    Scaled,
    /// Always 0
    Zero,
    /// No header
    None,
}

impl From<RetryAfterArg> for RetryAfterForm {
    fn from(arg: RetryAfterArg) -> Self {
        match arg {
            RetryAfterArg::Seconds => Self::Seconds,
            RetryAfterArg::Decimal => Self::Decimal,
            RetryAfterArg::Date => Self::Date,
            RetryAfterArg::Scaled => Self::Scaled,
            RetryAfterArg::Zero => Self::Zero,
            RetryAfterArg::None => Self::Absent,
        }
    }
}

/// `--publish`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PublishArg {
    /// No header
    None,
    /// RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset
    #[value(name = "draft-6")]
    Draft6,
    /// RateLimit as a dictionary
    #[value(name = "draft-7")]
    Draft7,
    /// RateLimit and RateLimit-Policy as lists of named items
    #[value(name = "draft-8")]
    Draft8,
}

impl From<PublishArg> for PublishedForm {
    fn from(arg: PublishArg) -> Self {
        match arg {
            PublishArg::None => Self::Absent,
            PublishArg::Draft6 => Self::Draft6,
            PublishArg::Draft7 => Self::Draft7,
            PublishArg::Draft8 => Self::Draft8,
        }
    }
}

/// `--bulk-cost`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BulkCostArg {
    /// As much as any call
    Call,
    /// One for each item
    Item,
}

impl From<BulkCostArg> for BulkCost {
    fn from(arg: BulkCostArg) -> Self {
        match arg {
            BulkCostArg::Call => Self::Call,
            BulkCostArg::Item => Self::Item,
        }
    }
}
